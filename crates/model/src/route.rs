//! The route table: which service answers a request.
//!
//! Docker Flow's order is the law: class (`/.well-known` first, ordinary, `/` last), then aclName bytewise, then serviceName, then
//! destination; the first rule whose conditions all hold wins. Redirects of all services come before any route.
//! Not here: reading a request from the wire, and dialling a backend.

mod compile;
pub mod head;
pub mod host;
mod index;
pub mod path;
mod rule;
mod trie;
pub mod verdict;
mod word;

pub use head::{FieldList, Fields, RequestHead};
pub use rule::{Rule, RuleKind};
pub use verdict::{Redirect, Verdict};

use crate::auth::Access;
use crate::backend::{Backend, BackendId};
use crate::rewrite::Rewrite;
use crate::service::{Destination, Guard, Service};
use host::Host;
use index::RuleIndex;
use std::sync::Arc;

/// All rules of all services, indexed by host and path. Immutable; a change makes a new one.
#[derive(Debug, Default)]
pub struct RouteTable {
    /// Redirects, in order.
    redirects: RuleIndex,
    /// Routes, in order.
    rules: RuleIndex,
    /// What each rule of `rules` leads to, and the default backend behind them.
    routes: Vec<Route>,
    /// The route of requests that no rule matches.
    default: Option<usize>,
    backends: Vec<Backend>,
}

/// Where a rule leads.
#[derive(Debug)]
pub struct Route {
    service: Arc<Service>,
    destination: usize,
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
        if let Some(rule) = self.redirects.find(head, host).and_then(|rank| self.redirects.rule(rank)) {
            return Verdict::Redirect(rule.redirect(head));
        }
        match self.rules.find(head, host).or(self.default) {
            Some(place) => self.routes[place].guarded(head),
            None => Verdict::NoRoute,
        }
    }

    /// All backends; a [`BackendId`] is a place in this list.
    pub fn backends(&self) -> &[Backend] {
        &self.backends
    }

    /// The rules in the order in which they are asked, and where each leads.
    pub fn rules(&self) -> impl Iterator<Item = (&Rule, &Route)> {
        self.rules.rules().iter().zip(&self.routes)
    }

    /// The rules that redirect, in order; all of them are asked before any other.
    pub fn redirects(&self) -> &[Rule] {
        self.redirects.rules()
    }

    /// Where requests go that no rule matches, if anywhere.
    pub fn default_route(&self) -> Option<&Route> {
        self.default.map(|place| &self.routes[place])
    }

    /// The pool of servers of a route.
    pub fn backend(&self, route: &Route) -> &Backend {
        &self.backends[route.backend.index()]
    }

    /// The plain loop over all rules: what the index must agree with.
    #[cfg(test)]
    pub(crate) fn find_by_loop(&self, head: &RequestHead<'_>) -> Verdict<'_> {
        let host = head.host.and_then(Host::normalise);
        let host = host.as_ref().map(Host::as_bytes);
        if let Some(rule) = self.redirects.rules().iter().find(|rule| rule.holds(head, host)) {
            return Verdict::Redirect(rule.redirect(head));
        }
        let place = self.rules.rules().iter().position(|rule| rule.holds(head, host));
        place.or(self.default).map_or(Verdict::NoRoute, |place| self.routes[place].guarded(head))
    }
}

impl Route {
    /// The service.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// The way into it.
    pub fn destination(&self) -> &Destination {
        &self.service.destinations[self.destination]
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
        if guard.verify_client_ssl || !allowed || named(&guard.denied_methods) || plain {
            return Verdict::Deny;
        }
        match &self.access {
            Access::Open => Verdict::Forward(self),
            Access::Users { realm, .. } => match self.access.admits(head.fields.first("authorization")) {
                true => Verdict::Forward(self),
                false => Verdict::Unauthorized { realm },
            },
        }
    }
}

#[cfg(test)]
mod tests;
