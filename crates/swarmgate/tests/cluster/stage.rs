//! The Swarm that all scenes happen in: a listener, three replicas of the proxy, two services, and visitors that ask for them
//! all the while.
//!
//! `near` has its tasks where no scene does harm: not one request for it may be lost. `everywhere` has one on each node: what is
//! under way to a node when it dies, and for two seconds more, may be lost, and nothing else. Not here: what happens (`scenes`).

mod harm;
mod service;
mod visits;

pub(crate) use service::Service;

use crate::{
    node::{NODES, docker, docker_within},
    talk::{Moment, Tally},
    visitor::Visitor,
};
use anyhow::{Result, ensure};
use std::{
    collections::{BTreeMap, BTreeSet},
    thread,
    time::{Duration, Instant},
};

/// How long anything may take to come true. Generous, because it is only ever waited out by a failure.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// How long to wait between two looks.
const LOOK: Duration = Duration::from_millis(200);

/// How long after a node's end requests may still be sent to it.
const GRACE: Duration = Duration::from_secs(2);

/// How often all visitors together ask for each of the two services, a second.
const LOAD: u32 = 100;
const NEAR: &str = "near.test";
const EVERYWHERE: &str = "everywhere.test";

/// Where the replicas of the proxy are, one a node. The first node is the first leader, which scenes kill.
const BESIDE_THE_LEADER: [&str; 2] = ["--constraint", "node.hostname!=node-1"];

/// The stage.
pub(crate) struct Stage {
    /// One beside each replica of the proxy on a node that is there.
    pub(crate) visitors: Vec<Visitor>,
    /// What they saw since the scene began, by host.
    tallies: BTreeMap<String, Tally>,
    /// Nodes that a scene has taken away.
    away: BTreeSet<usize>,
    /// When nodes were taken away.
    harm: Vec<Moment>,
}

impl Stage {
    /// Creates everything and waits until it works.
    ///
    /// # Errors
    /// When it does not.
    pub(crate) fn set() -> Result<Stage> {
        // A default network holds about 250 tasks.
        docker(1, &["network", "create", "--driver", "overlay", "--subnet", "10.78.0.0/20", "proxy"])?;
        create_the_roles()?;
        let near = ["--replicas", "2", "--constraint", "node.role==manager"];
        Service::named("near").with(&near).with(&BESIDE_THE_LEADER).create(1)?;
        Service::named("everywhere").with(&["--mode", "global"]).create(1)?;
        let (visitors, tallies, away, harm) = Default::default();
        let mut stage = Stage { visitors, tallies, away, harm };
        stage.ready()?;
        Ok(stage)
    }

    /// Waits until everybody is there and everything works, and begins to count.
    ///
    /// # Errors
    /// When it does not come to that.
    pub(crate) fn ready(&mut self) -> Result<()> {
        self.assemble()?;
        self.gather()?;
        self.tallies.clear();
        self.harm.clear();
        Ok(())
    }

    /// Waits until everybody is there and everything works. What was counted stays.
    ///
    /// # Errors
    /// When it does not come to that.
    pub(crate) fn assemble(&mut self) -> Result<()> {
        eventually("a visitor beside each replica of the proxy", || self.meet())?;
        for host in [NEAR, EVERYWHERE] {
            self.firsts(host, PATIENCE)?;
        }
        self.load_both()
    }

    /// As many requests as ever, whoever is left to send them.
    fn load_both(&mut self) -> Result<()> {
        [NEAR, EVERYWHERE].into_iter().try_for_each(|host| self.load(host, LOAD))
    }

    /// Brings everything back that was taken away, and judges what the visitors saw.
    ///
    /// # Errors
    /// When they missed something that they should not.
    pub(crate) fn close(&mut self) -> Result<String> {
        self.gather()?;
        for node in self.away.clone() {
            self.comes_back(node)?;
        }
        let near = self.tallies.get(NEAR).cloned().unwrap_or_default();
        let mut everywhere = self.tallies.get(EVERYWHERE).cloned().unwrap_or_default();
        let cut = everywhere.lost.len();
        everywhere.lost.retain(|lost| !self.is_excused(lost));
        let cut = cut - everywhere.lost.len();
        lost_none(NEAR, &near)?;
        lost_none(EVERYWHERE, &everywhere)?;
        Ok(format!(
            "near {} answered, 0 lost, slowest {} ms; everywhere {} answered, 0 lost but {cut} under way to a lost node, slowest {} ms",
            near.whole, near.slowest, everywhere.whole, everywhere.slowest
        ))
    }
}

