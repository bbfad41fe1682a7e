//! A service as we know it, narrowed from Docker's type at the door.
//!
//! Not here: what the parameters mean. Labels become a flat map and stay one.

use std::collections::BTreeMap;

use model::Params;

use crate::docker::wire::{self, Labels, ServiceSpec};

pub(crate) const LABEL_PREFIX: &str = "com.df.";
const DEFAULT_LABEL: &str = "com.df.notify";
const STACK_LABEL: &str = "com.docker.stack.namespace";

/// A labelled service, by Docker's word at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Service {
    /// Docker's identifier; a service that is removed and created again has another one.
    pub(crate) id: String,
    /// Grows with every change of the service.
    pub(crate) version_index: u64,
    /// What receivers call it: Docker's name, shortened or prefixed as was asked.
    pub(crate) name: String,
    /// What receivers are told when it is created or changed.
    pub(crate) params: Params,
    /// How many tasks it is to have; None for global services and jobs.
    pub(crate) wanted: Option<u64>,
    /// Docker is replacing its tasks.
    pub(crate) is_updating: bool,
    /// The network whose addresses of tasks are to be told (`com.df.scrapeNetwork`); see [`crate::node_info`].
    pub(crate) scrape_network: Option<String>,
}

/// Which services count, and what they are called.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    label: String,
    value: Option<String>,
    name_prefix: String,
}

impl Selection {
    /// `notify_label` is a label's name, or `name=value`; see [`crate::Settings`].
    pub(crate) fn new(notify_label: &str, name_prefix: &str) -> Self {
        let (label, value) = match notify_label.split_once('=') {
            Some((label, value)) => (label, Some(value.to_owned())),
            None => (notify_label, None),
        };
        let label = if label.is_empty() { DEFAULT_LABEL } else { label };
        Selection { label: label.to_owned(), value, name_prefix: name_prefix.to_owned() }
    }

    /// The label that makes a service count.
    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    /// The label filter that Docker understands. It lets services with the value `false` through.
    pub(crate) fn filter(&self) -> String {
        match &self.value {
            Some(value) => format!("{}={value}", self.label),
            None => self.label.clone(),
        }
    }

    /// The services that count, by the name that receivers know.
    ///
    /// Two stacks may shorten their services to one name. Receivers can only know one of them: the one changed last, which
    /// is also the one that Docker Flow's listener announced last.
    pub(crate) fn select(&self, listing: Vec<wire::Service>) -> BTreeMap<String, Service> {
        let mut services = BTreeMap::<String, Service>::new();
        for service in listing.into_iter().filter_map(|service| self.narrow(service)) {
            match services.get(&service.name) {
                Some(other) if other.version_index > service.version_index => {}
                _ => {
                    services.insert(service.name.clone(), service);
                }
            }
        }
        services
    }

    /// None if the service does not count, or has no identifier or name (Docker always gives both).
    fn narrow(&self, service: wire::Service) -> Option<Service> {
        let spec = &service.spec;
        if service.id.is_empty() || spec.name.is_empty() || !self.counts(&spec.labels) {
            return None;
        }
        let name = self.name(&spec.name, &spec.labels);
        Some(Service {
            version_index: service.version.index,
            params: self.params(&name, spec),
            wanted: replicas(spec),
            scrape_network: spec.labels.get("com.df.scrapeNetwork").cloned(),
            is_updating: matches!(service.update_status.state.as_str(), "updating" | "rollback_started"),
            id: service.id,
            name,
        })
    }

    fn counts(&self, labels: &Labels) -> bool {
        match (labels.get(&self.label), &self.value) {
            (None, _) => false,
            (Some(value), Some(wanted)) => value == wanted,
            (Some(value), None) => !value.eq_ignore_ascii_case("false"),
        }
    }

    /// The stack's name goes before the prefix comes, so that both settings work together.
    pub(crate) fn name(&self, name: &str, labels: &Labels) -> String {
        let is_short = labels.get("com.df.shortName").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let stack = labels.get(STACK_LABEL).filter(|stack| is_short && !stack.is_empty());
        let short = stack.and_then(|stack| name.strip_prefix(stack.as_str())?.strip_prefix('_')).unwrap_or(name);
        match self.name_prefix.as_str() {
            "" => short.to_owned(),
            prefix => format!("{prefix}_{short}"),
        }
    }

    /// Labels without their prefix; what Docker says itself overrides a label of the same name.
    fn params(&self, name: &str, spec: &ServiceSpec) -> Params {
        let mut params: Params = spec
            .labels
            .iter()
            .filter(|(label, _)| **label != self.label)
            .filter_map(|(label, value)| Some((label.strip_prefix(LABEL_PREFIX)?, value.as_str())))
            .filter(|(param, _)| !param.is_empty())
            .collect();
        params.set("serviceName", name);
        params.set_default("distribute", "true");
        if let Some(replicas) = replicas(spec) {
            params.set("replicas", replicas.to_string());
        }
        params
    }
}

fn replicas(spec: &ServiceSpec) -> Option<u64> {
    spec.mode.replicated.as_ref()?.replicas
}

#[cfg(test)]
mod tests;
