//! curl as a child, and what it says.

use std::process::{Command, Output};

/// What came of one call.
#[derive(Debug)]
pub(crate) struct Answer {
    /// curl's exit code; its manual lists them.
    pub(crate) exit: i32,
    /// The response's status; 0: none.
    pub(crate) status: u16,
    /// `1.1` or `2`.
    pub(crate) version: String,
    pub(crate) body: String,
    /// What curl complains of.
    pub(crate) complaint: String,
}

/// Runs curl with these arguments, for ten seconds at most. No file and no variable of this machine changes what it does.
pub(crate) async fn run(arguments: Vec<String>) -> Answer {
    let call = move || {
        Command::new("curl")
            .args(["--disable", "--silent", "--show-error", "--noproxy", "*", "--max-time", "10"])
            .args(["--write-out", "\n%{http_code} %{http_version}"])
            .args(arguments)
            .output()
    };
    let output = tokio::task::spawn_blocking(call).await.expect("no panic");
    Answer::of(output.unwrap_or_else(|error| panic!("curl cannot be run: {error}")))
}

impl Answer {
    fn of(output: Output) -> Answer {
        let text = |bytes| String::from_utf8(bytes).expect("curl speaks UTF-8");
        let out = text(output.stdout);
        let (body, figures) = out.rsplit_once('\n').expect("what --write-out asks for");
        let (status, version) = figures.split_once(' ').expect("two figures");
        Answer {
            exit: output.status.code().expect("curl ends by itself"),
            status: status.parse().expect("a status"),
            version: version.to_owned(),
            body: body.to_owned(),
            complaint: text(output.stderr),
        }
    }

    /// A response with this status came, over a connection that curl trusts.
    #[track_caller]
    pub(crate) fn is(&self, status: u16) -> &Answer {
        assert_eq!((self.exit, self.status), (0, status), "{self:?}");
        self
    }

    /// There was no response, and curl says why.
    #[track_caller]
    pub(crate) fn fails(&self, exit: i32, complaint: &str) {
        assert_eq!((self.exit, self.status), (exit, 0), "{self:?}");
        assert!(self.complaint.contains(complaint), "{self:?}");
    }
}
