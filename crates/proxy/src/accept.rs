//! Bound ports: sockets before anything is spawned, and accepting from them.
//!
//! Each thread has a socket of its own for each port (SO_REUSEPORT); the kernel divides the clients.
//! Not here: what is done with a connection.

use crate::connection;
use crate::observe;
use crate::worker::{Open, Phase, Shared};
use model::Frontend;
use socket2::{Domain, Protocol, Socket, Type};
use std::cell::Cell;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Connections the kernel keeps for us while we are busy.
const BACKLOG: i32 = 4096;
/// How long to wait when descriptors have run out.
const OUT_OF_DESCRIPTORS: Duration = Duration::from_millis(100);

/// A port that cannot be bound.
#[derive(Debug, thiserror::Error)]
#[error("port {port} cannot be bound: {error}")]
pub struct BindError {
    port: u16,
    error: io::Error,
}

thread_local! {
    /// Sockets this thread still accepts from.
    static ACCEPTING: Cell<usize> = const { Cell::new(0) };
}

/// Binds a port once for each thread. Port 0 becomes a free one, the same for all.
pub(crate) fn bind(ip: IpAddr, port: u16, threads: usize) -> Result<Vec<TcpListener>, BindError> {
    let bind_all = || {
        // SO_REUSEPORT would let two programs of one user share the port without a word.
        let alone = open(SocketAddr::new(ip, port), false)?;
        let address = alone.local_addr()?;
        drop(alone);
        (0..threads).map(|_| open(address, true)).collect::<io::Result<Vec<_>>>()
    };
    bind_all().map_err(|error| BindError { port, error })
}

fn open(address: SocketAddr, shared: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(shared)?;
    socket.set_nonblocking(true)?;
    // Accepted connections inherit it: no system call for each.
    socket.set_tcp_nodelay(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Accepts until the threads drain; then takes what the kernel still holds and closes the socket.
pub(crate) async fn run(
    frontend: Frontend,
    listener: TcpListener,
    shared: Arc<Shared>,
    mut phase: watch::Receiver<Phase>,
) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!("port {} cannot be served: {error}", frontend.port),
    };
    ACCEPTING.set(ACCEPTING.get() + 1);
    observe::serves(frontend.port);
    loop {
        let accepted = tokio::select! {
            biased;
            accepted = listener.accept() => accepted,
            draining = phase.wait_for(|phase| matches!(phase, Phase::Draining(_))) => {
                drop(draining);
                break;
            }
        };
        match accepted {
            Ok((stream, peer)) => spawn(frontend, stream, peer, &shared),
            // The connection broke before it was accepted, or descriptors ran out: neither ends the port.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                observe::accept_failed(frontend.port);
                tracing::warn!("port {}: accepting failed: {error}", frontend.port);
                tokio::time::sleep(OUT_OF_DESCRIPTORS).await;
            }
        }
    }
    accept_the_rest(frontend, listener, &shared);
    ACCEPTING.set(ACCEPTING.get() - 1);
}

/// Whoever the kernel has connected is served, also those that the runtime has not noticed yet: closing the socket would reset them.
fn accept_the_rest(frontend: Frontend, listener: tokio::net::TcpListener, shared: &Arc<Shared>) {
    let Ok(listener) = listener.into_std() else { return };
    loop {
        let accepted = listener.accept().and_then(|(stream, peer)| {
            stream.set_nonblocking(true)?;
            Ok((tokio::net::TcpStream::from_std(stream)?, peer))
        });
        match accepted {
            Ok((stream, peer)) => spawn(frontend, stream, peer, shared),
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            // Nobody is left, or descriptors have run out.
            Err(_) => return,
        }
    }
}

/// Whether this thread accepts from no socket any more.
pub(crate) fn all_closed() -> bool {
    ACCEPTING.get() == 0
}

/// A port that should speak TLS and has no certificate closes; it never speaks plain HTTP.
fn spawn(frontend: Frontend, stream: tokio::net::TcpStream, peer: SocketAddr, shared: &Arc<Shared>) {
    if !frontend.tls {
        tokio::spawn(connection::serve(stream, peer, frontend.port, Arc::clone(shared), Open::take()));
    }
}
