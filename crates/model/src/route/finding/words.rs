//! What is said about a hidden route: the parameter, who takes its requests, why, and the ways out.
//!
//! Not here: finding it (`route::finding`).

use super::Hidden;
use crate::route::host::HostPattern;
use crate::route::path::PathPattern;
use crate::route::rule::{Rule, RuleKind};
use crate::service::read::shown;
use std::fmt;

/// A finding as a sentence.
pub(super) struct Words<'h> {
    pub(super) hidden: &'h Hidden<'h>,
}

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Hidden { rule, by, paths, hosts, example: (claim, wider) } = self.hidden;
        let (own, other) = (asked(rule, paths, hosts), asked(by, wider.path.as_slice(), wider.host.as_slice()));
        let name = &by.service().name;
        write!(f, "{own} gets no request: ")?;
        if by.kind() == RuleKind::RedirectFromDomain {
            return write!(
                f,
                "{other} of service {name} redirects them all, and redirects come before all routes; take the name out of one of the two"
            );
        }
        if name == &rule.service().name {
            return write!(f, "{other} of the same service is asked first and takes them all; {IN_ONE_SERVICE}");
        }
        let order = order(rule, by);
        match wider.implies(claim.rule) {
            true => write!(
                f,
                "service {name} asks for the same ({other}) and is asked first, because {order}; {}",
                tell_apart(rule)
            ),
            false => write!(
                f,
                "{other} of service {name} takes them all and is asked first, because {order}; {}",
                way_out(rule, by)
            ),
        }
    }
}

const IN_ONE_SERVICE: &str = "give the narrower destination the lower index";

/// The parameters that say this of a rule: `servicePath.1=/a,/b with serviceDomain=my-domain.com on port 443`.
fn asked(rule: &Rule, paths: &[&PathPattern], hosts: &[&HostPattern]) -> String {
    let host = |host: &&HostPattern| match host {
        HostPattern::Suffix(text) => format!("*{text}"),
        other => other.as_str().to_owned(),
    };
    let hosts: Vec<_> = hosts.iter().map(host).collect();
    let paths: Vec<_> = paths.iter().map(|path| path.as_str()).collect();
    let domains = if rule.kind() == RuleKind::RedirectFromDomain { "redirectFromDomain" } else { "serviceDomain" };
    // A service with domains alone has the path `/` without having said so.
    let said = |name: &'static str, values: Vec<_>| {
        let name = spelled(rule, name).filter(|_| !values.is_empty())?;
        Some(format!("{name}={}", shown("", &values.join(","))))
    };
    let said: Vec<_> =
        [said("servicePath", paths.iter().map(|path| (*path).to_owned()).collect()), said(domains, hosts)]
            .into_iter()
            .flatten()
            .collect();
    let port = rule.source_port().map(|port| format!(" on port {port}")).unwrap_or_default();
    said.join(" with ") + &port
}

/// The name of a parameter as the service spells it for this destination; `None` if it says nothing of it.
fn spelled(rule: &Rule, name: &'static str) -> Option<String> {
    let params = &rule.service().params;
    let indexed = format!("{name}.{}", rule.destination().index);
    match params.get(&indexed) {
        Some(_) => Some(indexed),
        None => params.get(name).map(|_| name.to_owned()),
    }
}

/// Why `by` is asked before `rule`.
fn order(rule: &Rule, by: &Rule) -> String {
    let (acl, earlier) = (&rule.service().acl_name, &by.service().acl_name);
    match (rule.is_of_class_of(by), rule.service().is_root() && !rule.service().is_well_known()) {
        (true, _) if acl == earlier => format!("both have the aclName {acl}, and then serviceName decides"),
        (true, _) => format!("its aclName {earlier} comes before {acl}"),
        (false, true) => "services with the path `/` come last".to_owned(),
        (false, false) => "services with a path under /.well-known come first".to_owned(),
    }
}

fn way_out(rule: &Rule, by: &Rule) -> String {
    let (name, other, earlier) = (&rule.service().name, &by.service().name, &by.service().acl_name);
    let narrower = format!("{other} a narrower path (pathType) or domain");
    match rule.is_of_class_of(by) {
        true => format!("give {name} an aclName that comes before {earlier}, or {narrower}"),
        false => format!("give that path a service of its own, or {narrower}"),
    }
}

fn tell_apart(rule: &Rule) -> &'static str {
    match rule.hosts().is_empty() {
        true => "change one of the two, or tell them apart by serviceDomain",
        false => "change one of the two, or tell them apart by servicePath",
    }
}
