//! Figures of all threads together, as the control side reads them. Counts only grow while what they belong to is known.
//!
//! Not here: their names and units in an exposition (the program).

use super::counts::{BackendCounts, Counter, FrontendCounts, ServerCounts, open};
use super::handshake::Handshake;
use model::service::ServiceName;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Upper bounds of the groups that durations are counted in; a last group has none.
pub const DURATION_BOUNDS: [Duration; 14] = [
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_micros(2500),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_millis(2500),
    Duration::from_secs(10),
    Duration::from_secs(60),
];

/// Everything that is counted.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// By port.
    pub frontends: Vec<FrontendFigures>,
    /// By name; those that ever got a request.
    pub backends: Vec<BackendFigures>,
    /// By backend and address; those that were ever dialled.
    pub servers: Vec<ServerFigures>,
    /// Answers of the proxy itself, all kinds of them.
    pub answers: Vec<AnswerFigures>,
    /// Connections that ended by a panic.
    pub panics: u64,
    /// Lines of the access log that were written.
    pub log_lines: u64,
    /// Lines of the access log that were lost because nobody took them.
    pub log_lines_dropped: u64,
}

/// Of a bound port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrontendFigures {
    /// The port.
    pub port: u16,
    /// Connections that were accepted.
    pub accepted: u64,
    /// Those that have ended.
    pub closed: u64,
    /// Those that are open.
    pub open: u64,
    /// Failures to accept, such as no descriptor being left.
    pub accept_errors: u64,
    /// Responses by the first digit of their status, 1xx to 5xx, the proxy's own among them.
    pub responses: [u64; 5],
    /// Bytes of requests taken from clients, counted when a request or tunnel has ended.
    pub request_bytes: u64,
    /// Bytes of responses given to clients, the proxy's own among them; counted likewise.
    pub response_bytes: u64,
    /// TLS handshakes by how they ended, in the order of [`FrontendFigures::HANDSHAKES`].
    pub handshakes: [u64; Handshake::COUNT],
}

/// Of a backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackendFigures {
    /// Its name.
    pub backend: Arc<str>,
    /// Whose it is.
    pub service: ServiceName,
    /// Requests that were to be forwarded.
    pub requests: u64,
    /// Requests and tunnels that are going on.
    pub sessions: u64,
    /// Responses by the first digit of their status, those in place of a server's among them.
    pub responses: [u64; 5],
    /// Bytes of requests taken from clients.
    pub request_bytes: u64,
    /// Bytes of responses given to clients.
    pub response_bytes: u64,
    /// Connections made to servers.
    pub connects: u64,
    /// Connections that could not be made.
    pub connect_failures: u64,
    /// Requests given to another server after a failure.
    pub retries: u64,
    /// Requests sent again because a kept connection was dead.
    pub repetitions: u64,
    /// Responses that ended before they were whole.
    pub broken_off: u64,
    /// From a request's head to the end of its response.
    pub durations: Durations,
}

/// How long things took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Durations {
    /// How many, by [`DURATION_BOUNDS`]; each counted once.
    pub counts: [u64; DURATION_BOUNDS.len() + 1],
    /// All together.
    pub sum: Duration,
}

/// Of a server of a backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerFigures {
    /// The backend's name.
    pub backend: Arc<str>,
    /// Whose it is.
    pub service: ServiceName,
    /// The server.
    pub address: SocketAddr,
    /// Requests that a connection was had for.
    pub requests: u64,
    /// Those that are going on.
    pub sessions: u64,
    /// Connections made.
    pub connects: u64,
    /// Connections that could not be made.
    pub connect_failures: u64,
    /// Threads whose last try to connect failed: they pass it over while there are others.
    pub failing_threads: u64,
}

/// Of one kind of answer of the proxy itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerFigures {
    /// The status.
    pub status: u16,
    /// Why, in a word for machines.
    pub reason: &'static str,
    /// How many.
    pub count: u64,
}

impl FrontendFigures {
    /// How a TLS handshake can end, in words for machines; `completed` is the first.
    pub const HANDSHAKES: [&str; Handshake::COUNT] = Handshake::WORDS;

    pub(super) fn add(&mut self, counts: &FrontendCounts) {
        self.open += open(&counts.accepted, &counts.closed);
        self.accepted += counts.accepted.get();
        self.closed += counts.closed.get();
        self.accept_errors += counts.accept_errors.get();
        add_all(&mut self.responses, counts.responses.iter().map(Counter::get));
        self.request_bytes += counts.request_bytes.get();
        self.response_bytes += counts.response_bytes.get();
        add_all(&mut self.handshakes, counts.handshakes.iter().map(Counter::get));
    }
}

impl BackendFigures {
    pub(super) fn new(backend: Arc<str>, service: ServiceName) -> BackendFigures {
        BackendFigures {
            backend,
            service,
            requests: 0,
            sessions: 0,
            responses: [0; 5],
            request_bytes: 0,
            response_bytes: 0,
            connects: 0,
            connect_failures: 0,
            retries: 0,
            repetitions: 0,
            broken_off: 0,
            durations: Durations::default(),
        }
    }

    pub(super) fn add(&mut self, counts: &BackendCounts) {
        self.sessions += open(&counts.requests, &counts.ended);
        self.requests += counts.requests.get();
        add_all(&mut self.responses, counts.responses.iter().map(Counter::get));
        self.request_bytes += counts.request_bytes.get();
        self.response_bytes += counts.response_bytes.get();
        self.connects += counts.connects.get();
        self.connect_failures += counts.connect_failures.get();
        self.retries += counts.retries.get();
        self.repetitions += counts.repetitions.get();
        self.broken_off += counts.broken_off.get();
        add_all(&mut self.durations.counts, counts.durations.iter().map(Counter::get));
        self.durations.sum += Duration::from_nanos(counts.duration_nanos.get());
    }
}

impl ServerFigures {
    pub(super) fn new(backend: Arc<str>, service: ServiceName, address: SocketAddr) -> ServerFigures {
        let (requests, sessions, connects, connect_failures, failing_threads) = (0, 0, 0, 0, 0);
        ServerFigures { backend, service, address, requests, sessions, connects, connect_failures, failing_threads }
    }

    pub(super) fn add(&mut self, counts: &ServerCounts) {
        self.sessions += open(&counts.requests, &counts.ended);
        self.requests += counts.requests.get();
        self.connects += counts.connects.get();
        self.connect_failures += counts.connect_failures.get();
        self.failing_threads += u64::from(counts.failing.load(Ordering::Relaxed));
    }
}

fn add_all(sums: &mut [u64], counts: impl Iterator<Item = u64>) {
    sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
}
