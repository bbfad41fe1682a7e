//! Idle connections to servers, kept by each thread for itself: the warmest is used first.
//!
//! Not here: connecting (`exchange::connect`), and whether a connection may be kept (`http1::response`).

use crate::server_stream::ServerStream;
use model::service::ServerTls;
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::Instant;

/// Idle connections kept for one place by one thread.
const MOST_PER_PLACE: usize = 512;
/// Idle connections kept by one thread, to all places together.
const MOST: usize = 8192;
/// Idle connections are closed after this long: well below the 900 s after which Docker's own tables forget them.
pub(crate) const LONGEST_IDLE: Duration = Duration::from_secs(60);

/// What a connection is good for: one that was made without TLS, without verification or for another name is another one.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) address: SocketAddr,
    pub(crate) tls: Option<ServerTls>,
}

struct Idle {
    stream: ServerStream,
    since: Instant,
}

#[derive(Default)]
struct Pool {
    by_place: FxHashMap<Place, Vec<Idle>>,
    /// Connections to all places.
    count: usize,
}

thread_local! {
    static POOL: RefCell<Pool> = RefCell::default();
}

/// A connection to `place` that was alive a moment ago and idle for less than `limit`.
pub(crate) fn take(place: &Place, limit: Duration) -> Option<ServerStream> {
    POOL.with_borrow_mut(|pool| {
        let connections = pool.by_place.get_mut(place)?;
        loop {
            // The one that was used last is the last one: if that is too old, all are.
            let since = connections.last()?.since;
            if limit < LONGEST_IDLE && since.elapsed() >= limit {
                return None;
            }
            pool.count -= 1;
            let mut stream = connections.pop()?.stream;
            if stream.is_alive() {
                return Some(stream);
            }
        }
    })
}

/// Keeps a connection that is between two exchanges since then.
pub(crate) fn give(place: Place, stream: ServerStream, since: Instant) {
    POOL.with_borrow_mut(|pool| {
        let connections = pool.by_place.entry(place).or_default();
        if connections.len() < MOST_PER_PLACE && pool.count < MOST {
            connections.push(Idle { stream, since });
            pool.count += 1;
        }
    });
}

/// Closes what was idle for too long. Each thread calls this now and then.
pub(crate) fn sweep() {
    let now = Instant::now();
    POOL.with_borrow_mut(|pool| {
        pool.by_place.retain(|_, connections| {
            connections.retain(|idle| now.duration_since(idle.since) < LONGEST_IDLE);
            !connections.is_empty()
        });
        pool.count = pool.by_place.values().map(Vec::len).sum();
    });
}

/// Closes all.
pub(crate) fn clear() {
    POOL.with_borrow_mut(|pool| *pool = Pool::default());
}
