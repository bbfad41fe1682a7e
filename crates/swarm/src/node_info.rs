//! `nodeInfo`: where the tasks of a service are, for receivers such as Docker Flow Monitor that scrape every one of them.
//!
//! Not here: when it is told; it is a parameter of the service like any other, and told again when it changes.

use std::collections::BTreeMap;

use crate::observation::Observation;
use crate::service::Service;
use crate::settings::NodeInfo;

const NAME: &str = "nodeInfo";

/// Adds `nodeInfo` to the services that ask for it with the label `com.df.scrapeNetwork`, as far as their tasks are known.
pub(crate) fn add(services: &mut BTreeMap<String, Service>, seen: &Observation, settings: NodeInfo) {
    for service in services.values_mut() {
        if let Some(value) = value(service, seen, settings) {
            service.params.set(NAME, value);
        }
    }
}

/// `[["node-1","10.0.1.14","pr43"]]`: host name, the task's address on the network, the node's identifier. Sorted, so that the same
/// truth is the same text. None without a task that has an address there.
fn value(service: &Service, seen: &Observation, settings: NodeInfo) -> Option<String> {
    let network = service.scrape_network.as_ref()?;
    let mut rows = Vec::new();
    for (task, node) in seen.usable(service) {
        let Some(at) = task.addresses.iter().find(|at| at.network == *network) else { continue };
        let address = match settings {
            NodeInfo::WithAddresses => at.address.to_string(),
            NodeInfo::WithoutAddresses => String::new(),
        };
        rows.push([node.hostname.clone(), address, node.id.clone()]);
    }
    rows.sort();
    // Docker Flow's is a set.
    rows.dedup();
    if rows.is_empty() { None } else { Some(serde_json::json!(rows).to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Selection;
    use serde_json::{Value, json};

    fn task(node: &str, network: &str, address: &str) -> Value {
        json!({
            "ServiceID": "s", "NodeID": node, "DesiredState": "running", "Status": { "State": "running" },
            "NetworksAttachments": [{ "Network": { "Spec": { "Name": network } }, "Addresses": [address] }],
        })
    }

    fn told(scrape_network: &str, settings: NodeInfo) -> Option<String> {
        let tasks = json!([
            task("n2", "proxy", "10.0.1.9/24"),
            task("n1", "proxy", "10.0.1.15/24"),
            task("n1", "proxy", "10.0.1.14/24"),
            task("n1", "other", "10.0.2.3/24"),
        ]);
        let nodes = json!([
            { "ID": "n1", "Description": { "Hostname": "vm" }, "Status": { "State": "ready" } },
            { "ID": "n2", "Description": { "Hostname": "db" }, "Status": { "State": "ready" } },
        ]);
        let seen = Observation::new(
            serde_json::from_value(tasks).expect("tasks"),
            serde_json::from_value(nodes).expect("nodes"),
        );
        let labels = json!({ "com.df.notify": "true", "com.df.scrapeNetwork": scrape_network });
        let service = json!([{ "ID": "s", "Spec": { "Name": "web", "Labels": labels } }]);
        let mut services = Selection::new("", "").select(serde_json::from_value(service).expect("services"));
        add(&mut services, &seen, settings);
        services["web"].params.get(NAME).map(str::to_owned)
    }

    #[test]
    fn behaviour_163_tasks_are_told_with_their_nodes_in_order() {
        assert_eq!(
            told("proxy", NodeInfo::WithAddresses).as_deref(),
            Some(r#"[["db","10.0.1.9","n2"],["vm","10.0.1.14","n1"],["vm","10.0.1.15","n1"]]"#)
        );
    }

    #[test]
    fn without_addresses_the_tasks_of_a_node_are_one() {
        assert_eq!(told("proxy", NodeInfo::WithoutAddresses).as_deref(), Some(r#"[["db","","n2"],["vm","","n1"]]"#));
    }

    #[test]
    fn a_network_without_tasks_is_not_told() {
        assert_eq!(told("nowhere", NodeInfo::WithAddresses), None);
    }
}
