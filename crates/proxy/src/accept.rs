//! Bound ports: sockets before anything is spawned, and accepting from them.
//!
//! Each thread has a socket of its own for each port (SO_REUSEPORT); the kernel divides the clients.
//! Not here: what is done with a connection.

use crate::origin::{Local, Origin, Security};
use crate::proxy_protocol::{self, Header};
use crate::trusted::Trust;
use crate::worker::{Open, Shared};
use crate::{connection, observe, tcp, tls};
use model::Frontend;
use socket2::{Domain, Protocol, Socket, Type};
use std::cell::Cell;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use tokio::net::TcpStream;

/// Connections the kernel keeps for us while we are busy.
const BACKLOG: i32 = 4096;

/// What is behind a socket.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Entrance {
    /// Requests.
    Http(Frontend),
    /// Bare connections to this port.
    Tcp(u16),
}

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

impl Entrance {
    fn port(self) -> u16 {
        match self {
            Entrance::Http(frontend) => frontend.port,
            Entrance::Tcp(port) => port,
        }
    }
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

/// Accepts until `stop` ends; then takes what the kernel still holds and closes the socket.
pub(crate) async fn run(
    entrance: Entrance,
    listener: TcpListener,
    shared: Arc<Shared>,
    stop: impl Future<Output = ()>,
) {
    let port = entrance.port();
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!("port {port} cannot be served: {error}"),
    };
    ACCEPTING.set(ACCEPTING.get() + 1);
    observe::serves(port);
    tokio::pin!(stop);
    loop {
        // Either is looked at first, by chance: a storm of connections does not hide the end.
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let enough = match accepted {
            Ok((stream, peer)) => {
                let enough = shared.reserve.is_left_by(&stream);
                spawn(entrance, stream, peer, &shared);
                enough
            }
            Err(error) => Err(error),
        };
        match enough {
            Ok(()) => {}
            // The connection broke before it was accepted, or descriptors ran out: neither ends the port.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                observe::accept_failed(port);
                tokio::select! {
                    () = shared.reserve.until_enough(&listener, port, &error) => {}
                    () = &mut stop => break,
                }
            }
        }
    }
    accept_the_rest(entrance, listener, &shared);
    ACCEPTING.set(ACCEPTING.get() - 1);
}

/// Whoever the kernel has connected is served, also those that the runtime has not noticed yet: closing the socket would reset them.
/// They are no more than its queue holds; those who go on coming are not waited for.
fn accept_the_rest(entrance: Entrance, listener: tokio::net::TcpListener, shared: &Arc<Shared>) {
    let Ok(listener) = listener.into_std() else { return };
    for _ in 0..=BACKLOG {
        let accepted = listener.accept().and_then(|(stream, peer)| {
            stream.set_nonblocking(true)?;
            Ok((TcpStream::from_std(stream)?, peer))
        });
        match accepted {
            Ok((stream, peer)) => spawn(entrance, stream, peer, shared),
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

fn spawn(entrance: Entrance, stream: TcpStream, peer: SocketAddr, shared: &Arc<Shared>) {
    let shared = Arc::clone(shared);
    match entrance {
        Entrance::Http(frontend) if frontend.accept_proxy => {
            tokio::spawn(serve_behind_proxy(stream, peer, frontend, shared, Open::take()));
        }
        Entrance::Http(Frontend { port, tls: true, .. }) => {
            tokio::spawn(tls::serve(stream, peer, port, shared, Open::take()));
        }
        Entrance::Http(Frontend { port, .. }) => {
            let origin = Origin::new(peer, Local::of(&stream, port), Security::Plain, &shared.trusted);
            tokio::spawn(connection::serve(stream, origin, shared, Open::take()));
        }
        Entrance::Tcp(port) => {
            tokio::spawn(tcp::serve(stream, peer, port, shared, Open::take()));
        }
    }
}

/// Serves the client that a PROXY protocol header names. Without one, and from strangers, the connection is closed.
async fn serve_behind_proxy(
    mut stream: TcpStream,
    peer: SocketAddr,
    frontend: Frontend,
    shared: Arc<Shared>,
    open: Open,
) {
    let port = frontend.port;
    if shared.trusted.judge(peer.ip()) == Trust::Stranger {
        return tracing::debug!("port {port}: {peer} is not one of TRUSTED_PROXIES and may not speak for a client");
    }
    let client = match proxy_protocol::receive(&mut stream, shared.timeouts.http_request).await {
        Ok(Header::Client(client)) => client,
        Ok(Header::Local) => peer,
        Err(error) => return tracing::debug!("port {port}: {peer} is closed: {error}"),
    };
    if frontend.tls {
        return tls::serve(stream, client, port, shared, open).await;
    }
    let origin = Origin::new(client, Local::of(&stream, port), Security::Plain, &shared.trusted);
    connection::serve(stream, origin, shared, open).await;
}
