//! Services that cannot share a port: the one that comes later is refused, so that nobody silently loses connections.
//!
//! Docker Flow took the last `default_backend` it wrote, and its HAProxy did not start where a port was bound twice.
//! Not here: ports that another program has (the proxy finds them when it binds).

use crate::catalog::Catalog;
use crate::service::{Context, Destination, Mode, Refused, Service};

/// Refuses a service that wants a port of which somebody else has all connections.
pub(crate) fn check(catalog: &Catalog, service: &Service, context: &Context) -> Result<(), Refused> {
    let own: Vec<_> = claims(service).collect();
    for (place, (port, destination)) in own.iter().enumerate() {
        if context.ports.contains(port) {
            return Err(Refused::unusable(format!(
                "service `{}`: srcPort {port} cannot be used in this reqMode: DEFAULT_PORTS or BIND_PORTS has it for HTTP",
                service.name
            )));
        }
        if own[..place].iter().any(|(other_port, other)| other_port == port && excludes(destination, other)) {
            return Err(refused(service, service, *port));
        }
    }
    if own.is_empty() {
        return Ok(());
    }
    for other in catalog.services().filter(|other| other.name != service.name) {
        for (port, destination) in claims(other) {
            if own.iter().any(|(own_port, own)| *own_port == port && excludes(own, destination)) {
                return Err(refused(service, other, port));
            }
        }
    }
    Ok(())
}

/// The ports a service wants bound for itself.
fn claims(service: &Service) -> impl Iterator<Item = (u16, &Destination)> {
    let passed = service.destinations.iter().filter(|destination| destination.mode != Mode::Http);
    passed.filter_map(|destination| Some((destination.source_port?, destination)))
}

/// Whether both want all connections of one port. Those of one group share them.
fn excludes(one: &Destination, other: &Destination) -> bool {
    let share = one.tcp.group.is_some() && one.tcp.group == other.tcp.group;
    one.hosts.is_empty() && other.hosts.is_empty() && !share
}

fn refused(service: &Service, other: &Service, port: u16) -> Refused {
    let whose = match service.name == other.name {
        true => "another destination of it".to_owned(),
        false => format!("service `{}`", other.name),
    };
    Refused::unusable(format!(
        "service `{}`: srcPort {port}: {whose} has all connections of that port; \
         use another srcPort, one serviceGroup for both, or serviceDomain",
        service.name
    ))
}
