//! How long a run is, and what it counts.

use super::Tally;
use std::sync::Arc;
use std::time::Duration;

/// One run of one promise.
#[derive(Clone)]
pub(crate) struct Run {
    /// Minutes rather than seconds.
    pub(crate) long: bool,
    /// How long the long soak is.
    pub(crate) soak: Duration,
    /// Descriptors that a process may have.
    pub(crate) descriptors: usize,
    pub(crate) tally: Arc<Tally>,
}

impl Run {
    /// The size for this run.
    pub(crate) fn of<T>(&self, short: T, long: T) -> T {
        if self.long { long } else { short }
    }
}