/// An error if any request for `host` was lost.
///
/// # Errors
/// With the first reasons.
pub(crate) fn lost_none(host: &str, tally: &Tally) -> Result<()> {
    let Tally { whole, lost, .. } = tally;
    let why: Vec<String> = lost.iter().take(8).map(|lost| format!("{} {}", lost.began, lost.why)).collect();
    ensure!(lost.is_empty(), "{host}: {whole} answered, {} lost:\n    {}", lost.len(), why.join("\n    "));
    ensure!(*whole > 0, "{host}: nobody asked");
    Ok(())
}

/// Looks again and again until `look` succeeds, and returns what it saw.
///
/// # Errors
/// With the reason of the last look, once [`PATIENCE`] is over.
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Result<T>) -> Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match look() {
            Ok(seen) => return Ok(seen),
            Err(why) if Instant::now() >= deadline => {
                return Err(why.context(format!("waited {PATIENCE:?} in vain for {what}")));
            }
            Err(_) => pause(LOOK),
        }
    }
}

/// Lets time pass.
#[allow(
    clippy::disallowed_methods,
    reason = "the Engines are asked again and again, and nothing else runs in this process"
)]
pub(crate) fn pause(time: Duration) {
    thread::sleep(time);
}

/// What somebody who reads of a failure wants to know: nodes, tasks and the last words of both roles, as each node tells them.
pub(crate) fn report() -> String {
    let mut report = String::new();
    let mut add = |node: usize, arguments: &[&str]| {
        let said = docker_within(5, node, arguments).unwrap_or_else(|why| format!("{why:#}\n"));
        report.push_str(&format!("$ docker {} # node {node}\n{said}\n", arguments.join(" ")));
    };
    add(2, &["node", "ls"]);
    add(2, &["service", "ls"]);
    for node in NODES {
        add(node, &["ps", "--format", "{{.Names}}  {{.Status}}"]);
        for role in ["swarm-listener", "proxy"] {
            let of_role = format!("label=com.docker.swarm.service.name={role}");
            let listed = docker_within(5, node, &["ps", "--quiet", "--filter", &of_role]).unwrap_or_default();
            for container in listed.lines() {
                add(node, &["logs", "--timestamps", "--tail", "25", container]);
            }
        }
    }
    report
}

/// The listener and the proxy, as `stack.yml` has them.
fn create_the_roles() -> Result<()> {
    let create = |arguments: &[&str]| {
        let always = ["service", "create", "--detach", "--quiet", "--no-resolve-image", "--network", "proxy"];
        docker(1, &[&always, ["--endpoint-mode", "dnsrr", "--health-interval", "1s"].as_slice(), arguments].concat())
    };
    let listener = [
        ["--name", "swarm-listener"],
        ["--mount", "type=bind,source=/run/docker.sock,target=/var/run/docker.sock,readonly"],
        ["--env", "DF_NOTIFY_CREATE_SERVICE_URL=http://proxy:8080/v1/docker-flow-proxy/reconfigure"],
        ["--env", "DF_NOTIFY_REMOVE_SERVICE_URL=http://proxy:8080/v1/docker-flow-proxy/remove"],
        ["--constraint", "node.role==manager"],
        BESIDE_THE_LEADER,
    ];
    create(&[&listener.concat(), ["swarmgate-listener"].as_slice()].concat())?;
    let proxy = [
        ["--name", "proxy"],
        ["--replicas", "3"],
        ["--replicas-max-per-node", "1"],
        ["--env", "LISTENER_ADDRESS=swarm-listener"],
        ["--env", "SERVICE_NAME=proxy"],
        BESIDE_THE_LEADER,
    ];
    create(&[&proxy.concat(), ["swarmgate"].as_slice()].concat()).map(|_| ())
}
