//! How long an exchange may stand still, and how slowly it may go.
//!
//! Not here: the limits that an operator sets (`model::Timeouts`), and the timer itself (`deadline`).

use crate::deadline::Deadline;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Instant;

/// The fewest bytes a second of a request's body, on average over the time that a client may stay silent: whoever sends a byte
/// now and then is as good as silent.
const LEAST_RATE: u64 = 100;
/// When a client that has ended is first asked whether it still listens: most servers have answered by then.
const FIRST_ASK: Duration = Duration::from_secs(1);
/// How long a refusal may take to come back.
const ANSWER: Duration = Duration::from_millis(250);

/// The limits of one exchange on one server.
pub(super) struct Patience {
    /// Silence allowed to the client.
    client: Duration,
    /// Silence allowed to the server.
    server: Duration,
    /// The time over which the body's rate is taken, once there is one.
    window: Option<Window>,
    /// Once the client has ended: when the server must have answered, and whether the client was asked.
    absence: Option<Absence>,
}

struct Window {
    began: Instant,
    bytes: u64,
}

struct Absence {
    server_until: Instant,
    asked: bool,
}

impl Patience {
    pub(super) fn new(client: Duration, server: Duration) -> Patience {
        Patience { client, server, window: None, absence: None }
    }

    /// The silence allowed to whoever must move next.
    pub(super) fn limit(&self, waits_for_client: bool) -> Duration {
        if waits_for_client { self.client } else { self.server }
    }

    /// Whether a body trickles in. Told after each piece how many bytes have come while more is waited for; `None` while the client is
    /// not waited for, which is no fault of its own.
    pub(super) fn is_trickle(&mut self, bytes: Option<u64>) -> bool {
        let Some(bytes) = bytes else {
            self.window = None;
            return false;
        };
        let now = Instant::now();
        let Window { began, bytes: before } = self.window.get_or_insert(Window { began: now, bytes });
        let time = now.duration_since(*began);
        if time < self.client {
            return false;
        }
        let least = LEAST_RATE * time.as_secs();
        let is_trickle = bytes - *before < least;
        (*began, *before) = (now, bytes);
        is_trickle
    }

    /// Ready when it is time to ask a client that has ended whether it still listens.
    pub(super) fn poll_ask(&mut self, deadline: &mut Deadline, cx: &mut Context<'_>) -> Poll<()> {
        let server = self.server;
        let absence = self.absence.get_or_insert_with(|| {
            deadline.set(FIRST_ASK.min(server));
            Absence { server_until: Instant::now() + server, asked: false }
        });
        ready!(deadline.poll_passed(cx));
        let left = absence.server_until.saturating_duration_since(Instant::now());
        // The answer to the first question comes at once; after that the client is known to listen for now.
        deadline.set(if absence.asked { FIRST_ASK } else { ANSWER }.min(left));
        absence.asked = true;
        Poll::Ready(())
    }

    /// Whether the server's time is over, for a client that has ended.
    pub(super) fn is_over(&self) -> bool {
        self.absence.as_ref().is_some_and(|absence| Instant::now() >= absence.server_until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_must_come_at_a_hundred_bytes_a_second() {
        let mut patience = Patience::new(Duration::from_secs(20), Duration::from_secs(20));
        assert!(!patience.is_trickle(Some(1)));
        tokio::time::advance(Duration::from_secs(19)).await;
        assert!(!patience.is_trickle(Some(2)), "too early to say");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!patience.is_trickle(Some(2001)));
        tokio::time::advance(Duration::from_secs(20)).await;
        assert!(patience.is_trickle(Some(4000)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_does_not_take_the_body_is_no_fault_of_the_client() {
        let mut patience = Patience::new(Duration::from_secs(20), Duration::from_secs(20));
        assert!(!patience.is_trickle(Some(1)));
        assert!(!patience.is_trickle(None));
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!(!patience.is_trickle(Some(2)));
    }
}
