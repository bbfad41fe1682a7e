//! The conditions of rules as ACLs: Docker Flow's names, each declared once.
//!
//! Not here: what a rule leads to (`haproxy::frontend`).

use super::Lines;
use crate::quote::{self, argument, word};
use crate::route::host::HostPattern;
use crate::route::path::PathPattern;
use crate::route::{Rule, RuleKind};
use std::collections::BTreeMap;

/// The longest part of an ACL's name that user agents make, in characters.
const LONGEST_AGENTS: usize = 64;

/// The ACLs of a frontend: declared once each, by name.
pub(super) struct Acls<'l> {
    /// Where they are declared, each before the first line that needs it.
    pub(super) lines: &'l mut Lines,
    /// The tests of each name, in the order in which they came.
    declared: BTreeMap<String, Vec<Test>>,
}

impl<'l> Acls<'l> {
    pub(super) fn new(lines: &'l mut Lines) -> Self {
        Acls { lines, declared: BTreeMap::new() }
    }

    /// The conditions of a rule, ` if ` before them, their ACLs declared; nothing if it always holds.
    pub(super) fn conditions(&mut self, rule: &Rule) -> String {
        let mut names = Vec::new();
        for (not, name, test) in tests(rule) {
            names.push(format!("{not}{}", self.declare(name, test)));
        }
        if names.is_empty() { String::new() } else { format!(" if {}", names.join(" ")) }
    }

    /// The name under which `test` stands: `name`, numbered if other tests have that name. HAProxy would ask any of them.
    fn declare(&mut self, name: String, test: Test) -> String {
        let tests = self.declared.entry(name.clone()).or_default();
        let known = tests.iter().position(|known| *known == test);
        let place = known.unwrap_or(tests.len());
        let name = if place == 0 { name } else { format!("{name}:{}", place + 1) };
        if known.is_none() {
            for line in &test {
                self.lines.line(format_args!("acl {name} {line}"));
            }
            tests.push(test);
        }
        name
    }
}

/// A condition: `!` or nothing, the ACL's name, and its test.
type Condition = (&'static str, String, Test);

/// What stands behind an ACL's name, line by line: any of them may hold.
type Test = Vec<String>;

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
        tests.push(("", format!("{name}_{acl}{port}_{index}"), vec![format!("dst_port {port}")]));
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

fn paths(paths: &[PathPattern]) -> Option<Test> {
    let first = paths.first()?;
    Some(quote::tests(&first.kind().to_string(), paths.iter().map(PathPattern::as_str)))
}

fn hosts(rule: &Rule) -> Option<Test> {
    let hosts = rule.hosts();
    if hosts.iter().any(|host| host.as_str().is_empty()) {
        return Some(vec!["hdr_len(host) gt 0".to_owned()]);
    }
    let texts = hosts.iter().map(HostPattern::as_str);
    (!hosts.is_empty()).then(|| quote::tests(&format!("{} -i", rule.host_keyword()), texts))
}

fn proto(not: &'static str, acl: &str, value: &str) -> Condition {
    (not, format!("is_{acl}_{value}"), vec![format!("hdr(X-Forwarded-Proto) {value}")])
}

fn agents(rule: &Rule) -> Option<Condition> {
    let destination = rule.destination();
    let agents = &destination.agents;
    let safe = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let joined: String = agents.join("_").chars().map(safe).take(LONGEST_AGENTS).collect();
    let name = format!("user_agent_{}_{joined}_{}", rule.service().acl_name, destination.index);
    let test = || quote::tests("hdr_sub(User-Agent) -i", agents.iter().map(String::as_str));
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
                "" => vec![format!("{} 0", fetch("hdr_len"))],
                value => quote::tests(&fetch("hdr"), std::iter::once(value)),
            };
            ("", acl, test)
        })
        .collect()
}
