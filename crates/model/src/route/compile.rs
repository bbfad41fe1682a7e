//! Compiling services into a route table: the rules of each, and the backends they lead to.
//!
//! A service is compiled by itself, once for each version of it. The one thing that depends on others is the number behind a backend's
//! name that several have; those are then compiled again.
//! Not here: what a rule matches (`route::rule`), how it is found (`route::index`).

use super::few::Few;
use super::rule::{Order, Rule, RuleKind};
use super::{Route, RouteTable};
use crate::auth::Access;
use crate::backend::{Backend, BackendId};
use crate::catalog::Catalog;
use crate::service::{Context, Mode, Service};
use std::sync::Arc;

/// A service in the table.
#[derive(Debug)]
pub(super) struct Compiled {
    service: Arc<Service>,
    pub(super) redirects: Vec<Arc<Rule>>,
    pub(super) routes: Vec<Arc<Route>>,
}

/// A table in the making.
struct Compiler<'c> {
    context: &'c Context,
    table: RouteTable,
}

impl RouteTable {
    /// Compiles all services. The same catalog gives the same table, whether it is compiled at once or followed change by change.
    pub fn compile(catalog: &Catalog, context: &Context) -> RouteTable {
        RouteTable::default().follow(&Catalog::default(), catalog, context)
    }

    /// The table of `now`, made of this one, which is that of `before` in the same context: only what changed is compiled, the rest is
    /// shared.
    pub fn follow(&self, before: &Catalog, now: &Catalog, context: &Context) -> RouteTable {
        let mut compiler = Compiler { context, table: self.clone() };
        let changes = now.changes_since(before);
        // The last ones first, and then the first ones first: so hardly ever does a name change its number on the way.
        changes.iter().rev().filter_map(|change| change.before).for_each(|service| compiler.take(service));
        changes.iter().filter_map(|change| change.now).for_each(|service| compiler.add(service));
        compiler.table
    }
}

impl Compiler<'_> {
    fn add(&mut self, service: &Arc<Service>) {
        let order = Order::of(service);
        let renumbered = self.name_backends(&order, service, Few::add);
        self.put_in(&order, service);
        renumbered.iter().for_each(|order| self.renew(order));
    }

    fn take(&mut self, service: &Service) {
        let order = Order::of(service);
        self.take_out(&order);
        let renumbered = self.name_backends(&order, service, Few::take);
        renumbered.iter().for_each(|order| self.renew(order));
    }

    /// Compiles a service again because a name of its backends has another number.
    fn renew(&mut self, order: &Order) {
        if let Some(known) = self.take_out(order) {
            self.put_in(order, &known.service);
        }
    }

    /// Notes that a service has, or no longer has, backends of their names. Returns the services behind it with one of those names.
    fn name_backends(&mut self, order: &Order, service: &Service, change: fn(&mut Few<Order>, &Order)) -> Vec<Order> {
        let mut behind = Vec::new();
        for (_, _, backend) in backends(service) {
            self.table.names.update(backend.name.as_bytes(), &mut |slot| {
                let named = slot.get_or_insert_default();
                change(named, order);
                behind.extend(named.as_slice().iter().filter(|other| *other > order).cloned());
                if named.as_slice().is_empty() {
                    *slot = None;
                }
            });
        }
        behind.sort();
        behind.dedup();
        behind
    }

    fn put_in(&mut self, order: &Order, service: &Arc<Service>) {
        let routes = backends(service).enumerate();
        let routes = routes.map(|(place, route)| Arc::new(self.route((order, place), service, route))).collect();
        let redirects = redirects(service).enumerate();
        let redirect = |(place, (destination, kind))| Rule::new((order, place), (service, destination), kind);
        let redirects = redirects.map(redirect).map(Arc::new).collect();
        let compiled = Compiled { service: Arc::clone(service), redirects, routes };
        compiled.redirects.iter().for_each(|rule| self.table.redirects.add(rule));
        for route in &compiled.routes {
            self.table.rules.add(route);
            if is_default(route) {
                self.table.defaults.add(route);
            }
        }
        self.table.services.insert(order.as_bytes(), Arc::new(compiled));
    }

    fn take_out(&mut self, order: &Order) -> Option<Arc<Compiled>> {
        let compiled = self.table.services.remove(order.as_bytes())?;
        compiled.redirects.iter().for_each(|rule| self.table.redirects.take(rule));
        for route in &compiled.routes {
            self.table.rules.take(route);
            self.table.defaults.take(route);
            self.table.backends.remove(route.backend.slot());
        }
        Some(compiled)
    }

    fn route(
        &mut self,
        place: (&Order, usize),
        service: &Arc<Service>,
        (destination, kind, mut backend): (usize, RuleKind, Backend),
    ) -> Route {
        let named = self.table.names.get(backend.name.as_bytes()).map(Few::as_slice).unwrap_or_default();
        let before = named.partition_point(|other| other < place.0);
        if before > 0 {
            backend.name = format!("{}:{}", backend.name, before + 1).into();
        }
        let access = match service.destinations[destination].guard.ignore_authorization {
            true => Access::Open,
            false => Access::new(service.name.as_str(), service.users.as_ref(), &self.context.users),
        };
        let rule = Rule::new(place, (service, destination), kind);
        Route { rule, backend: BackendId::new(self.table.backends.insert(Arc::new(backend))), access }
    }
}

/// What a service redirects: the place of the destination, and why.
fn redirects(service: &Service) -> impl Iterator<Item = (usize, RuleKind)> {
    let wanted = move |kind: RuleKind, place: usize| match kind {
        RuleKind::RedirectFromDomain => !service.destinations[place].redirect_from.is_empty(),
        RuleKind::RedirectWhenHttpProto => service.redirect_when_http_proto,
        _ => service.redirect_unless_https_proto,
    };
    let kinds = [RuleKind::RedirectFromDomain, RuleKind::RedirectWhenHttpProto, RuleKind::RedirectUnlessHttpsProto];
    kinds
        .into_iter()
        .flat_map(move |kind| http_places(service).map(move |place| (place, kind)))
        .filter(move |(place, kind)| wanted(*kind, *place))
}

/// What a service forwards: the place of the destination, over what, and the backend, whose name has no number yet.
fn backends(service: &Service) -> impl Iterator<Item = (usize, RuleKind, Backend)> {
    http_places(service).flat_map(move |place| {
        let destination = &service.destinations[place];
        let plain = destination.port.map(|port| (place, RuleKind::Plain, Backend::new(service, destination, port, "")));
        let https = destination
            .https
            .map(|https| (place, RuleKind::Https, Backend::new(service, destination, https.port, "https-")));
        plain.into_iter().chain(https)
    })
}

fn http_places(service: &Service) -> impl Iterator<Item = usize> {
    (0..service.destinations.len()).filter(|place| service.destinations[*place].mode == Mode::Http)
}

fn is_default(route: &Route) -> bool {
    route.service().is_default_backend && route.rule.kind() == RuleKind::Plain
}
