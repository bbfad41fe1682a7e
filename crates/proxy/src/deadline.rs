//! One timer for each connection, re-armed lazily: moving a deadline is a store, not a timer.
//!
//! Not here: which limits there are (`model::Timeouts`).

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

/// A deadline that moves with every step of a connection.
///
/// The timer is armed for some earlier deadline; when it fires and the present one is later, it is armed again.
pub(crate) struct Deadline {
    at: Instant,
    timer: Pin<Box<Sleep>>,
}

impl Deadline {
    pub(crate) fn after(limit: Duration) -> Deadline {
        let at = Instant::now() + limit;
        Deadline { at, timer: Box::pin(sleep_until(at)) }
    }

    /// Moves the deadline to `limit` from now; returns the present time, so that nobody has to ask for it again.
    pub(crate) fn set(&mut self, limit: Duration) -> Instant {
        let now = Instant::now();
        self.at = now + limit;
        if self.at < self.timer.deadline() {
            self.timer.as_mut().reset(self.at);
        }
        now
    }

    /// Ready once the deadline has passed.
    pub(crate) fn poll_passed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.timer.as_mut().poll(cx).is_ready() {
            if Instant::now() >= self.at {
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(self.at);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;

    #[tokio::test(start_paused = true)]
    async fn a_deadline_that_moves_away_is_kept_and_one_that_comes_nearer_too() {
        let started = Instant::now();
        let mut deadline = Deadline::after(Duration::from_secs(5));
        deadline.set(Duration::from_secs(20));
        poll_fn(|cx| deadline.poll_passed(cx)).await;
        assert_eq!(started.elapsed().as_secs(), 20);
        deadline.set(Duration::from_secs(3600));
        deadline.set(Duration::from_secs(2));
        poll_fn(|cx| deadline.poll_passed(cx)).await;
        assert_eq!(started.elapsed().as_secs(), 22);
    }
}
