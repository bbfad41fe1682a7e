//! The tests' end of a guest: one beside each replica of the proxy.

use crate::{
    guest::GUEST,
    node,
    talk::{Moment, Order, Replica, Report, Said, Tally, What},
};
use anyhow::{Context, Result, bail};
use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

/// Somebody beside a replica of the proxy. It leaves when this is dropped.
pub(crate) struct Visitor {
    /// The node that both are on.
    pub(crate) node: usize,
    /// The replica.
    pub(crate) container: String,
    child: Child,
    reports: Receiver<Report>,
    /// Reports that nobody waited for yet, by their orders.
    early: BTreeMap<u64, Said>,
    next: u64,
}

impl Visitor {
    /// Sends somebody to stand beside `container` on `node`.
    ///
    /// # Errors
    /// When the container does not run.
    pub(crate) fn beside(node: usize, container: &str) -> Result<Visitor> {
        let process = node::docker(node, &["inspect", "--format", "{{.State.Pid}}", container])?;
        let place = node::proc(node, &format!("{}/ns/net", process.trim()))?;
        let us = std::env::current_exe().context("the path of this program")?;
        let mut child = Command::new("nsenter")
            .arg(format!("--net={place}"))
            .args([us.as_os_str(), GUEST.as_ref()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("nsenter")?;
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let (reported, reports) = channel();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let report = serde_json::from_str(&line).expect("a guest speaks the tests' language");
                if reported.send(report).is_err() {
                    return;
                }
            }
        });
        Ok(Visitor { node, container: container.to_owned(), child, reports, early: BTreeMap::new(), next: 0 })
    }

    /// The replica that it asks.
    pub(crate) fn replica(&self) -> Replica {
        (self.node, self.container.clone())
    }

    /// Tells it to do something; the number of the answer.
    ///
    /// # Errors
    /// When it is gone.
    pub(crate) fn told(&mut self, what: What) -> Result<u64> {
        self.next += 1;
        let mut line = serde_json::to_vec(&Order { id: self.next, what })?;
        line.push(b'\n');
        self.child.stdin.as_mut().expect("it is piped").write_all(&line).context("the visitor is gone")?;
        Ok(self.next)
    }

    /// Waits for the answer to an order.
    ///
    /// # Errors
    /// When there is none in time.
    pub(crate) fn says(&mut self, order: u64, limit: Duration) -> Result<Said> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(said) = self.early.remove(&order) {
                return Ok(said);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let report = self.reports.recv_timeout(left).with_context(|| format!("{self} does not answer"))?;
            self.early.insert(report.id, report.said);
        }
    }

    /// Waits for the moment that [`What::First`] or [`What::Reach`] is answered with.
    ///
    /// # Errors
    /// When it did not come.
    pub(crate) fn moment(&mut self, order: u64, limit: Duration) -> Result<Moment> {
        match self.says(order, limit)? {
            Said::At(at) => Ok(at),
            other => bail!("{self}: {other:?}"),
        }
    }

    /// Everything since the last tally.
    ///
    /// # Errors
    /// When the visitor is gone.
    pub(crate) fn tally(&mut self) -> Result<Vec<Tally>> {
        let order = self.told(What::Tally)?;
        match self.says(order, Duration::from_secs(60))? {
            Said::Tally(tallies) => Ok(tallies),
            other => bail!("{self}: {other:?}"),
        }
    }

    /// Asks the control API of its replica; the body of a 200.
    ///
    /// # Errors
    /// When it answers something else.
    pub(crate) fn api(&mut self, path: &str) -> Result<String> {
        match self.asks_api(path)? {
            Said::Got { status: 200, body } => Ok(body),
            other => bail!("{self}: {path}: {other:?}"),
        }
    }

    /// What its replica says of itself and the others; nothing if it knows no such question.
    ///
    /// # Errors
    /// When it answers something else.
    pub(crate) fn status(&mut self) -> Result<Option<serde_json::Value>> {
        match self.asks_api("status")? {
            Said::Got { status: 200, body } => Ok(Some(serde_json::from_str(&body)?)),
            Said::Got { status: 404, .. } => Ok(None),
            other => bail!("{self}: status: {other:?}"),
        }
    }

    fn asks_api(&mut self, path: &str) -> Result<Said> {
        let order = self.told(What::Get { port: 8080, path: format!("/v1/docker-flow-proxy/{path}") })?;
        self.says(order, Duration::from_secs(40))
    }
}

impl std::fmt::Display for Visitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the visitor of node {}", self.node)
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        // It may have left by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
