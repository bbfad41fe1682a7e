//! One complete, immutable world: the services and the routes made of them.
//!
//! Not here: making a snapshot live (the program publishes, the proxy serves).

use crate::catalog::Catalog;
use crate::route::RouteTable;
use crate::service::Context;
use crate::tcp::TcpTable;
use std::fmt;

/// A number that only grows: which world this is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Generation(u64);

/// The services and their compiled routes. Two snapshots of the same catalog differ in nothing but the generation.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// Which world this is.
    pub generation: Generation,
    /// What was published.
    pub catalog: Catalog,
    /// The routes.
    pub routes: RouteTable,
    /// The ports on which connections are passed through.
    pub tcp: TcpTable,
}

impl Snapshot {
    /// Compiles a catalog.
    pub fn new(generation: Generation, catalog: Catalog, context: &Context) -> Snapshot {
        Snapshot::default().follow(generation, catalog, context)
    }

    /// Compiles a catalog where this snapshot, made in the same context, is known: what did not change is shared with it.
    pub fn follow(&self, generation: Generation, catalog: Catalog, context: &Context) -> Snapshot {
        let routes = self.routes.follow(&self.catalog, &catalog, context);
        let tcp = self.tcp.follow(&self.catalog, &catalog);
        Snapshot { generation, catalog, routes, tcp }
    }
}

impl Generation {
    /// The number, 0 for the empty world that a program starts with.
    pub fn number(self) -> u64 {
        self.0
    }

    /// The one after.
    #[must_use]
    pub fn next(self) -> Generation {
        Generation(self.0 + 1)
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
