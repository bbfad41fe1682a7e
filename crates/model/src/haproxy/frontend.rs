//! The section `frontend services`: binds, redirects, and the rules in the order in which they are asked.
//!
//! Not here: what a backend does with a request (`haproxy::backend`).

use super::quote::{argument, format_string, patterns, word};
use super::{Globals, Lines};
use crate::frontend::Frontend;
use crate::route::host::HostPattern;
use crate::route::path::PathPattern;
use crate::route::{Rule, RuleKind};
use crate::service::Mode;
use crate::snapshot::Snapshot;
use std::collections::BTreeMap;

/// The longest part of an ACL's name that user agents make, in characters.
const LONGEST_AGENTS: usize = 64;

pub(super) fn write(lines: &mut Lines, snapshot: &Snapshot, globals: &Globals) {
    lines.section("frontend services");
    for frontend in &globals.frontends {
        write_bind(lines, frontend, &globals.certificates);
    }
    lines.line("mode http");
    lines.line("option forwardfor");
    let mut acls = Acls { lines, declared: BTreeMap::new() };
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
    write_unserved(lines, snapshot);
}

fn write_bind(lines: &mut Lines, frontend: &Frontend, certificates: &[String]) {
    let mut bind = format!("bind *:{}", frontend.port);
    if frontend.accept_proxy {
        bind.push_str(" accept-proxy");
    }
    if frontend.tls && !certificates.is_empty() {
        bind.push_str(" ssl");
        for name in certificates {
            bind.push_str(" crt ");
            bind.push_str(&word(&format!("/certs/{name}")));
        }
    }
    lines.line(bind);
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

/// Destinations that are known but not served. No port is bound for them, so no line may claim it.
fn write_unserved(lines: &mut Lines, snapshot: &Snapshot) {
    for service in snapshot.catalog.services() {
        for destination in service.destinations.iter().filter(|destination| destination.mode != Mode::Http) {
            let port = destination.source_port.unwrap_or_default();
            let mode = if destination.mode == Mode::Tcp { "tcp" } else { "sni" };
            lines.blank();
            lines.line(format_args!(
                "# {} asks for {mode} on port {port}: not built yet, no port is bound for it",
                service.name
            ));
        }
    }
}

/// The ACLs of a frontend: declared once each, by name.
struct Acls<'l> {
    lines: &'l mut Lines,
    /// The tests of each name, in the order in which they came.
    declared: BTreeMap<String, Vec<String>>,
}

impl Acls<'_> {
    /// The conditions of a rule, ` if ` before them, their ACLs declared; nothing if it always holds.
    fn conditions(&mut self, rule: &Rule) -> String {
        let mut names = Vec::new();
        for (not, name, test) in tests(rule) {
            names.push(format!("{not}{}", self.declare(name, test)));
        }
        if names.is_empty() { String::new() } else { format!(" if {}", names.join(" ")) }
    }

    /// The name under which `test` stands: `name`, numbered if other tests have that name. HAProxy would ask any of them.
    fn declare(&mut self, name: String, test: String) -> String {
        let tests = self.declared.entry(name.clone()).or_default();
        let known = tests.iter().position(|known| *known == test);
        let place = known.unwrap_or(tests.len());
        let name = if place == 0 { name } else { format!("{name}~{}", place + 1) };
        if known.is_none() {
            self.lines.line(format_args!("acl {name} {test}"));
            tests.push(test);
        }
        name
    }
}

