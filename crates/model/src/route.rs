//! The route table: which service answers a request.
//!
//! Docker Flow's order is the law: class (`/.well-known` first, ordinary, `/` last), then aclName bytewise, then serviceName, then
//! destination; the first rule whose conditions all hold wins. Redirects of all services come before any route.
//! Not here: reading a request from the wire, and dialling a backend.

mod budget;
mod claim;
mod compile;
mod few;
pub mod finding;
pub mod head;
pub mod host;
mod index;
pub mod path;
mod rule;
pub mod verdict;

pub use head::{FieldList, Fields, RequestHead};
pub use rule::{Rule, RuleKind};
pub use verdict::{Redirect, Verdict};

use crate::auth::{Access, Admission};
use crate::backend::{Backend, BackendId};
use crate::rewrite::Rewrite;
use crate::service::{Destination, Guard, Service};
use crate::slots::Slots;
use crate::trie::Trie;
use compile::Compiled;
use few::Few;
use host::Host;
use index::RuleIndex;
use rule::Order;
use std::cmp::Ordering;
use std::sync::Arc;

/// All rules of all services, indexed by host and path. A change makes a new one, which shares with the old one all but what the change
/// touches: it costs microseconds, and memory only for what is new.
#[derive(Clone, Debug, Default)]
pub struct RouteTable {
    /// All services, in order.
    services: Trie<Arc<Compiled>>,
    redirects: RuleIndex<Rule>,
    rules: RuleIndex<Route>,
    /// Routes of requests that no rule matches; the last one counts, as HAProxy takes the last `default_backend` it reads.
    defaults: Few<Arc<Route>>,
    /// The services that have a backend of a name.
    names: Trie<Few<Order>>,
    backends: Slots<Arc<Backend>>,
}

/// A rule that forwards, and where it leads.
#[derive(Clone, Debug)]
pub struct Route {
    rule: Rule,
    /// The pool of servers.
    pub backend: BackendId,
    /// Who may pass.
    pub access: Access,
}

impl RouteTable {
    /// Decides about a request: redirects first, then the first rule that holds, then its guard.
    pub fn find(&self, head: &RequestHead<'_>) -> Verdict<'_> {
        let host = head.host.and_then(Host::normalise);
        let host = host.as_ref().map(Host::as_bytes);
        if let Some(rule) = self.redirects.find(head, host) {
            return Verdict::Redirect(rule.redirect(head));
        }
        match self.rules.find(head, host).or(self.default_route()) {
            Some(route) => route.guarded(head),
            None => Verdict::NoRoute,
        }
    }

    /// The redirect that comes before every rule, if there is one for this request: for what is answered in place of all rules.
    pub fn redirect(&self, head: &RequestHead<'_>) -> Option<Redirect> {
        let host = head.host.and_then(Host::normalise);
        let rule = self.redirects.find(head, host.as_ref().map(Host::as_bytes));
        rule.map(|rule| rule.redirect(head))
    }

    /// All backends; a [`BackendId`] is a place among them.
    pub fn backends(&self) -> &Slots<Arc<Backend>> {
        &self.backends
    }

    /// The rules in the order in which they are asked, and where each leads.
    pub fn rules(&self) -> impl Iterator<Item = (&Rule, &Route)> {
        self.services.iter().flat_map(|service| &service.routes).map(|route| (&route.rule, &**route))
    }

    /// The rules that redirect, in order; all of them are asked before any other.
    pub fn redirects(&self) -> impl Iterator<Item = &Rule> {
        self.services.iter().flat_map(|service| &service.redirects).map(|rule| &**rule)
    }

    /// Where requests go that no rule matches, if anywhere.
    pub fn default_route(&self) -> Option<&Route> {
        self.defaults.as_slice().last().map(|route| &**route)
    }

    /// The pool of servers of a route.
    pub fn backend(&self, route: &Route) -> &Backend {
        self.backends.get(route.backend.slot()).expect("a table keeps the backends of its routes")
    }

    /// The plain loop over all rules: what the index must agree with.
    #[cfg(test)]
    pub(crate) fn find_by_loop(&self, head: &RequestHead<'_>) -> Verdict<'_> {
        let host = head.host.and_then(Host::normalise);
        let host = host.as_ref().map(Host::as_bytes);
        if let Some(rule) = self.redirects().find(|rule| rule.holds(head, host)) {
            return Verdict::Redirect(rule.redirect(head));
        }
        let first = self.rules().find(|(rule, _)| rule.holds(head, host)).map(|(_, route)| route);
        first.or(self.default_route()).map_or(Verdict::NoRoute, |route| route.guarded(head))
    }
}

impl Route {
    /// The service.
    pub fn service(&self) -> &Service {
        self.rule.service()
    }

    /// The way into it.
    pub fn destination(&self) -> &Destination {
        self.rule.destination()
    }

    /// Changes of the request line.
    pub fn rewrites(&self) -> &[Rewrite] {
        &self.destination().rewrites
    }

    /// HAProxy's order of rules in a backend: https only, client certificates, methods, plain HTTP, users.
    fn guarded(&self, head: &RequestHead<'_>) -> Verdict<'_> {
        let guard: &Guard = &self.destination().guard;
        if guard.https_only && !head.secure {
            return Verdict::Redirect(Redirect::to_https(head, guard.https_redirect_code));
        }
        let named = |methods: &[String]| methods.iter().any(|method| method.as_bytes() == head.method);
        let allowed = guard.allowed_methods.is_empty() || named(&guard.allowed_methods);
        let plain = guard.deny_http && !head.secure;
        if (guard.verify_client_ssl && !head.verified) || !allowed || named(&guard.denied_methods) || plain {
            return Verdict::Deny;
        }
        match &self.access {
            Access::Open => Verdict::Forward(self),
            Access::Users { realm, .. } => match self.access.judge(head.fields.first("authorization")) {
                Admission::Yes => Verdict::Forward(self),
                Admission::No => Verdict::Unauthorized { realm },
                Admission::Ask(question) => Verdict::Check { route: self, question, realm },
            },
        }
    }
}

impl AsRef<Rule> for Route {
    fn as_ref(&self) -> &Rule {
        &self.rule
    }
}

/// Routes are compared as their rules are.
impl Ord for Route {
    fn cmp(&self, other: &Route) -> Ordering {
        self.rule.cmp(&other.rule)
    }
}

impl PartialOrd for Route {
    fn partial_cmp(&self, other: &Route) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Route {
    fn eq(&self, other: &Route) -> bool {
        self.rule == other.rule
    }
}

impl Eq for Route {}

#[cfg(test)]
mod tests;
