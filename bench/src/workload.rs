//! The workloads: what is asked, how, of how many services, and what swarmgate may cost at most. Not how any of it is measured.

use crate::load::Manner;
use crate::peers::Kind;
use crate::tls::Key;

/// One line of the table of results.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) says: &'static str,
    /// Bytes of the body of every answer.
    pub(crate) body: usize,
    pub(crate) connections: usize,
    /// How many services the proxy knows; the last one in its order is asked.
    pub(crate) services: usize,
    /// How each connection is used.
    pub(crate) manner: Manner,
    /// The key that the proxies have for clients that speak TLS; `None`: they do not.
    pub(crate) tls: Option<Key>,
    /// Whether swarmgate writes its JSON access log. The others never write one.
    pub(crate) log: bool,
    /// Whom swarmgate is held against.
    pub(crate) against: Kind,
    /// Rounds, unless the run says otherwise.
    pub(crate) rounds: usize,
    /// CPU per request of swarmgate ÷ that of whom it is held against, that must not be exceeded.
    pub(crate) at_most: Option<f64>,
}

/// Rounds of a workload whose figure has room to spare.
const FEW: usize = 3;
/// Rounds of a workload whose limit is near.
const MANY: usize = 9;

const SMALL: Workload = Workload {
    name: "small",
    says: "100-byte answer, keep-alive, 64 connections",
    body: 32,
    connections: 64,
    services: 1,
    manner: Manner::Kept,
    tls: None,
    log: false,
    against: Kind::Haproxy,
    rounds: MANY,
    at_most: Some(0.80),
};

const TLS: Workload = Workload {
    name: "tls",
    says: "TLS 1.3, 100-byte answer, keep-alive, 64 connections",
    tls: Some(Key::Rsa),
    ..SMALL
};

/// All workloads that compare proxies, in the order of the table.
pub(crate) const WORKLOADS: [Workload; 12] = [
    SMALL,
    Workload {
        name: "small-json",
        says: "the same, swarmgate with its JSON access log on",
        log: true,
        at_most: Some(0.95),
        ..SMALL
    },
    Workload { name: "16k", says: "16 KiB answer, keep-alive, 64 connections", body: 16 << 10, at_most: None, ..SMALL },
    Workload {
        name: "1m",
        says: "1 MiB answer, keep-alive, 16 connections",
        body: 1 << 20,
        connections: 16,
        rounds: FEW,
        at_most: Some(0.60),
        ..SMALL
    },
    Workload {
        name: "close",
        says: "a new connection per request",
        manner: Manner::Closed,
        rounds: FEW,
        at_most: Some(0.60),
        ..SMALL
    },
    TLS,
    Workload {
        name: "tls-close",
        says: "a new connection with a full handshake per request, RSA 2048",
        manner: Manner::Closed,
        rounds: FEW,
        at_most: Some(0.50),
        ..TLS
    },
    Workload {
        name: "tls-close-ecdsa",
        says: "the same with a certificate of ECDSA P-256",
        manner: Manner::Closed,
        tls: Some(Key::Ecdsa),
        rounds: FEW,
        at_most: Some(0.50),
        ..TLS
    },
    Workload {
        name: "h2",
        says: "HTTP/2 over TLS, 100-byte answer, 8 connections of 8 streams",
        connections: 8,
        manner: Manner::Streams(8),
        at_most: Some(0.90),
        ..TLS
    },
    Workload {
        name: "services-1000",
        says: "1,000 services, the last one asked",
        services: 1000,
        rounds: FEW,
        at_most: None,
        ..SMALL
    },
    Workload {
        name: "services-10000",
        says: "10,000 services, the last one asked",
        services: 10_000,
        rounds: FEW,
        at_most: Some(0.01),
        ..SMALL
    },
    Workload {
        name: "flat",
        says: "10,000 services, the last one asked, ÷ swarmgate with one",
        services: 10_000,
        against: Kind::Single,
        at_most: Some(1.05),
        ..SMALL
    },
];

/// The name of a service by its number; names sort as their numbers do, so the last one is asked last by whoever goes through a list.
pub(crate) fn service(number: usize) -> String {
    format!("s{number:05}")
}
