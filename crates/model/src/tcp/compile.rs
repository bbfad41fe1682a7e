//! Compiling a catalog into a TCP table: one frontend a port, one backend a destination or group.
//!
//! Not here: which services cannot share a port (`tcp::conflict`).

use super::{TcpBackend, TcpFrontend, TcpRule, TcpTable};
use crate::backend::Backend;
use crate::catalog::Catalog;
use crate::service::{Destination, Mode, Service};
use rustc_hash::FxHashSet;
use std::collections::BTreeMap;
use std::sync::Arc;

impl TcpTable {
    /// Compiles `catalog` where this table was made of `before`: it is the same unless a service it is about is another now.
    pub fn follow(&self, before: &Catalog, catalog: &Catalog) -> TcpTable {
        let changes = catalog.changes_since(before);
        let changed = changes.iter().flat_map(|versions| [versions.before, versions.now]).flatten();
        match changed.map(AsRef::as_ref).any(passes_through) {
            true => TcpTable::compile(catalog),
            false => self.clone(),
        }
    }

    /// Compiles all services. The same catalog gives the same table.
    pub fn compile(catalog: &Catalog) -> TcpTable {
        let mut services: Vec<_> = catalog.services().filter(|service| passes_through(service)).collect();
        services.sort_by(|a, b| (&a.acl_name, &a.name).cmp(&(&b.acl_name, &b.name)));
        let (mut frontends, mut names) = (BTreeMap::new(), FxHashSet::default());
        for service in services {
            for destination in service.destinations.iter().filter(|destination| destination.mode != Mode::Http) {
                let Some(port) = destination.source_port else { continue };
                let frontend = frontends.entry(port).or_insert_with(|| TcpFrontend::new(port, destination));
                frontend.add(service, destination, &mut names);
            }
        }
        TcpTable { frontends: Arc::new(frontends.into_values().map(Arc::new).collect()) }
    }
}

fn passes_through(service: &Service) -> bool {
    service.destinations.iter().any(|destination| destination.mode != Mode::Http)
}

impl TcpFrontend {
    fn new(port: u16, first: &Destination) -> TcpFrontend {
        TcpFrontend {
            port,
            mode: Mode::Sni,
            timeout_client: first.tcp.timeout_client,
            keep_alive: first.tcp.client_keep_alive,
            rules: Vec::new(),
            default: None,
            backends: Vec::new(),
        }
    }

    fn add(&mut self, service: &Service, destination: &Destination, names: &mut FxHashSet<Arc<str>>) {
        if destination.mode == Mode::Tcp {
            self.mode = Mode::Tcp;
        }
        let Some(port) = destination.port else { return };
        let member = Backend::new(service, destination, port, "");
        let group = destination.tcp.group.as_ref();
        let known = self.backends.iter_mut().find(|backend| group.is_some() && backend.group.as_ref() == group);
        if let Some(backend) = known {
            let name = Arc::clone(&backend.first().name);
            return backend.members.push(Backend { name, ..member });
        }
        let name = match group {
            Some(group) => format!("tcpListen_{group}_{}", self.port).into(),
            None => Arc::clone(&member.name),
        };
        let place = self.backends.len();
        self.backends.push(TcpBackend::new(destination, Backend { name: unique(name, names), ..member }));
        if destination.hosts.is_empty() {
            self.default = Some(place);
            return;
        }
        let (acl, index) = (&service.acl_name, destination.index);
        let acl = match destination.mode {
            Mode::Sni => format!("sni_{acl}{port}-{}", self.rules.len() + 1),
            Mode::Http | Mode::Tcp => format!("domain_{acl}{port}_{index}"),
        };
        let acl = self.unique_acl(acl);
        self.rules.push(TcpRule { names: destination.hosts.clone(), acl, backend: place });
    }
}

impl TcpFrontend {
    /// HAProxy asks any of the ACLs of one name, so no two rules have the same.
    fn unique_acl(&self, acl: String) -> String {
        let same = self.rules.iter().filter(|rule| first_of(&rule.acl) == acl).count();
        if same == 0 { acl } else { format!("{acl}:{}", same + 1) }
    }
}

impl TcpBackend {
    fn new(destination: &Destination, first: Backend) -> TcpBackend {
        TcpBackend {
            group: destination.tcp.group.clone(),
            members: vec![first],
            balance: destination.tcp.balance,
            check: destination.tcp.check,
        }
    }
}

/// The name of an ACL without the number that tells it from others of that name.
fn first_of(acl: &str) -> &str {
    match acl.rsplit_once(':') {
        Some((first, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => first,
        _ => acl,
    }
}

/// `name`, numbered if another backend has it.
fn unique(name: Arc<str>, names: &mut FxHashSet<Arc<str>>) -> Arc<str> {
    let numbered = (2..).map(|number| format!("{name}:{number}").into());
    let mut candidates = std::iter::once(Arc::clone(&name)).chain(numbered);
    let name = candidates.find(|name| !names.contains(name)).expect("numbers never end");
    names.insert(Arc::clone(&name));
    name
}
