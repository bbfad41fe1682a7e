//! `/config?type=json`: all services, by name, with the values that were filled in.
//!
//! Not here: the fields (`api::echo`).

use super::echo::{self, ServiceFields};
use model::{Context, Service, Snapshot};
use std::collections::BTreeMap;

/// Every service of a snapshot.
pub(super) fn all<'s>(snapshot: &'s Snapshot, context: &Context) -> BTreeMap<&'s str, ServiceFields> {
    snapshot.catalog.services().map(|service| (service.name.as_str(), formatted(service, context))).collect()
}

/// What was sent, completed as Docker Flow completed it before it wrote its configuration.
fn formatted(service: &Service, context: &Context) -> ServiceFields {
    let mut fields = echo::as_sent(&service.params, context);
    service.acl_name.clone_into(&mut fields.acl_name);
    fields.service_name = Some(service.name.to_string());
    for destination in fields.service_dest.iter_mut().flatten() {
        if destination.path_type.is_empty() {
            "path_beg".clone_into(&mut destination.path_type);
        }
        if destination.src_port > 0 {
            let (port, index) = (destination.src_port, destination.index);
            let name = format!("srcPort_{}{port}_{index}", service.acl_name);
            destination.src_port_acl = format!("\n    acl {name} dst_port {port}");
            destination.src_port_acl_name = format!(" {name}");
        }
    }
    fields
}
