//! The task list of a listener, as `get-tasks` gives it: the twin of what the listener knows. What else it holds is not looked at.
//!
//! Not here: which of the addresses can be reached from here (`follow::tasks::near`).

use proxy::Network;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// All services that are announced, with the tasks that may get new requests.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct TaskList {
    /// The same for the same content. It becomes part of a URL, so only what needs no encoding is taken.
    #[serde(deserialize_with = "plain")]
    pub(super) version: String,
    /// The Swarm's networks.
    #[serde(default)]
    networks: Vec<ListedNetwork>,
    #[serde(default)]
    pub(super) services: Vec<Service>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct ListedNetwork {
    name: String,
    /// As `10.0.1.0/24`.
    #[serde(default)]
    subnets: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Service {
    /// The name that it is announced by.
    pub(super) service_name: String,
    /// The networks that it is on.
    #[serde(default)]
    pub(super) networks: Vec<String>,
    /// Those that run, and are told to.
    #[serde(default)]
    pub(super) tasks: Vec<Task>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Task {
    /// At most one for each network.
    #[serde(default)]
    pub(super) addresses: Vec<Address>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Address {
    pub(super) network: String,
    pub(super) address: IpAddr,
}

impl TaskList {
    /// Reads JSON. An odd list is refused as a whole: half a list would take away servers that run.
    pub(super) fn parse(json: &[u8]) -> Result<TaskList, serde_json::Error> {
        serde_json::from_slice(json)
    }

    /// The names of the networks of which `is_attached` says that this machine has an address in them.
    pub(super) fn attached(&self, is_attached: impl Fn(Network) -> bool) -> BTreeSet<String> {
        let is_attached = |network: &&ListedNetwork| {
            network.subnets.iter().filter_map(|subnet| Network::parse(subnet)).any(&is_attached)
        };
        self.networks.iter().filter(is_attached).map(|network| network.name.clone()).collect()
    }
}

/// What the listener of this process knows, without a detour over JSON.
impl From<&swarm::TaskList> for TaskList {
    fn from(list: &swarm::TaskList) -> TaskList {
        let address = |at: &swarm::Address| Address { network: at.network.clone(), address: at.address };
        let task = |task: &swarm::Task| Task { addresses: task.addresses.iter().map(address).collect() };
        let network =
            |network: &swarm::Network| ListedNetwork { name: network.name.clone(), subnets: network.subnets.clone() };
        let service = |service: &swarm::ServiceTasks| Service {
            service_name: service.service_name.clone(),
            networks: service.networks.clone(),
            tasks: service.tasks.iter().map(task).collect(),
        };
        TaskList {
            version: list.version.clone(),
            networks: list.networks.iter().map(network).collect(),
            services: list.services.iter().map(service).collect(),
        }
    }
}

fn plain<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let version = String::deserialize(from)?;
    match !version.is_empty() && version.len() <= 64 && version.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        true => Ok(version),
        false => Err(serde::de::Error::custom("the version is not one")),
    }
}
