//! The section `frontend services`: binds, redirects, and the rules in the order in which they are asked.
//!
//! Not here: the conditions of a rule (`haproxy::acl`), and what a backend does with a request (`haproxy::backend`).

use super::acl::Acls;
use super::{Globals, Lines, statistics, write_statements};
use crate::frontend::Frontend;
use crate::quote::{format_string, word};
use crate::route::{Rule, RuleKind};
use crate::snapshot::Snapshot;

pub(super) fn write(lines: &mut Lines, snapshot: &Snapshot, globals: &Globals) {
    lines.section("frontend services");
    for frontend in &globals.frontends {
        write_bind(lines, frontend, globals);
    }
    // Behind the certificates it would change lines that are looked for as they are.
    if globals.frontends.iter().any(|frontend| is_encrypted(frontend, globals)) {
        let alpn = if globals.tls.http2 { "h2,http/1.1" } else { "http/1.1" };
        lines.line(format_args!("# over TLS, alpn {alpn} is offered"));
    }
    lines.line("mode http");
    lines.line("option forwardfor");
    if let Some(log) = &globals.log {
        log.write_http(lines);
    }
    statistics::write_shared(lines, globals);
    write_statements(lines, "http-request", &globals.frontend.request, globals.secrets);
    write_statements(lines, "http-response", &globals.frontend.response, globals.secrets);
    let mut acls = Acls::new(lines);
    for rule in snapshot.routes.redirects() {
        acls.lines.blank();
        write_redirect(&mut acls, rule);
    }
    for (rule, route) in snapshot.routes.rules() {
        acls.lines.blank();
        let conditions = acls.conditions(rule);
        acls.lines.line(format_args!("use_backend {}{conditions}", snapshot.routes.backend(route).name));
    }
    if let Some(route) = snapshot.routes.default_route() {
        lines.blank();
        lines.line(format_args!("default_backend {}", snapshot.routes.backend(route).name));
    }
}

fn write_bind(lines: &mut Lines, frontend: &Frontend, globals: &Globals) {
    let Globals { certificates, ca_file, .. } = globals;
    let mut bind = format!("bind *:{}", frontend.port);
    if frontend.accept_proxy {
        bind.push_str(" accept-proxy");
    }
    if is_encrypted(frontend, globals) {
        bind.push_str(" ssl");
        for name in certificates {
            bind.push_str(" crt ");
            bind.push_str(&word(name));
        }
        if let Some(file) = ca_file {
            bind.push_str(&format!(" ca-file {} verify optional", word(file)));
        }
        if globals.tls.strict_names {
            bind.push_str(" strict-sni");
        }
    }
    lines.line(bind);
}

/// Without any certificate HAProxy could not even be told.
fn is_encrypted(frontend: &Frontend, globals: &Globals) -> bool {
    frontend.tls && !globals.certificates.is_empty()
}

fn write_redirect(acls: &mut Acls<'_>, rule: &Rule) {
    let destination = rule.destination();
    let action = match (rule.kind(), &destination.first_domain) {
        (RuleKind::RedirectFromDomain, Some(domain)) => {
            format!("prefix {} code 301", format_string(&format!("http://{domain}")))
        }
        _ => to_https(destination.guard.https_redirect_code),
    };
    let conditions = acls.conditions(rule);
    acls.lines.line(format_args!("http-request redirect {action}{conditions}"));
}

/// The redirect of a request to https; HAProxy's own status is 302.
pub(super) fn to_https(code: Option<u16>) -> String {
    let code = code.map(|code| format!(" code {code}"));
    format!("scheme https{}", code.unwrap_or_default())
}
