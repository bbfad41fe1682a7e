//! Which servers of a service are dialled, and why none is.
//!
//! Not here: finding them (`proxy::resolve`), and finding out whether they answer (`proxy::health`).

use model::Service;
use model::service::Dial;
use proxy::{Reach, Resolver, ServersDown};
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

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

/// A remark for each port of the service on which all of the servers that are known are down.
pub(super) fn deaf_ports(service: &Service, resolver: &Resolver, down: &ServersDown) -> Vec<String> {
    let mut ports = BTreeSet::new();
    for destination in &service.destinations {
        let Reach::Reached { addresses, .. } = resolver.reach(&destination.dial) else { continue };
        let is_deaf =
            |port: &u16| !addresses.is_empty() && addresses.iter().all(|ip| down.has(SocketAddr::new(*ip, *port)));
        let https = destination.https.as_ref().map(|https| https.port);
        ports.extend(destination.port.into_iter().chain(https).filter(is_deaf));
    }
    let remark = |port| {
        format!(
            "none of its servers takes a connection on port {port}: is it the port in the container, and does a task run?"
        )
    };
    ports.into_iter().map(remark).collect()
}
