//! How this replica is: what it serves, from whom it knows it, what was refused, and what is odd about it.
//!
//! For an operator, for the other replicas, and for `/metrics`. Nothing secret is in it.
//! Not here: the verb that shows it (`api::status`), and what is counted of requests (`proxy::observe`).

mod board;
mod drift;
mod reached;
mod replicas;
mod report;

pub use board::{Board, ListenerNote, ReplicaCounts};
pub use replicas::{Comparison, ReplicaReport, Replicas};
pub use report::{Report, ServiceReport, State};

use crate::controller::Controller;
use crate::readiness::{Readiness, Ready};
use crate::sharing::Asked;
use proxy::{Resolver, ServersDown};
use reached::Reached;

/// Makes reports. Clones report the same.
#[derive(Clone)]
pub struct Status {
    /// What is noted by the tasks of the program.
    pub board: Board,
    /// The one writer, whose services are reported.
    pub controller: Controller,
    /// Whether a listener's services were taken over.
    pub readiness: Readiness,
    /// Whether the other replicas were asked for their certificates, where they are to be.
    pub asked: Asked,
    /// Knows which servers are dialled.
    pub resolver: Resolver,
    /// Knows which of them take no connection.
    pub servers_down: ServersDown,
}

/// How much of it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// What replicas compare, and nothing by the number of services.
    Summary,
    /// Every service too.
    Services,
}

impl Status {
    /// How this replica is at this moment.
    pub fn report(&self, depth: Depth) -> Report {
        let catalog = self.controller.catalog();
        let mut report = Report::of(&self.controller, &catalog);
        let ready = self.readiness.now();
        report.ready = self.asked.is_over() && ready != Ready::NotYet;
        if let Ready::Degraded(reason) = ready {
            report.degraded = Some(reason);
        }
        self.board.tell(&mut report);
        if depth == Depth::Services {
            report.tell_services(&catalog, &self.resolver, &self.servers_down, self.board.remarks());
        }
        report
    }

    /// How many services are served of which no server is known.
    pub fn unreachable(&self) -> u64 {
        let catalog = self.controller.catalog();
        let reached = catalog.services().map(|service| Reached::of(service, &self.resolver));
        reached.filter(|reached| reached.problem.is_some()).count() as u64
    }
}
