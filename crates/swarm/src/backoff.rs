//! The growing wait between tries to reach Docker.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(50);
/// A local socket costs nothing to try, and a change has to be visible soon after Docker is back.
const LONGEST: Duration = Duration::from_millis(500);

/// Doubles from 50 ms to half a second, and starts again when told that all is well.
pub(crate) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(crate) fn new() -> Self {
        Backoff { next: FIRST }
    }

    /// The wait before the next try.
    pub(crate) fn lengthen(&mut self) -> Duration {
        let wait = self.next;
        self.next = (wait * 2).min(LONGEST);
        wait
    }

    pub(crate) fn reset(&mut self) {
        self.next = FIRST;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_start_again_after_a_reset() {
        let mut backoff = Backoff::new();
        let waits: Vec<u128> = (0..6).map(|_| backoff.lengthen().as_millis()).collect();
        assert_eq!(waits, [50, 100, 200, 400, 500, 500]);
        backoff.reset();
        assert_eq!(backoff.lengthen(), FIRST);
    }
}
