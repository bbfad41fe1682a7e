//! Whether a receiver can be reached at all: what its host and port are known by, whatever is to be said there.
//!
//! Who cannot be reached is tried by one delivery at a time, less and less often, while the others wait: ten thousand services cost a
//! receiver that is down no more than one. Who can be reached again has probably started anew, and is owed everything.
//! Not here: what is said, and what a receiver that answers thinks of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as Turn, MutexGuard as HeldTurn, Notify};
use tokio::time::{Instant, sleep_until};
use tracing::{info, warn};

use crate::backoff::{Backoff, jittered};

/// The least time between telling everything and telling it again. Behind one name there may be several receivers of which one is
/// down: then tries fail and succeed in turn.
const BETWEEN: Duration = Duration::from_secs(30);
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Reach {
    /// `host:port`.
    authority: String,
    state: Mutex<State>,
    /// Held by the one delivery that tries while it is lost.
    probe: Turn<()>,
    /// Told when it is back.
    wanted: Arc<Notify>,
}

#[derive(Debug)]
struct State {
    /// Since the last try failed: when the next may be.
    lost: Option<Instant>,
    pauses: Backoff,
    /// It was lost, and has not been told everything since.
    is_owed: bool,
    told_all: Option<Instant>,
}

impl Reach {
    pub(super) fn new(authority: &str, wanted: &Arc<Notify>) -> Self {
        let pauses = Backoff::between(FIRST_PAUSE, LONGEST_PAUSE);
        let state = State { lost: None, pauses, is_owed: false, told_all: None };
        Reach {
            authority: authority.to_owned(),
            state: Mutex::new(state),
            probe: Turn::new(()),
            wanted: Arc::clone(wanted),
        }
    }

    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    pub(super) fn is_lost(&self) -> bool {
        self.state().lost.is_some()
    }

    /// Returns when a try makes sense. Whoever holds the turn is the only one to try.
    pub(super) async fn may_try(&self) -> Option<HeldTurn<'_, ()>> {
        self.state().lost?;
        let turn = self.probe.lock().await;
        // Somebody else may have found it meanwhile.
        let next = self.state().lost?;
        sleep_until(next).await;
        Some(turn)
    }

    /// It gave an answer, whichever.
    pub(super) fn found(&self) {
        let mut state = self.state();
        if state.lost.take().is_none() {
            return;
        }
        state.pauses.reset();
        state.is_owed = true;
        drop(state);
        info!("{} can be reached again", self.authority);
        self.wanted.notify_one();
    }

    /// A try of somebody who took it to be there ended without an answer. Several that fail together are one failure.
    pub(super) fn lost(&self, reason: &str) {
        let mut state = self.state();
        if state.lost.is_some() {
            return;
        }
        state.lost = Some(Instant::now() + jittered(state.pauses.lengthen()));
        drop(state);
        warn!("{} cannot be reached: {reason}; it is told everything when it can", self.authority);
    }

    /// The try of the one who holds the turn ended without an answer: the next has to wait longer.
    pub(super) fn still_lost(&self) {
        let mut state = self.state();
        state.lost = Some(Instant::now() + jittered(state.pauses.lengthen()));
    }

    /// Whether it is to be told everything now.
    pub(super) fn takes_all_again(&self, now: Instant) -> bool {
        let state = self.state();
        let is_early = state.told_all.is_some_and(|told| now < told + BETWEEN);
        state.is_owed && state.lost.is_none() && !is_early
    }

    pub(super) fn told_all(&self, now: Instant) {
        let mut state = self.state();
        state.is_owed = false;
        state.told_all = Some(now);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach() -> (Reach, Arc<Notify>) {
        let wanted = Arc::new(Notify::new());
        (Reach::new("proxy:8080", &wanted), wanted)
    }

    #[tokio::test(start_paused = true)]
    async fn who_can_be_reached_is_tried_by_all_at_once() {
        let (reach, _) = reach();
        assert!(reach.may_try().await.is_none());
        reach.found();
        assert!(!reach.takes_all_again(Instant::now()), "it was never lost");
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_lost_is_tried_by_one_at_a_time_and_less_and_less_often() {
        let (reach, _) = reach();
        let began = Instant::now();
        let mut waits = Vec::new();
        reach.lost("connection refused");
        for _ in 0..8 {
            let before = Instant::now();
            let turn = reach.may_try().await;
            assert!(turn.is_some());
            waits.push(before.elapsed().as_millis());
            assert!(reach.probe.try_lock().is_err(), "nobody else tries");
            reach.still_lost();
        }
        let least = [250, 500, 1000, 2000, 4000, 5000, 5000, 5000];
        for (wait, least) in waits.iter().zip(least) {
            assert!((least..=least * 5 / 4 + 1).contains(wait), "{waits:?}");
        }
        assert!(began.elapsed() < Duration::from_secs(30));
    }

    #[tokio::test(start_paused = true)]
    async fn bug_tries_that_fail_together_were_steps_of_the_back_off_each() {
        let (reach, _) = reach();
        for _ in 0..8 {
            reach.lost("connection refused");
        }
        let before = Instant::now();
        assert!(reach.may_try().await.is_some());
        assert!(before.elapsed() < FIRST_PAUSE * 3 / 2, "{:?}", before.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_back_is_owed_everything_once() {
        let (reach, wanted) = reach();
        reach.lost("connection refused");
        assert!(!reach.takes_all_again(Instant::now()));
        reach.found();
        wanted.notified().await;
        assert!(reach.takes_all_again(Instant::now()));
        reach.told_all(Instant::now());
        assert!(!reach.takes_all_again(Instant::now()));
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_and_goes_is_told_everything_now_and_then_and_at_last() {
        let (reach, _) = reach();
        for _ in 0..3 {
            reach.lost("connection refused");
            reach.found();
            reach.told_all(Instant::now());
        }
        reach.lost("connection refused");
        reach.found();
        assert!(!reach.takes_all_again(Instant::now()), "not so soon");
        assert!(reach.takes_all_again(Instant::now() + BETWEEN));
    }
}
