//! What a listener counts, for metrics.
//!
//! Not here: how it is shown; the program knows the names of its metrics.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::announce::Kind;

/// What can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Listing services, to follow them.
    ListServices,
    /// Listing tasks and nodes.
    ListTasks,
    /// Following events.
    Events,
    /// One try to tell a receiver of a new or changed service.
    ServiceCreated,
    /// One try to tell a receiver of a removed service.
    ServiceRemoved,
    /// One try to tell a receiver of a new or changed node.
    NodeCreated,
    /// One try to tell a receiver of a removed node.
    NodeRemoved,
}

impl Operation {
    /// All of them.
    pub const ALL: [Operation; 7] = [
        Operation::ListServices,
        Operation::ListTasks,
        Operation::Events,
        Operation::ServiceCreated,
        Operation::ServiceRemoved,
        Operation::NodeCreated,
        Operation::NodeRemoved,
    ];

    /// Those that tell receivers.
    pub const NOTIFICATIONS: [Operation; 4] =
        [Operation::ServiceCreated, Operation::ServiceRemoved, Operation::NodeCreated, Operation::NodeRemoved];
}

impl From<Kind> for Operation {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::ServiceCreated => Operation::ServiceCreated,
            Kind::ServiceRemoved => Operation::ServiceRemoved,
            Kind::NodeCreated => Operation::NodeCreated,
            Kind::NodeRemoved => Operation::NodeRemoved,
        }
    }
}

/// What was counted since the start, and what is so now.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Services that are announced.
    pub services: u64,
    /// Nodes of the Swarm.
    pub nodes: u64,
    /// Whether the last listing of services was answered.
    pub docker_answers: bool,
    /// Since the last good listing of services; `None` before the first.
    pub services_listed: Option<Duration>,
    /// Since the last good listing of tasks, likewise.
    pub tasks_listed: Option<Duration>,
    /// Whether proxies may rely on the list of tasks.
    pub tasks_known: bool,
    /// Streams of events that were opened.
    pub streams: u64,
    /// Notifications that are not accepted yet.
    pub pending: u64,
    failed: [u64; Operation::ALL.len()],
    sent: [u64; Operation::ALL.len()],
}

impl Figures {
    /// How often it failed.
    pub fn failed(&self, operation: Operation) -> u64 {
        self.failed[operation as usize]
    }

    /// Notifications that receivers have accepted, for those operations that send them.
    pub fn sent(&self, operation: Operation) -> u64 {
        self.sent[operation as usize]
    }
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// All that is counted.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) streams: Counter,
    failed: [Counter; Operation::ALL.len()],
    sent: [Counter; Operation::ALL.len()],
    begun: Counter,
    ended: Counter,
    listings: Mutex<Listings>,
}

#[derive(Debug, Default)]
struct Listings {
    services: Option<Instant>,
    tasks: Option<Instant>,
    docker_answers: bool,
}

impl Counts {
    pub(crate) fn failed(&self, operation: Operation) {
        self.failed[operation as usize].add();
    }

    pub(crate) fn sent(&self, kind: Kind) {
        self.sent[Operation::from(kind) as usize].add();
    }

    /// A delivery exists.
    pub(crate) fn begins(&self) {
        self.begun.add();
    }

    /// It does no more.
    pub(crate) fn ends(&self) {
        self.ended.add();
    }

    pub(crate) fn services_listed(&self) {
        let mut listings = self.listings();
        listings.services = Some(Instant::now());
        listings.docker_answers = true;
    }

    pub(crate) fn services_not_listed(&self) {
        self.failed(Operation::ListServices);
        self.listings().docker_answers = false;
    }

    pub(crate) fn tasks_listed(&self) {
        self.listings().tasks = Some(Instant::now());
    }

    pub(crate) fn figures(&self, services: usize, nodes: usize, tasks_known: bool) -> Figures {
        let listings = self.listings();
        let since = |moment: Option<Instant>| moment.map(|moment| moment.elapsed());
        Figures {
            services: services as u64,
            nodes: nodes as u64,
            docker_answers: listings.docker_answers,
            services_listed: since(listings.services),
            tasks_listed: since(listings.tasks),
            tasks_known,
            streams: self.streams.count(),
            // Read in this order, one that begins meanwhile is not missed and none is counted below zero.
            pending: {
                let ended = self.ended.count();
                self.begun.count().saturating_sub(ended)
            },
            failed: std::array::from_fn(|number| self.failed[number].count()),
            sent: std::array::from_fn(|number| self.sent[number].count()),
        }
    }

    fn listings(&self) -> MutexGuard<'_, Listings> {
        self.listings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
