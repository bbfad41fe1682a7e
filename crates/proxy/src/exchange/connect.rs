//! Phase 5, pick server: a kept connection if there is one, else a new one, else one to another server.
//!
//! Not here: choosing whose turn it is (`balance`), and names (`resolve`).

use crate::balance::Stickiness;
use crate::health::Health;
use crate::http1::request::Shape;
use crate::observe::{Session, Why};
use crate::off_limits::{self, OffLimits};
use crate::pool;
use crate::pool::Place;
use crate::server_stream::ServerStream;
use crate::worker::Shared;
use crate::world::Upstream;
use model::Backend;
use model::service::{ConnectionMode, ServerTls};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout_at};

/// Where another server can be had, one that does not answer is given up after this.
const SINGLE_TRY: Duration = Duration::from_secs(1);
/// Connects tried for one request: HAProxy's three retries.
const MOST_TRIES: usize = 4;
/// How long a kept connection may have been idle for a request that must not be sent twice: a server that closes idle connections
/// would close it under the request, which is then lost.
const IDLE_FOR_ONE_SHOT: Duration = Duration::from_secs(1);

/// A server's connection.
pub(super) struct Server {
    pub(super) stream: ServerStream,
    pub(super) address: SocketAddr,
    /// It served another request before.
    reused: bool,
}

/// The tries of one request to reach a server.
pub(super) struct Attempt<'u> {
    upstream: &'u Upstream,
    /// What is never dialled.
    off_limits: Option<&'u OffLimits>,
    health: &'u Health,
    /// The server that the client stays with.
    sticky: Option<Box<Stickiness>>,
    /// The time for all tries together.
    limit: Duration,
    /// Sending the request twice does no harm (RFC 9110 §9.2.2).
    idempotent: bool,
    /// It changes nothing (RFC 9110 §9.2.1).
    safe: bool,
    /// Only a new connection will do: a kept one was dead.
    fresh: bool,
    /// Another server could be had when one was last chosen.
    others: bool,
    /// Servers that could not be reached, or went before they said anything.
    tried: Vec<SocketAddr>,
    /// It was sent again to another server already.
    moved: bool,
    /// What the client is told should nobody be reached.
    why: Why,
}

/// Why a server was not reached.
enum Unreached {
    /// There is no connection.
    Refused(io::Error),
    /// There is none yet.
    TooSlow,
    /// DNS says that it is no server of this backend any more.
    Gone,
    /// It is no server of any backend.
    OffLimits,
    /// There is one, without TLS as the backend wants it.
    NoTls(String),
}

