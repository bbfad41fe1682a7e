//! A server behind the proxy, connection by connection in the hand of a test.

use super::{Peer, ok, soon};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::AtomicU16;
use std::sync::atomic::Ordering::Relaxed;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// A port that a script answers on.
pub(crate) struct Backend {
    listener: TcpListener,
    /// Keeps the queue full.
    #[allow(dead_code, reason = "it is held, not read")]
    waiting: Option<TcpStream>,
    pub(crate) address: SocketAddr,
}

/// A port that refuses every connection for as long as this is held.
pub(crate) struct Closed {
    _socket: TcpSocket,
}

impl Backend {
    pub(crate) async fn start() -> Backend {
        Backend::on(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.expect("a free port")
    }

    /// One on 127.0.0.`last`, on the port of this one.
    pub(crate) async fn another(&self, last: u8) -> Backend {
        Backend::on(self.beside(last)).await.expect("a free port")
    }

    /// 127.0.0.`last` refuses connections on the port of this one.
    pub(crate) fn closed(&self, last: u8) -> Closed {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(self.beside(last)).expect("a free port");
        Closed { _socket: socket }
    }

    /// One that answers no connection: the kernel's queue for it is full.
    pub(crate) async fn deaf() -> Backend {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).expect("a free port");
        let listener = socket.listen(0).expect("a bound socket");
        let address = listener.local_addr().expect("a bound socket");
        let waiting = TcpStream::connect(address).await.expect("the one place in the queue");
        Backend { listener, waiting: Some(waiting), address }
    }

    /// The next connection of the proxy.
    pub(crate) async fn accept(&mut self) -> Peer {
        soon("a connection to the server", self.accept_at_last()).await
    }

    /// From now on it answers every request with the request's own line, by itself.
    pub(crate) fn echoes(mut self) {
        tokio::spawn(async move {
            loop {
                let mut server = self.accept_at_last().await;
                tokio::spawn(async move {
                    while let Some(head) = server.next_head().await {
                        server.send(ok(head.lines().next().unwrap_or_default())).await;
                    }
                });
            }
        });
    }

    /// The next connection of the proxy, whenever it comes.
    pub(crate) async fn accept_at_last(&mut self) -> Peer {
        let (stream, _) = self.listener.accept().await.expect("a connection");
        Peer::new(stream, "server")
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    fn beside(&self, last: u8) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, last], self.address.port()))
    }

    /// One on this very address.
    pub(crate) async fn on(address: SocketAddr) -> std::io::Result<Backend> {
        let listener = if address.port() == 0 { bind_below(address).await } else { TcpListener::bind(address).await? };
        let address = listener.local_addr()?;
        Ok(Backend { listener, waiting: None, address })
    }
}

/// A free port below those from which the kernel takes the ports of connections: a test needs the same port on several addresses, and any
/// connection of another test may have it there.
async fn bind_below(address: SocketAddr) -> TcpListener {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    for _ in 0..1000 {
        let step = u16::try_from(std::process::id() % 20).unwrap_or_default() * 1000;
        let port = 10_000 + step.wrapping_add(NEXT.fetch_add(1, Relaxed)) % 20_000;
        if let Ok(listener) = TcpListener::bind(SocketAddr::new(address.ip(), port)).await {
            return listener;
        }
    }
    panic!("no port from 10000 to 30000 is free on {}", address.ip())
}
