//! The cell that everything is served from: a snapshot and, for each of its backends, what was observed of it.
//!
//! Not here: making snapshots (the program's controller, the one writer).

use crate::resolve::{Host, Resolver};
use crate::tcp::TcpPorts;
use crate::tls::{Tls, ToServer};
use arc_swap::ArcSwap;
use model::{Backend, BackendId, Slots, Snapshot};
use std::sync::Arc;

/// One complete world. Built by the writer, swapped whole, read by every thread.
pub struct World {
    snapshot: Snapshot,
    /// At the places of the snapshot's backends.
    upstreams: Slots<Arc<Upstream>>,
    tcp: TcpPorts,
    tls: Tls,
}

/// A backend, with the host it dials. An exchange holds it alone, not the world it came from.
pub(crate) struct Upstream {
    pub(crate) backend: Arc<Backend>,
    pub(crate) host: Arc<Host>,
    /// How its servers are spoken to over TLS; `None`: they are not.
    pub(crate) tls: Option<ToServer>,
    /// It asks for nothing but being forwarded to: what most backends are, and what is looked at first.
    pub(crate) is_plain: bool,
}

/// The one cell.
#[derive(Clone)]
pub struct Cell(Arc<ArcSwap<World>>);

impl World {
    /// Joins a snapshot with the hosts that its backends dial. Addresses known from earlier worlds are kept.
    pub fn new(snapshot: Snapshot, tls: Tls, resolver: &Resolver) -> World {
        let (upstreams, tcp) = (Slots::default(), TcpPorts::default());
        let empty = World { snapshot: Snapshot::default(), upstreams, tcp, tls: tls.clone() };
        empty.follow(snapshot, tls, resolver)
    }

    /// The same where this world is known, whose snapshot `snapshot` was made of: what did not change is shared with it.
    pub fn follow(&self, snapshot: Snapshot, tls: Tls, resolver: &Resolver) -> World {
        let mut upstreams = self.upstreams.clone();
        let (backends, before) = (snapshot.routes.backends(), self.snapshot.routes.backends());
        for place in backends.changed_since(before) {
            let known = upstreams.get(place).map(|upstream| &upstream.backend);
            match (known, backends.get(place)) {
                (Some(known), Some(backend)) if Arc::ptr_eq(known, backend) => {}
                (None, None) => {}
                (_, backend) => upstreams.set(place, backend.map(|backend| Upstream::new(backend, &tls, resolver))),
            }
        }
        let tcp = self.tcp.follow(&snapshot.tcp, resolver);
        World { snapshot, upstreams, tcp, tls }
    }

    /// What is served.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    pub(crate) fn upstream(&self, backend: BackendId) -> &Arc<Upstream> {
        self.upstreams.get(backend.slot()).expect("every backend of the snapshot has its upstream")
    }

    /// What clients are spoken to with where they speak TLS.
    pub fn tls(&self) -> &Tls {
        &self.tls
    }

    /// The ports in tcp and sni mode.
    pub(crate) fn tcp(&self) -> &TcpPorts {
        &self.tcp
    }
}

impl Upstream {
    fn new(backend: &Arc<Backend>, tls: &Tls, resolver: &Resolver) -> Arc<Upstream> {
        let to_server = backend.server_tls.as_ref().map(|asked| tls.to_server(asked));
        Arc::new(Upstream {
            backend: Arc::clone(backend),
            host: resolver.host(&backend.dial),
            tls: to_server,
            is_plain: backend.compression.is_none() && backend.cookie.is_none() && backend.statements.is_empty(),
        })
    }
}

impl Cell {
    /// A cell that holds `world`.
    pub fn new(world: World) -> Cell {
        Cell(Arc::new(ArcSwap::from_pointee(world)))
    }

    /// Makes `world` live. Returns the one before: dropping the last reference to a large world takes milliseconds, which no
    /// request should pay, so the writer keeps it until nobody else holds it.
    pub fn publish(&self, world: World) -> Arc<World> {
        self.0.swap(Arc::new(world))
    }

    /// The world that is live now.
    pub fn world(&self) -> Arc<World> {
        self.0.load_full()
    }

    /// Lends the live world for one decision, without touching its count of references.
    pub(crate) fn with<T>(&self, decide: impl FnOnce(&World) -> T) -> T {
        decide(&self.0.load())
    }
}
