//! The Swarm that all scenes happen in: a listener, three replicas of the proxy, five services, and visitors that ask for them
//! all the while.
//!
//! `on-1` to `on-4` have their tasks on the node of that number: not one request for them may be lost unless that very node is
//! harmed. `everywhere` has a task on each: what is under way to a node when it is harmed, and for two seconds more, may be
//! lost, and nothing else. Docker's overlay network now and then forgets the way between two healthy nodes, for a minute or so after
//! a third one was healed; whoever stands beside the proxy sees that too, and it is counted apart. Not here: what happens (`scenes`).

mod ended;
mod harm;
mod overlay;
mod service;
mod visits;

pub(crate) use service::{Service, host_of, running};

use self::harm::Harm;
use crate::{
    figures::figure,
    node::{NODES, docker, docker_within},
    talk::Tally,
    visitor::Visitor,
};
use anyhow::{Result, ensure};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    thread,
    time::{Duration, Instant},
};

/// How long anything may take to come true. Generous, because it is only ever waited out by a failure.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// How long to wait between two looks.
const LOOK: Duration = Duration::from_millis(200);

/// How long after a node's end requests may still be sent to it.
const GRACE: Duration = Duration::from_secs(2);

/// How often all visitors together ask for each of [`HOSTS`], a second: 200 times in all.
const LOAD: u32 = 40;

/// The services that are asked for all the while. The place of those that are bound to a node is its number.
const HOSTS: [&str; 5] = ["everywhere", "on-1", "on-2", "on-3", "on-4"];

/// Where the replicas of the proxy are, one a node. The first node is the first leader, which scenes kill.
const BESIDE_THE_LEADER: [&str; 2] = ["--constraint", "node.hostname!=node-1"];

/// The stage.
#[derive(Default)]
pub(crate) struct Stage {
    /// One beside each replica of the proxy on a node that is there.
    pub(crate) visitors: Vec<Visitor>,
    /// What they saw since the scene began, by host.
    tallies: BTreeMap<String, Tally>,
    /// Where the tasks of the services are that are bound to a node.
    tasks: BTreeMap<&'static str, Vec<IpAddr>>,
    /// Where they were when the scene began.
    before: BTreeMap<&'static str, Vec<IpAddr>>,
    /// Nodes that a scene has taken away.
    away: BTreeSet<usize>,
    /// What was done to nodes in this scene.
    harm: Vec<Harm>,
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
        Service::named(HOSTS[0]).with(&["--mode", "global"]).create(1)?;
        for node in NODES {
            let there = format!("node.hostname==node-{node}");
            Service::named(HOSTS[node]).with(&["--replicas", "2", "--constraint", &there]).create(1)?;
        }
        let mut stage = Stage::default();
        stage.ready()?;
        Ok(stage)
    }

    /// Waits until everybody is there and everything works, and begins to count.
    ///
    /// # Errors
    /// When it does not come to that.
    pub(crate) fn ready(&mut self) -> Result<()> {
        self.tidy_up()?;
        self.assemble()?;
        self.gather()?;
        self.tallies.clear();
        self.harm.clear();
        self.before.clone_from(&self.tasks);
        Ok(())
    }

    /// Waits until everybody is there and everything works. What was counted stays.
    ///
    /// # Errors
    /// When it does not come to that.
    pub(crate) fn assemble(&mut self) -> Result<()> {
        eventually("a visitor beside each replica of the proxy", || self.meet())?;
        for service in HOSTS {
            self.firsts(service, PATIENCE)?;
        }
        let manager = self.manager()?;
        // `everywhere` has a task beside each replica of the proxy, so that there is always a way.
        for service in HOSTS.into_iter().skip(1) {
            self.tasks.insert(service, service::addresses(manager, service)?);
        }
        self.load_all()
    }

    /// As many requests as ever, whoever is left to send them.
    fn load_all(&mut self) -> Result<()> {
        HOSTS.into_iter().try_for_each(|service| self.load(service, LOAD))
    }

    /// The services that are always there.
    pub(crate) fn services(&self) -> [&'static str; 5] {
        HOSTS
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
        let (mut whole, mut slowest, mut under_way, mut nowhere) = (0, 0, 0, 0);
        for (place, service) in HOSTS.into_iter().enumerate() {
            let mut tally = self.tallies.remove(service).unwrap_or_default();
            if self.harm.iter().any(|harm| harm.node == place) {
                continue;
            }
            if !tally.lost.is_empty() && self.is_given_up(service)? {
                figure(format!("Docker has ended all tasks of {service}, whose node was not harmed"));
                continue;
            }
            self.excuses_ended(service, &mut tally)?;
            if place == 0 {
                under_way = self.excuses(&mut tally);
            }
            lost_none(service, &tally)?;
            whole += tally.whole;
            nowhere += tally.nowhere;
            slowest = tally.slowest.max(slowest);
        }
        Ok(format!(
            "{whole} requests answered, slowest {slowest} ms; 0 lost, but {under_way} under way to a harmed node, and \
             {nowhere} while the overlay network knew no way"
        ))
    }

    /// Waits until everybody is there again and all replicas of the proxy agree.
    ///
    /// # Errors
    /// When it does not come to that.
    pub(crate) fn settles(&mut self) -> Result<()> {
        self.assemble()?;
        eventually("agreement of all replicas", || self.backends().and_then(|_| self.digest())).map(|_| ())
    }

    /// Removes what a scene has left behind.
    fn tidy_up(&self) -> Result<()> {
        let manager = self.manager()?;
        let stays = |name: &&str| HOSTS.contains(name) || ["proxy", "swarm-listener"].contains(name);
        let all = docker(manager, &["service", "ls", "--format", "{{.Name}}"])?;
        all.lines()
            .filter(|name| !stays(name))
            .try_for_each(|name| docker(manager, &["service", "rm", name]).map(|_| ()))
    }
}

/// An error if any request for `service` was lost.
///
/// # Errors
/// With the first reasons.
pub(crate) fn lost_none(service: &str, tally: &Tally) -> Result<()> {
    let Tally { whole, lost, .. } = tally;
    let why: Vec<String> = lost.iter().take(8).map(|lost| format!("{} {}", lost.began, lost.why)).collect();
    ensure!(lost.is_empty(), "{service}: {whole} answered, {} lost:\n    {}", lost.len(), why.join("\n    "));
    ensure!(*whole > 0, "{service}: nobody asked");
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
