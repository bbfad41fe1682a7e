//! Where a client's requests come from: who it is, which port it came to, and what protects the way between.
//!
//! Not here: its connection and its bytes (`client`).

use crate::observe::Accepted;
use crate::trusted::{Trust, Trusted};
use std::net::SocketAddr;

/// What is the same for all requests of one connection.
pub(crate) struct Origin {
    /// The address of the client, or of the one that a PROXY protocol header names, as X-Forwarded-For shows it.
    pub(crate) address: String,
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

impl Origin {
    pub(crate) fn new(peer: SocketAddr, port: u16, security: Security, trusted: &Trusted) -> Origin {
        Origin {
            address: peer.ip().to_canonical().to_string(),
            trust: trusted.judge(peer.ip()),
            port,
            security,
            accepted: Accepted::new(peer, port),
        }
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
