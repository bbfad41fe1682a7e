//! Which servers of a service are dialled, and why none is.
//!
//! Not here: finding them (`proxy::resolve`), and whether they answer, which each request finds out for itself.

use model::Service;
use model::service::Dial;
use proxy::{Reach, Resolver};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// What is known of the servers of a service.
pub(super) struct Reached {
    /// In order; empty as long as no request has asked for them.
    pub(super) servers: Vec<IpAddr>,
    /// Why none of the servers of a destination is known.
    pub(super) problem: Option<String>,
}

impl Reached {
    pub(super) fn of(service: &Service, resolver: &Resolver) -> Reached {
        let (mut servers, mut problem) = (BTreeSet::new(), None);
        let mut seen: Vec<&Dial> = Vec::new();
        for dial in service.destinations.iter().map(|destination| &*destination.dial) {
            // Most destinations of a service lead to the same host.
            if seen.contains(&dial) {
                continue;
            }
            seen.push(dial);
            match resolver.reach(dial) {
                Reach::NotAsked => {}
                Reach::Reached { addresses, .. } => servers.extend(addresses),
                Reach::Unreachable { reason } => {
                    problem.get_or_insert(reason);
                }
            }
        }
        Reached { servers: servers.into_iter().collect(), problem }
    }
}
