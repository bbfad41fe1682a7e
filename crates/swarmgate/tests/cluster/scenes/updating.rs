//! Rolling updates under load, and a service that never comes to rest.

use crate::{
    figures::figure,
    node::docker,
    stage::{PATIENCE, Service, Stage, eventually, lost_none, pause},
    talk::Moment,
};
use anyhow::{Result, ensure};
use std::{collections::BTreeMap, time::Duration};

/// Between two updates of a service that flaps: a hundred a minute.
const FLAP: Duration = Duration::from_millis(600);

/// An old task stops before its successor starts.
pub(super) fn stop_first(stage: &mut Stage) -> Result<()> {
    rolling(stage, "stop-first")
}

/// A successor is there before its old task stops.
pub(super) fn start_first(stage: &mut Stage) -> Result<()> {
    rolling(stage, "start-first")
}

/// Four tasks are replaced one by one while 200 requests a second come for them.
fn rolling(stage: &mut Stage, order: &str) -> Result<()> {
    let manager = stage.manager()?;
    Service::named("rolled").looked_after().with(&["--replicas", "4", "--update-order", order]).create(manager)?;
    stage.firsts("rolled", PATIENCE)?;
    eventually("all tasks", || stage.tasks_run("rolled", 4))?;
    stage.load("rolled", 200)?;
    docker(manager, &["service", "update", "--detach", "--quiet", "--force", "rolled"])?;
    eventually("the end of the update", || {
        let state = docker(manager, &["service", "inspect", "--format", "{{.UpdateStatus.State}}", "rolled"])?;
        ensure!(state.trim() == "completed", "it is {state}");
        Ok(())
    })?;
    let tally = stage.unload("rolled")?;
    lost_none("rolled", &tally)?;
    figure(format!(
        "a rolling update of 4 tasks, {order}, 200 requests/s: {} answered, 0 lost, slowest {} ms",
        tally.whole, tally.slowest
    ));
    docker(manager, &["service", "rm", "rolled"]).map(|_| ())
}

/// A service whose task is replaced a hundred times a minute: nobody else notices, and it is announced once a second at most.
pub(super) fn flapping(stage: &mut Stage) -> Result<()> {
    let manager = stage.manager()?;
    let (node, listener) = stage.listener()?;
    Service::named("flapping").with(&["--stop-grace-period", "1s"]).create(manager)?;
    let (began, mut updates) = (Moment::now(), 0_u64);
    while Moment::now().since(began) < Duration::from_secs(60) {
        updates += 1;
        let label = format!("--label-add=com.df.update={updates}");
        docker(manager, &["service", "update", "--detach", "--quiet", "--force", &label, "flapping"])?;
        pause(FLAP.saturating_mul(u32::try_from(updates)?).saturating_sub(Moment::now().since(began)));
    }
    docker(manager, &["service", "rm", "flapping"])?;
    let log = docker(node, &["logs", &listener])?;
    let mut seconds: BTreeMap<&str, usize> = BTreeMap::new();
    for line in
        log.lines().filter(|line| line.contains("Sending service created") && line.contains("serviceName=flapping"))
    {
        *seconds.entry(line.get(..19).unwrap_or(line)).or_default() += 1;
    }
    let (told, most) = (seconds.values().sum::<usize>(), seconds.values().max().copied().unwrap_or_default());
    figure(format!(
        "a service updated {updates} times in a minute was announced {told} times, {most} in a second at most"
    ));
    // Two that are a second apart may fall into one second of the clock by a hair.
    ensure!(told > 0 && most <= 2 && told <= 62, "{seconds:?}");
    Ok(())
}
