//! The sections of bare connections: `frontend tcpFE_<port>`, `frontend service_<port>` of sni mode, `listen` of groups, their backends.
//!
//! Not here: which service a connection belongs to (`tcp`).

use super::backend::bracketed;
use super::{Globals, Lines};
use crate::quote::tests;
use crate::route::host::HostPattern;
use crate::service::Mode;
use crate::tcp::{TcpBackend, TcpFrontend, TcpRule, TcpTable};
use std::fmt::Display;

/// Docker Flow's order: ports in tcp mode, those in sni mode, then groups.
pub(super) fn write_frontends(lines: &mut Lines, table: &TcpTable, globals: &Globals) {
    for mode in [Mode::Tcp, Mode::Sni] {
        for frontend in table.frontends().iter().filter(|frontend| frontend.mode == mode && !is_listen(frontend)) {
            write_frontend(lines, frontend, globals);
        }
    }
    for frontend in table.frontends().iter().filter(|frontend| is_listen(frontend)) {
        for backend in &frontend.backends {
            lines.section(format_args!("listen {}", section(frontend)));
            write_bind(lines, frontend, globals);
            write_pool(lines, backend);
        }
    }
}

/// The backends behind frontends; those of groups stand in their `listen`.
pub(super) fn write_backends(lines: &mut Lines, table: &TcpTable) {
    for frontend in table.frontends().iter().filter(|frontend| !is_listen(frontend)) {
        for backend in &frontend.backends {
            lines.section(format_args!("backend {}", backend.first().name));
            lines.line("mode tcp");
            write_pool(lines, backend);
        }
    }
}

/// A port of one group alone is one section; beside other services the group is a backend like theirs.
fn is_listen(frontend: &TcpFrontend) -> bool {
    matches!(frontend.backends.as_slice(), [backend] if backend.group.is_some())
}

/// The name of the section of a port: Docker Flow's, or that of the one group that has it.
pub fn section(frontend: &TcpFrontend) -> String {
    match frontend.backends.as_slice() {
        [backend] if is_listen(frontend) => backend.first().name.to_string(),
        _ if frontend.mode == Mode::Tcp => format!("tcpFE_{}", frontend.port),
        _ => format!("service_{}", frontend.port),
    }
}

fn write_frontend(lines: &mut Lines, frontend: &TcpFrontend, globals: &Globals) {
    lines.section(format_args!("frontend {}", section(frontend)));
    write_bind(lines, frontend, globals);
    if frontend.needs_name() {
        lines.line("tcp-request inspect-delay 5s");
        lines.line("tcp-request content accept if { req.ssl_hello_type 1 }");
    }
    for rule in &frontend.rules {
        write_rule(lines, rule, &frontend.backends[rule.backend]);
    }
    if let Some(place) = frontend.default {
        lines.line(format_args!("default_backend {}", frontend.backends[place].first().name));
    }
}

fn write_bind(lines: &mut Lines, frontend: &TcpFrontend, globals: &Globals) {
    lines.line(format_args!("bind *:{}", frontend.port));
    lines.line("mode tcp");
    if let Some(log) = &globals.log {
        log.write_tcp(lines);
    }
    if let Some(limit) = frontend.timeout_client {
        lines.timeout("client", limit);
    }
    if frontend.keep_alive {
        lines.line("option clitcpka");
    }
}

/// One ACL; each way of matching is a line of it.
fn write_rule(lines: &mut Lines, rule: &TcpRule, backend: &TcpBackend) {
    let mut methods: Vec<&str> = Vec::new();
    for name in &rule.names {
        if !methods.contains(&method(name)) {
            methods.push(method(name));
        }
    }
    for wanted in methods {
        let texts = rule.names.iter().filter(|name| method(name) == wanted).map(HostPattern::as_str);
        for test in tests(&format!("req.ssl_sni{wanted} -i"), texts) {
            lines.line(format_args!("acl {} {test}", rule.acl));
        }
    }
    lines.line(format_args!("use_backend {} if {}", backend.first().name, rule.acl));
}

fn method(name: &HostPattern) -> &'static str {
    match name {
        HostPattern::Exact(_) => "",
        HostPattern::Prefix(_) => " -m beg",
        HostPattern::Suffix(_) => " -m end",
        HostPattern::Labels(_) => " -m dom",
        HostPattern::Substring(_) => " -m sub",
        HostPattern::Regex(_) => " -m reg",
    }
}

fn write_pool(lines: &mut Lines, backend: &TcpBackend) {
    if backend.group.is_some() {
        lines.line(format_args!("balance {}", backend.balance.keyword()));
    }
    if backend.check {
        lines.line("option tcp-check");
    }
    for (name, limit) in [("server", backend.first().timeout_server), ("tunnel", backend.first().timeout_tunnel)] {
        if let Some(limit) = limit {
            lines.timeout(name, limit);
        }
    }
    for (member, number) in backend.members.iter().zip(1..) {
        let (service, port) = (&member.service, member.port);
        let name = match &backend.group {
            Some(group) => format!("{group}-{service}{port}_{number}"),
            None => service.to_string(),
        };
        write_server(lines, name, format_args!("{}:{port}", bracketed(member.dial.host())), backend.check);
    }
}

fn write_server(lines: &mut Lines, name: impl Display, address: impl Display, check: bool) {
    let check = if check { " check" } else { "" };
    lines.line(format_args!("server {name} {address}{check}"));
}
