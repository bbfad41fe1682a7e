//! How long swarmgate takes to make a change live: one call after another, and under load.
//!
//! Each reply is put to the test at once: the next request through the proxy must reach what was just configured.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::api::Api;
use crate::arena::{Arena, Idle};
use crate::compare::Setup;
use crate::load::{Load, Tally};
use crate::peers::{self, Kind, swarmgate};
use crate::workload::{WORKLOADS, service};

/// How many changes are timed under load.
const CHANGES: usize = 300;

/// What came of it.
pub(crate) struct Timing {
    pub(crate) services: usize,
    /// All services configured one after another, on a fresh proxy: the calls alone, without the probes between them.
    pub(crate) one_by_one: Duration,
    /// Each call, in seconds, that changed one of the services while the load of `small` ran.
    pub(crate) calls: Vec<f64>,
    /// What the load saw meanwhile.
    pub(crate) load: Tally,
}

/// Times changes of a swarmgate that knows so many services.
pub(crate) fn time(arena: &mut Arena, setup: &Setup, services: usize) -> Result<Timing> {
    let backend = arena.backend_port()?;
    let peer = peers::start(Kind::Swarmgate, &setup.plan(0, backend))?;
    let small = &WORKLOADS[0];
    let mut caller = Caller { control: Api::new(peer.control), probe: Api::new(peer.port), backend };

    let mut no_load = Load::new(&small.ask(peer.port), 0);
    let one_by_one = beside(arena, &mut no_load, || (0..services).map(|number| caller.change(number, "")).sum())?;
    let mut load = Load::new(&small.ask(peer.port), small.connections);
    let calls = beside(arena, &mut load, || {
        (0..CHANGES).map(|turn| Ok(caller.change(turn * 7 % services, &format!("/v{turn}"))?.as_secs_f64())).collect()
    })?;
    Ok(Timing { services, one_by_one, calls, load: load.take_tally() })
}

struct Caller {
    control: Api,
    probe: Api,
    backend: u16,
}

/// Does something that takes its time while the arena runs in a thread of its own.
fn beside<T>(arena: &mut Arena, load: &mut Load, act: impl FnOnce() -> Result<T>) -> Result<T> {
    arena.open(load)?;
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let running = scope.spawn(|| arena.run(load, Idle::Sleep, || !done.load(Ordering::Relaxed)));
        let result = act();
        done.store(true, Ordering::Relaxed);
        running.join().expect("the arena returns its errors")?;
        result
    })
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
