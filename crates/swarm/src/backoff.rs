//! The growing wait between tries to reach somebody.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(50);
/// A local socket costs nothing to try, and a change has to be visible soon after Docker is back.
const LONGEST: Duration = Duration::from_millis(500);

/// Doubles from the first wait to the longest, and starts again when told that all is well.
#[derive(Debug)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Backoff {
    /// From 50 ms to half a second: for Docker.
    pub(crate) fn new() -> Self {
        Backoff::between(FIRST, LONGEST)
    }

    pub(crate) fn between(first: Duration, longest: Duration) -> Self {
        Backoff { first, longest, next: first }
    }

    /// The wait before the next try.
    pub(crate) fn lengthen(&mut self) -> Duration {
        let wait = self.next;
        self.next = (wait * 2).min(self.longest);
        wait
    }

    pub(crate) fn reset(&mut self) {
        self.next = self.first;
    }
}

/// The wait, or up to a quarter more of it: what failed together is not tried again together.
pub(crate) fn jittered(wait: Duration) -> Duration {
    // The standard library's hashers are seeded at random; nothing here has to be unpredictable.
    let random = RandomState::new().hash_one(0) % 256;
    wait + wait * u32::try_from(random).unwrap_or_default() / 1024
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

    #[test]
    fn a_wait_is_never_shorter_than_asked_and_seldom_the_same() {
        let wait = Duration::from_secs(4);
        let waits: Vec<_> = (0..64).map(|_| jittered(wait)).collect();
        assert!(waits.iter().all(|jittered| (wait..wait * 5 / 4).contains(jittered)));
        assert!(waits.iter().any(|jittered| *jittered != waits[0]));
    }
}
