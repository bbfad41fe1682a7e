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
    /// Of services that have no other: tasks that ran when their node was last heard of. Docker gives them up with the node, but a node that the
    /// managers cannot hear of may go on running them, and their addresses stay theirs.
    stranded: HashMap<String, Vec<Task>>,
}

/// A task that Docker wants to run.
#[derive(Clone, Debug, PartialEq, Eq)]
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

    /// The same where this was known before: who lost all tasks with their nodes keeps them as the last resort, for as long as those are down.
    pub(crate) fn following(mut self, before: &Observation) -> Self {
        let is_down = |task: &&Task| self.nodes.get(&task.node_id).is_some_and(|node| node.is_down);
        let mut stranded = HashMap::new();
        for id in before.tasks.keys().chain(before.stranded.keys()) {
            if self.running(id).next().is_some() {
                continue;
            }
            let ran = before.running(id).map(|(task, _)| task).chain(before.stranded.get(id).into_iter().flatten());
            let tasks: Vec<Task> = ran.filter(is_down).cloned().collect();
            if !tasks.is_empty() {
                stranded.insert(id.clone(), tasks);
            }
        }
        for network in stranded.values().flatten().flat_map(|task| &task.networks) {
            let subnets = before.networks.get(network).cloned().unwrap_or_default();
            self.networks.entry(network.clone()).or_insert(subnets);
        }
        self.stranded = stranded;
        self
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

    /// Those that may get new requests, each with its node: tasks that run; where there is none, those that were last seen running.
    pub(crate) fn usable(&self, service: &Service) -> impl Iterator<Item = (&Task, &Node)> {
        let is_lost = self.running(&service.id).next().is_none();
        let stranded = self.stranded.get(&service.id).filter(|_| is_lost).into_iter().flatten();
        self.running(&service.id).chain(stranded.filter_map(|task| Some((task, self.nodes.get(&task.node_id)?))))
    }

    /// Tasks of a service that run on nodes that are there.
    fn running(&self, service: &str) -> impl Iterator<Item = (&Task, &Node)> {
        let tasks = self.tasks.get(service).into_iter().flatten();
        let placed = tasks.filter_map(|task| Some((task, self.nodes.get(&task.node_id)?)));
        placed.filter(|(task, node)| task.is_running && !node.is_down)
    }

    /// Whether these services are as they are to be.
    pub(crate) fn motion(&self, services: &BTreeMap<String, Service>) -> Motion {
        services.values().map(|service| self.motion_of(service)).max().unwrap_or(Motion::Still)
    }

    fn motion_of(&self, service: &Service) -> Motion {
        let tasks = self.tasks(service);
        let usable = self.running(&service.id).count();
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
