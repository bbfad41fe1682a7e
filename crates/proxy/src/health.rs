//! Which servers refused or ignored a connection, or left a request without an answer, a moment ago. Each thread learns for itself: no lock, no message.
//!
//! Not here: active checks, and choosing a server (`balance`).

use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::Instant;

/// How long a server is passed over after its first failure; doubled by each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

struct Failing {
    until: Instant,
    pause: Duration,
    how: How,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// It refuses connections, or ignores them.
    Unreachable,
    /// It takes them, but not the TLS that is asked of it.
    NoTls,
    /// It takes connections and says nothing, as a halted process does: a connection proves nothing, only an answer does.
    Silent,
}

thread_local! {
    static FAILING: RefCell<FxHashMap<SocketAddr, Failing>> = RefCell::default();
}

/// Whether `address` should be passed over if another server can be had.
pub(crate) fn is_failing(address: SocketAddr) -> bool {
    FAILING.with_borrow(|failing| {
        !failing.is_empty() && failing.get(&address).is_some_and(|failing| Instant::now() < failing.until)
    })
}

/// A connection to `address`, or an answer of it, is waited for, for at most `limit`. A failing server is tried by one request at a time:
/// should it fail again, nobody else has waited for it.
pub(crate) fn trying(address: SocketAddr, limit: Duration) {
    FAILING.with_borrow_mut(|failing| {
        if let Some(failing) = failing.get_mut(&address) {
            failing.until = failing.until.max(Instant::now() + limit.min(LONGEST_PAUSE));
        }
    });
}

/// A connection to `address` failed.
pub(crate) fn failed(address: SocketAddr) {
    pass_over(address, How::Unreachable, "cannot be reached");
}

/// A connection to `address` was made, and the TLS on it failed for the reason `why`.
pub(crate) fn has_no_tls(address: SocketAddr, why: &str) {
    tracing::debug!("no TLS with {address}, {why}");
    pass_over(address, How::NoTls, &format!("cannot be used by {why}"));
}

/// A request to `address` had no byte of an answer in all the time that the server may take.
pub(crate) fn said_nothing(address: SocketAddr) {
    pass_over(address, How::Silent, "does not answer");
}

fn pass_over(address: SocketAddr, how: How, what: &str) {
    FAILING.with_borrow_mut(|failing| {
        let before = failing.get(&address).map(|failing| failing.how);
        // An operator must learn why a server that starts up after all is still not used.
        if before.is_none() || (how == How::NoTls && before != Some(how)) {
            tracing::warn!("Server {address} {what}; it is passed over while there are others");
        }
        let pause = failing.get(&address).map_or(FIRST_PAUSE, |failing| (failing.pause * 2).min(LONGEST_PAUSE));
        failing.insert(address, Failing { until: Instant::now() + pause, pause, how });
    });
}

/// A connection to `address` was made.
pub(crate) fn connected(address: SocketAddr) {
    recovered(address, "is reached again", |failing| failing.how != How::Silent);
}

/// A request to `address` was answered.
pub(crate) fn answered(address: SocketAddr) {
    recovered(address, "answers again", |_| true);
}

fn recovered(address: SocketAddr, what: &str, has_recovered: impl Fn(&Failing) -> bool) {
    FAILING.with_borrow_mut(|failing| {
        if !failing.is_empty() && failing.get(&address).is_some_and(has_recovered) {
            failing.remove(&address);
            tracing::info!("Server {address} {what}");
        }
    });
}

/// Forgets servers that nobody tried for long: they may not exist any more. Each thread calls this now and then.
pub(crate) fn sweep() {
    let now = Instant::now();
    FAILING.with_borrow_mut(|failing| failing.retain(|_, failing| now < failing.until + LONGEST_PAUSE));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_failing_server_is_passed_over_for_longer_each_time() {
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        assert!(!is_failing(address));
        failed(address);
        assert!(is_failing(address));
        tokio::time::advance(Duration::from_millis(1001)).await;
        assert!(!is_failing(address));
        failed(address);
        tokio::time::advance(Duration::from_millis(1001)).await;
        assert!(is_failing(address), "the second pause is two seconds");
        connected(address);
        assert!(!is_failing(address));
    }

    #[tokio::test(start_paused = true)]
    async fn bug_a_halted_server_was_asked_by_everybody_because_it_took_connections() {
        let address = SocketAddr::from(([127, 0, 0, 1], 2));
        said_nothing(address);
        connected(address);
        assert!(is_failing(address));
        tokio::time::advance(Duration::from_millis(1001)).await;
        assert!(!is_failing(address), "one request finds out");
        trying(address, Duration::from_secs(20));
        assert!(is_failing(address), "and nobody else meanwhile");
        answered(address);
        assert!(!is_failing(address));
    }
}
