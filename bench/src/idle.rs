//! What an idle connection costs in memory: many clients that were answered once and then keep their connections, plain or encrypted.
//!
//! Not a workload: nothing happens while it is measured.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustls::ClientConfig;

use crate::api::Api;
use crate::arena::Arena;
use crate::compare::Setup;
use crate::load::Load;
use crate::measure::rss_kib;
use crate::peers::{self, Kind, Plan};
use crate::tls::{Alpn, Key};
use crate::workload::service;

/// Asked beforehand, so that nothing is counted that the first requests alone make.
const FIRST: usize = 100;
/// Clients that connect at a time. Divides both.
const CALLERS: usize = 20;
/// All proxies close an idle connection after 15 s.
const LONGEST: Duration = Duration::from_secs(12);

/// A kind of connection that idles.
pub(crate) struct Idle {
    pub(crate) name: &'static str,
    pub(crate) says: &'static str,
    tls: bool,
    /// How many at a time.
    connections: usize,
    /// KiB of swarmgate's resident memory that must not be exceeded.
    pub(crate) at_most: f64,
}

pub(crate) const IDLES: [Idle; 2] = [
    Idle { name: "idle", says: "memory of an idle connection", tls: false, connections: 10_000, at_most: 4.0 },
    // Fewer, because their handshakes take their time.
    Idle { name: "idle-tls", says: "memory of an idle TLS connection", tls: true, connections: 1_000, at_most: 20.0 },
];

/// One proxy's memory.
pub(crate) struct IdleCost {
    pub(crate) idle: &'static Idle,
    pub(crate) kind: Kind,
    /// KiB of resident memory a connection.
    pub(crate) kib: f64,
}

/// What all clients of a proxy do.
struct Client {
    port: u16,
    path: String,
    tls: Option<Arc<ClientConfig>>,
}

/// Measures all proxies but the relay, which closes with its server. What was measured before an error is in `costs`.
pub(crate) fn measure(arena: &mut Arena, setup: &Setup, idle: &'static Idle, costs: &mut Vec<IdleCost>) -> Result<()> {
    for kind in setup.kinds.iter().filter(|kind| **kind != Kind::Relay) {
        let kib = cost(arena, setup, idle, *kind).with_context(|| format!("{} with idle connections", kind.name()))?;
        costs.push(IdleCost { idle, kind: *kind, kib });
    }
    Ok(())
}

fn cost(arena: &mut Arena, setup: &Setup, idle: &Idle, kind: Kind) -> Result<f64> {
    let (bundle, connections) = (setup.certificate(Key::Rsa).bundle(), idle.connections);
    let bundle = idle.tls.then_some(bundle.as_path());
    let plan = Plan { clients: connections + FIRST, bundle, ..setup.plan(1, arena.backend_port()?) };
    let peer = peers::start(kind, &plan)?;
    let client = Client {
        port: peer.port,
        path: format!("/{}/", service(0)),
        tls: idle.tls.then(|| Arc::clone(setup.certificate(Key::Rsa).client(Alpn::Http1))),
    };
    arena.beside(&mut Load::none(), || {
        drop(client.connect(FIRST)?);
        let (begun, before) = (Instant::now(), rss_kib(peer.pid())?);
        let mut clients = client.connect(connections)?;
        let after = rss_kib(peer.pid())?;
        ensure!(begun.elapsed() < LONGEST, "it took {:?} to open {connections} connections", begun.elapsed());
        // Had the proxy closed one, it would say so now.
        for place in [0, connections / 2, connections - 1] {
            clients[place].get(&client.path).context("a connection did not stay open")?;
        }
        Ok(after.saturating_sub(before) as f64 / connections as f64)
    })
}

impl Client {
    /// So many of them, each answered once.
    fn connect(&self, count: usize) -> Result<Vec<Api>> {
        let one = || {
            let mut api = Api::encrypted(self.port, self.tls.clone());
            api.get(&self.path).map(|()| api).context("is `ulimit -n` too low for so many connections?")
        };
        thread::scope(|scope| {
            let caller = || (0..count / CALLERS).map(|_| one()).collect::<Result<Vec<_>>>();
            let callers: Vec<_> = (0..CALLERS).map(|_| scope.spawn(caller)).collect();
            let apis = callers.into_iter().map(|caller| caller.join().expect("a caller returns its errors"));
            Ok(apis.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
        })
    }
}
