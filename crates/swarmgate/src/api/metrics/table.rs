//! METRICS: the one table of all metrics. What `/metrics` shows and docs/metrics.md come from it.
//!
//! Not here: how a sample is written (`samples`).

use super::samples::Samples;
use super::{Process, Scrape};
use crate::statistics::{Kind as RowKind, Row};
use Kind::{Counter, Gauge, Histogram};
use RowKind::{Backend, Frontend, Server};
use proxy::observe::{AnswerFigures, BackendFigures, DURATION_BOUNDS, FrontendFigures, ServerFigures};
use proxy::tls::Certificate;

/// A metric: one row.
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// One sentence for an operator.
    pub(super) doc: &'static str,
    pub(super) of: Of,
}

/// Prometheus' types.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// What a metric is of, and how its samples are read.
pub(super) enum Of {
    Process(fn(&Process, &mut Samples<'_>)),
    Frontend(fn(&FrontendFigures, &mut Samples<'_>)),
    Certificate(fn(&Certificate, &mut Samples<'_>)),
    Answer(fn(&AnswerFigures, &mut Samples<'_>)),
    Backend(fn(&BackendFigures, &mut Samples<'_>)),
    Server(fn(&ServerFigures, &mut Samples<'_>)),
    /// A row of HAProxy's statistics, by the name that HAProxy's exporter gives its figures.
    Row(RowKind, fn(&Row, &mut Samples<'_>)),
}

const fn process(name: &'static str, kind: Kind, read: fn(&Process, &mut Samples<'_>), doc: &'static str) -> Metric {
    Metric { name, kind, doc, of: Of::Process(read) }
}

const fn frontend(
    name: &'static str,
    kind: Kind,
    read: fn(&FrontendFigures, &mut Samples<'_>),
    doc: &'static str,
) -> Metric {
    Metric { name, kind, doc, of: Of::Frontend(read) }
}

const fn backend(
    name: &'static str,
    kind: Kind,
    read: fn(&BackendFigures, &mut Samples<'_>),
    doc: &'static str,
) -> Metric {
    Metric { name, kind, doc, of: Of::Backend(read) }
}

const fn server(
    name: &'static str,
    kind: Kind,
    read: fn(&ServerFigures, &mut Samples<'_>),
    doc: &'static str,
) -> Metric {
    Metric { name, kind, doc, of: Of::Server(read) }
}

const fn row(
    of: RowKind,
    name: &'static str,
    kind: Kind,
    read: fn(&Row, &mut Samples<'_>),
    doc: &'static str,
) -> Metric {
    Metric { name, kind, doc, of: Of::Row(of, read) }
}

/// Every metric, in the order in which they are shown.
#[rustfmt::skip]
pub(super) const METRICS: &[Metric] = &[
    process("swarmgate_build_info", Gauge, |_, to| to.labelled("version", env!("CARGO_PKG_VERSION"), 1), "Always 1; the label says which version runs."),
    process("swarmgate_uptime_seconds", Gauge, |of, to| to.seconds(of.uptime), "Since the program started."),
    process("swarmgate_generation", Gauge, |of, to| to.value(of.generation), "Number of the configuration that is live; each change makes the next one."),
    process("swarmgate_services", Gauge, |of, to| to.value(of.services), "Services that are configured."),
    process("swarmgate_services_quarantined", Gauge, |of, to| to.value(of.quarantined), "Services whose last version was refused; `GET /v1/docker-flow-proxy/status` says why. An earlier version may be live."),
    process("swarmgate_services_unreachable", Gauge, |of, to| to.value(of.unreachable), "Services that are served, and of which no server is known; the status says why. Found out with their first request."),
    process("swarmgate_catalog_digest", Gauge, |of, to| to.value(of.digest), "What is configured, as a number: replicas that serve the same have the same."),
    process("swarmgate_listener_sync_age_seconds", Gauge, |of, to| of.since_sync.into_iter().for_each(|age| to.seconds(age)), "Since a listener's list was taken over last."),
    process("swarmgate_listeners_silent", Gauge, |of, to| to.value(of.silent_listeners), "Listeners that gave no list of services when they were last asked."),
    process("swarmgate_replicas", Gauge, |of, to| to.value(of.replicas.all), "Replicas of the proxy that this one knows of, itself among them; the other replicas are looked at every ten seconds."),
    process("swarmgate_replicas_drifting", Gauge, |of, to| to.value(of.replicas.drifting), "Those that serve something else than this one for longer than a change needs."),
    process("swarmgate_replicas_silent", Gauge, |of, to| to.value(of.replicas.silent), "Those that did not say what they serve."),
    process("swarmgate_backends", Gauge, |of, to| to.value(of.backends), "Backends of all services."),
    process("swarmgate_connection_panics_total", Counter, |of, to| to.value(of.panics), "Connections that ended by a bug of the proxy. Please report what the log says."),
    process("swarmgate_access_log_lines_total", Counter, |of, to| to.value(of.access_log_lines), "Lines of the access log that were written."),
    process("swarmgate_access_log_dropped_lines_total", Counter, |of, to| to.value(of.access_log_lines_dropped), "Lines of the access log that were lost because its reader was too slow."),
    process("swarmgate_log_dropped_lines_total", Counter, |of, to| to.value(of.log_lines_dropped), "Lines of the program's own log that were lost for the same reason."),

    frontend("swarmgate_frontend_connections_total", Counter, |of, to| to.value(of.accepted), "Connections of clients that were accepted."),
    frontend("swarmgate_frontend_closed_connections_total", Counter, |of, to| to.value(of.closed), "Those that have ended."),
    frontend("swarmgate_frontend_open_connections", Gauge, |of, to| to.value(of.open), "Those that are open."),
    frontend("swarmgate_frontend_accept_errors_total", Counter, |of, to| to.value(of.accept_errors), "Failures to accept a connection, such as no descriptor being left."),
    frontend("swarmgate_frontend_responses_total", Counter, |of, to| to.classes(&of.responses), "Responses by class, those of the proxy itself among them."),
    frontend("swarmgate_frontend_tls_handshakes_total", Counter, |of, to| to.each("result", &FrontendFigures::HANDSHAKES, &of.handshakes), "TLS handshakes by how they ended: `completed`, or why there was no connection."),

    Metric { name: "swarmgate_certificate_not_after_timestamp_seconds", kind: Gauge, doc: "When the certificate of this file expires, in seconds since 1970.", of: Of::Certificate(|of, to| to.moment(of.not_after())) },

    Metric { name: "swarmgate_answers_total", kind: Counter, doc: "Answers of the proxy itself, by status and reason.", of: Of::Answer(|of, to| to.value(of.count)) },

    backend("swarmgate_backend_requests_total", Counter, |of, to| to.value(of.requests), "Requests, and connections of TCP services, that were to be forwarded."),
    backend("swarmgate_backend_responses_total", Counter, |of, to| to.classes(&of.responses), "Responses by class, those that the proxy gave in place of a server among them. A request without a response is not counted."),
    backend("swarmgate_backend_request_bytes_total", Counter, |of, to| to.value(of.request_bytes), "Bytes taken from clients, heads and all."),
    backend("swarmgate_backend_response_bytes_total", Counter, |of, to| to.value(of.response_bytes), "Bytes given to clients, heads and all."),
    backend("swarmgate_backend_connects_total", Counter, |of, to| to.value(of.connects), "Connections made to servers; a request on a kept connection makes none."),
    backend("swarmgate_backend_connect_failures_total", Counter, |of, to| to.value(of.connect_failures), "Connections that could not be made."),
    backend("swarmgate_backend_retries_total", Counter, |of, to| to.value(of.retries), "Tries of another server after a failure."),
    backend("swarmgate_backend_repetitions_total", Counter, |of, to| to.value(of.repetitions), "Requests sent again because a kept connection turned out to be dead."),
    backend("swarmgate_backend_broken_responses_total", Counter, |of, to| to.value(of.broken_off), "Responses that ended before they were whole, whoever ended them."),
    backend("swarmgate_backend_sessions", Gauge, |of, to| to.value(of.sessions), "Requests and tunnels that are going on."),
    backend("swarmgate_backend_request_duration_seconds", Histogram, |of, to| to.histogram(&DURATION_BOUNDS, &of.durations.counts, of.durations.sum), "From a request's head to the end of its response; to the beginning of a tunnel, if it becomes one."),

    server("swarmgate_server_requests_total", Counter, |of, to| to.value(of.requests), "Requests that there was a connection for."),
    server("swarmgate_server_sessions", Gauge, |of, to| to.value(of.sessions), "Those that are going on."),
    server("swarmgate_server_connects_total", Counter, |of, to| to.value(of.connects), "Connections made."),
    server("swarmgate_server_connect_failures_total", Counter, |of, to| to.value(of.connect_failures), "Connections that could not be made."),
    server("swarmgate_server_failing_threads", Gauge, |of, to| to.value(of.failing_threads), "Threads whose last try to connect failed, and that pass the server over while there are others."),

    process("haproxy_up", Gauge, |_, to| to.value(1), "Always 1: there is no other program that could be down."),
    row(Frontend, "haproxy_frontend_current_sessions", Gauge, |of, to| to.value(of.current), "Connections that are open."),
    row(Frontend, "haproxy_frontend_connections_total", Counter, |of, to| to.value(of.total), "Connections that were accepted."),
    row(Frontend, "haproxy_frontend_bytes_in_total", Counter, |of, to| to.maybe(of.bytes_in), "Bytes taken from clients, counted when a request has ended."),
    row(Frontend, "haproxy_frontend_bytes_out_total", Counter, |of, to| to.maybe(of.bytes_out), "Bytes given to clients, counted likewise."),
    row(Frontend, "haproxy_frontend_requests_denied_total", Counter, |of, to| to.maybe(of.denied), "Requests that a rule forbade: 403."),
    row(Frontend, "haproxy_frontend_request_errors_total", Counter, |of, to| to.maybe(of.request_errors), "What was no request, too large a one, or too slow."),
    row(Frontend, "haproxy_frontend_http_requests_total", Counter, |of, to| to.maybe(of.response_count()), "Requests that were answered."),
    row(Frontend, "haproxy_frontend_http_responses_total", Counter, |of, to| to.codes(of.responses), "Responses by class."),
    row(Backend, "haproxy_backend_up", Gauge, |_, to| to.value(1), "Always 1."),
    row(Backend, "haproxy_backend_weight", Gauge, |_, to| to.value(1), "Always 1."),
    row(Backend, "haproxy_backend_current_queue", Gauge, |_, to| to.value(0), "Always 0: no request waits for a place at a server."),
    row(Backend, "haproxy_backend_max_queue", Gauge, |_, to| to.value(0), "Always 0."),
    row(Backend, "haproxy_backend_current_sessions", Gauge, |of, to| to.value(of.current), "Requests and tunnels that are going on."),
    row(Backend, "haproxy_backend_connections_total", Counter, |of, to| to.value(of.total), "Requests that were to be forwarded."),
    row(Backend, "haproxy_backend_bytes_in_total", Counter, |of, to| to.maybe(of.bytes_in), "Bytes taken from clients."),
    row(Backend, "haproxy_backend_bytes_out_total", Counter, |of, to| to.maybe(of.bytes_out), "Bytes given to clients."),
    row(Backend, "haproxy_backend_connection_errors_total", Counter, |of, to| to.maybe(of.connect_errors), "Connections that could not be made."),
    row(Backend, "haproxy_backend_response_errors_total", Counter, |of, to| to.maybe(of.response_errors), "Responses that ended before they were whole."),
    row(Backend, "haproxy_backend_retry_warnings_total", Counter, |of, to| to.maybe(of.retries), "Requests that were sent again, to the same server or another."),
    row(Backend, "haproxy_backend_redispatch_warnings_total", Counter, |of, to| to.maybe(of.redispatches), "Of those, the ones to another."),
    row(Backend, "haproxy_backend_http_responses_total", Counter, |of, to| to.codes(of.responses), "Responses by class."),
    row(Server, "haproxy_server_up", Gauge, |of, to| to.value(u64::from(!of.is_down())), "0 if none of its addresses could be reached the last time."),
    row(Server, "haproxy_server_weight", Gauge, |_, to| to.value(1), "Always 1."),
    row(Server, "haproxy_server_current_sessions", Gauge, |of, to| to.value(of.current), "Requests and tunnels that are going on."),
    row(Server, "haproxy_server_connections_total", Counter, |of, to| to.value(of.total), "Requests that there was a connection for."),
    row(Server, "haproxy_server_bytes_in_total", Counter, |of, to| to.maybe(of.bytes_in), "Bytes taken from clients."),
    row(Server, "haproxy_server_bytes_out_total", Counter, |of, to| to.maybe(of.bytes_out), "Bytes given to clients."),
    row(Server, "haproxy_server_connection_errors_total", Counter, |of, to| to.maybe(of.connect_errors), "Connections that could not be made."),
];

impl Of {
    /// The labels that all samples of it have.
    pub(super) fn labels(&self) -> &'static [&'static str] {
        match self {
            Of::Process(_) => &[],
            Of::Frontend(_) => &["port"],
            Of::Certificate(_) => &["certificate"],
            Of::Answer(_) => &["code", "reason"],
            Of::Backend(_) => &["backend", "service"],
            Of::Server(_) => &["backend", "service", "server"],
            Of::Row(Frontend, _) => &["frontend"],
            Of::Row(Backend, _) => &["backend"],
            Of::Row(Server, _) => &["backend", "server"],
        }
    }

    /// How many things it is of.
    pub(super) fn count(&self, scrape: &Scrape) -> usize {
        let figures = &scrape.figures;
        match self {
            Of::Process(_) => 1,
            Of::Frontend(_) => figures.frontends.len(),
            Of::Certificate(_) => scrape.certificates.len(),
            Of::Answer(_) => figures.answers.len(),
            Of::Backend(_) => figures.backends.len(),
            Of::Server(_) => figures.servers.len(),
            Of::Row(kind, _) => scrape.rows(*kind).count(),
        }
    }
}
