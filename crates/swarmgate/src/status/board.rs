//! Where the tasks of the program note what an operator should see.
//!
//! Not here: what follows from it; nothing does.

use super::replicas::{Comparison, ReplicaReport};
use super::report::{ListenerReport, Report};
use model::ServiceName;
use proxy::observe::timestamp;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// One for the program; clones are the same one.
#[derive(Clone, Default)]
pub struct Board(Arc<Mutex<Notes>>);

/// What is said of services, by name.
pub(super) type Remarks = BTreeMap<String, Vec<String>>;

#[derive(Default)]
struct Notes {
    listeners: Vec<ListenerNote>,
    /// When a listener's list was last taken over.
    last_sync: Option<SystemTime>,
    /// By who says them.
    remarks: BTreeMap<&'static str, Vec<(ServiceName, String)>>,
    /// What the last look at all replicas has shown.
    replicas: ReplicaCounts,
}

/// How many replicas there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReplicaCounts {
    /// All, this one among them.
    pub all: u64,
    /// Those that go on serving something else than this one.
    pub drifting: u64,
    /// Those that do not say what they serve.
    pub silent: u64,
}

/// What came of the last question to a listener.
#[derive(Clone, Debug)]
pub struct ListenerNote {
    /// Whom was asked.
    pub address: String,
    /// Whether its list is known to hold all of its services.
    pub complete: bool,
    /// Why it gave none.
    pub error: Option<String>,
}

impl Board {
    /// Replaces all that `source` has said about services.
    pub fn remark(&self, source: &'static str, remarks: Vec<(ServiceName, String)>) {
        self.notes().remarks.insert(source, remarks);
    }

    /// What came of the last question to each listener; a list of one of them, at least, was taken over unless all have failed.
    pub fn asked(&self, listeners: Vec<ListenerNote>) {
        let mut notes = self.notes();
        if listeners.iter().any(|listener| listener.error.is_none()) {
            notes.last_sync = Some(SystemTime::now());
        }
        notes.listeners = listeners;
    }

    /// What a look at all replicas has shown.
    pub(super) fn compared(&self, seen: &Comparison) {
        if seen.is_unknown {
            self.notes().replicas = ReplicaCounts { all: 1, ..ReplicaCounts::default() };
            return;
        }
        let count = |of: fn(&ReplicaReport) -> bool| seen.replicas.iter().filter(|replica| of(replica)).count() as u64;
        let counts = ReplicaCounts {
            all: count(|_| true),
            drifting: count(|replica| replica.drift),
            silent: count(|replica| replica.error.is_some()),
        };
        self.notes().replicas = counts;
    }

    /// What the last look at all replicas has shown.
    pub fn replicas(&self) -> ReplicaCounts {
        self.notes().replicas
    }

    /// Listeners that gave no list when they were last asked.
    pub fn silent_listeners(&self) -> u64 {
        self.notes().listeners.iter().filter(|listener| listener.error.is_some()).count() as u64
    }

    /// When a listener's list was last taken over.
    pub fn last_sync(&self) -> Option<SystemTime> {
        self.notes().last_sync
    }

    pub(super) fn tell(&self, report: &mut Report) {
        let notes = self.notes();
        report.drift = notes.replicas.drifting > 0;
        report.last_sync = notes.last_sync.map(timestamp);
        report.listeners = notes.listeners.iter().map(ListenerReport::of).collect();
    }

    /// All that is said of services, whoever says it.
    pub(super) fn remarks(&self) -> Remarks {
        let mut remarks = Remarks::new();
        for (name, text) in self.notes().remarks.values().flatten() {
            remarks.entry(name.to_string()).or_default().push(text.clone());
        }
        remarks
    }

    /// Held for a copy only: no task waits for long.
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
