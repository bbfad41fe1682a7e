//! A bare connection from its first byte to its last: look at the name where one is needed, choose a server, join both.
//!
//! Not here: which service a name belongs to (`model::tcp`), and moving bytes (`tunnel`).

pub(crate) mod check;
mod choose;
mod connect;
pub(crate) mod hello;

pub(crate) use choose::Loads;

use crate::http1::Parsed;
use crate::observe::{Accepted, Cut};
use crate::resolve::{Host, Resolver};
use crate::tunnel;
use crate::worker::{Open, Shared};
use model::tcp::{TcpBackend, TcpFrontend, TcpTable};
use socket2::SockRef;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

/// How long the first bytes of a client are waited for where its name decides: Docker Flow's `inspect-delay`. A client that says
/// nothing until then, because its server would speak first, names nobody.
const INSPECT_DELAY: Duration = Duration::from_secs(5);
/// Room for one read of a first message.
const READ: usize = 4096;

/// A port of services, and what is known of their servers.
pub(crate) struct TcpPort {
    frontend: Arc<TcpFrontend>,
    /// In the order of the frontend's backends.
    upstreams: Vec<Arc<TcpUpstream>>,
}

/// A pool of servers, with the hosts that are dialled.
pub(crate) struct TcpUpstream {
    backend: TcpBackend,
    /// In the order of the backend's members.
    hosts: Vec<Arc<Host>>,
}

/// All ports of a world, in ascending order.
#[derive(Default)]
pub(crate) struct TcpPorts {
    /// What they were made of.
    table: TcpTable,
    ports: Arc<Vec<Arc<TcpPort>>>,
}

impl TcpPorts {
    /// Joins a table with the hosts that its backends dial; an unchanged one is shared. Addresses known from earlier worlds are kept.
    pub(crate) fn follow(&self, table: &TcpTable, resolver: &Resolver) -> TcpPorts {
        let ports = match table.is_shared_with(&self.table) {
            true => Arc::clone(&self.ports),
            false => {
                Arc::new(table.frontends().iter().map(|frontend| Arc::new(TcpPort::new(frontend, resolver))).collect())
            }
        };
        TcpPorts { table: table.clone(), ports }
    }

    fn get(&self, port: u16) -> Option<Arc<TcpPort>> {
        let place = self.ports.binary_search_by_key(&port, |port| port.number()).ok()?;
        Some(Arc::clone(&self.ports[place]))
    }

    /// The pools of all ports.
    fn upstreams(&self) -> impl Iterator<Item = &Arc<TcpUpstream>> {
        self.ports.iter().flat_map(|port| &port.upstreams)
    }
}

impl TcpPort {
    fn new(frontend: &Arc<TcpFrontend>, resolver: &Resolver) -> TcpPort {
        let upstream = |backend: &TcpBackend| {
            let hosts = backend.members.iter().map(|member| resolver.host(&member.dial)).collect();
            Arc::new(TcpUpstream { backend: backend.clone(), hosts })
        };
        TcpPort { frontend: Arc::clone(frontend), upstreams: frontend.backends.iter().map(upstream).collect() }
    }

    fn number(&self) -> u16 {
        self.frontend.port
    }
}

/// Serves one connection until it ends. What it was joined with stays joined whatever becomes of its service.
pub(crate) async fn serve(mut client: TcpStream, peer: SocketAddr, port: u16, shared: Arc<Shared>, open: Open) {
    let Some(port) = shared.world.with(|world| world.tcp().get(port)) else { return };
    if port.frontend.keep_alive {
        // A kernel that refuses keeps the connection as it is.
        let _ = SockRef::from(&client).set_keepalive(true);
    }
    let accepted = Accepted::new(peer, port.number());
    let observed = accepted.bytes();
    let Some((upstream, read)) = choose_upstream(&mut client, &port, &shared).await else {
        return tracing::debug!("port {}: {peer} asks for no service of it", port.number());
    };
    drop(port);
    let backend = upstream.backend.first();
    let mut session = observed.forwarded(backend);
    let Some(mut server) = connect::connect(&upstream, peer.ip(), &shared, &mut session).await else {
        session.cut(Cut::ServerGone);
        return tracing::debug!("{}: no server for {peer}", backend.name);
    };
    tracing::debug!("{}: {peer} is joined with {}", backend.name, server.address);
    // HAProxy's rule: once both are connected, `timeout tunnel` takes the place of the limits of either side.
    let limit = backend.timeout_tunnel.unwrap_or(shared.timeouts.tunnel);
    drop(upstream);
    session.switched();
    let moved = |from_client, from_server| session.moved(from_client, from_server);
    tunnel::join(&mut client, read, &mut server.stream, limit, moved).await;
    drop(open);
}

/// The pool of servers for this client, and what it has said so far; `None` if nobody is there for it.
async fn choose_upstream(
    client: &mut TcpStream,
    port: &TcpPort,
    shared: &Shared,
) -> Option<(Arc<TcpUpstream>, Vec<u8>)> {
    let (name, read) = match port.frontend.needs_name() {
        true => read_name(client, port.frontend.timeout_client.unwrap_or(shared.timeouts.client)).await?,
        false => (None, Vec::new()),
    };
    let place = port.frontend.find(name.as_deref())?;
    Some((Arc::clone(&port.upstreams[place]), read))
}

/// The name a TLS client asks for, and all that was read of it. No name if it speaks something else or nothing; `None` if it is gone,
/// or silent for longer than `silence`.
async fn read_name(client: &mut TcpStream, silence: Duration) -> Option<(Option<Vec<u8>>, Vec<u8>)> {
    let mut read = Vec::new();
    let end = Instant::now() + INSPECT_DELAY.min(silence);
    loop {
        read.reserve(READ);
        match timeout_at(end, client.read_buf(&mut read)).await {
            Ok(Ok(0) | Err(_)) => return None,
            Ok(Ok(_)) => {}
            Err(_) => return (silence >= INSPECT_DELAY).then_some((None, read)),
        }
        match hello::server_name(&read) {
            Ok(Parsed::Partial) => {}
            Ok(Parsed::Complete(name)) => return Some((name, read)),
            Err(hello::NotTls) => return Some((None, read)),
        }
    }
}
