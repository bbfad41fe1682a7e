//! How soon new services are found, and what many of them cost.

use crate::{
    figures::{distribution, figure, hundredth},
    node,
    stage::{PATIENCE, Service, Stage, eventually, pause},
    talk::Moment,
};
use anyhow::{Context, Result, ensure};
use std::{fs, time::Duration};

/// How long after its task runs a service may take to answer, on a machine that does much else.
pub(super) const SOON: Duration = Duration::from_secs(5);

/// What 95 of 100 take at most.
const USUALLY: Duration = Duration::from_secs(1);

/// Services that are created without waiting for any of them.
const IN_A_ROW: usize = 50;

/// KiB that the listener may have grown by after that many services have come and gone.
const GROWTH: u64 = 8 * 1024;

/// How long somebody who has nothing to do is watched, and how long it may have been busy.
const REST: Duration = Duration::from_secs(10);
const IDLE: Duration = Duration::from_millis(500);

pub(super) fn one(stage: &mut Stage) -> Result<()> {
    let took = stage.routes("found", Moment(0), SOON)?;
    figure(format!("a new service answers through all replicas {took:?} after its task runs"));
    Ok(())
}

pub(super) fn hundred(stage: &mut Stage) -> Result<()> {
    let took: Vec<Duration> =
        (1..=100).map(|number| stage.routes(&format!("found-{number}"), Moment(0), SOON)).collect::<Result<_>>()?;
    figure(format!("100 new services answer through all replicas after their tasks run: {}", distribution(&took)));
    let most = hundredth(&took, 95);
    ensure!(most <= USUALLY, "95 of 100 take up to {most:?}");
    Ok(())
}

/// All of them are found; the listener does not grow, and whoever has done their work rests.
pub(super) fn many(stage: &mut Stage) -> Result<()> {
    let manager = stage.manager()?;
    let (node, listener) = stage.listener()?;
    let before = Usage::of(node, &listener)?;
    let names: Vec<String> = (1..=IN_A_ROW).map(|number| format!("row-{number}")).collect();
    let began = Moment::now();
    names.iter().try_for_each(|name| Service::named(name).create(manager))?;
    let created = Moment::now();
    let mut last = created;
    for name in &names {
        last = stage.firsts(name, PATIENCE)?.into_iter().max().context("there are visitors")?.max(last);
    }
    figure(format!(
        "{IN_A_ROW} services created in {:?}, all answer through all replicas {:?} later",
        created.since(began),
        last.since(created)
    ));
    let full = Usage::of(node, &listener)?;
    rests(stage)?;
    for name in &names {
        node::docker(manager, &["service", "rm", name])?;
    }
    eventually("the end of their routes", || {
        let left = stage.backends()?;
        ensure!(!left.iter().any(|backend| backend.starts_with("row-")), "{left:?}");
        Ok(())
    })?;
    let after = Usage::of(node, &listener)?;
    figure(format!(
        "the listener's memory: {} KiB before, {} KiB with {IN_A_ROW} more services, {} KiB after them",
        before.resident, full.resident, after.resident
    ));
    ensure!(after.resident <= before.resident + GROWTH, "the listener has grown");
    Ok(())
}

/// How busy the replicas of the proxy are while nobody asks.
fn rests(stage: &mut Stage) -> Result<()> {
    stage.falls_silent()?;
    let places: Vec<(usize, String)> =
        stage.visitors.iter().map(|visitor| (visitor.node, visitor.container.clone())).collect();
    let usage = || places.iter().map(|(node, container)| Usage::of(*node, container)).collect::<Result<Vec<_>>>();
    let before = usage()?;
    pause(REST);
    let busy: Vec<Duration> = usage()?.iter().zip(&before).map(|(after, before)| after.busy - before.busy).collect();
    figure(format!("the replicas of the proxy, idle, used {busy:?} of a processor in {REST:?}"));
    ensure!(busy.iter().all(|busy| *busy <= IDLE), "an idle replica works");
    stage.assemble()
}

/// What a container's only process has used.
struct Usage {
    /// KiB of memory.
    resident: u64,
    /// Time on a processor, to a hundredth of a second.
    busy: Duration,
}

impl Usage {
    fn of(node: usize, container: &str) -> Result<Usage> {
        let process = node::docker(node, &["inspect", "--format", "{{.State.Pid}}", container])?;
        let read = |file: &str| -> Result<String> {
            let place = node::proc(node, &format!("{}/{file}", process.trim()))?;
            fs::read_to_string(&place).context(place)
        };
        let (status, stat) = (read("status")?, read("stat")?);
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
        let resident = resident.trim().trim_end_matches(" kB").parse()?;
        // The second field is a name in parentheses and may hold spaces.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks: u64 = fields.get(11..13).context("times")?.iter().flat_map(|ticks| ticks.parse::<u64>()).sum();
        Ok(Usage { resident, busy: Duration::from_millis(ticks * 10) })
    }
}
