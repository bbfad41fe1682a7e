//! What became of the requests of one promise.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Losses that are kept with their reasons.
const MOST_REASONS: usize = 10;

/// Counts, for all clients together.
#[derive(Default)]
pub(crate) struct Tally {
    whole: AtomicU64,
    lost: AtomicU64,
    /// Microseconds of the slowest whole one.
    slowest: AtomicU64,
    reasons: Mutex<Vec<String>>,
    /// What else has come so far.
    stage: Mutex<String>,
}

impl Tally {
    /// A request was answered as it should be.
    pub(crate) fn whole(&self, took: Duration) {
        self.whole.fetch_add(1, Relaxed);
        self.slowest.fetch_max(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Relaxed);
    }

    /// A request was lost.
    pub(crate) fn lost(&self, why: impl fmt::Display) {
        self.lost.fetch_add(1, Relaxed);
        let mut reasons = self.reasons.lock().unwrap_or_else(PoisonError::into_inner);
        if reasons.len() < MOST_REASONS {
            reasons.push(why.to_string());
        }
    }

    /// Says how far the test has come, for whoever watches.
    pub(crate) fn stage(&self, stage: impl fmt::Display) {
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner) = stage.to_string();
    }

    pub(crate) fn answered(&self) -> u64 {
        self.whole.load(Relaxed)
    }

    pub(crate) fn losses(&self) -> u64 {
        self.lost.load(Relaxed)
    }

    pub(crate) fn slowest(&self) -> Duration {
        Duration::from_micros(self.slowest.load(Relaxed))
    }

    /// An error if more than `most` were lost.
    pub(crate) fn lost_at_most(&self, most: u64) -> anyhow::Result<()> {
        let reasons = self.reasons.lock().unwrap_or_else(PoisonError::into_inner).join("\n    ");
        anyhow::ensure!(self.losses() <= most, "{self}\n    {reasons}");
        Ok(())
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        let separator = if stage.is_empty() { "" } else { "; " };
        write!(f, "{} answered, {} lost{separator}{stage}", self.answered(), self.losses())
    }
}
