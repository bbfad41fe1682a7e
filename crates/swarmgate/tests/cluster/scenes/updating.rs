//! Rolling updates under load.

use crate::{
    figures::figure,
    node::docker,
    stage::{PATIENCE, Service, Stage, eventually, lost_none},
};
use anyhow::{Result, ensure};

/// Four tasks are replaced one by one, an old one before its successor starts, while 200 requests a second come for them.
pub(super) fn rolling(stage: &mut Stage) -> Result<()> {
    let manager = stage.manager()?;
    Service::named("rolled").looked_after().with(&["--replicas", "4"]).create(manager)?;
    stage.firsts("rolled.test", PATIENCE)?;
    eventually("all tasks", || stage.tasks_run("rolled", 4))?;
    stage.load("rolled.test", 200)?;
    docker(manager, &["service", "update", "--detach", "--quiet", "--force", "rolled"])?;
    eventually("the end of the update", || {
        let state = docker(manager, &["service", "inspect", "--format", "{{.UpdateStatus.State}}", "rolled"])?;
        ensure!(state.trim() == "completed", "it is {state}");
        Ok(())
    })?;
    let tally = stage.unload("rolled.test")?;
    lost_none("rolled.test", &tally)?;
    figure(format!(
        "a rolling update of 4 tasks: {} requests answered, 0 lost, slowest {} ms",
        tally.whole, tally.slowest
    ));
    docker(manager, &["service", "rm", "rolled"]).map(|_| ())
}
