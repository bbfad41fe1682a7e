//! Compiling a catalog into a route table: the order of rules, and the backends they lead to.
//!
//! Not here: what a rule matches (`route::rule`), how it is found (`route::index`).

use super::rule::{Rule, RuleKind};
use super::{Route, RouteTable};
use crate::auth::Access;
use crate::backend::{Backend, BackendId};
use crate::catalog::Catalog;
use crate::service::{Context, Mode, Service};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Which services are asked first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    WellKnown,
    Ordinary,
    Root,
}

/// A table in the making.
struct Compiler<'c> {
    context: &'c Context,
    table: RouteTable,
    /// How often a backend's name was given.
    names: FxHashMap<Arc<str>, u32>,
}

impl RouteTable {
    /// Compiles all services. The same catalog gives the same table.
    pub fn compile(catalog: &Catalog, context: &Context) -> RouteTable {
        let mut compiler = Compiler { context, table: RouteTable::default(), names: FxHashMap::default() };
        for service in in_order(catalog) {
            compiler.add_redirects(service);
            compiler.add_routes(service);
        }
        compiler.table
    }
}

/// The order of the law: class, then aclName bytewise, then serviceName.
pub(crate) fn in_order(catalog: &Catalog) -> Vec<&Arc<Service>> {
    let mut services: Vec<_> = catalog.services().map(|service| (Class::of(service), service)).collect();
    services.sort_by(|(class, service), (other_class, other)| {
        (class, &service.acl_name, &service.name).cmp(&(other_class, &other.acl_name, &other.name))
    });
    services.into_iter().map(|(_, service)| service).collect()
}

impl Class {
    fn of(service: &Service) -> Class {
        if service.is_well_known() {
            Class::WellKnown
        } else if service.is_root() {
            Class::Root
        } else {
            Class::Ordinary
        }
    }
}

impl Compiler<'_> {
    fn add_redirects(&mut self, service: &Arc<Service>) {
        let http = |kind: RuleKind| {
            let places =
                service.destinations.iter().enumerate().filter(|(_, destination)| destination.mode == Mode::Http);
            places.map(move |(place, destination)| (place, destination, kind))
        };
        for (place, destination, kind) in http(RuleKind::RedirectFromDomain) {
            if !destination.redirect_from.is_empty() {
                self.table.redirects.push(Rule::new(service, place, kind));
            }
        }
        let by_proto = [
            (service.redirect_when_http_proto, RuleKind::RedirectWhenHttpProto),
            (service.redirect_unless_https_proto, RuleKind::RedirectUnlessHttpsProto),
        ];
        for (_, kind) in by_proto.into_iter().filter(|(wanted, _)| *wanted) {
            for (place, _, kind) in http(kind) {
                self.table.redirects.push(Rule::new(service, place, kind));
            }
        }
    }

    fn add_routes(&mut self, service: &Arc<Service>) {
        for (place, destination) in service.destinations.iter().enumerate() {
            if destination.mode != Mode::Http {
                continue;
            }
            if let Some(port) = destination.port {
                self.add_route(service, place, RuleKind::Plain, Backend::new(service, destination, port, ""));
            }
            if let Some(https) = destination.https {
                self.add_route(
                    service,
                    place,
                    RuleKind::Https,
                    Backend::new(service, destination, https.port, "https-"),
                );
            }
        }
    }

    fn add_route(&mut self, service: &Arc<Service>, destination: usize, kind: RuleKind, mut backend: Backend) {
        let count = self.names.entry(Arc::clone(&backend.name)).and_modify(|count| *count += 1).or_insert(1);
        if *count > 1 {
            backend.name = format!("{}~{count}", backend.name).into();
        }
        let access = match service.destinations[destination].guard.ignore_authorization {
            true => Access::Open,
            false => Access::new(service.name.as_str(), service.users.as_ref(), &self.context.users),
        };
        let table = &mut self.table;
        let rank = table.rules.push(Rule::new(service, destination, kind));
        table.routes.push(Route {
            service: Arc::clone(service),
            destination,
            backend: BackendId::new(table.backends.len()),
            access,
        });
        table.backends.push(backend);
        // HAProxy takes the last `default_backend` it reads.
        if service.is_default_backend && kind == RuleKind::Plain {
            table.default = Some(rank);
        }
    }
}
