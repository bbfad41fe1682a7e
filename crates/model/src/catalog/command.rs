//! What may be said to the catalog, and what came of it.
//!
//! Not here: carrying it out (`catalog`).

use super::{ListenerId, Tick};
use crate::params::Params;
use crate::service::{Refused, ServiceName, Warning};

/// Where a service is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A call of the API: by hand, or by a listener whose lists are not taken over here, or that does not say who it is, such as Docker
    /// Flow's. Stays until it is removed.
    Api,
    /// The program's own environment. Stays until it is removed, whoever speaks of it later.
    Environment,
    /// A listener: its list, or a notification of one whose list was taken over. Goes when it leaves a list that is known to be complete.
    List,
}

/// What may happen to the catalog.
#[derive(Clone, Debug)]
pub enum Command {
    /// Add a service, or replace all that was said about it. 0 replicas remove it.
    Configure(Params),
    /// The same as a notification of this listener: if its list is one of those that are taken over, it holds the service too, and the service
    /// goes with it.
    Notify(Params, ListenerId),
    /// The same for a service that the environment describes: no list takes it away, and `HTTPS_ONLY` is not for it, as in Docker Flow.
    Declare(Params),
    /// Take a service out.
    Remove(ServiceName),
    /// Take over a listener's list.
    Reconcile(List),
    /// Take over what was known before the program started, each service from whom it was known then.
    Restore(Vec<Saved>),
}

/// A service as it was known before the program started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// All that was said about it.
    pub params: Params,
    /// From whom.
    pub source: Source,
}

/// A listener's list of services.
#[derive(Clone, Debug)]
pub struct List {
    /// The services, each as the parameters of a `Configure`.
    pub services: Vec<Params>,
    /// Whether the list is known to hold all services, so that what left it is gone. Docker Flow's own listener leaves out
    /// services that are just starting; its lists only add.
    pub complete: bool,
    /// When the list was asked for: what a call has said since is newer.
    pub asked: Tick,
    /// The listeners whose list it is, as far as they say who they are: what they notify from now on is theirs to take away.
    pub from: Vec<ListenerId>,
}

/// What a command did.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// What became of each service it spoke of.
    pub changes: Vec<(ServiceName, Change)>,
    /// Parameters that were ignored or bent.
    pub warnings: Vec<(ServiceName, Warning)>,
    /// Services of a list, or of those known before, that were refused.
    pub refused: Vec<Refused>,
}

/// What became of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Added,
    /// Something else is said about it.
    Replaced,
    /// The same was said before.
    Unchanged,
    /// It is gone.
    Removed,
    /// It was not there.
    Unknown,
    /// It is for another instance of the proxy, and was not here.
    Elsewhere,
}

impl Applied {
    /// Whether the world is another one than before.
    pub fn is_change(&self) -> bool {
        self.changes.iter().any(|(_, change)| matches!(change, Change::Added | Change::Replaced | Change::Removed))
    }

    pub(super) fn merge(&mut self, other: Applied) {
        self.changes.extend(other.changes);
        self.warnings.extend(other.warnings);
    }
}