/// A condition: `!` or nothing, the ACL's name, and its test.
type Condition = (&'static str, String, String);

fn tests(rule: &Rule) -> Vec<Condition> {
    let destination = rule.destination();
    let (acl, index) = (&rule.service().acl_name, destination.index);
    let https = if rule.kind() == RuleKind::Https { "https_" } else { "" };
    let stem = format!("{https}{acl}{}_{index}", port(rule));
    let mut tests: Vec<Condition> = Vec::new();
    if rule.kind() == RuleKind::RedirectFromDomain {
        tests.extend(hosts(rule).map(|test| ("", format!("redirect_{stem}"), test)));
        return tests;
    }
    tests.extend(paths(rule.paths()).map(|test| ("", format!("url_{stem}"), test)));
    let excluded = paths(&destination.excluded_paths).filter(|_| is_route(rule));
    tests.extend(excluded.map(|test| ("!", format!("url_exclude_{stem}"), test)));
    tests.extend(hosts(rule).map(|test| ("", format!("domain_{stem}"), test)));
    if let Some(port) = rule.source_port() {
        let name = if https.is_empty() { "srcPort" } else { "srcHttpsPort" };
        tests.push(("", format!("{name}_{acl}{port}_{index}"), format!("dst_port {port}")));
    }
    match rule.kind() {
        RuleKind::RedirectWhenHttpProto => tests.push(proto("", acl, "http")),
        RuleKind::RedirectUnlessHttpsProto => tests.push(proto("!", acl, "https")),
        _ => tests.extend(agents(rule)),
    }
    tests.extend(headers(rule));
    tests
}

fn is_route(rule: &Rule) -> bool {
    matches!(rule.kind(), RuleKind::Plain | RuleKind::Https)
}

/// The service's port in the names of a rule.
fn port(rule: &Rule) -> u16 {
    let destination = rule.destination();
    let https = destination.https.map(|https| https.port);
    let port = if rule.kind() == RuleKind::Https { https } else { destination.port.or(https) };
    port.unwrap_or_default()
}

fn paths(paths: &[PathPattern]) -> Option<String> {
    let first = paths.first()?;
    Some(format!("{} {}", first.kind(), patterns(paths.iter().map(PathPattern::as_str))))
}

fn hosts(rule: &Rule) -> Option<String> {
    let hosts = rule.hosts();
    if hosts.iter().any(|host| host.as_str().is_empty()) {
        return Some("hdr(host) -m found".to_owned());
    }
    let texts = hosts.iter().map(HostPattern::as_str);
    (!hosts.is_empty()).then(|| format!("{} -i {}", rule.host_keyword(), patterns(texts)))
}

fn proto(not: &'static str, acl: &str, value: &str) -> Condition {
    (not, format!("is_{acl}_{value}"), format!("hdr(X-Forwarded-Proto) {value}"))
}

fn agents(rule: &Rule) -> Option<Condition> {
    let destination = rule.destination();
    let agents = &destination.agents;
    let safe = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let joined: String = agents.join("_").chars().map(safe).take(LONGEST_AGENTS).collect();
    let name = format!("user_agent_{}_{joined}_{}", rule.service().acl_name, destination.index);
    let test = || format!("hdr_sub(User-Agent) -i {}", patterns(agents.iter().map(String::as_str)));
    (!agents.is_empty()).then(|| ("", name, test()))
}

/// The header conditions of a plain rule, numbered through all destinations of the service.
fn headers(rule: &Rule) -> Vec<Condition> {
    if rule.kind() != RuleKind::Plain {
        return Vec::new();
    }
    let (service, destination) = (rule.service(), rule.destination());
    let before = service.destinations.iter().take_while(|other| other.index != destination.index);
    let first: usize = before.map(|other| other.headers.len()).sum();
    let numbered = destination.headers.iter().zip(first..);
    numbered
        .map(|((name, value), number)| {
            let acl = format!("hdr_{}{}_{number}", service.acl_name, port(rule));
            let fetch = |method: &str| word(&format!("{method}({})", argument(name))).into_owned();
            // A line has no word for nothing.
            let test = match value.as_str() {
                "" => format!("{} 0", fetch("hdr_len")),
                value => format!("{} {}", fetch("hdr"), patterns(std::iter::once(value))),
            };
            ("", acl, test)
        })
        .collect()
}
