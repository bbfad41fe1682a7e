//! A node that nobody reaches and that goes on all the same, and a replica of the proxy that is gone from one moment to the next.

use super::finding::SOON;
use crate::{
    figures::figure,
    node::{docker, started},
    stage::{PATIENCE, Stage, eventually, running},
    visitor::Visitor,
};
use anyhow::{Context, Result, ensure};
use std::time::Duration;

/// The worker, with a replica of the proxy on it.
const WORKER: usize = 4;

/// How soon after its start a replica has everything.
const COMPLETE: Duration = Duration::from_secs(3);

/// It is cut off until the Swarm has given it up, and healed.
pub(super) fn one(stage: &mut Stage) -> Result<()> {
    let before = stage.backends()?;
    let cut = stage.takes_away("cut", &[WORKER])?;
    let down = stage.sees(WORKER, "Down")?;
    figure(format!("a node is down {:?} after it was cut off", down.since(cut)));
    let after = stage.backends()?;
    ensure!(before == after, "there were {before:?}, and without the node {after:?}");
    let took = stage.routes("beside", down, SOON)?;
    figure(format!("with a node cut off, a new service answers {took:?} after its task runs"));
    stage.comes_back(WORKER)?;
    // Its replica was replaced, and the new one knows what the others know.
    stage.assemble()?;
    eventually("agreement with the node back", || {
        let healed = stage.backends()?;
        ensure!(before == healed, "there were {before:?}, and with the node back {healed:?}");
        Ok(())
    })
}

/// A replica of the proxy is killed. The Swarm starts another, which soon has everything that the others have.
pub(super) fn replica(stage: &mut Stage) -> Result<()> {
    let gone = stage.visitors.iter().position(|visitor| visitor.node == WORKER).context("a replica on the worker")?;
    // What is under way to it is lost, and what comes to its port until there is another.
    let gone = stage.visitors.remove(gone).container.clone();
    docker(WORKER, &["kill", "--signal", "KILL", &gone])?;
    let other = eventually("another replica", || {
        let listed = docker(WORKER, &["ps", "--quiet", "--no-trunc", "--filter", PROXY])?;
        let other = listed.lines().find(|container| *container != gone).context("none runs")?;
        Ok((Visitor::beside(WORKER, other)?, started(WORKER, other)?))
    })?;
    let (visitor, began) = other;
    stage.visitors.push(visitor);
    let mut last = began;
    for service in stage.services() {
        last = stage.firsts(service, PATIENCE)?.into_iter().max().context("there are visitors")?.max(last);
    }
    let took = last.since(began);
    figure(format!("a replica that takes the place of a killed one serves everything {took:?} after its start"));
    ensure!(took <= COMPLETE, "{took:?} are too long");
    eventually("its health", || {
        ensure!(running(stage.manager()?, "proxy")?.len() == stage.visitors.len(), "not yet");
        Ok(())
    })
}

const PROXY: &str = "label=com.docker.swarm.service.name=proxy";
