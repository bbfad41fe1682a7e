//! Managers that end, and daemons that stop, die or hang under the listener.

use super::finding::SOON;
use crate::{
    figures::figure,
    node::{MANAGERS, cluster, docker_within, started},
    stage::{PATIENCE, Service, Stage, eventually, pause},
    talk::Moment,
};
use anyhow::{Context, Result, ensure};
use std::{collections::BTreeSet, time::Duration};

/// How long a daemon is away: less than it takes the Swarm to give a node up.
const A_WHILE: Duration = Duration::from_secs(8);

/// The power of the leader fails. While the others elect a new one everything stays as it was; then a new service is found as ever.
pub(super) fn dies(stage: &mut Stage) -> Result<()> {
    let leader = stage.leader()?;
    let before = stage.backends()?;
    let died = stage.takes_away("off", &[leader])?;
    let elected = stage.elects()?;
    figure(format!("a new leader {:?} after the old one died", elected.since(died)));
    unchanged(stage, &before)?;
    let took = stage.routes("elected", elected, SOON)?;
    figure(format!("a service created after the election answers {took:?} after its task runs"));
    stage.comes_back(leader)
}

/// The power of the listener's node fails. Another listener starts elsewhere, and takes over.
pub(super) fn takes_the_listener_along(stage: &mut Stage) -> Result<()> {
    let (node, _) = stage.listener()?;
    let before = stage.backends()?;
    let died = stage.takes_away("off", &[node])?;
    stage.elects()?;
    stage.sees(node, "Down")?;
    let other = eventually("another listener", || {
        let (other, _) = stage.listener()?;
        ensure!(other != node, "it is still on {node}");
        Ok(Moment::now())
    })?;
    figure(format!("another listener {:?} after the node of the old one died", other.since(died)));
    unchanged(stage, &before)?;
    let took = stage.routes("relisted", other, SOON)?;
    figure(format!("a service created then answers {took:?} after its task runs"));
    stage.comes_back(node)
}

/// Both managers beside the listener's are cut off: nobody leads. When they are back a new service is found as ever.
pub(super) fn lose_their_quorum(stage: &mut Stage) -> Result<()> {
    let (node, _) = stage.listener()?;
    let others: Vec<usize> = MANAGERS.filter(|manager| *manager != node).collect();
    let before = stage.backends()?;
    stage.takes_away("cut", &others)?;
    eventually("the end of the quorum", || {
        let listed = docker_within(5, node, &["service", "ls"]);
        let why = listed.err().context("services are listed still")?;
        ensure!(format!("{why:#}").contains("leader"), "{why:#}");
        Ok(())
    })?;
    // The listener asks several times meanwhile.
    pause(A_WHILE);
    unchanged(stage, &before)?;
    others.iter().try_for_each(|manager| stage.heals(*manager))?;
    let elected = stage.elects()?;
    let took = stage.routes("quorate", elected, SOON)?;
    figure(format!("after a lost quorum is back, a new service answers {took:?} after its task runs"));
    others.iter().try_for_each(|manager| stage.sees(*manager, "Ready").map(|_| ()))
}

/// The daemon below the listener is killed; its containers go on until it is started again, which ends them.
pub(super) fn daemon_is_killed(stage: &mut Stage) -> Result<()> {
    let (node, _) = stage.listener()?;
    stage.fades(node)?;
    cluster("crash", node)?;
    found_after_a_while(stage, node, "killed")
}

/// An operator stops the daemon below the listener, which ends its containers, and starts it again.
pub(super) fn daemon_is_stopped(stage: &mut Stage) -> Result<()> {
    let (node, _) = stage.listener()?;
    stage.harms(&[node])?;
    cluster("stop", node)?;
    found_after_a_while(stage, node, "stopped")
}

/// The daemon below the listener takes questions and answers none.
pub(super) fn daemon_hangs(stage: &mut Stage) -> Result<()> {
    let (node, _) = stage.listener()?;
    stage.fades(node)?;
    let before = stage.backends()?;
    cluster("hang", node)?;
    let looked = create_elsewhere(stage, node);
    pause(A_WHILE);
    // A daemon that hangs for good would fail every scene to come.
    cluster("resume", node)?;
    let resumed = Moment::now();
    let took = meanwhile_since(stage, &looked?, resumed)?;
    figure(format!("a service created while the daemon hung answers {took:?} after it went on"));
    ensure!(before.is_subset(&stage.backends()?), "{before:?} are not all there");
    Ok(())
}

/// A service is created by way of another manager while the daemon of `node` is away. When it is back, it and the listener, the
/// service is found soon.
fn found_after_a_while(stage: &mut Stage, node: usize, what: &str) -> Result<()> {
    let before = stage.backends()?;
    let looked = create_elsewhere(stage, node)?;
    pause(A_WHILE);
    let after = stage.backends()?;
    ensure!(before.is_subset(&after), "there were {before:?}, and without the daemon {after:?}");
    stage.harms(&[node])?;
    cluster("start", node)?;
    stage.sees(node, "Ready")?;
    let (at, listener) = eventually("a listener", || stage.listener())?;
    let took = meanwhile_since(stage, &looked, started(at, &listener)?)?;
    figure(format!(
        "a service created while the daemon was {what} answers {took:?} after a listener was started again"
    ));
    Ok(())
}

/// Creates it, and tells the visitors to look for it.
fn create_elsewhere(stage: &mut Stage, node: usize) -> Result<Vec<u64>> {
    let other = MANAGERS.rev().find(|manager| *manager != node).context("there are three")?;
    let there = format!("node.hostname!=node-{node}");
    // Where the daemon led the others, they elect somebody first.
    eventually("a leader", || stage.leader_as_seen_by(other))?;
    Service::named("meanwhile").with(&["--constraint", &there]).create(other)?;
    stage.looks_for("meanwhile", 2 * PATIENCE)
}

/// How long after `since`, or after the overlay knew a way to it, everybody had found it.
fn meanwhile_since(stage: &mut Stage, looked: &[u64], since: Moment) -> Result<Duration> {
    let since = stage.is_reached("meanwhile", since)?;
    let took = stage.found(looked, 2 * PATIENCE)?.into_iter().max().context("there are visitors")?.since(since);
    ensure!(took <= SOON, "{took:?} after {since} are too long");
    Ok(took)
}

fn unchanged(stage: &mut Stage, before: &BTreeSet<String>) -> Result<()> {
    let after = stage.backends()?;
    ensure!(*before == after, "there were {before:?}, and then {after:?}");
    Ok(())
}
