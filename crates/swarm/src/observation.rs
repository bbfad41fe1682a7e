//! Tasks and nodes as Docker listed them at one moment, narrowed to what counts.
//!
//! Not here: which services count ([`crate::service`]), and what is told of them ([`crate::task_list`]).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use crate::docker::wire;
use crate::node::Node;
use crate::service::Service;
use crate::task_list::Address;

/// All tasks that Docker wants to run, and all nodes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Observation {
    /// By the identifier of their service.
    tasks: HashMap<String, Vec<Task>>,
    /// Subnets by the name of their network, without those of the routing mesh.
    pub(crate) networks: BTreeMap<String, BTreeSet<String>>,
    /// By identifier.
    pub(crate) nodes: BTreeMap<String, Node>,
}

/// A task that Docker wants to run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Task {
    pub(crate) node_id: String,
    /// It runs, and has passed its health check if it has one: Docker says so only then.
    pub(crate) is_running: bool,
    /// Its networks, also those where it has no address.
    pub(crate) networks: Vec<String>,
    /// Sorted by network.
    pub(crate) addresses: Vec<Address>,
}

/// Whether there is something to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Motion {
    /// All that is wanted runs.
    Still,
    /// Something is wanted that does not run, which may be so for ever.
    Starting,
    /// Docker replaces tasks, which has an end.
    Updating,
}

impl Observation {
    pub(crate) fn new(tasks: Vec<wire::Task>, nodes: Vec<wire::Node>) -> Self {
        let nodes = nodes.into_iter().filter_map(Node::narrow).map(|node| (node.id.clone(), node)).collect();
        let mut observation = Observation { nodes, ..Observation::default() };
        for task in tasks.into_iter().filter(|task| task.desired_state == "running") {
            observation.add(task);
        }
        observation
    }

    fn add(&mut self, task: wire::Task) {
        let (mut networks, mut addresses) = (Vec::new(), Vec::new());
        for attachment in task.networks_attachments {
            let spec = attachment.network.spec;
            if spec.ingress || spec.name.is_empty() {
                continue;
            }
            let subnets = attachment.network.ipam.configs.into_iter().map(|config| config.subnet);
            let known = self.networks.entry(spec.name.clone()).or_default();
            known.extend(subnets.filter(|subnet| !subnet.is_empty()));
            let own = attachment.addresses.iter().filter_map(|address| bare(address));
            addresses.extend(own.map(|address| Address { network: spec.name.clone(), address }));
            networks.push(spec.name);
        }
        addresses.sort();
        let is_running = task.status.state == "running";
        let narrowed = Task { node_id: task.node_id, is_running, networks, addresses };
        self.tasks.entry(task.service_id).or_default().push(narrowed);
    }

    /// The tasks of one service, running or not.
    pub(crate) fn tasks(&self, service: &Service) -> &[Task] {
        self.tasks.get(&service.id).map_or(&[], Vec::as_slice)
    }

    /// Those of them that may get new requests, each with its node.
    pub(crate) fn usable(&self, service: &Service) -> impl Iterator<Item = (&Task, &Node)> {
        let placed = self.tasks(service).iter().filter_map(|task| Some((task, self.nodes.get(&task.node_id)?)));
        placed.filter(|(task, node)| task.is_running && !node.is_down)
    }

    /// Whether these services are as they are to be.
    pub(crate) fn motion(&self, services: &BTreeMap<String, Service>) -> Motion {
        services.values().map(|service| self.motion_of(service)).max().unwrap_or(Motion::Still)
    }

    fn motion_of(&self, service: &Service) -> Motion {
        let tasks = self.tasks(service);
        let usable = self.usable(service).count();
        let is_complete = service.wanted.is_none_or(|wanted| usize::try_from(wanted) == Ok(usable));
        match service.is_updating {
            true => Motion::Updating,
            false if is_complete && usable == tasks.len() => Motion::Still,
            false => Motion::Starting,
        }
    }
}

/// `10.0.1.14/24` without its mask.
fn bare(address: &str) -> Option<IpAddr> {
    address.split('/').next()?.parse().ok()
}
