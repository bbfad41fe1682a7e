//! The task list of a listener, as `get-tasks` gives it: the twin of what the listener knows. What else it holds is not looked at.
//!
//! Not here: which of the addresses can be reached from here (`follow::tasks::near`).

use model::ServiceName;
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
    /// What an operator should know of services, as labels in the wrong place.
    #[serde(default)]
    remarks: Vec<Remark>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Remark {
    service_name: String,
    text: String,
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

    /// What the listener remarks on services, by their names.
    pub(super) fn remarks(&self) -> impl Iterator<Item = (ServiceName, String)> {
        let named = |remark: &Remark| Some((ServiceName::parse(&remark.service_name)?, remark.text.clone()));
        self.remarks.iter().filter_map(named)
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
        let remark =
            |remark: &swarm::Remark| Remark { service_name: remark.service_name.clone(), text: remark.text.clone() };
        TaskList {
            version: list.version.clone(),
            networks: list.networks.iter().map(network).collect(),
            services: list.services.iter().map(service).collect(),
            remarks: list.remarks.iter().map(remark).collect(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_taken_whole_with_what_is_not_known_yet() {
        let list = TaskList::parse(
            br#"{"version":"00ff","networks":[{"name":"proxy","subnets":["10.0.1.0/24"]},{"name":"odd","subnets":["x"]}],"more":1,
            "services":[{"serviceName":"go","networks":["proxy"],"wanted":2,"tasks":[{"node":"n","addresses":
            [{"network":"proxy","address":"10.0.1.14"}]}]}],"remarks":[{"serviceName":"web","text":"no port"},{"serviceName":"\n","text":""}]}"#,
        )
        .unwrap();
        assert_eq!(list.attached(|_| true).into_iter().collect::<Vec<_>>(), ["proxy"]);
        assert!(list.attached(|_| false).is_empty());
        assert_eq!(list.services[0].tasks[0].addresses[0].address, IpAddr::from([10, 0, 1, 14]));
        let remarks: Vec<_> = list.remarks().map(|(service, text)| format!("{service}: {text}")).collect();
        assert_eq!(remarks, ["web: no port"]);
    }

    #[test]
    fn an_odd_list_is_none() {
        let odd_address = r#"{"version":"1","services":[{"serviceName":"a","tasks":[{"addresses":[{"network":"n","address":"a"}]}]}]}"#;
        for odd in ["", "[]", "{}", r#"{"version":""}"#, r#"{"version":"a&b"}"#, odd_address] {
            assert!(TaskList::parse(odd.as_bytes()).is_err(), "{odd}");
        }
    }
}
