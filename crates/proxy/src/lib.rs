//! HOW a connection is served: bound ports, HTTP/1.1, servers and their connections, answers.
//!
//! The program hands in worlds and takes nothing back; where a request goes is the model's to say.
//! Not here: labels, services of a Swarm, variables, the control API.

mod accept;
mod answer;
mod balance;
mod client;
mod connection;
mod deadline;
mod descriptors;
mod error_files;
mod exchange;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod health;
mod http1;
mod http2;
mod logins;
pub mod observe;
mod off_limits;
mod origin;
mod own;
mod pending;
mod pool;
mod ports;
mod proxy_protocol;
mod resolve;
mod scratch;
mod server_stream;
mod statistics;
mod tcp;
pub mod tls;
mod trusted;
mod tunnel;
mod worker;
mod world;

pub use accept::BindError;
pub use balance::SessionKey;
pub use descriptors::raise_descriptor_limit;
pub use error_files::{BadErrorFile, ERROR_FILE_CODES, ErrorFiles, LONGEST_ERROR_FILE};
pub use health::ServersDown;
pub use off_limits::OffLimits;
pub use own::{is_attached, is_own};
pub use ports::Ports;
pub use resolve::{BadResolver, KnownTasks, Reach, ReachedBy, Resolver};
pub use statistics::{Render, Statistics, StatisticsForm};
pub use trusted::{Network, Trusted};
pub use world::{Cell, World};

use model::statement::Statements;
use model::{Frontend, Timeouts};
use observe::Observer;
use std::io;
use std::net::{IpAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use worker::{Phase, Shared, Worker};

/// How long the last lines of the access log may take on their way out.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Ports that are bound and not served yet: what can fail has happened before anything runs.
pub struct Bound {
    /// For each thread, a socket of each frontend.
    threads: Vec<Vec<(Frontend, TcpListener)>>,
    ports: Vec<u16>,
    ip: IpAddr,
}

/// What holds for all connections of a data plane.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// How long each side may stay silent.
    pub timeouts: Timeouts,
    /// Who may speak for other clients.
    pub trusted: Trusted,
    /// Whether HTTP/2 is spoken to clients that begin with it without TLS.
    pub http2: bool,
    /// What is never dialled, whatever services say; `None`: nothing.
    pub off_limits: Option<OffLimits>,
    /// The page of statistics, if there is one.
    pub statistics: Option<Statistics>,
    /// Pages in place of the built-in ones.
    pub error_files: ErrorFiles,
    /// What makes the values of sticky sessions' cookies; the same for all replicas.
    pub session_key: SessionKey,
    /// The frontend's statements (`EXTRA_FRONTEND`), before any route is looked for (`request`), and on responses behind the backends'
    /// (`response`).
    pub frontend: Arc<Statements>,
}

/// The running data plane.
pub struct Proxy {
    shared: Arc<Shared>,
    phase: watch::Sender<Phase>,
    workers: Vec<Worker>,
    ip: IpAddr,
    /// Active checks, and probes of servers that fail; they end with this.
    _checks: JoinSet<()>,
}

/// Binds all frontends on `ip` for so many threads. A frontend with port 0 gets a free one.
pub fn bind(ip: IpAddr, frontends: &[Frontend], threads: usize) -> Result<Bound, BindError> {
    let mut bound = Bound { threads: (0..threads).map(|_| Vec::new()).collect(), ports: Vec::new(), ip };
    for frontend in frontends {
        let listeners = accept::bind(ip, frontend.port, threads)?;
        let port =
            listeners.first().and_then(|first| first.local_addr().ok()).map_or(frontend.port, |address| address.port());
        bound.ports.push(port);
        for (thread, listener) in bound.threads.iter_mut().zip(listeners) {
            thread.push((Frontend { port, ..*frontend }, listener));
        }
    }
    Ok(bound)
}

impl Bound {
    /// The bound ports, in the order of the frontends.
    pub fn ports(&self) -> &[u16] {
        &self.ports
    }

    /// Is ready to serve what `world` holds, on a thread of its own for each socket of a port; `observer` sees it. Clients wait in the kernel's
    /// queue until [`Proxy::open`]. Active checks run on the current runtime.
    pub fn serve(self, world: Cell, rules: Rules, observer: Observer) -> io::Result<Proxy> {
        let shared = Arc::new(Shared::new(world, rules, observer));
        let (phase, told) = watch::channel(Phase::Starting);
        let start = |(number, listeners)| Worker::start(number, listeners, Arc::clone(&shared), told.clone());
        let workers = self.threads.into_iter().enumerate().map(start).collect::<io::Result<_>>()?;
        let mut checks = JoinSet::new();
        checks.spawn(tcp::check::run(Arc::clone(&shared)));
        checks.spawn(health::run(Arc::clone(&shared)));
        Ok(Proxy { shared, phase, workers, ip: self.ip, _checks: checks })
    }
}

impl Proxy {
    /// Accepts from all ports: the world holds what is known.
    pub fn open(&self) {
        self.phase.send_if_modified(|phase| {
            let is_starting = matches!(phase, Phase::Starting);
            if is_starting {
                *phase = Phase::Serving;
            }
            is_starting
        });
    }

    /// The servers that take no connection, as they come and go.
    pub fn servers_down(&self) -> ServersDown {
        ServersDown::of(&self.shared.health)
    }

    /// The ports of services, on the address of all others. For the one writer.
    pub fn ports(&self) -> Ports {
        Ports::new(self.ip, self.workers.iter().map(|worker| worker.orders.clone()).collect())
    }

    /// Takes no new connections, closes idle ones, and lets the others finish for at most `limit`. Blocks until it is done.
    pub fn drain(self, limit: Duration) {
        self.shared.drain();
        self.phase.send_replace(Phase::Draining(Instant::now() + limit));
        for worker in self.workers {
            // A thread that panicked has no connections left to wait for.
            let _ = worker.thread.join();
        }
        self.shared.observer.close(LAST_LINES);
    }
}
