//! The words that a thread counts in. Only the thread they belong to writes them; anybody may read them.
//!
//! Not here: finding the right ones (`book`), and adding threads up (`ledger`).

use super::figures::DURATION_BOUNDS;
use super::handshake::Handshake;
use super::why::Why;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// A count with one writer: adding is a load and a store, which no other core can make wait.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self, count: u64) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(count), Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Set by the control side when it has forgotten a group of counters: the thread begins a new one.
#[derive(Debug, Default)]
pub(super) struct Retired(AtomicBool);

impl Retired {
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Of a thread as a whole.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(super) struct ThreadCounts {
    /// Some of its counters were forgotten by the control side.
    pub(super) sweep_due: AtomicBool,
    pub(super) panics: Counter,
    pub(super) answers: [Counter; Why::COUNT],
}

/// Of a bound port.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(super) struct FrontendCounts {
    pub(super) accepted: Counter,
    pub(super) closed: Counter,
    pub(super) accept_errors: Counter,
    pub(super) responses: [Counter; 5],
    pub(super) request_bytes: Counter,
    pub(super) response_bytes: Counter,
    pub(super) handshakes: [Counter; Handshake::COUNT],
}

/// Of a backend.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(super) struct BackendCounts {
    pub(super) retired: Retired,
    pub(super) requests: Counter,
    pub(super) ended: Counter,
    pub(super) responses: [Counter; 5],
    pub(super) request_bytes: Counter,
    pub(super) response_bytes: Counter,
    pub(super) connects: Counter,
    pub(super) connect_failures: Counter,
    pub(super) retries: Counter,
    pub(super) repetitions: Counter,
    pub(super) broken_off: Counter,
    pub(super) durations: [Counter; DURATION_BOUNDS.len() + 1],
    pub(super) duration_nanos: Counter,
}

/// Of a server of a backend.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(super) struct ServerCounts {
    pub(super) retired: Retired,
    pub(super) requests: Counter,
    pub(super) ended: Counter,
    pub(super) connects: Counter,
    pub(super) connect_failures: Counter,
    /// The last connect of this thread failed.
    pub(super) failing: AtomicBool,
}

impl FrontendCounts {
    /// So many bytes were taken from clients, and given to them.
    pub(super) fn moved(&self, request_bytes: u64, response_bytes: u64) {
        self.request_bytes.add(request_bytes);
        self.response_bytes.add(response_bytes);
    }
}

impl BackendCounts {
    pub(super) fn took(&self, duration: Duration) {
        let place = DURATION_BOUNDS.iter().position(|bound| duration <= *bound).unwrap_or(DURATION_BOUNDS.len());
        self.durations[place].add(1);
        self.duration_nanos.add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
    }
}

/// Counts a response by the first digit of its status; a status that is none counts nowhere.
pub(super) fn count_class(responses: &[Counter; 5], status: u16) {
    if let Some(class) = usize::from(status / 100).checked_sub(1).and_then(|place| responses.get(place)) {
        class.add(1);
    }
}

/// What began and did not end. Two words are not read at one moment, so the difference may be off by what happens in between.
pub(super) fn open(began: &Counter, ended: &Counter) -> u64 {
    let ended = ended.get();
    began.get().saturating_sub(ended)
}
