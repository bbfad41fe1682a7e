//! One request to the proxy, made by `curl` and asked of every replica: the tutorial's routing mesh would reach any of them,
//! so all must answer alike. Judges answers only; what they should be is for the sections to say.

use anyhow::{Context, Result, ensure};

use crate::{
    command::{docker, output},
    swarm::Swarm,
};

/// A request in the making.
#[derive(Clone)]
pub(crate) struct Visit<'a> {
    swarm: &'a Swarm<'a>,
    path: &'a str,
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
        Visit { swarm, path, options: Vec::new() }
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

    /// Asks one replica once.
    ///
    /// # Errors
    /// When it does not answer with HTTP.
    pub(crate) fn ask(&self, port: &str) -> Result<Answer> {
        let url = format!("http://127.0.0.1:{port}{}", self.path);
        let always = ["--silent", "--show-error", "--include", "--noproxy", "*", "--max-time", "10", &url];
        Answer::parse(&output("curl", &[&always, self.options.as_slice()].concat())?)
    }

    /// The ports of this host behind which the replicas of the proxy listen on their port 80: as many as there should be.
    ///
    /// # Errors
    /// When there are more or fewer, as in the middle of an update.
    pub(crate) fn ports(&self) -> Result<Vec<String>> {
        let wanted = docker(&["service", "inspect", "--format", "{{.Spec.Mode.Replicated.Replicas}}", "proxy"])?;
        let containers = self.swarm.containers("proxy")?;
        ensure!(containers.len().to_string() == wanted.trim(), "{} containers instead of {wanted}", containers.len());
        containers.iter().map(|container| published_port(container)).collect()
    }
}

impl Answer {
    fn parse(text: &str) -> Result<Answer> {
        let (head, body) = text.split_once("\r\n\r\n").context("an answer with a head")?;
        let head: Vec<String> = head.split("\r\n").map(str::to_owned).collect();
        let status = head[0].split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.with_context(|| format!("a status line instead of {:?}", head[0]))?;
        Ok(Answer { status, head, body: body.to_owned() })
    }
}

/// The port of this host that leads to a container's port 80.
fn published_port(container: &str) -> Result<String> {
    let published = docker(&["port", container, "80/tcp"])?;
    let port = published.lines().find_map(|line| line.strip_prefix("0.0.0.0:"));
    Ok(port.with_context(|| format!("port 80 of {container} is published as {published:?}"))?.to_owned())
}
