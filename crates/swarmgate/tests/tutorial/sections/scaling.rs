//! "Scaling the Proxy". From here on, as in the tutorial, three replicas of the proxy run.

use anyhow::{Result, ensure};

use super::create_go_demo;
use crate::{command::docker, swarm::Swarm};

pub(super) fn three_proxies(swarm: &Swarm<'_>) -> Result<()> {
    create_go_demo(swarm, "--replicas 3")?;
    swarm.get("/demo/hello").says_hello()?;
    swarm.run("docker service scale proxy=3")?;
    swarm.runs("proxy")?;
    // Every replica is asked; nobody told the two new ones anything.
    swarm.get("/demo/hello").says_hello()?;
    swarm.run("docker service rm go-demo")?;
    swarm.get("/demo/hello").answers(503)?;
    Ok(())
}

/// "As the end result, the rescheduled instance will also have the same state as any other."
pub(super) fn rescheduled(swarm: &Swarm<'_>) -> Result<()> {
    create_go_demo(swarm, "--replicas 3")?;
    swarm.get("/demo/hello").says_hello()?;
    let victim = &swarm.containers("proxy")?[0];
    docker(&["kill", victim])?;
    swarm.eventually("another instance in place of the killed one", || {
        let living = swarm.containers("proxy")?;
        ensure!(!living.contains(victim), "{victim} still runs");
        Ok(())
    })?;
    swarm.get("/demo/hello").says_hello()?;
    Ok(())
}
