//! What an idle connection costs in memory: many clients that were answered once and then keep their connections.
//!
//! Not a workload: nothing happens while it is measured.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::api::Api;
use crate::arena::Arena;
use crate::compare::Setup;
use crate::load::Load;
use crate::measure::rss_kib;
use crate::peers::{self, Kind, Plan};
use crate::workload::service;

/// Connections that idle at a time.
const CONNECTIONS: usize = 10_000;
/// Asked beforehand, so that nothing is counted that the first requests alone make.
const FIRST: usize = 100;
/// Clients that connect at a time. Divides both.
const CALLERS: usize = 20;
/// All proxies close an idle connection after 15 s.
const LONGEST: Duration = Duration::from_secs(12);

/// One proxy's memory.
pub(crate) struct IdleCost {
    pub(crate) kind: Kind,
    /// KiB of resident memory a connection.
    pub(crate) kib: f64,
}

/// Measures all proxies but the relay, which closes with its server. What was measured before an error is in `costs`.
pub(crate) fn measure(arena: &mut Arena, setup: &Setup, costs: &mut Vec<IdleCost>) -> Result<()> {
    for kind in setup.kinds.iter().filter(|kind| **kind != Kind::Relay) {
        let kib = cost(arena, setup, *kind).with_context(|| format!("{} with idle connections", kind.name()))?;
        costs.push(IdleCost { kind: *kind, kib });
    }
    Ok(())
}

fn cost(arena: &mut Arena, setup: &Setup, kind: Kind) -> Result<f64> {
    let plan = Plan { clients: CONNECTIONS + FIRST, ..setup.plan(1, arena.backend_port()?) };
    let peer = peers::start(kind, &plan)?;
    let path = format!("/{}/", service(0));
    arena.beside(&mut Load::none(), || {
        drop(connect(peer.port, &path, FIRST)?);
        let (begun, before) = (Instant::now(), rss_kib(peer.pid())?);
        let mut clients = connect(peer.port, &path, CONNECTIONS)?;
        let after = rss_kib(peer.pid())?;
        ensure!(begun.elapsed() < LONGEST, "it took {:?} to open {CONNECTIONS} connections", begun.elapsed());
        // Had the proxy closed one, it would say so now.
        for client in [0, CONNECTIONS / 2, CONNECTIONS - 1] {
            clients[client].get(&path).context("a connection did not stay open")?;
        }
        Ok(after.saturating_sub(before) as f64 / CONNECTIONS as f64)
    })
}

/// So many clients, each answered once.
fn connect(port: u16, path: &str, count: usize) -> Result<Vec<Api>> {
    let client = || {
        let mut client = Api::new(port);
        client.get(path).map(|()| client).context("is `ulimit -n` too low for so many connections?")
    };
    thread::scope(|scope| {
        let caller = || (0..count / CALLERS).map(|_| client()).collect::<Result<Vec<_>>>();
        let callers: Vec<_> = (0..CALLERS).map(|_| scope.spawn(caller)).collect();
        let clients = callers.into_iter().map(|caller| caller.join().expect("a caller returns its errors"));
        Ok(clients.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
    })
}
