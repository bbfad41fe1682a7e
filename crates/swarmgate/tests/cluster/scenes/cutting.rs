//! Nodes that nobody reaches, and that go on all the same.

use super::finding::SOON;
use crate::{figures::figure, stage::Stage};
use anyhow::{Result, ensure};

/// The worker, with a replica of the proxy on it.
const WORKER: usize = 4;

/// It is cut off until the Swarm has given it up, and healed.
pub(super) fn one(stage: &mut Stage) -> Result<()> {
    let before = stage.backends()?;
    let cut = stage.takes_away("cut", &[WORKER])?;
    let down = stage.sees_down(WORKER)?;
    figure(format!("a node is down {:?} after it was cut off", down.since(cut)));
    let after = stage.backends()?;
    ensure!(before == after, "there were {before:?}, and without the node {after:?}");
    let took = stage.routes("beside", down, SOON)?;
    figure(format!("with a node cut off, a new service answers {took:?} after its task runs"));
    stage.comes_back(WORKER)?;
    // Its replica was replaced, and the new one knows what the others know.
    stage.assemble()?;
    let healed = stage.backends()?;
    ensure!(before == healed, "there were {before:?}, and with the node back {healed:?}");
    Ok(())
}
