//! The sections `global`, `resolvers docker` and `defaults`: what holds for all services.
//!
//! Lines that EXTRA_GLOBAL brings would stand at the end of `global`. There is no `stats socket`: nothing would listen on it.
//! Not here: the frontend (`haproxy::frontend`).

use super::{Globals, Lines, compression};
use crate::log_format::{Capture, Format};
use crate::quote::word;
use crate::snapshot::Snapshot;
use std::sync::Arc;

/// What is spoken over TLS, in HAProxy's words.
#[derive(Clone, Debug)]
pub struct TlsTerms {
    /// The oldest version, such as `TLSv1.2`.
    pub oldest: &'static str,
    /// The newest one.
    pub newest: &'static str,
    /// An OpenSSL cipher list (`SSL_BIND_CIPHERS`); empty: HAProxy's own.
    pub ciphers: String,
    /// Session tickets are offered.
    pub tickets: bool,
    /// The client's order of ciphers counts.
    pub clients_order: bool,
    /// A name that no certificate is for ends the handshake.
    pub strict_names: bool,
    /// HTTP/2 is offered.
    pub http2: bool,
}

/// The access log.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// Only errors are in it.
    pub errors_only: bool,
    /// How requests look (`DEBUG_HTTP_FORMAT`); `None`: as `option httplog` has it.
    pub http: Option<Format>,
    /// How connections look (`DEBUG_TCP_FORMAT`); `None`: as `option tcplog` has it.
    pub tcp: Option<Format>,
    /// The header fields that are shown (`CAPTURE_REQUEST_HEADER`).
    pub captures: Arc<[Capture]>,
}

/// The newest version of TLS that there is.
const NEWEST: &str = "TLSv1.3";

impl Default for TlsTerms {
    fn default() -> Self {
        let (tickets, clients_order, strict_names, http2) = (true, true, false, true);
        TlsTerms {
            oldest: "TLSv1.2",
            newest: NEWEST,
            ciphers: String::new(),
            tickets,
            clients_order,
            strict_names,
            http2,
        }
    }
}

impl TlsTerms {
    fn versions(&self) -> String {
        let newest = if self.newest == NEWEST { String::new() } else { format!(" ssl-max-ver {}", self.newest) };
        format!("ssl-min-ver {}{newest}", self.oldest)
    }

    /// The options of every bind line. `strict-sni` can stand there alone.
    fn options(&self) -> String {
        let tickets = if self.tickets { "" } else { " no-tls-tickets" };
        let order = if self.clients_order { " prefer-client-ciphers" } else { "" };
        format!("{}{tickets}{order}", self.versions())
    }
}

impl Log {
    /// What a frontend says of its requests.
    pub(super) fn write_http(&self, lines: &mut Lines) {
        lines.line("log global");
        write_format(lines, self.http.as_ref(), "httplog");
        for Capture { name, length } in &*self.captures {
            lines.line(format_args!("capture request header {} len {length}", word(name)));
        }
    }

    /// What a port says of its connections.
    pub(super) fn write_tcp(&self, lines: &mut Lines) {
        lines.line("log global");
        write_format(lines, self.tcp.as_ref(), "tcplog");
    }
}

/// The one takes the place of the other.
fn write_format(lines: &mut Lines, format: Option<&Format>, option: &str) {
    match format {
        None => lines.line(format_args!("option {option}")),
        Some(format) => lines.line(format_args!("log-format {}", word(&format.to_string()))),
    }
}

pub(super) fn write_global(lines: &mut Lines, globals: &Globals) {
    let tls = &globals.tls;
    lines.section("global");
    lines.line("pidfile /var/run/haproxy.pid");
    lines.line("tune.ssl.default-dh-param 2048");
    if globals.log.is_some() {
        lines.line("log 127.0.0.1:1514 local0");
    }
    lines.line(format_args!("ssl-default-bind-options {}", tls.options()));
    lines.line(format_args!("ssl-default-server-options {}", TlsTerms::default().versions()));
    if !tls.ciphers.is_empty() {
        let ciphers = word(&tls.ciphers);
        lines.line(format_args!("ssl-default-bind-ciphers {ciphers}"));
        lines.line(format_args!("ssl-default-server-ciphers {ciphers}"));
    }
}

/// Whom names are asked of; those of the system unless `RESOLVERS` says otherwise.
pub(super) fn write_resolvers(lines: &mut Lines, globals: &Globals) {
    lines.section("resolvers docker");
    if globals.resolvers.is_empty() {
        lines.line("parse-resolv-conf");
    }
    for (address, number) in globals.resolvers.iter().zip(1..) {
        let number = if number == 1 { String::new() } else { number.to_string() };
        lines.line(format_args!("nameserver dns{number} {}", word(address)));
    }
}

pub(super) fn write_defaults(lines: &mut Lines, snapshot: &Snapshot, globals: &Globals) {
    let timeouts = &globals.timeouts;
    lines.section("defaults");
    lines.line("mode http");
    lines.line("balance roundrobin");
    if globals.log.is_none() {
        lines.line("option dontlognull");
    }
    if globals.log.as_ref().is_none_or(|log| log.errors_only) {
        lines.line("option dontlog-normal");
    }
    lines.line(format_args!("option {}", globals.connection_mode.keyword()));
    lines.line("option redispatch");
    if compression::Place::of(&snapshot.routes, globals) == compression::Place::Defaults {
        globals.compression.iter().for_each(|all| compression::write(lines, all));
    }
    // A host that does not resolve is an error of one backend, not of the configuration.
    lines.line("default-server init-addr last,libc,none");
    for (status, path) in &globals.error_files {
        lines.line(format_args!("errorfile {status} {}", word(path)));
    }
    lines.line("maxconn 5000");
    for (name, limit) in [
        ("connect", timeouts.connect),
        ("client", timeouts.client),
        ("server", timeouts.server),
        ("queue", timeouts.queue),
        ("tunnel", timeouts.tunnel),
        ("http-request", timeouts.http_request),
        ("http-keep-alive", timeouts.http_keep_alive),
    ] {
        lines.timeout(name, limit);
    }
}
