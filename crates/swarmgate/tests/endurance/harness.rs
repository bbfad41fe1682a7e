//! The language of these tests: the real program as a process of its own, servers, clients, and a count of every request.
//!
//! Everybody speaks over real sockets on loopback. Whatever waits has a limit. Pauses pace a slow client or server; none of them waits
//! for an event.

mod authority;
mod backend;
mod client;
mod folder;
mod host;
mod http2;
mod listener;
mod load;
mod metrics;
mod names;
mod node;
mod program;
mod run;
mod stream;
mod swarm_listener;
mod tally;
mod target;
mod tls;
mod wire;

pub(crate) use authority::{Authority, Bundle};
pub(crate) use backend::{Backend, Deaf, SERVE, Server, serve_alone};
pub(crate) use client::{Client, Loss};
pub(crate) use folder::Folder;
pub(crate) use host::{Usage, raise_descriptors, signal};
pub(crate) use http2::Http2;
pub(crate) use listener::Listener;
pub(crate) use load::{Ask, Load};
pub(crate) use metrics::metric;
pub(crate) use names::Relay;
pub(crate) use node::Node;
pub(crate) use program::{Program, free_port};
pub(crate) use run::Run;
pub(crate) use swarm_listener::SwarmListener;
pub(crate) use tally::Tally;
pub(crate) use target::Target;
pub(crate) use tls::{Greeting, Shaken, Tls};
pub(crate) use wire::Wire;

use std::future::Future;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// The longest wait for anything that should happen soon.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The longest body of [`pattern`].
const LONGEST_BODY: usize = 1024 * 1024;
/// How many of them there are.
const STARTS: usize = 4093;

/// What happens soon, or an error that says what did not.
pub(crate) async fn soon<T>(what: &str, event: impl Future<Output = T>) -> anyhow::Result<T> {
    within(PATIENCE, what, event).await
}

/// What happens within `limit`, or an error that says what did not.
pub(crate) async fn within<T>(limit: Duration, what: &str, event: impl Future<Output = T>) -> anyhow::Result<T> {
    tokio::time::timeout(limit, event).await.map_err(|_| anyhow::anyhow!("{what}: not within {limit:?}"))
}

/// Looks every few milliseconds until `is_so`, for at most `limit`; returns how long it took.
pub(crate) async fn until(limit: Duration, what: &str, mut is_so: impl FnMut() -> bool) -> anyhow::Result<Duration> {
    let began = Instant::now();
    while !is_so() {
        anyhow::ensure!(began.elapsed() < limit, "{what}: not within {limit:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(began.elapsed())
}

/// A body that belongs to one request: another one's, or one with bytes lost, doubled or swapped, is different.
///
/// It is a part of one long row of bytes, because making each anew would cost more than all the rest of a test.
pub(crate) fn pattern(id: u64, length: usize) -> Vec<u8> {
    static ROW: OnceLock<Vec<u8>> = OnceLock::new();
    let byte = |place: usize| (place ^ (place >> 8)).wrapping_mul(31).to_le_bytes()[0];
    let row = ROW.get_or_init(|| (0..STARTS + LONGEST_BODY).map(byte).collect());
    let start = usize::try_from(id).unwrap_or(0) % STARTS;
    row[start..start + length].to_vec()
}
