//! Where a client's requests come from: who it is, which port it came to, and what protects the way between.
//!
//! Not here: its connection and its bytes (`client`).

use crate::observe::Accepted;
use crate::trusted::{Trust, Trusted};
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpStream;

/// What is the same for all requests of one connection.
pub(crate) struct Origin {
    /// The address of the client, or of the one that a PROXY protocol header names, as X-Forwarded-For shows it.
    pub(crate) address: String,
    /// The same with its port.
    pub(crate) source: SocketAddr,
    /// Where it was accepted.
    pub(crate) local: SocketAddr,
    /// The name that it asked for in its TLS handshake.
    pub(crate) server_name: Option<Box<str>>,
    /// What it may say about other clients.
    pub(crate) trust: Trust,
    /// The port of the proxy it came to.
    pub(crate) port: u16,
    /// What is known from its TLS handshake.
    pub(crate) security: Security,
    /// Counts the connection as open for as long as this lives.
    pub(crate) accepted: Accepted,
}

/// What a TLS handshake has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Security {
    /// There was none.
    Plain,
    /// The connection is encrypted; nothing is known of the client.
    Encrypted,
    /// The client has shown a certificate that `CA_FILE` vouches for.
    Verified,
}

/// Where a client came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Local {
    /// The port of the frontend.
    pub(crate) port: u16,
    /// The address of the socket.
    pub(crate) address: SocketAddr,
}

impl Local {
    /// Of an accepted connection.
    pub(crate) fn of(stream: &TcpStream, port: u16) -> Local {
        let unknown = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
        Local { port, address: stream.local_addr().unwrap_or(unknown) }
    }
}

/// An IPv4 address as such, also where the socket speaks IPv6.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

impl Origin {
    /// Of a client at `peer` that came to `local`; `port` is the frontend's.
    pub(crate) fn new(peer: SocketAddr, local: Local, security: Security, trusted: &Trusted) -> Origin {
        let Local { port, address } = local;
        Origin {
            source: canonical(peer),
            local: canonical(address),
            server_name: None,
            address: peer.ip().to_canonical().to_string(),
            trust: trusted.judge(peer.ip()),
            port,
            security,
            accepted: Accepted::new(peer, port).over_tls(security != Security::Plain),
        }
    }

    /// The same where a name was asked for.
    pub(crate) fn asked_for(mut self, server_name: Option<&str>) -> Origin {
        self.server_name = server_name.map(Into::into);
        self
    }

    /// Whether the connection speaks TLS.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.security != Security::Plain
    }

    /// Whether the client has proven who it is.
    pub(crate) fn is_verified(&self) -> bool {
        self.security == Security::Verified
    }
}
