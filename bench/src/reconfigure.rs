//! How long swarmgate takes to make a change live: one call after another, and under load.
//!
//! Each reply is put to the test at once: the next request through the proxy must reach what was just configured.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::api::Api;
use crate::arena::Arena;
use crate::compare::Setup;
use crate::load::{Load, Tally};
use crate::measure::rss_kib;
use crate::peers::{self, Kind, swarmgate};
use crate::workload::{WORKLOADS, service};

/// How many changes are timed under load.
const CHANGES: usize = 300;

/// A number of services to change one of, and what that may take.
pub(crate) struct Reconfigure {
    pub(crate) name: &'static str,
    pub(crate) services: usize,
    pub(crate) limits: Limits,
}

#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// The median of the calls under load.
    pub(crate) change: Duration,
    pub(crate) one_by_one: Option<Duration>,
}

pub(crate) const RECONFIGURES: [Reconfigure; 2] = [
    Reconfigure {
        name: "reconfigure",
        services: 1000,
        limits: Limits { change: Duration::from_millis(5), one_by_one: Some(Duration::from_secs(3)) },
    },
    Reconfigure {
        name: "reconfigure-10000",
        services: 10_000,
        limits: Limits { change: Duration::from_millis(20), one_by_one: None },
    },
];

/// What came of it.
pub(crate) struct Timing {
    pub(crate) services: usize,
    pub(crate) limits: Limits,
    /// All services configured one after another, on a fresh proxy: the calls alone, without the probes between them.
    pub(crate) one_by_one: Duration,
    /// Each call, in seconds, that changed one of the services while the load of `small` ran.
    pub(crate) calls: Vec<f64>,
    /// What the load saw meanwhile.
    pub(crate) load: Tally,
    /// Resident memory after all that.
    pub(crate) rss_kib: u64,
}

/// Times changes of a swarmgate that knows so many services.
pub(crate) fn time(arena: &mut Arena, setup: &Setup, what: &Reconfigure) -> Result<Timing> {
    let Reconfigure { services, limits, .. } = *what;
    let backend = arena.backend_port()?;
    let peer = peers::start(Kind::Swarmgate, &setup.plan(0, backend))?;
    let small = &WORKLOADS[0];
    let mut caller = Caller { control: Api::new(peer.control), probe: Api::new(peer.port), backend };

    let one_by_one = arena.beside(&mut Load::none(), || (0..services).map(|number| caller.change(number, "")).sum())?;
    let mut load = Load::new(&small.ask(&peer, setup), small.connections);
    let calls = arena.beside(&mut load, || {
        (0..CHANGES).map(|turn| Ok(caller.change(turn * 7 % services, &format!("/v{turn}"))?.as_secs_f64())).collect()
    })?;
    Ok(Timing { services, limits, one_by_one, calls, load: load.take_tally(), rss_kib: rss_kib(peer.pid())? })
}

struct Caller {
    control: Api,
    probe: Api,
    backend: u16,
}

impl Caller {
    /// Configures a service, with one more path if there is one; how long the call took. The change must be live after it.
    fn change(&mut self, number: usize, path: &str) -> Result<Duration> {
        let more = if path.is_empty() { String::new() } else { format!(",{path}") };
        let begun = Instant::now();
        self.control.get(&swarmgate::reconfigure(number, &more, self.backend))?;
        let took = begun.elapsed();
        let path = if path.is_empty() { format!("/{}", service(number)) } else { path.to_owned() };
        self.probe.get(&path).context("the reply came before the change was live")?;
        Ok(took)
    }
}
