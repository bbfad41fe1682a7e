//! Idle connections to servers, kept by each thread for itself: the warmest is used first.
//!
//! Not here: connecting (`exchange::connect`), and whether a connection may be kept (`http1::response`).

use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::Instant;

/// Idle connections kept for one address by one thread.
const MOST_PER_ADDRESS: usize = 512;
/// Idle connections kept by one thread, to all addresses together.
const MOST: usize = 8192;
/// Idle connections are closed after this long: well below the 900 s after which Docker's own tables forget them.
pub(crate) const LONGEST_IDLE: Duration = Duration::from_secs(60);

struct Idle {
    stream: TcpStream,
    since: Instant,
}

#[derive(Default)]
struct Pool {
    by_address: FxHashMap<SocketAddr, Vec<Idle>>,
    /// Connections of all addresses.
    count: usize,
}

thread_local! {
    static POOL: RefCell<Pool> = RefCell::default();
}

/// A connection to `address` that was alive a moment ago and idle for less than `limit`.
pub(crate) fn take(address: SocketAddr, limit: Duration) -> Option<TcpStream> {
    POOL.with_borrow_mut(|pool| {
        let connections = pool.by_address.get_mut(&address)?;
        loop {
            // The one that was used last is the last one: if that is too old, all are.
            let since = connections.last()?.since;
            if limit < LONGEST_IDLE && since.elapsed() >= limit {
                return None;
            }
            pool.count -= 1;
            let stream = connections.pop()?.stream;
            if is_alive(&stream) {
                return Some(stream);
            }
        }
    })
}

/// Keeps a connection that is between two exchanges.
pub(crate) fn give(address: SocketAddr, stream: TcpStream) {
    POOL.with_borrow_mut(|pool| {
        let connections = pool.by_address.entry(address).or_default();
        if connections.len() < MOST_PER_ADDRESS && pool.count < MOST {
            connections.push(Idle { stream, since: Instant::now() });
            pool.count += 1;
        }
    });
}

/// Closes what was idle for too long. Each thread calls this now and then.
pub(crate) fn sweep() {
    let now = Instant::now();
    POOL.with_borrow_mut(|pool| {
        pool.by_address.retain(|_, connections| {
            connections.retain(|idle| now.duration_since(idle.since) < LONGEST_IDLE);
            !connections.is_empty()
        });
        pool.count = pool.by_address.values().map(Vec::len).sum();
    });
}

/// Closes all.
pub(crate) fn clear() {
    POOL.with_borrow_mut(|pool| *pool = Pool::default());
}

/// The runtime already knows whether the server closed or sent something unasked: mostly no system call is needed. Unlike a poll, a
/// try never says "nothing" only because this task has done enough for now.
fn is_alive(stream: &TcpStream) -> bool {
    let unasked = stream.try_read(&mut [0]);
    matches!(unasked, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}
