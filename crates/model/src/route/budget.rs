//! How much may still be compared: a look at rules ends with it, however many of them there are and however many hosts and paths each has.
//!
//! Not here: what is compared (`route::claim`).

use std::cell::Cell;

/// Comparisons of two hosts or two paths that are still allowed. One is some tens of nanoseconds.
pub(super) struct Budget(Cell<u64>);

impl Budget {
    pub(super) fn of(comparisons: u64) -> Budget {
        Budget(Cell::new(comparisons))
    }

    /// No end: for whoever has a thread for it.
    pub(super) fn unlimited() -> Budget {
        Budget::of(u64::MAX)
    }

    /// Takes so many; false if there are not so many, and then there are none any more.
    pub(super) fn spend(&self, comparisons: usize) -> bool {
        let left = self.0.get().checked_sub(comparisons as u64);
        self.0.set(left.unwrap_or(0));
        left.is_some()
    }
}
