//! One workload through all proxies: rounds interleaved, so that what disturbs the machine disturbs all of them alike.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::api::Api;
use crate::arena::{Arena, Idle};
use crate::load::{Ask, Load, Manner};
use crate::measure::{Sample, rss_kib, usage};
use crate::peers::{self, AccessLog, Kind, Peer, Plan};
use crate::tls::{Alpn, Certificate, Key};
use crate::workload::{Workload, service};

/// Before a measurement: connections are made and pools filled.
const WARM_UP: Duration = Duration::from_millis(300);
/// After a measurement: how long a connection or stream may still wait for its first answer before it counts as lost.
const GRACE: Duration = Duration::from_secs(15);

/// A line of the access log is written within this time.
const LONGEST_LOG: Duration = Duration::from_secs(5);

/// What holds for every workload of a run.
pub(crate) struct Setup {
    pub(crate) swarmgate: PathBuf,
    /// Another build of it, measured in turn with it.
    pub(crate) before: Option<PathBuf>,
    /// By the kind of their key.
    pub(crate) certificates: [Certificate; 2],
    pub(crate) kinds: Vec<Kind>,
    pub(crate) core: usize,
    /// Rounds of every workload, unless each has its own.
    pub(crate) rounds: Option<usize>,
    pub(crate) length: Duration,
}

/// All samples of one workload, by proxy, in the order of the rounds.
pub(crate) struct Comparison {
    pub(crate) workload: &'static Workload,
    pub(crate) samples: Vec<(Kind, Vec<Sample>)>,
}

pub(crate) fn compare(arena: &mut Arena, setup: &Setup, workload: &'static Workload) -> Result<Comparison> {
    let bundle = workload.tls.map(|key| setup.certificate(key).bundle());
    let mut plan = Plan { bundle: bundle.as_deref(), ..setup.plan(workload.services, arena.backend_port()?) };
    if workload.log {
        plan.access_log = AccessLog::Discarded;
    }
    let peers: Vec<Peer> =
        contenders(setup, workload).into_iter().map(|kind| peers::start(kind, &plan)).collect::<Result<_>>()?;
    let mut samples: Vec<_> = peers.iter().map(|peer| (peer.kind, Vec::new())).collect();
    for _ in 0..setup.rounds.unwrap_or(workload.rounds) {
        for (peer, (_, samples)) in peers.iter().zip(&mut samples) {
            let sample = measure(arena, setup, peer, workload);
            samples.push(sample.with_context(|| format!("{} under {}", peer.kind.name(), workload.name))?);
        }
    }
    Ok(Comparison { workload, samples })
}

fn contenders(setup: &Setup, workload: &Workload) -> Vec<Kind> {
    if workload.against == Kind::Single {
        return setup.kinds.iter().copied().filter(|kind| *kind == Kind::Swarmgate).chain([Kind::Single]).collect();
    }
    // A relay knows neither services nor when an answer ends, and no TLS.
    let relayed = workload.services == 1 && workload.manner == Manner::Kept && !workload.log && workload.tls.is_none();
    setup.kinds.iter().copied().filter(|kind| relayed || *kind != Kind::Relay).collect()
}

/// Whether swarmgate writes a JSON access log when it is told to: what is not written costs nothing, and would be no figure.
pub(crate) fn writes_log(arena: &mut Arena, setup: &Setup) -> Result<bool> {
    let plan = Plan { access_log: AccessLog::Shown, ..setup.plan(1, arena.backend_port()?) };
    let Ok(peer) = peers::start(Kind::Swarmgate, &plan) else { return Ok(false) };
    let path = format!("/{}/", service(0));
    arena.beside(&mut Load::none(), || Api::new(peer.port).get(&path))?;
    let begun = Instant::now();
    let is_line = |line: &str| line.starts_with('{') && line.contains(&path);
    while !peer.log().lines().any(is_line) {
        if begun.elapsed() > LONGEST_LOG {
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(true)
}

fn measure(arena: &mut Arena, setup: &Setup, peer: &Peer, workload: &Workload) -> Result<Sample> {
    let mut load = Load::new(&workload.ask(peer, setup), workload.connections);
    arena.open(&mut load)?;
    run(arena, &mut load, WARM_UP)?;
    // Whatever is still without its first answer would have its handshake measured.
    lost(arena, &mut load)?;
    let warm_up = load.take_tally();
    load.mark();
    let me = std::process::id();
    let (before, own_before) = (usage(peer.pid())?, usage(me)?);
    let wall = run(arena, &mut load, setup.length)?;
    let (after, own_after) = (usage(peer.pid())?, usage(me)?);
    let mut tally = load.take_tally();
    let lost = lost(arena, &mut load)?;
    if lost > 0 {
        tally.failed += lost as u64;
        tally.first_fault.get_or_insert(format!("{lost} connections or streams got no answer at all"));
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

/// How many connections or streams are never answered, although the load goes on for a while.
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
    pub(crate) fn certificate(&self, key: Key) -> &Certificate {
        &self.certificates[key as usize]
    }

    pub(crate) fn plan(&self, services: usize, backend: u16) -> Plan<'_> {
        let (core, swarmgate, before) = (self.core, self.swarmgate.as_path(), self.before.as_deref());
        Plan { services, clients: 0, access_log: AccessLog::Off, bundle: None, backend, core, swarmgate, before }
    }
}

impl Workload {
    /// What is asked of a proxy: the last service in its order.
    pub(crate) fn ask(&self, peer: &Peer, setup: &Setup) -> Ask {
        let last = if peer.kind == Kind::Single { 0 } else { self.services - 1 };
        let alpn = if matches!(self.manner, Manner::Streams(_)) { Alpn::Http2 } else { Alpn::Http1 };
        let tls = self.tls.map(|key| Arc::clone(setup.certificate(key).client(alpn)));
        Ask { port: peer.port, path: format!("/{}/", service(last)), body: self.body, manner: self.manner, tls }
    }
}

impl Comparison {
    /// The samples of one proxy, if it took part.
    pub(crate) fn of(&self, wanted: Kind) -> Option<&[Sample]> {
        self.samples.iter().find(|(kind, _)| *kind == wanted).map(|(_, samples)| samples.as_slice())
    }

    /// Cost ÷ that of whom the workload is held against, round by round, so that each ratio is of two measurements made seconds apart.
    pub(crate) fn ratios(&self, kind: Kind) -> Vec<f64> {
        let (Some(ours), Some(theirs)) = (self.of(kind), self.of(self.workload.against)) else { return Vec::new() };
        ours.iter().zip(theirs).map(|(ours, theirs)| ours.cost() / theirs.cost()).collect()
    }
}
