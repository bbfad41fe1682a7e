//! How soon a new service is found.

use crate::{figures::figure, stage::Stage, talk::Moment};
use anyhow::Result;
use std::time::Duration;

/// How long after its task runs a service may take to answer, on a machine that does much else.
pub(super) const SOON: Duration = Duration::from_secs(5);

pub(super) fn one(stage: &mut Stage) -> Result<()> {
    let took = stage.routes("found", Moment(0), SOON)?;
    figure(format!("a new service answers through all replicas {took:?} after its task runs"));
    Ok(())
}
