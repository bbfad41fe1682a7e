//! The control side's list of all counters of all threads: adding them up, and forgetting what is gone.
//!
//! Counters outlive snapshots: a backend keeps its own for as long as it, or anything of it, exists.
//! Not here: counting (`book`).

use super::counts::{BackendCounts, FrontendCounts, ServerCounts, ThreadCounts, open};
use super::figures::{AnswerFigures, BackendFigures, Figures, FrontendFigures, ServerFigures};
use super::why::Why;
use model::service::ServiceName;
use rustc_hash::FxHashSet;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use tokio::time::Instant;

/// What has vanished, and was not used for so long, is forgotten: long enough for the last scrape to have seen it.
const KEPT: Duration = Duration::from_secs(15 * 60);

/// Counters that a thread has just made.
pub(super) enum Fresh {
    Frontend(u16, Arc<FrontendCounts>),
    Backend(Arc<str>, ServiceName, Arc<BackendCounts>),
    Server(Arc<str>, SocketAddr, Arc<ServerCounts>),
}

/// All counters.
pub(super) struct Ledger {
    announce: Sender<Fresh>,
    announced: Receiver<Fresh>,
    threads: Vec<Arc<ThreadCounts>>,
    frontends: BTreeMap<u16, Vec<Arc<FrontendCounts>>>,
    backends: BTreeMap<Arc<str>, Entry>,
}

/// A backend on all threads.
struct Entry {
    service: ServiceName,
    counts: Vec<Arc<BackendCounts>>,
    servers: BTreeMap<SocketAddr, ServerEntry>,
    rest: Rest,
}

#[derive(Default)]
struct ServerEntry {
    counts: Vec<Arc<ServerCounts>>,
    rest: Rest,
}

/// Since when a count has not moved.
#[derive(Default)]
struct Rest {
    count: u64,
    since: Option<Instant>,
}

/// What is open at this moment, for HAProxy's line.
pub(super) struct Open<'l>(&'l Ledger);

impl Default for Ledger {
    fn default() -> Self {
        let (announce, announced) = channel();
        Ledger { announce, announced, threads: Vec::new(), frontends: BTreeMap::new(), backends: BTreeMap::new() }
    }
}

impl Ledger {
    /// Takes in one more thread.
    pub(super) fn join(&mut self) -> (Sender<Fresh>, Arc<ThreadCounts>) {
        let counts = Arc::<ThreadCounts>::default();
        self.threads.push(Arc::clone(&counts));
        (self.announce.clone(), counts)
    }

    pub(super) fn figures(&mut self) -> Figures {
        self.take_fresh();
        let frontend = |(port, counts): (&u16, &Vec<Arc<FrontendCounts>>)| {
            let mut figures = FrontendFigures { port: *port, ..FrontendFigures::default() };
            counts.iter().for_each(|counts| figures.add(counts));
            figures
        };
        Figures {
            frontends: self.frontends.iter().map(frontend).collect(),
            backends: self.backends.iter().map(|(name, entry)| entry.figures(name)).collect(),
            servers: self.backends.iter().flat_map(|(name, entry)| entry.server_figures(name)).collect(),
            answers: Why::all().map(|(why, status, reason)| self.answers(why, status, reason)).collect(),
            panics: self.threads.iter().map(|counts| counts.panics.get()).sum(),
            ..Figures::default()
        }
    }

