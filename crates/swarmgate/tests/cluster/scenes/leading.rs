//! The end of the manager that leads.

use super::finding::SOON;
use crate::{figures::figure, stage::Stage};
use anyhow::{Result, ensure};

/// Its power fails. While the others elect a new leader everything stays as it was; then a new service is found as ever.
pub(super) fn dies(stage: &mut Stage) -> Result<()> {
    let leader = stage.leader()?;
    let before = stage.backends()?;
    let died = stage.takes_away("off", &[leader])?;
    let elected = stage.elects()?;
    figure(format!("a new leader {:?} after the old one died", elected.since(died)));
    let after = stage.backends()?;
    ensure!(before == after, "there were {before:?}, and after the election {after:?}");
    let took = stage.routes("elected", elected, SOON)?;
    figure(format!("a service created after the election answers {took:?} after its task runs"));
    stage.comes_back(leader)
}
