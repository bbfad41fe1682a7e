//! Which tasks of the announced services may get new requests, and where they are: what a proxy asks for beside the services.
//!
//! Not here: Docker's own types ([`crate::observation`]), and how the list looks on the wire; the program writes it.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::net::IpAddr;

use sha2::{Digest, Sha256};

use crate::observation::Observation;
use crate::service::Service;

/// All tasks of all announced services, as Docker saw them at one moment. The same truth makes the same list, in the same order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskList {
    /// 16 hexadecimal digits that depend on nothing but the content, so that a listener that starts again with the same truth has
    /// the same version.
    pub version: String,
    /// The networks of these services, in the order of their names.
    pub networks: Vec<Network>,
    /// In the order of their names.
    pub services: Vec<ServiceTasks>,
    /// What an operator should know about labels, in the order of the services' names.
    pub remarks: Vec<Remark>,
}

/// A network that services are attached to. Docker's own for the routing mesh is none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Network {
    /// Docker's name.
    pub name: String,
    /// `10.0.1.0/24`, sorted. Empty for one that Docker gives no addresses in, such as `host`.
    pub subnets: Vec<String>,
}

/// The tasks of one service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServiceTasks {
    /// As it is announced: shortened or prefixed as was asked.
    pub service_name: String,
    /// The names of the networks that its tasks are attached to, sorted. Empty without tasks.
    pub networks: Vec<String>,
    /// How many tasks it is to have; `None` for a global service.
    pub wanted: Option<u64>,
    /// Those that may get new requests: they run, are healthy, are to go on running, and their node is there. A service that has lost its last one
    /// together with the node keeps it until another runs: only the managers may be unable to hear of that node.
    pub tasks: Vec<Task>,
}

/// A task that may get new requests.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Task {
    /// The host name of its node.
    pub node: String,
    /// Sorted by network. Empty for a task on the host's own network.
    pub addresses: Vec<Address>,
}

/// Where a task is on one network.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    /// Docker's name of the network.
    pub network: String,
    /// The task's own address there.
    pub address: IpAddr,
}

/// What an operator should know about the labels of a service.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Remark {
    /// As it is announced, or Docker's name if it is not.
    pub service_name: String,
    /// One sentence.
    pub text: String,
}

impl TaskList {
    /// The tasks of these services (by the name they are announced with) in this observation.
    pub(crate) fn new(services: &BTreeMap<String, Service>, seen: &Observation, remarks: &[Remark]) -> Self {
        let services: Vec<_> = services.values().map(|service| tasks_of(service, seen)).collect();
        let used: BTreeSet<&str> = services.iter().flat_map(|service| &service.networks).map(String::as_str).collect();
        let network = |name: &str| Network {
            name: name.to_owned(),
            subnets: seen.networks.get(name).into_iter().flatten().cloned().collect(),
        };
        let networks: Vec<_> = used.into_iter().map(network).collect();
        let mut remarks = remarks.to_vec();
        remarks.sort();
        let version = digest(&(&networks, &services, &remarks));
        TaskList { version, networks, services, remarks }
    }
}

fn tasks_of(service: &Service, seen: &Observation) -> ServiceTasks {
    let all = seen.tasks(service).iter().chain(seen.usable(service).map(|(task, _)| task));
    let networks: BTreeSet<&String> = all.flat_map(|task| &task.networks).collect();
    let task = |(task, node): (&crate::observation::Task, &crate::node::Node)| Task {
        node: node.hostname.clone(),
        addresses: task.addresses.clone(),
    };
    let mut tasks: Vec<_> = seen.usable(service).map(task).collect();
    tasks.sort();
    ServiceTasks {
        service_name: service.name.clone(),
        networks: networks.into_iter().cloned().collect(),
        wanted: service.wanted,
        tasks,
    }
}

/// SHA-256 as a `Hasher`: the standard library's own may differ between two builds.
struct Sha(Sha256);

impl Hasher for Sha {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let hash = self.0.clone().finalize();
        hash.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}

fn digest(content: &impl Hash) -> String {
    let mut sha = Sha(Sha256::new());
    content.hash(&mut sha);
    format!("{:016x}", sha.finish())
}

#[cfg(test)]
mod tests;
