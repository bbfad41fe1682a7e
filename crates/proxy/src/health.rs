//! Which servers refused or ignored a connection a moment ago. Each thread learns for itself: no lock, no message.
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

/// A connection to `address` is tried, for at most `limit`. A failing server is tried by one request at a time: should it fail again,
/// nobody else has waited for it.
pub(crate) fn trying(address: SocketAddr, limit: Duration) {
    FAILING.with_borrow_mut(|failing| {
        if let Some(failing) = failing.get_mut(&address) {
            failing.until = failing.until.max(Instant::now() + limit);
        }
    });
}

/// A connection to `address` failed.
pub(crate) fn failed(address: SocketAddr) {
    FAILING.with_borrow_mut(|failing| {
        if !failing.contains_key(&address) {
            tracing::warn!("Server {address} cannot be reached; it is passed over while there are others");
        }
        let pause = failing.get(&address).map_or(FIRST_PAUSE, |failing| (failing.pause * 2).min(LONGEST_PAUSE));
        failing.insert(address, Failing { until: Instant::now() + pause, pause });
    });
}

/// A connection to `address` was made.
pub(crate) fn connected(address: SocketAddr) {
    FAILING.with_borrow_mut(|failing| {
        if !failing.is_empty() && failing.remove(&address).is_some() {
            tracing::info!("Server {address} is reached again");
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
}
