//! The TCP table: which service a bare connection belongs to, by its port and by the name that a TLS client asks for.
//!
//! Docker Flow made a frontend of each port: services with domains are asked in the order of their aclName, a service without
//! domains is the port's `default_backend`. Modes tcp and sni differ only in where the names are written.
//! Not here: reading the name from the wire, and the connection itself (the proxy).

mod compile;
mod conflict;

pub(crate) use conflict::check;

use crate::backend::Backend;
use crate::route::host::{Host, HostPattern};
use crate::service::{Balance, Mode};
use std::sync::Arc;
use std::time::Duration;

/// All ports on which connections are passed through, in ascending order. Cloning shares them.
#[derive(Clone, Debug, Default)]
pub struct TcpTable {
    frontends: Arc<Vec<Arc<TcpFrontend>>>,
}

/// A port that is bound for as long as a service asks for it.
#[derive(Clone, Debug)]
pub struct TcpFrontend {
    /// The port.
    pub port: u16,
    /// `tcp` if any service of the port is in that mode, else `sni`.
    pub mode: Mode,
    /// Silence allowed to a client before it is connected with a server. The first service in order decides.
    pub timeout_client: Option<Duration>,
    /// TCP keep-alive towards clients. The first service in order decides.
    pub keep_alive: bool,
    /// Names and the backends they lead to, in order.
    pub rules: Vec<TcpRule>,
    /// The backend of connections that no rule matches: a place in `backends`.
    pub default: Option<usize>,
    /// The pools of servers.
    pub backends: Vec<TcpBackend>,
}

/// Names that lead to a backend.
#[derive(Clone, Debug)]
pub struct TcpRule {
    /// Of which one must match.
    pub names: Vec<HostPattern>,
    /// The name of the condition in haproxy.cfg.
    pub acl: String,
    /// A place in the frontend's `backends`.
    pub backend: usize,
}

/// A pool of servers for bare connections.
#[derive(Clone, Debug)]
pub struct TcpBackend {
    /// The group that its members are of.
    pub group: Option<String>,
    /// The destinations whose servers it has: one, or all of the group. They have one name: `<aclName>-be<port>_<index>`, or
    /// `tcpListen_<group>_<srcPort>` of a group.
    pub members: Vec<Backend>,
    /// How a server is chosen.
    pub balance: Balance,
    /// Servers are probed.
    pub check: bool,
}

impl TcpTable {
    /// Whether it is the very same as `other`, not only alike.
    pub fn is_shared_with(&self, other: &TcpTable) -> bool {
        Arc::ptr_eq(&self.frontends, &other.frontends)
    }

    /// All ports, in ascending order.
    pub fn frontends(&self) -> &[Arc<TcpFrontend>] {
        &self.frontends
    }

    /// The services of a port.
    pub fn frontend(&self, port: u16) -> Option<&Arc<TcpFrontend>> {
        let place = self.frontends.binary_search_by_key(&port, |frontend| frontend.port).ok()?;
        Some(&self.frontends[place])
    }
}

impl TcpBackend {
    /// The first member in order: it speaks for all.
    pub fn first(&self) -> &Backend {
        self.members.first().expect("a backend is made with its first member")
    }
}

impl TcpFrontend {
    /// Whether the name that a TLS client asks for decides.
    pub fn needs_name(&self) -> bool {
        !self.rules.is_empty()
    }

    /// The place of the backend for a client that asks for `name`, or for none: the first rule that matches, else the default.
    pub fn find(&self, name: Option<&[u8]>) -> Option<usize> {
        let name = name.and_then(Host::normalise);
        let named = name.and_then(|name| {
            let matches = |rule: &&TcpRule| rule.names.iter().any(|pattern| pattern.matches(name.as_bytes()));
            self.rules.iter().find(matches)
        });
        named.map(|rule| rule.backend).or(self.default)
    }
}

#[cfg(test)]
mod tests;
