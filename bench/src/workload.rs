//! The workloads: what is asked, how, of how many services, and what swarmgate may cost at most. Not how any of it is measured.

/// One line of the table of results.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) says: &'static str,
    /// Bytes of the body of every answer.
    pub(crate) body: usize,
    pub(crate) connections: usize,
    /// How many services the proxy knows; the last one in its order is asked.
    pub(crate) services: usize,
    /// Whether every request comes on a connection of its own.
    pub(crate) close: bool,
    /// CPU per request of swarmgate ÷ HAProxy that must not be exceeded.
    pub(crate) at_most: Option<f64>,
}

const SMALL: Workload = Workload {
    name: "small",
    says: "100-byte answer, keep-alive, 64 connections",
    body: 32,
    connections: 64,
    services: 1,
    close: false,
    at_most: Some(0.80),
};

/// All workloads that compare proxies, in the order of the table.
pub(crate) const WORKLOADS: [Workload; 6] = [
    SMALL,
    Workload { name: "16k", says: "16 KiB answer, keep-alive, 64 connections", body: 16 << 10, at_most: None, ..SMALL },
    Workload {
        name: "1m",
        says: "1 MiB answer, keep-alive, 16 connections",
        body: 1 << 20,
        connections: 16,
        at_most: Some(0.60),
        ..SMALL
    },
    Workload { name: "close", says: "a new connection per request", close: true, at_most: Some(0.60), ..SMALL },
    Workload {
        name: "services-1000",
        says: "1,000 services, the last one asked",
        services: 1000,
        at_most: None,
        ..SMALL
    },
    Workload {
        name: "services-10000",
        says: "10,000 services, the last one asked",
        services: 10_000,
        at_most: Some(0.01),
        ..SMALL
    },
];

/// The name of a service by its number; names sort as their numbers do, so the last one is asked last by whoever goes through a list.
pub(crate) fn service(number: usize) -> String {
    format!("s{number:05}")
}
