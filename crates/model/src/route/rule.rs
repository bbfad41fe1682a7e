//! One rule: the conditions under which a request belongs to a destination, or is redirected.
//!
//! Not here: which rules a service has (`route::compile`) and finding one among thousands (`route::index`).

use super::head::RequestHead;
use super::host::HostPattern;
use super::path::PathPattern;
use super::verdict::Redirect;
use crate::service::{Destination, Service};
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// The port of the plain rule of a destination that has an https port too.
const PLAIN_PORT: u16 = 80;

/// Conditions of one destination. The destination itself holds them; a rule says which of them count.
///
/// Rules are compared by the order in which they are asked.
#[derive(Clone, Debug)]
pub struct Rule {
    order: Order,
    /// Its place among the rules of its service.
    place: u32,
    service: Arc<Service>,
    destination: u32,
    kind: RuleKind,
}

/// The place of a service among all: class (`/.well-known` first, `/` last), then aclName bytewise, then serviceName.
/// As bytes, so that it can be compared at once and stand in a trie.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Order(Arc<[u8]>);

/// What a rule is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleKind {
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

impl Order {
    pub(super) fn of(service: &Service) -> Order {
        let class = if service.is_well_known() {
            b'0'
        } else if service.is_root() {
            b'2'
        } else {
            b'1'
        };
        // No name has a zero byte: it ends a name before every longer one.
        Order([&[class], service.acl_name.as_bytes(), &[0], service.name.as_str().as_bytes()].concat().into())
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Rule {
    /// The rule that is at `place` among those of its service.
    pub(super) fn new(
        (order, place): (&Order, usize),
        (service, destination): (&Arc<Service>, usize),
        kind: RuleKind,
    ) -> Rule {
        let small = |number| u32::try_from(number).expect("a service has at most eleven destinations");
        let (place, destination) = (small(place), small(destination));
        Rule { order: order.clone(), place, service: Arc::clone(service), destination, kind }
    }

    /// What it is for.
    pub fn kind(&self) -> RuleKind {
        self.kind
    }

    /// The service it belongs to.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// The destination that holds the conditions.
    pub fn destination(&self) -> &Destination {
        &self.service.destinations[self.destination as usize]
    }

    /// Whether aclName and serviceName decide which of the two is asked first, because neither has a path that puts it first or last.
    pub(super) fn is_of_class_of(&self, other: &Rule) -> bool {
        self.order.as_bytes().first() == other.order.as_bytes().first()
    }

    /// The port of the proxy the request must have come in on; `None`: any.
    pub fn source_port(&self) -> Option<u16> {
        let destination = self.destination();
        match self.kind {
            RuleKind::Https => destination.https.map(|https| https.source_port),
            RuleKind::RedirectFromDomain => None,
            _ => destination.source_port.or(destination.https.map(|_| PLAIN_PORT)),
        }
    }

    /// The matcher of its hosts, as HAProxy spells it.
    pub fn host_keyword(&self) -> &'static str {
        match self.kind {
            RuleKind::RedirectFromDomain => "hdr_beg(host)",
            _ => self.destination().domain_keyword,
        }
    }

    /// How many comparisons it takes, at most, to say whether a host and a path are among its own.
    pub(super) fn breadth(&self) -> usize {
        1 + self.hosts().len() + self.paths().len()
    }

    /// Hosts, any of which must match; empty: all.
    pub fn hosts(&self) -> &[HostPattern] {
        match self.kind {
            RuleKind::RedirectFromDomain => &self.destination().redirect_from,
            _ => &self.destination().hosts,
        }
    }

    /// Paths, any of which must match; empty: all.
    pub fn paths(&self) -> &[PathPattern] {
        match self.kind {
            RuleKind::RedirectFromDomain => &[],
            _ => &self.destination().paths,
        }
    }

    /// Whether one of the hosts matches; `host` is normalised.
    pub(super) fn host_holds(&self, host: Option<&[u8]>) -> bool {
        let hosts = self.hosts();
        hosts.is_empty() || host.is_some_and(|host| hosts.iter().any(|pattern| pattern.matches(host)))
    }

    /// Whether one of the paths matches.
    pub(super) fn path_holds(&self, path: &[u8]) -> bool {
        self.paths().is_empty() || self.paths().iter().any(|pattern| pattern.matches(path))
    }

    /// Whether all conditions but host and path hold.
    pub(super) fn rest_holds(&self, head: &RequestHead<'_>) -> bool {
        let port_holds = self.source_port().is_none_or(|port| port == head.port);
        port_holds
            && match self.kind {
                RuleKind::Plain => self.not_excluded(head) && self.agent_holds(head) && self.fields_hold(head),
                RuleKind::Https => self.not_excluded(head) && self.agent_holds(head),
                RuleKind::RedirectFromDomain => true,
                RuleKind::RedirectWhenHttpProto => head.fields.has_element(PROTO, b"http"),
                RuleKind::RedirectUnlessHttpsProto => !says_https(head),
            }
    }

    /// Whether all conditions hold, asked one by one.
    #[cfg(test)]
    pub(super) fn holds(&self, head: &RequestHead<'_>, host: Option<&[u8]>) -> bool {
        self.host_holds(host) && self.path_holds(head.path) && self.rest_holds(head)
    }

    /// Where a rule that redirects sends the client.
    pub(super) fn redirect(&self, head: &RequestHead<'_>) -> Redirect {
        let destination = self.destination();
        match (self.kind, &destination.first_domain) {
            (RuleKind::RedirectFromDomain, Some(domain)) => Redirect::to_domain(head, domain),
            _ => Redirect::to_https(head, destination.guard.https_redirect_code),
        }
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

impl Ord for Rule {
    fn cmp(&self, other: &Rule) -> Ordering {
        (&self.order, self.place).cmp(&(&other.order, other.place))
    }
}

impl PartialOrd for Rule {
    fn partial_cmp(&self, other: &Rule) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Rule) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Rule {}

impl AsRef<Rule> for Rule {
    fn as_ref(&self) -> &Rule {
        self
    }
}

/// The conditions in HAProxy's words, for people: `path_beg /demo, hdr_beg(host) my-domain.com, port 80`.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let destination = self.destination();
        let any_of = |patterns: &[PathPattern]| {
            let texts: Vec<_> = patterns.iter().map(PathPattern::as_str).collect();
            patterns.first().map(|first| format!("{} {}", first.kind(), texts.join(" ")))
        };
        let mut conditions: Vec<String> = any_of(self.paths()).into_iter().collect();
        let hosts: Vec<_> = self.hosts().iter().map(HostPattern::as_str).collect();
        match hosts.contains(&"") {
            true => conditions.push("any host".to_owned()),
            false if hosts.is_empty() => {}
            false => conditions.push(format!("{} {}", self.host_keyword(), hosts.join(" "))),
        }
        conditions.extend(self.source_port().map(|port| format!("port {port}")));
        match self.kind {
            RuleKind::RedirectFromDomain => {}
            RuleKind::RedirectWhenHttpProto => conditions.push(format!("{PROTO}: http")),
            RuleKind::RedirectUnlessHttpsProto => conditions.push(format!("not {PROTO}: https")),
            RuleKind::Plain | RuleKind::Https => {
                conditions.extend(any_of(&destination.excluded_paths).map(|paths| format!("not {paths}")));
                conditions.extend(destination.agents_condition());
            }
        }
        if self.kind == RuleKind::Plain {
            conditions.extend(destination.headers.iter().map(|(name, value)| format!("{name}: {value}")));
        }
        f.write_str(&conditions.join(", "))
    }
}

impl Destination {
    fn agents_condition(&self) -> Option<String> {
        (!self.agents.is_empty()).then(|| format!("user-agent {}", self.agents.join(" or ")))
    }
}

const PROTO: &str = "x-forwarded-proto";

/// Whether a client, or who ended TLS for it, says that it speaks TLS. Where nobody says anything, TLS to this proxy itself says it: a
/// redirect would send the client where it already is, for ever.
fn says_https(head: &RequestHead<'_>) -> bool {
    match head.fields.first(PROTO) {
        Some(_) => head.fields.has_element(PROTO, b"https"),
        None => head.secure,
    }
}
