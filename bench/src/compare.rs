//! One workload through all proxies: rounds interleaved, so that what disturbs the machine disturbs all of them alike.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::arena::{Arena, Idle};
use crate::load::{Ask, Load};
use crate::measure::{Sample, rss_kib, usage};
use crate::peers::{self, Kind, Peer, Plan};
use crate::workload::{Workload, service};

/// Before a measurement: connections are made and pools filled.
const WARM_UP: Duration = Duration::from_millis(300);
/// After a measurement: how long a connection may still wait for its first answer before it counts as lost.
const GRACE: Duration = Duration::from_secs(15);

/// What holds for every workload of a run.
pub(crate) struct Setup {
    pub(crate) swarmgate: PathBuf,
    pub(crate) kinds: Vec<Kind>,
    pub(crate) core: usize,
    pub(crate) rounds: usize,
    pub(crate) length: Duration,
}

/// All samples of one workload, by proxy, in the order of the rounds.
pub(crate) struct Comparison {
    pub(crate) workload: &'static Workload,
    pub(crate) samples: Vec<(Kind, Vec<Sample>)>,
}

pub(crate) fn compare(arena: &mut Arena, setup: &Setup, workload: &'static Workload) -> Result<Comparison> {
    let plan = setup.plan(workload.services, arena.backend_port()?);
    // A relay knows neither services nor when an answer ends.
    let relayed = workload.services == 1 && !workload.close;
    let kinds = setup.kinds.iter().filter(|kind| relayed || **kind != Kind::Relay);
    let peers: Vec<Peer> = kinds.map(|kind| peers::start(*kind, &plan)).collect::<Result<_>>()?;
    let mut samples: Vec<_> = peers.iter().map(|peer| (peer.kind, Vec::new())).collect();
    for _ in 0..setup.rounds {
        for (peer, (_, samples)) in peers.iter().zip(&mut samples) {
            let sample = measure(arena, setup.length, peer, workload);
            samples.push(sample.with_context(|| format!("{} under {}", peer.kind.name(), workload.name))?);
        }
    }
    Ok(Comparison { workload, samples })
}

fn measure(arena: &mut Arena, length: Duration, peer: &Peer, workload: &Workload) -> Result<Sample> {
    let mut load = Load::new(&workload.ask(peer.port), workload.connections);
    arena.open(&mut load)?;
    run(arena, &mut load, WARM_UP)?;
    let warm_up = load.take_tally();
    load.mark();
    let me = std::process::id();
    let (before, own_before) = (usage(peer.pid())?, usage(me)?);
    let wall = run(arena, &mut load, length)?;
    let (after, own_after) = (usage(peer.pid())?, usage(me)?);
    let mut tally = load.take_tally();
    let lost = lost(arena, &mut load)?;
    if lost > 0 {
        tally.failed += lost as u64;
        tally.first_fault.get_or_insert(format!("{lost} connections got no answer at all"));
    }
    Ok(Sample {
        requests: tally.requests,
        failed: tally.failed,
        first_fault: tally.first_fault.or(warm_up.first_fault),
        wall,
        usage: after.since(before),
        own: own_after.since(own_before),
        rss_kib: rss_kib(peer.pid())?,
    })
}

/// How many connections are never answered, although the load goes on for a while.
fn lost(arena: &mut Arena, load: &mut Load) -> Result<usize> {
    let begun = Instant::now();
    while load.unanswered() > 0 && begun.elapsed() < GRACE {
        run(arena, load, Duration::from_millis(50))?;
    }
    Ok(load.unanswered())
}

fn run(arena: &mut Arena, load: &mut Load, length: Duration) -> Result<Duration> {
    let begun = Instant::now();
    arena.run(load, Idle::Spin, || begun.elapsed() < length)?;
    Ok(begun.elapsed())
}

impl Setup {
    pub(crate) fn plan(&self, services: usize, backend: u16) -> Plan<'_> {
        Plan { services, backend, core: self.core, swarmgate: &self.swarmgate }
    }
}

impl Workload {
    /// What is asked of a proxy that listens on this port: the last service in its order.
    pub(crate) fn ask(&self, port: u16) -> Ask {
        Ask { port, path: format!("/{}/", service(self.services - 1)), body: self.body, close: self.close }
    }
}
