//! When to look at the tasks again: soon while something is about to happen, seldom otherwise, and never for long.
//!
//! Docker tells no events about tasks. A look costs Docker more the more tasks there are, so the waits follow what it cost.
//! Pure: the caller tells the time.

use std::time::Duration;

use tokio::time::Instant;

use crate::observation::Motion;

/// After a hint it takes Docker a moment to make tasks: so long it is looked for them in any case.
const SURELY: Duration = Duration::from_secs(2);
/// What has not started by then may never start.
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest wait while something is expected: so late is a started task known at most, unless Docker is slow.
const LONGEST_STEP: Duration = Duration::from_millis(500);
/// A look is followed by at least so many times the time it took: no more than a tenth of the time is spent looking, while a look is short.
const REST: u32 = 10;
/// But by no more than this. Whoever starts or stops meanwhile is not known, so requests are lost with it.
const LONGEST_REST: Duration = Duration::from_secs(5);
/// The same while nothing is expected.
const LONG_REST: u32 = 100;
/// The least wait while nothing is expected.
const IDLE: Duration = Duration::from_secs(1);

/// Waits between looks at the tasks.
pub(super) struct Rhythm {
    first: Duration,
    step: Duration,
    /// The longest wait of all.
    longest: Duration,
    /// What the look before the last one took.
    before: Duration,
    hinted: Option<Instant>,
}

impl Rhythm {
    /// `first` is the shortest wait, `longest` the longest while nothing happens.
    pub(super) fn new(first: Duration, longest: Duration) -> Self {
        Rhythm { first, step: first, longest, before: Duration::ZERO, hinted: None }
    }

    /// Something has happened.
    pub(super) fn hint(&mut self, now: Instant) {
        self.step = self.first;
        self.hinted = Some(now);
    }

    /// The tasks are others than before: more may follow.
    pub(super) fn progress(&mut self) {
        self.step = self.first;
    }

    /// How long nothing may cut a wait short after a look that took so long, and how long to wait at most. One look that took long says only that
    /// Docker stood still for a moment, and tasks come and go after it as before; two say that Docker has much to do.
    pub(super) fn after(&mut self, motion: Motion, took: Duration, now: Instant) -> (Duration, Duration) {
        let usual = std::mem::replace(&mut self.before, took).min(took);
        let rest = (usual * REST).min(LONGEST_REST).max(self.first);
        if !self.expects(motion, now) {
            return (rest, (took * LONG_REST).max(IDLE).min(self.longest).max(rest));
        }
        let step = self.step;
        self.step = (step * 2).min(LONGEST_STEP);
        (rest, step.max(rest))
    }

    fn expects(&self, motion: Motion, now: Instant) -> bool {
        let since_hint = self.hinted.map(|hinted| now.saturating_duration_since(hinted));
        match motion {
            Motion::Updating => true,
            Motion::Starting => since_hint.is_some_and(|since| since < PATIENCE),
            Motion::Still => since_hint.is_some_and(|since| since < SURELY),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn rhythm() -> Rhythm {
        Rhythm::new(100 * MS, Duration::from_secs(10))
    }

    #[test]
    fn waits_grow_after_a_hint_and_begin_again_with_progress() {
        let (mut rhythm, now) = (rhythm(), Instant::now());
        rhythm.hint(now);
        let mut waits = |count: usize| -> Vec<u128> {
            (0..count).map(|_| rhythm.after(Motion::Starting, MS, now).1.as_millis()).collect()
        };
        assert_eq!(waits(5), [100, 200, 400, 500, 500]);
        rhythm.progress();
        assert_eq!(rhythm.after(Motion::Starting, MS, now).1, 100 * MS);
    }

    #[test]
    fn what_does_not_start_is_waited_for_a_minute() {
        let (mut rhythm, now) = (rhythm(), Instant::now());
        rhythm.hint(now);
        assert_eq!(rhythm.after(Motion::Starting, MS, now + 59_000 * MS).1, 100 * MS);
        assert_eq!(rhythm.after(Motion::Starting, MS, now + 60_000 * MS).1, 1000 * MS);
        assert_eq!(rhythm.after(Motion::Updating, MS, now + 600_000 * MS).1, 200 * MS, "an update has an end");
    }

    #[test]
    fn after_a_hint_it_is_looked_for_a_moment_although_nothing_moves() {
        let (mut rhythm, now) = (rhythm(), Instant::now());
        assert_eq!(rhythm.after(Motion::Still, MS, now).1, 1000 * MS);
        rhythm.hint(now);
        assert_eq!(rhythm.after(Motion::Still, MS, now).1, 100 * MS);
        assert_eq!(rhythm.after(Motion::Still, MS, now + 2000 * MS).1, 1000 * MS);
    }

    #[test]
    fn bug_one_slow_look_left_the_tasks_unknown_for_ten_times_as_long() {
        let (mut rhythm, now) = (rhythm(), Instant::now());
        rhythm.hint(now);
        rhythm.after(Motion::Starting, MS, now);
        assert_eq!(rhythm.after(Motion::Starting, 2200 * MS, now), (100 * MS, 200 * MS));
        assert_eq!(rhythm.after(Motion::Starting, 2200 * MS, now), (5000 * MS, 5000 * MS));
    }

    #[test]
    fn no_more_than_a_tenth_of_the_time_is_spent_looking_and_a_hundredth_while_nothing_happens() {
        let (mut rhythm, now) = (rhythm(), Instant::now());
        assert_eq!(rhythm.after(Motion::Still, 50 * MS, now).1, 5000 * MS);
        assert_eq!(rhythm.after(Motion::Still, 500 * MS, now).1, 10_000 * MS, "but as often as all is listed");
        rhythm.hint(now);
        assert_eq!(rhythm.after(Motion::Starting, 80 * MS, now), (800 * MS, 800 * MS));
        assert_eq!(rhythm.after(Motion::Starting, MS, now), (100 * MS, 200 * MS));
    }
}
