//! Places for what costs memory: so many and no more, for all threads together.
//!
//! Not here: what is in a place (`exchange::coding`), and what becomes of whoever gets none.

use std::sync::atomic::{AtomicUsize, Ordering};

/// So many places.
pub(super) struct Places {
    free: AtomicUsize,
}

/// One of them, until it is dropped.
pub(super) struct Place {
    of: &'static Places,
}

impl Places {
    pub(super) const fn new(most: usize) -> Places {
        Places { free: AtomicUsize::new(most) }
    }

    /// Takes a place, if one is free. Nothing else is published by the count, so its order among other memory does not matter.
    pub(super) fn take(&'static self) -> Option<Place> {
        let one_less = |free: usize| free.checked_sub(1);
        self.free.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).ok().map(|_| Place { of: self })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.of.free.fetch_add(1, Ordering::Relaxed);
    }
}