    /// What is open now.
    pub(super) fn open(&mut self) -> Open<'_> {
        self.take_fresh();
        Open(self)
    }

    /// Forgets backends that are not among `names` and servers, where nothing happened for long: each is begun anew should it return.
    pub(super) fn forget(&mut self, names: &FxHashSet<&str>, now: Instant) {
        self.take_fresh();
        let mut forgotten = false;
        self.backends.retain(|name, entry| {
            entry.servers.retain(|_, server| {
                let is_kept = server.is_kept(now);
                forgotten |= !is_kept;
                is_kept
            });
            let vanished = entry.rested(now) && !names.contains(&**name);
            if vanished {
                entry.retire();
            }
            forgotten |= vanished;
            !vanished
        });
        if forgotten {
            self.threads.iter().for_each(|counts| counts.sweep_due.store(true, Ordering::Relaxed));
        }
    }

    fn answers(&self, why: Why, status: u16, reason: &'static str) -> AnswerFigures {
        AnswerFigures {
            status,
            reason,
            count: self.threads.iter().map(|counts| counts.answers[why.place()].get()).sum(),
        }
    }

    fn take_fresh(&mut self) {
        while let Ok(fresh) = self.announced.try_recv() {
            match fresh {
                Fresh::Frontend(port, counts) => self.frontends.entry(port).or_default().push(counts),
                Fresh::Backend(name, service, counts) => self.take_backend(name, service, counts),
                Fresh::Server(name, address, counts) => {
                    // Its backend was announced before; should that be forgotten, so is the server.
                    match self.backends.get_mut(&name) {
                        Some(entry) => entry.servers.entry(address).or_default().counts.push(counts),
                        None => counts.retired.set(),
                    }
                }
            }
        }
    }

    fn take_backend(&mut self, name: Arc<str>, service: ServiceName, counts: Arc<BackendCounts>) {
        if let Some(entry) = self.backends.get(&name).filter(|entry| entry.service != service) {
            entry.retire();
            self.backends.remove(&name);
        }
        self.backends.entry(name).or_insert_with(|| Entry::new(service)).counts.push(counts);
    }
}

impl Entry {
    fn new(service: ServiceName) -> Entry {
        Entry { service, counts: Vec::new(), servers: BTreeMap::new(), rest: Rest::default() }
    }

    fn figures(&self, name: &Arc<str>) -> BackendFigures {
        let mut figures = BackendFigures::new(Arc::clone(name), self.service.clone());
        self.counts.iter().for_each(|counts| figures.add(counts));
        figures
    }

    fn server_figures(&self, name: &Arc<str>) -> impl Iterator<Item = ServerFigures> {
        self.servers.iter().map(|(address, server)| {
            let mut figures = ServerFigures::new(Arc::clone(name), self.service.clone(), *address);
            server.counts.iter().for_each(|counts| figures.add(counts));
            figures
        })
    }

    fn sessions(&self) -> u64 {
        self.counts.iter().map(|counts| open(&counts.requests, &counts.ended)).sum()
    }

    fn rested(&mut self, now: Instant) -> bool {
        let moves = self.counts.iter().map(|counts| counts.requests.get() + counts.ended.get()).sum();
        self.rest.is_long(moves, now) && self.sessions() == 0
    }

    fn retire(&self) {
        self.counts.iter().for_each(|counts| counts.retired.set());
        self.servers.values().for_each(ServerEntry::retire);
    }
}

impl ServerEntry {
    fn sessions(&self) -> u64 {
        self.counts.iter().map(|counts| open(&counts.requests, &counts.ended)).sum()
    }

    fn is_kept(&mut self, now: Instant) -> bool {
        let moves = |counts: &Arc<ServerCounts>| {
            counts.requests.get() + counts.ended.get() + counts.connects.get() + counts.connect_failures.get()
        };
        let rests = self.rest.is_long(self.counts.iter().map(moves).sum(), now) && self.sessions() == 0;
        if rests {
            self.retire();
        }
        !rests
    }

    fn retire(&self) {
        self.counts.iter().for_each(|counts| counts.retired.set());
    }
}

impl Rest {
    /// Whether the count, now `count`, has rested for long.
    fn is_long(&mut self, count: u64, now: Instant) -> bool {
        if self.count != count {
            *self = Rest { count, since: Some(now) };
        }
        now.duration_since(*self.since.get_or_insert(now)) >= KEPT
    }
}

impl Open<'_> {
    /// Connections of all clients.
    pub(super) fn connections(&self) -> u64 {
        self.0.frontends.keys().map(|port| self.of_frontend(*port)).sum()
    }

    /// Connections of a port's clients.
    pub(super) fn of_frontend(&self, port: u16) -> u64 {
        let counts = self.0.frontends.get(&port).into_iter().flatten();
        counts.map(|counts| open(&counts.accepted, &counts.closed)).sum()
    }

    /// Requests of a backend.
    pub(super) fn of_backend(&self, backend: &str) -> u64 {
        self.0.backends.get(backend).map_or(0, Entry::sessions)
    }

    /// Requests of a server of a backend.
    pub(super) fn of_server(&self, backend: &str, address: SocketAddr) -> u64 {
        let entry = self.0.backends.get(backend);
        entry.and_then(|entry| entry.servers.get(&address)).map_or(0, ServerEntry::sessions)
    }
}
