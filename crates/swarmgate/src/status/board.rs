//! Where the tasks of the program note what an operator should see.
//!
//! Not here: what follows from it; nothing does.

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

    /// When a listener's list was last taken over.
    pub fn last_sync(&self) -> Option<SystemTime> {
        self.notes().last_sync
    }

    pub(super) fn tell(&self, report: &mut Report) {
        let notes = self.notes();
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
