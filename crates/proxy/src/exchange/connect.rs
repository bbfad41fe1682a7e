//! A connection to a server: a kept one if there is one, else a new one, else one to another server.
//!
//! Not here: choosing whose turn it is (`balance`), and names (`resolve`).

use crate::world::Upstream;
use crate::{health, pool};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout};

/// Where another server can be had, one that does not answer is given up after this.
const SINGLE_TRY: Duration = Duration::from_secs(1);
/// Connects tried for one request: HAProxy's three retries.
const MOST_TRIES: usize = 4;

/// A server's connection.
pub(super) struct Server {
    pub(super) stream: TcpStream,
    pub(super) address: SocketAddr,
    /// It served another request before.
    pub(super) reused: bool,
}

/// The tries of one request to reach a server.
pub(super) struct Attempt<'u> {
    upstream: &'u Upstream,
    /// The time for all tries together.
    limit: Duration,
    /// Servers that could not be reached.
    tried: Vec<SocketAddr>,
}

impl<'u> Attempt<'u> {
    pub(super) fn new(upstream: &'u Upstream, limit: Duration) -> Attempt<'u> {
        Attempt { upstream, limit, tried: Vec::new() }
    }

    /// A server's connection; a new one if `fresh`. `None`: no server can be reached, or none is known.
    pub(super) async fn server(&mut self, fresh: bool) -> Option<Server> {
        let addresses = self.upstream.host.addresses().await;
        let port = self.upstream.backend.port;
        let address = self.upstream.host.turn.pick(&addresses, port, &self.tried)?;
        if let Some(stream) = if fresh { None } else { pool::take(address) } {
            return Some(Server { stream, address, reused: true });
        }
        self.connect(address, &addresses).await
    }

    async fn connect(&mut self, first: SocketAddr, addresses: &[std::net::IpAddr]) -> Option<Server> {
        let end = Instant::now() + self.limit;
        let mut next = Some(first);
        while let Some(address) = next {
            let left = end.saturating_duration_since(Instant::now());
            let others = addresses.len() > self.tried.len() + 1;
            match timeout(if others { left.min(SINGLE_TRY) } else { left }, connect(address)).await {
                Ok(Ok(stream)) => {
                    health::connected(address);
                    return Some(Server { stream, address, reused: false });
                }
                Ok(Err(_)) | Err(_) => health::failed(address),
            }
            // Whoever does not answer may not exist any more.
            self.upstream.host.ask();
            self.tried.push(address);
            let may_try = self.tried.len() < MOST_TRIES && Instant::now() < end;
            next = self.upstream.host.turn.pick(addresses, address.port(), &self.tried).filter(|_| may_try);
        }
        None
    }
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_nodelay(true)?;
    socket.connect(address).await
}
