//! Idle connections to servers, kept by each thread for itself: the warmest is used first.
//!
//! Not here: connecting (`exchange::connect`), and whether a connection may be kept (`http1::response`).

use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Waker};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::Instant;

/// Idle connections kept for one address by one thread.
const MOST_PER_ADDRESS: usize = 512;
/// Idle connections are closed after this long: well below the 900 s after which Docker's own tables forget them.
const LONGEST_IDLE: Duration = Duration::from_secs(60);

struct Idle {
    stream: TcpStream,
    since: Instant,
}

thread_local! {
    static IDLE: RefCell<FxHashMap<SocketAddr, Vec<Idle>>> = RefCell::default();
}

/// A connection to `address` that was alive a moment ago.
pub(crate) fn take(address: SocketAddr) -> Option<TcpStream> {
    IDLE.with_borrow_mut(|idle| {
        let connections = idle.get_mut(&address)?;
        std::iter::from_fn(|| connections.pop()).map(|idle| idle.stream).find(is_alive)
    })
}

/// Keeps a connection that is between two exchanges.
pub(crate) fn give(address: SocketAddr, stream: TcpStream) {
    IDLE.with_borrow_mut(|idle| {
        let connections = idle.entry(address).or_default();
        if connections.len() < MOST_PER_ADDRESS {
            connections.push(Idle { stream, since: Instant::now() });
        }
    });
}

/// Closes what was idle for too long. Each thread calls this now and then.
pub(crate) fn sweep() {
    let now = Instant::now();
    IDLE.with_borrow_mut(|idle| {
        idle.retain(|_, connections| {
            connections.retain(|idle| now.duration_since(idle.since) < LONGEST_IDLE);
            !connections.is_empty()
        });
    });
}

/// Closes all.
pub(crate) fn clear() {
    IDLE.with_borrow_mut(FxHashMap::clear);
}

/// The runtime already knows whether the server closed or sent something unasked: mostly no system call is needed.
fn is_alive(stream: &TcpStream) -> bool {
    let mut cx = Context::from_waker(Waker::noop());
    if stream.poll_read_ready(&mut cx).is_pending() {
        return true;
    }
    let unasked = stream.try_read(&mut [0]);
    matches!(unasked, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}
