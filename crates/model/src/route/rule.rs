//! One rule: the conditions under which a request belongs to a destination, or is redirected.
//!
//! Not here: the order of rules (`route::compile`) and finding one among thousands (`route::index`).

use super::head::RequestHead;
use super::host::HostPattern;
use super::path::PathPattern;
use super::verdict::Redirect;
use crate::service::{Destination, Service};
use std::sync::Arc;

/// The port of the plain rule of a destination that has an https port too.
const PLAIN_PORT: u16 = 80;

/// Conditions of one destination. The destination itself holds them; a rule says which of them count.
#[derive(Debug)]
pub(super) struct Rule {
    service: Arc<Service>,
    destination: usize,
    kind: RuleKind,
}

/// What a rule is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RuleKind {
    /// Forward to `port`.
    Plain,
    /// Forward what came over TLS to `httpsPort`.
    Https,
    /// `redirectFromDomain`.
    RedirectFromDomain,
    /// `redirectWhenHttpProto`.
    RedirectWhenHttpProto,
    /// `redirectUnlessHttpsProto`.
    RedirectUnlessHttpsProto,
}

impl Rule {
    pub(super) fn new(service: &Arc<Service>, destination: usize, kind: RuleKind) -> Rule {
        Rule { service: Arc::clone(service), destination, kind }
    }

    /// Hosts, any of which must match; empty: all.
    pub(super) fn hosts(&self) -> &[HostPattern] {
        match self.kind {
            RuleKind::RedirectFromDomain => &self.destination().redirect_from,
            _ => &self.destination().hosts,
        }
    }

    /// Paths, any of which must match; empty: all.
    pub(super) fn paths(&self) -> &[PathPattern] {
        match self.kind {
            RuleKind::RedirectFromDomain => &[],
            _ => &self.destination().paths,
        }
    }

    /// Whether one of the paths matches.
    pub(super) fn path_holds(&self, path: &[u8]) -> bool {
        self.paths().is_empty() || self.paths().iter().any(|pattern| pattern.matches(path))
    }

    /// Whether all conditions but host and path hold.
    pub(super) fn rest_holds(&self, head: &RequestHead<'_>) -> bool {
        match self.kind {
            RuleKind::Plain => {
                self.port_holds(head) && self.not_excluded(head) && self.agent_holds(head) && self.fields_hold(head)
            }
            RuleKind::Https => self.https_port_holds(head) && self.not_excluded(head) && self.agent_holds(head),
            RuleKind::RedirectFromDomain => true,
            RuleKind::RedirectWhenHttpProto => self.port_holds(head) && head.fields.has_element(PROTO, b"http"),
            RuleKind::RedirectUnlessHttpsProto => self.port_holds(head) && !head.fields.has_element(PROTO, b"https"),
        }
    }

    /// Whether all conditions hold, asked one by one.
    #[cfg(test)]
    pub(super) fn holds(&self, head: &RequestHead<'_>, host: Option<&[u8]>) -> bool {
        let hosts = self.hosts();
        let host_holds = hosts.is_empty() || host.is_some_and(|host| hosts.iter().any(|pattern| pattern.matches(host)));
        host_holds && self.path_holds(head.path) && self.rest_holds(head)
    }

    /// Where a rule that redirects sends the client.
    pub(super) fn redirect(&self, head: &RequestHead<'_>) -> Redirect {
        let destination = self.destination();
        match (self.kind, &destination.first_domain) {
            (RuleKind::RedirectFromDomain, Some(domain)) => Redirect::to_domain(head, domain),
            _ => Redirect::to_https(head, destination.guard.https_redirect_code),
        }
    }

    fn destination(&self) -> &Destination {
        &self.service.destinations[self.destination]
    }

    fn port_holds(&self, head: &RequestHead<'_>) -> bool {
        let destination = self.destination();
        let wanted = destination.source_port.or(destination.https.map(|_| PLAIN_PORT));
        wanted.is_none_or(|port| port == head.port)
    }

    fn https_port_holds(&self, head: &RequestHead<'_>) -> bool {
        self.destination().https.is_some_and(|https| https.source_port == head.port)
    }

    fn not_excluded(&self, head: &RequestHead<'_>) -> bool {
        !self.destination().excluded_paths.iter().any(|pattern| pattern.matches(head.path))
    }

    fn agent_holds(&self, head: &RequestHead<'_>) -> bool {
        let agents = &self.destination().agents;
        let named = |value: &[u8]| {
            let value = value.to_ascii_lowercase();
            agents.iter().any(|agent| memchr::memmem::find(&value, agent.as_bytes()).is_some())
        };
        agents.is_empty() || head.fields.any("user-agent", &mut |value| named(value))
    }

    fn fields_hold(&self, head: &RequestHead<'_>) -> bool {
        self.destination().headers.iter().all(|(name, value)| head.fields.has_element(name, value.as_bytes()))
    }
}

const PROTO: &str = "x-forwarded-proto";
