//! What is counted, in HAProxy's rows: frontends, and for each backend its servers and itself, by the names of haproxy.cfg.
//!
//! haproxy.cfg has one server line for a service whatever number of tasks it has, so they are one row. What was forgotten, or never used, is 0.
//! Not here: how a row is shown (`csv`, `page`).

use model::haproxy::tcp_section;
use model::tcp::TcpBackend;
use model::{Backend, Snapshot};
use proxy::observe::{BackendFigures, Figures, FrontendFigures, ServerFigures};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

/// What a row is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    #[default]
    Frontend,
    Server,
    Backend,
}

/// A row. What is `None` is not counted for its kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    pub(crate) kind: Kind,
    /// The section of haproxy.cfg.
    pub(crate) section: String,
    /// `FRONTEND`, `BACKEND`, or the name of the server.
    pub(crate) name: String,
    pub(crate) is_tcp: bool,
    /// Connections of a frontend that are open; requests and tunnels of the others that are going on.
    pub(crate) current: u64,
    /// All of them so far.
    pub(crate) total: u64,
    pub(crate) bytes_in: Option<u64>,
    pub(crate) bytes_out: Option<u64>,
    /// Requests of a frontend that a rule forbade.
    pub(crate) denied: Option<u64>,
    /// Requests of a frontend that were none, or took too long.
    pub(crate) request_errors: Option<u64>,
    pub(crate) connect_errors: Option<u64>,
    pub(crate) response_errors: Option<u64>,
    /// Requests that were sent again, to the same server or another.
    pub(crate) retries: Option<u64>,
    /// Of those, the ones to another.
    pub(crate) redispatches: Option<u64>,
    /// Responses by the first digit of their status.
    pub(crate) responses: Option<[u64; 5]>,
    /// Connections that were made.
    pub(crate) connects: Option<u64>,
    /// From a request's head to the end of its response, on average.
    pub(crate) average: Option<Duration>,
    /// The addresses of a server that were dialled, and how many of them could not be reached the last time.
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) failing: usize,
    /// Something was counted for it.
    pub(crate) is_used: bool,
}

/// The figures of everything by name.
struct Counted<'f> {
    figures: &'f Figures,
    backends: BTreeMap<&'f str, &'f BackendFigures>,
    servers: BTreeMap<&'f str, Vec<&'f ServerFigures>>,
}

/// All rows in the order of haproxy.cfg. `ports` are those of HTTP, `own_port` that of the statistics.
pub(super) fn rows(figures: &Figures, snapshot: &Snapshot, ports: &[u16], own_port: Option<u16>) -> Vec<Row> {
    let mut servers: BTreeMap<&str, Vec<&ServerFigures>> = BTreeMap::new();
    for server in &figures.servers {
        servers.entry(&server.backend).or_default().push(server);
    }
    let backends = figures.backends.iter().map(|backend| (&*backend.backend, backend)).collect();
    let counted = Counted { figures, backends, servers };
    let mut rows = vec![counted.services(ports)];
    rows.extend(own_port.map(|port| counted.frontend("stats".to_owned(), &[port], false)));
    for frontend in snapshot.tcp.frontends() {
        rows.push(counted.frontend(tcp_section(frontend), &[frontend.port], true));
        rows.extend(frontend.backends.iter().map(TcpBackend::first).flat_map(|backend| counted.backend(backend, true)));
    }
    let routes = &snapshot.routes;
    rows.extend(routes.rules().flat_map(|(_, route)| counted.backend(routes.backend(route), false)));
    rows
}

impl Counted<'_> {
    /// The one frontend of all ports of HTTP.
    fn services(&self, ports: &[u16]) -> Row {
        let answers = |is: fn(u16) -> bool| {
            self.figures.answers.iter().filter(|answer| is(answer.status)).map(|answer| answer.count).sum()
        };
        Row {
            denied: Some(answers(|status| status == 403)),
            request_errors: Some(answers(|status| matches!(status, 400 | 405 | 408 | 414 | 417 | 431 | 501))),
            ..self.frontend("services".to_owned(), ports, false)
        }
    }

    fn frontend(&self, section: String, ports: &[u16], is_tcp: bool) -> Row {
        let of_ports = || self.figures.frontends.iter().filter(|frontend| ports.contains(&frontend.port));
        let sum = |count: fn(&FrontendFigures) -> u64| of_ports().map(count).sum();
        let mut responses = [0; 5];
        for (place, responses) in responses.iter_mut().enumerate() {
            *responses = of_ports().map(|frontend| frontend.responses[place]).sum();
        }
        Row {
            is_tcp,
            current: sum(|frontend| frontend.open),
            total: sum(|frontend| frontend.accepted),
            bytes_in: Some(sum(|frontend| frontend.request_bytes)),
            bytes_out: Some(sum(|frontend| frontend.response_bytes)),
            responses: (!is_tcp).then_some(responses),
            is_used: true,
            ..Row::new(Kind::Frontend, section, "FRONTEND".to_owned())
        }
    }

    /// The row of its server, and its own.
    fn backend(&self, backend: &Backend, is_tcp: bool) -> [Row; 2] {
        let found = self.backends.get(&*backend.name).filter(|found| found.service == backend.service);
        let mut own = Row { is_tcp, ..Row::new(Kind::Backend, backend.name.to_string(), "BACKEND".to_owned()) };
        let mut server =
            Row { is_tcp, ..Row::new(Kind::Server, backend.name.to_string(), backend.service.to_string()) };
        own.responses = (!is_tcp).then_some([0; 5]);
        let (bytes_in, bytes_out) = found.map_or((0, 0), |found| (found.request_bytes, found.response_bytes));
        for row in [&mut own, &mut server] {
            (row.bytes_in, row.bytes_out) = (Some(bytes_in), Some(bytes_out));
            (row.connect_errors, row.connects, row.is_used) = (Some(0), Some(0), found.is_some());
        }
        (own.response_errors, own.retries, own.redispatches) = (Some(0), Some(0), Some(0));
        if let Some(found) = found {
            own.count(found);
        }
        let servers = self.servers.get(&*backend.name).into_iter().flatten();
        for found in servers.filter(|found| found.service == backend.service) {
            server.add(found);
        }
        [server, own]
    }
}

impl Row {
    fn new(kind: Kind, section: String, name: String) -> Row {
        Row { kind, section, name, ..Row::default() }
    }

    /// All responses with a status.
    pub(crate) fn response_count(&self) -> Option<u64> {
        self.responses.map(|responses| responses.iter().sum())
    }

    /// None of the addresses of a server could be reached.
    pub(crate) fn is_down(&self) -> bool {
        self.failing > 0 && self.failing == self.addresses.len()
    }

    fn count(&mut self, found: &BackendFigures) {
        (self.current, self.total) = (found.sessions, found.requests);
        self.connect_errors = Some(found.connect_failures);
        self.response_errors = Some(found.broken_off);
        self.retries = Some(found.retries + found.repetitions);
        self.redispatches = Some(found.retries);
        self.connects = Some(found.connects);
        self.responses = self.responses.map(|_| found.responses);
        let count: u64 = found.durations.counts.iter().sum();
        self.average = u32::try_from(count).ok().and_then(|count| found.durations.sum.checked_div(count));
    }

    fn add(&mut self, found: &ServerFigures) {
        self.current += found.sessions;
        self.total += found.requests;
        self.connect_errors = self.connect_errors.map(|errors| errors + found.connect_failures);
        self.connects = self.connects.map(|connects| connects + found.connects);
        self.addresses.push(found.address);
        self.failing += usize::from(found.failing_threads > 0);
    }
}
