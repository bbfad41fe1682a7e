//! One request to the proxy, made by `curl` and asked of every replica: the tutorial's routing mesh would reach any of them,
//! so all must answer alike. Judges answers only; what they should be is for the sections to say.

use anyhow::{Context, Result, ensure};

use crate::{
    command::{exit_code, output},
    replica::Replica,
    swarm::Swarm,
};

/// A request in the making.
#[derive(Clone)]
pub(crate) struct Visit<'a> {
    swarm: &'a Swarm<'a>,
    path: &'a str,
    /// Whom it asks for over TLS; `None`: it is plain HTTP.
    host: Option<&'a str>,
    /// Further arguments of curl.
    options: Vec<&'a str>,
}

/// What `curl -i` prints, taken apart.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// Status line and header lines, without their line ends.
    pub(crate) head: Vec<String>,
    /// The body, byte for byte.
    pub(crate) body: String,
}

impl<'a> Visit<'a> {
    pub(crate) fn new(swarm: &'a Swarm<'a>, path: &'a str) -> Visit<'a> {
        Visit { swarm, path, host: None, options: Vec::new() }
    }

    /// Over TLS, with the port 443 of `host`.
    pub(crate) fn encrypted(self, host: &'a str) -> Visit<'a> {
        Visit { host: Some(host), ..self }
    }

    /// With further arguments of curl, such as `-u` and `my-user:my-pass`.
    pub(crate) fn with(mut self, options: &[&'a str]) -> Visit<'a> {
        self.options.extend(options);
        self
    }

    /// Waits until every replica answers with `status`, and returns the answer of one.
    ///
    /// # Errors
    /// When one of them keeps answering something else, with its last answer.
    pub(crate) fn answers(&self, status: u16) -> Result<Answer> {
        self.answers_so(&format!("status {status}"), |answer| answer.status == status)
    }

    /// Waits until every replica says hello.
    ///
    /// # Errors
    /// When one of them keeps answering something else, with its last answer.
    pub(crate) fn says_hello(&self) -> Result<Answer> {
        self.answers_so("hello", |answer| answer.status == 200 && answer.body == "hello, world!\n")
    }

    /// Waits until every replica gives an answer that `is_right`, and returns the last one's.
    ///
    /// # Errors
    /// When one of them keeps answering something else, with its last answer.
    pub(crate) fn answers_so(&self, expected: &str, is_right: impl Fn(&Answer) -> bool) -> Result<Answer> {
        let what = format!("{expected} from {} {}", self.path, self.options.join(" "));
        self.swarm.eventually(&what, || {
            let mut last = None;
            for port in self.ports()? {
                let answer = self.ask(&port)?;
                ensure!(is_right(&answer), "the replica on port {port} answered {answer:#?}");
                last = Some(answer);
            }
            last.context("no replica of the proxy runs")
        })
    }

    /// Asks every replica once: each must say hello now.
    ///
    /// # Errors
    /// When one of them does not.
    pub(crate) fn says_hello_at_once(&self) -> Result<()> {
        for port in self.ports()? {
            let answer = self.ask(&port)?;
            let is_hello = answer.status == 200 && answer.body == "hello, world!\n";
            ensure!(is_hello, "the replica on port {port} answered {answer:#?}");
        }
        Ok(())
    }

    /// Asks every replica once: each time curl must end with this number, which says what went wrong.
    ///
    /// # Errors
    /// When it ends otherwise.
    pub(crate) fn fails_with(&self, code: i32) -> Result<()> {
        for port in self.ports()? {
            let ended = exit_code("curl", &refs(&self.arguments(&port)))?;
            ensure!(ended == code, "curl {} ended with {ended}, not {code}", self.arguments(&port).join(" "));
        }
        Ok(())
    }

    /// Asks one replica once.
    ///
    /// # Errors
    /// When it does not answer with HTTP.
    pub(crate) fn ask(&self, port: &str) -> Result<Answer> {
        Answer::parse(&output("curl", &refs(&self.arguments(port)))?)
    }

    /// The ports of this host behind which the replicas of the proxy listen: as many as there should be.
    ///
    /// # Errors
    /// When there are more or fewer, as in the middle of an update.
    pub(crate) fn ports(&self) -> Result<Vec<String>> {
        let inside = if self.host.is_some() { 443 } else { 80 };
        Replica::all(self.swarm)?.iter().map(|replica| replica.port(inside)).collect()
    }

    /// What is said to curl. Every name leads to this host.
    fn arguments(&self, port: &str) -> Vec<String> {
        let always = ["--silent", "--show-error", "--include", "--noproxy", "*", "--max-time", "10"];
        let mut arguments: Vec<String> = always.iter().chain(&self.options).map(ToString::to_string).collect();
        arguments.extend(match self.host {
            Some(host) => vec![
                "--resolve".to_owned(),
                format!("{host}:{port}:127.0.0.1"),
                format!("https://{host}:{port}{}", self.path),
            ],
            None => vec![format!("http://127.0.0.1:{port}{}", self.path)],
        });
        arguments
    }
}

impl Answer {
    /// Takes it apart.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) fn parse(text: &str) -> Result<Answer> {
        let (head, body) = text.split_once("\r\n\r\n").context("an answer with a head")?;
        let head: Vec<String> = head.split("\r\n").map(str::to_owned).collect();
        let status = head[0].split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.with_context(|| format!("a status line instead of {:?}", head[0]))?;
        Ok(Answer { status, head, body: body.to_owned() })
    }
}

fn refs(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}
