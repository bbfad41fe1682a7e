//! The JSON object of a replica's status, and how it is made.
//!
//! Not here: asking other replicas.

use super::board::{ListenerNote, Remarks};
use super::reached::{Reached, deaf_ports};
use super::replicas::{Comparison, ReplicaReport};
use crate::controller::Controller;
use model::catalog::{Catalog, Quarantined, Source};
use model::{Service, ServiceName};
use proxy::{Resolver, ServersDown};
use serde::Serialize;
use std::net::IpAddr;

/// The longest reason that is shown, in characters: it may quote a value of any length.
const LONGEST_REASON: usize = 1000;

/// How a replica is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Report {
    status: &'static str,
    /// The number of the world that is live: each replica counts for itself.
    pub generation: u64,
    /// Replicas that serve the same have the same.
    pub digest: String,
    /// Whether it may be given requests.
    pub ready: bool,
    /// Why it is ready without the services of a listener.
    pub degraded: Option<String>,
    /// When a listener's list was last taken over.
    pub last_sync: Option<String>,
    /// The listeners that are asked.
    pub listeners: Vec<ListenerReport>,
    /// Every service that is served, or was refused, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub services: Option<Vec<ServiceReport>>,
    /// What is said of services that are not among them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remarks: Option<Vec<RemarkReport>>,
    /// All replicas side by side, if they were asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<Vec<ReplicaReport>>,
    /// Whether one of them goes on serving something else than this one.
    pub drift: bool,
}

/// A listener.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListenerReport {
    address: String,
    complete: bool,
    error: Option<String>,
}

/// A service.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ServiceReport {
    /// Its name.
    pub service_name: String,
    /// How it is.
    pub state: State,
    /// Why it is so, unless it is live.
    pub reason: Option<String>,
    /// From whom it is known.
    pub source: &'static str,
    /// The addresses of its servers; none as long as no request has asked for them.
    pub servers: Vec<String>,
    /// What is odd about it.
    pub remarks: Vec<String>,
}

/// How a service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is served as was last said.
    Live,
    /// What was last said of it was refused; an earlier version may be live.
    Quarantined,
    /// It is served, and none of its servers can be reached from here.
    Unreachable,
}

/// What is said of a service.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RemarkReport {
    service_name: String,
    text: String,
}

impl Report {
    pub(super) fn of(controller: &Controller, catalog: &Catalog) -> Report {
        Report {
            status: "OK",
            generation: controller.cell().world().snapshot().generation.number(),
            digest: catalog.digest().to_string(),
            ready: false,
            degraded: None,
            last_sync: None,
            listeners: Vec::new(),
            services: None,
            remarks: None,
            replicas: None,
            drift: false,
        }
    }

    /// The same with all replicas beside it, if they were asked; else what was last seen of them.
    #[must_use]
    pub fn beside(self, compared: Option<Comparison>) -> Report {
        match compared {
            Some(compared) => Report { drift: compared.drifts(), replicas: Some(compared.replicas), ..self },
            None => self,
        }
    }

    pub(super) fn tell_services(
        &mut self,
        catalog: &Catalog,
        resolver: &Resolver,
        down: &ServersDown,
        mut remarks: Remarks,
    ) {
        let quarantine = catalog.quarantine();
        let mut services: Vec<_> = catalog
            .sources()
            .map(|(service, source)| {
                let reached = Reached::of(service, resolver);
                let deaf = deaf_ports(service, resolver, down);
                if !deaf.is_empty() {
                    remarks.entry(service.name.to_string()).or_default().extend(deaf);
                }
                match quarantine.get(&service.name) {
                    Some(held) => ServiceReport::kept(service, source, held, &reached),
                    None => ServiceReport::served(service, source, &reached),
                }
            })
            .collect();
        let never_live = quarantine.iter().filter(|(name, _)| catalog.service(name).is_none());
        services.extend(never_live.map(|(name, held)| ServiceReport::refused(name, held)));
        services.sort_unstable_by(|one, other| one.service_name.cmp(&other.service_name));
        for service in &mut services {
            service.remarks = remarks.remove(&service.service_name).unwrap_or_default();
        }
        self.services = Some(services);
        self.remarks = Some(remarks.iter().flat_map(RemarkReport::all).collect());
    }
}

impl ServiceReport {
    fn new(name: &ServiceName, source: Source, state: State) -> ServiceReport {
        ServiceReport {
            service_name: name.to_string(),
            state,
            reason: None,
            source: word(source),
            servers: Vec::new(),
            remarks: Vec::new(),
        }
    }

    /// A service as it was last published.
    fn served(service: &Service, source: Source, reached: &Reached) -> ServiceReport {
        let state = if reached.problem.is_some() { State::Unreachable } else { State::Live };
        let report = ServiceReport::new(&service.name, source, state).at(&reached.servers);
        ServiceReport { reason: reached.problem.as_deref().map(shortened), ..report }
    }

    /// A service whose last version was refused, and that goes on as it was.
    fn kept(service: &Service, source: Source, held: &Quarantined, reached: &Reached) -> ServiceReport {
        let reason = format!("{}; what was said before it is live", shortened(&held.reason));
        let report = ServiceReport::new(&service.name, source, State::Quarantined).at(&reached.servers);
        ServiceReport { reason: Some(reason), ..report }
    }

    fn at(self, servers: &[IpAddr]) -> ServiceReport {
        ServiceReport { servers: servers.iter().map(IpAddr::to_string).collect(), ..self }
    }

    /// A service that has no good version.
    fn refused(name: &ServiceName, held: &Quarantined) -> ServiceReport {
        let reason = Some(shortened(&held.reason));
        ServiceReport { reason, ..ServiceReport::new(name, held.source, State::Quarantined) }
    }
}

impl ListenerReport {
    pub(super) fn of(note: &ListenerNote) -> ListenerReport {
        ListenerReport { address: note.address.clone(), complete: note.complete, error: note.error.clone() }
    }
}

impl RemarkReport {
    fn all((name, texts): (&String, &Vec<String>)) -> Vec<RemarkReport> {
        texts.iter().map(|text| RemarkReport { service_name: name.clone(), text: text.clone() }).collect()
    }
}

fn shortened(reason: &str) -> String {
    match reason.char_indices().nth(LONGEST_REASON) {
        Some((end, _)) => format!("{}…", &reason[..end]),
        None => reason.to_owned(),
    }
}

fn word(source: Source) -> &'static str {
    match source {
        Source::Api => "api",
        Source::Environment => "environment",
        Source::List => "list",
    }
}
