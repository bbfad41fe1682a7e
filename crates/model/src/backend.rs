//! Backends: pools of servers that requests are forwarded to, as the operator described them.
//!
//! Not here: addresses, health and connections. Those are observations; the proxy keeps them.

use crate::compression::Compression;
use crate::service::{ConnectionMode, Destination, Dial, Discovery, ServerTls, Service, ServiceName, Sessions};
use crate::statement::Statements;
use std::sync::Arc;
use std::time::Duration;

/// A pool of servers. Its name is Docker Flow's, for logs, metrics and haproxy.cfg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backend {
    /// `<aclName>-be<port>_<index>`; `https-` before it for requests over TLS. Unique: a later one of the same name ends in `:2`.
    pub name: Arc<str>,
    /// The service it belongs to: the server's name in haproxy.cfg.
    pub service: ServiceName,
    /// The host to dial.
    pub dial: Arc<Dial>,
    /// The port to dial.
    pub port: u16,
    /// How it is dialled over TLS; `None`: it is not.
    pub server_tls: Option<ServerTls>,
    /// Silence allowed to the server; the proxy's own limit unless set.
    pub timeout_server: Option<Duration>,
    /// Silence allowed in a tunnel; the proxy's own limit unless set.
    pub timeout_tunnel: Option<Duration>,
    /// Which side's connection goes on after a response.
    pub connection_mode: ConnectionMode,
    /// How its responses are compressed; `None`: not at all.
    pub compression: Option<Arc<Compression>>,
    /// What is done with the fields of requests and responses.
    pub statements: Arc<Statements>,
    /// The cookie that keeps a client with one server, named after the service; `None`: clients do not stay.
    pub cookie: Option<Arc<str>>,
    /// How many servers haproxy.cfg has room for where they are tasks that DNS lists; `None`: one server.
    pub slots: Option<u32>,
}

/// Servers that haproxy.cfg has room for where the number of tasks is not known.
const SLOTS: u32 = 10;
/// A service has no more tasks than an overlay network has addresses, about; HAProxy makes each of them when it starts.
const MOST_SLOTS: u32 = 250;

/// A place among the backends of a route table. It may be another one's in the next table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackendId(u32);

impl Backend {
    pub(crate) fn new(service: &Service, destination: &Destination, port: u16, prefix: &str) -> Backend {
        Backend {
            name: format!("{prefix}{}-be{port}_{}", service.acl_name, destination.index).into(),
            service: service.name.clone(),
            dial: Arc::clone(&destination.dial),
            port,
            server_tls: destination.server_tls.clone(),
            timeout_server: destination.timeout_server,
            timeout_tunnel: destination.timeout_tunnel,
            connection_mode: service.connection_mode,
            compression: service.compression.clone().filter(|compression| !compression.is_off()),
            statements: Arc::clone(&service.statements),
            cookie: (service.sessions == Sessions::Sticky).then(|| service.name.as_str().into()),
            slots: slots(service),
        }
    }
}

/// The number of tasks, where it is known and haproxy.cfg shows tasks.
fn slots(service: &Service) -> Option<u32> {
    let wanted = service.sessions != Sessions::None || service.discovery == Discovery::Tasks;
    wanted.then(|| service.replicas.filter(|replicas| *replicas > 0).unwrap_or(SLOTS).min(MOST_SLOTS))
}

impl BackendId {
    pub(crate) fn new(slot: u32) -> BackendId {
        BackendId(slot)
    }

    /// The place.
    pub fn slot(self) -> u32 {
        self.0
    }
}