impl<'u> Attempt<'u> {
    pub(super) fn new(upstream: &'u Upstream, request: &Shape, shared: &'u Shared) -> Attempt<'u> {
        let Shape { idempotent, safe, .. } = *request;
        Attempt {
            upstream,
            off_limits: shared.off_limits.as_ref(),
            health: &shared.health,
            sticky: None,
            limit: shared.timeouts.connect,
            idempotent,
            safe,
            fresh: false,
            others: false,
            tried: Vec::new(),
            moved: false,
            why: Why::NoServer,
        }
    }

    /// The same for a client that stays with one server.
    pub(super) fn sticking(mut self, sticky: Option<&Stickiness>) -> Attempt<'u> {
        self.sticky = sticky.map(|sticky| Box::new(sticky.clone()));
        self
    }

    /// A server's connection. `None`: no server can be reached, or none is known.
    pub(super) async fn server(&mut self, session: &mut Session) -> Option<Server> {
        let addresses = self.upstream.host.addresses().await;
        let port = self.upstream.backend.port;
        let wanted = self.sticky.as_ref().and_then(|sticky| self.wanted(sticky, &addresses));
        let address = wanted.or_else(|| self.upstream.host.turn.pick(&addresses, port, &self.tried, self.health))?;
        self.others = addresses.len() > self.tried.len() + 1;
        if let Some(stream) = self.kept(address) {
            session.connected(&self.upstream.backend, address, true);
            return Some(Server { stream, address, reused: true });
        }
        self.connect(address, session).await
    }

    /// Whether `server`, which went before it said anything, may be made up for: once by a new connection for a kept one, and once
    /// by another server. A server that went under a fresh connection may have been brought down by this very request, so only
    /// requests that change nothing go on to another one, and to one only.
    pub(super) fn goes_on_without(&mut self, server: &Server, session: &mut Session) -> bool {
        if server.reused {
            self.fresh = true;
            session.repeats(self.idempotent);
            return self.idempotent;
        }
        let others = self.upstream.host.count() > self.tried.len() + 1;
        let goes_on = self.safe && others && !self.moved;
        self.moved = true;
        self.tried.push(server.address);
        session.retries(goes_on);
        goes_on
    }

    /// Whether a server that takes nothing of the request for a moment is better given up: it may be sent again, and there is somebody else.
    pub(super) fn hurries(&self) -> bool {
        self.idempotent && self.others
    }

    /// Whether connections of this backend serve more than one request.
    pub(super) fn keeps_connections(&self) -> bool {
        self.upstream.backend.connection_mode == ConnectionMode::KeepAlive
    }

    /// Why there is no server.
    pub(super) fn why(&self) -> Why {
        self.why
    }

    /// Keeps a connection that is between two exchanges since `now`.
    pub(super) fn keep(&self, server: Server, now: Instant) {
        pool::give(self.place(server.address), server.stream, now);
    }

    /// The server that the client stays with, if it can be had.
    #[cold]
    fn wanted(&self, sticky: &Stickiness, addresses: &[IpAddr]) -> Option<SocketAddr> {
        let wanted = sticky.wanted(addresses, self.upstream.backend.port)?;
        (!self.tried.contains(&wanted) && !self.health.is_failing(wanted)).then_some(wanted)
    }

    fn place(&self, address: SocketAddr) -> Place {
        Place { address, tls: self.upstream.backend.server_tls.clone() }
    }

    fn kept(&self, address: SocketAddr) -> Option<ServerStream> {
        // Where no connection can be made, a kept one leads nowhere either.
        if self.fresh || !self.keeps_connections() || self.health.is_unreachable(address) {
            return None;
        }
        pool::take(&self.place(address), if self.idempotent { pool::LONGEST_IDLE } else { IDLE_FOR_ONE_SHOT })
    }

    async fn connect(&mut self, first: SocketAddr, session: &mut Session) -> Option<Server> {
        let (backend, host) = (&self.upstream.backend, &self.upstream.host);
        let end = Instant::now() + self.limit;
        let mut next = Some(first);
        while let Some(address) = next {
            let left = end.saturating_duration_since(Instant::now());
            let others = host.count() > self.tried.len() + 1;
            let limit = if others { left.min(SINGLE_TRY) } else { left };
            self.health.trying(address, limit);
            match self.reach_or_lose(address, Instant::now() + limit).await {
                Ok(stream) => {
                    self.health.connected(address);
                    session.connected(backend, address, false);
                    return Some(Server { stream, address, reused: false });
                }
                Err(Unreached::Refused(error)) if is_our_own(&error) => {
                    tracing::debug!("no connection to {address} can be opened: {error}");
                    return None;
                }
                Err(Unreached::Gone | Unreached::OffLimits) => {}
                Err(unreached) => {
                    self.why = unreached.note(address, backend, self.health);
                    session.connect_failed(backend, address);
                }
            }
            self.tried.push(address);
            let may_try = self.tried.len() < MOST_TRIES && Instant::now() < end;
            next = if may_try { self.another(end).await } else { None };
            session.retries(next.is_some());
        }
        None
    }

    /// A server that was not tried yet. Whoever does not answer may not exist any more, so DNS is asked; where nobody else is known, its
    /// answer is waited for, or the next list of tasks.
    async fn another(&self, end: Instant) -> Option<SocketAddr> {
        let (host, port) = (&self.upstream.host, self.upstream.backend.port);
        host.ask();
        let known = host.known();
        if let Some(other) = host.turn.pick(&known, port, &self.tried, self.health) {
            return Some(other);
        }
        let until = end.min(Instant::now() + SINGLE_TRY);
        // In a box, as it is rare: every connection of a client has room for this future.
        let hope = !self.tried.iter().any(|address| self.health.is_hopeless(*address));
        let anew = Box::pin(host.addresses_anew(until, hope)).await;
        host.turn.pick(&anew, port, &self.tried, self.health)
    }

    /// The same as [`Attempt::reach`], as long as the server exists: its address may be older than the answer of DNS that is on its way.
    async fn reach_or_lose(&self, address: SocketAddr, until: Instant) -> Result<ServerStream, Unreached> {
        tokio::select! {
            biased;
            reached = self.reach(address, until) => reached,
            () = self.upstream.host.loses(address.ip()) => Err(Unreached::Gone),
        }
    }

    /// A new connection to `address`, with TLS if the backend asks for it. Without that, nothing is ever sent on it.
    async fn reach(&self, address: SocketAddr, until: Instant) -> Result<ServerStream, Unreached> {
        if off_limits::forbids(self.off_limits, &self.upstream.backend.name, address).await {
            return Err(Unreached::OffLimits);
        }
        let stream = match timeout_at(until, dial(address)).await {
            Ok(stream) => stream.map_err(Unreached::Refused)?,
            Err(_) => return Err(Unreached::TooSlow),
        };
        let Some(tls) = &self.upstream.tls else { return Ok(ServerStream::plain(stream)) };
        // In a box: every connection of a client has room for this future, and most never shake hands with a server.
        match timeout_at(until, Box::pin(tls.handshake(stream, address))).await {
            Ok(stream) => stream.map_err(|error| Unreached::NoTls(error.to_string())),
            Err(_) => Err(Unreached::NoTls("the handshake took too long".to_owned())),
        }
    }
}

impl Unreached {
    /// Notes the failure of a server; returns what it means to a request that nobody else takes.
    fn note(&self, address: SocketAddr, backend: &Backend, health: &Health) -> Why {
        let Unreached::NoTls(reason) = self else {
            health.failed(address, &backend.service);
            return Why::NoServer;
        };
        let name = match &backend.server_tls {
            Some(ServerTls::VerifyHost(name)) => format!(" for the name {}", name.to_str()),
            _ => String::new(),
        };
        health.has_no_tls(address, &backend.service, &format!("no TLS{name}: {reason}"));
        Why::ServerTls
    }
}

/// Whether the proxy itself has run out of something: no fault of the server, and no reason to pass it over.
pub(crate) fn is_our_own(error: &io::Error) -> bool {
    const EXHAUSTED: [i32; 5] = [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM, libc::EADDRNOTAVAIL];
    error.raw_os_error().is_some_and(|number| EXHAUSTED.contains(&number))
}

/// A new connection. Where descriptors or ports have run out, the idle connections of this thread are given up for it.
pub(crate) async fn dial(address: SocketAddr) -> io::Result<TcpStream> {
    match open(address).await {
        Err(error) if is_our_own(&error) => {
            pool::clear();
            open(address).await
        }
        result => result,
    }
}

async fn open(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_nodelay(true)?;
    socket.connect(address).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bug_descriptors_that_ran_out_were_held_against_the_server() {
        assert!(is_our_own(&io::Error::from_raw_os_error(libc::EMFILE)));
        assert!(!is_our_own(&io::Error::from_raw_os_error(libc::ECONNREFUSED)));
    }
}
