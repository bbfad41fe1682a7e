//! The language of these tests: a proxy in this process, and the scripted clients, servers, listeners and name servers around it.
//!
//! Everybody speaks over real sockets on loopback. Nothing sleeps: a test waits for bytes, for an end, or for a call, each at
//! most [`PATIENCE`].

mod backend;
mod encrypted;
mod folder;
pub(crate) mod handshake;
mod http2;
mod listener;
mod log;
mod peer;
mod proxy;
mod reply;
mod tls;

pub(crate) use backend::Backend;
pub(crate) use encrypted::{Certified, Encrypted, Seen};
pub(crate) use folder::Folder;
pub(crate) use handshake::{Bundle, certificate_for};
pub(crate) use http2::Reply2;
pub(crate) use listener::FakeListener;
pub(crate) use log::Warnings;
pub(crate) use peer::Peer;
pub(crate) use proxy::TestProxy;
pub(crate) use reply::Reply;
pub(crate) use tls::{Authority, TlsClient, alert, hello};

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The longest wait for anything that should happen soon.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What happens soon, or a failed test.
pub(crate) async fn soon<T>(what: &str, event: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, event).await.unwrap_or_else(|_| panic!("{what}: not within {PATIENCE:?}"))
}

/// A port of this machine that nobody has, and that the kernel gives nobody who asks for any port: it gives those from 32768 on.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = std::process::id().wrapping_mul(251);
    let next = || 10_000 + (first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % 20_000) as u16;
    let free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    std::iter::repeat_with(next).take(20_000).find(free).expect("one of twenty thousand ports is free")
}

/// A client of a port of this machine.
pub(crate) async fn connect(port: u16) -> Peer {
    Peer::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await
}

/// Whether anybody accepts on a port of this machine.
pub(crate) async fn is_open(port: u16) -> bool {
    tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_ok()
}

/// A proxy with the service `go` on `/demo`, and its server.
pub(crate) async fn published() -> (TestProxy, Backend) {
    let (proxy, backend) = (TestProxy::start().await, Backend::start().await);
    proxy.publish(&backend).await;
    (proxy, backend)
}

/// A body of so many bytes that shows where bytes were lost, doubled or swapped.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|place| (place ^ (place >> 8) ^ (place >> 16)).to_le_bytes()[0]).collect()
}

/// A response with this body.
pub(crate) fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// A request as a server gets it of [`get`].
pub(crate) fn got(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 127.0.0.1\r\n\r\n")
}

/// A request of a client that goes on.
pub(crate) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")
}
