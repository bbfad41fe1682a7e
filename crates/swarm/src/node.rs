//! A node as we know it, narrowed from Docker's type at the door.
//!
//! Not here: what its labels mean. They become a flat map and stay one.

use model::Params;

use crate::docker::wire::{self, Labels};
use crate::service::LABEL_PREFIX;

/// A node of the Swarm, by Docker's word at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) id: String,
    /// Grows with every change of the node.
    pub(crate) version_index: u64,
    pub(crate) hostname: String,
    /// Docker has lost it, or it has left: what runs there is not reached any more.
    pub(crate) is_down: bool,
    /// What receivers are told when it is there or has changed.
    pub(crate) params: Params,
}

impl Node {
    /// None if it has no identifier (Docker always gives one).
    pub(crate) fn narrow(node: wire::Node) -> Option<Node> {
        if node.id.is_empty() {
            return None;
        }
        Some(Node {
            version_index: node.version.index,
            is_down: matches!(node.status.state.as_str(), "down" | "disconnected"),
            params: params(&node),
            hostname: node.description.hostname,
            id: node.id,
        })
    }
}

/// Labels of the engine, over them those of the node, over them what Docker says itself.
fn params(node: &wire::Node) -> Params {
    let labels = [&node.description.engine.labels, &node.spec.labels];
    let mut params: Params = labels.into_iter().flat_map(labelled).collect();
    params.set("id", &node.id);
    params.set("hostname", &node.description.hostname);
    params.set("address", &node.status.addr);
    params.set("versionIndex", node.version.index.to_string());
    params.set("state", &node.status.state);
    params.set("role", &node.spec.role);
    params.set("availability", &node.spec.availability);
    params
}

fn labelled(labels: &Labels) -> impl Iterator<Item = (&str, &str)> {
    let named = labels.iter().filter_map(|(label, value)| Some((label.strip_prefix(LABEL_PREFIX)?, value.as_str())));
    named.filter(|(name, _)| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn node(state: &str) -> Node {
        let node = json!({
            "ID": "pr43", "Version": { "Index": 17 },
            "Spec": { "Role": "manager", "Availability": "active", "Labels": { "com.df.zone": "b", "com.df.id": "x", "zone": "c" } },
            "Description": { "Hostname": "vm", "Engine": { "Labels": { "com.df.zone": "a", "com.df.disk": "ssd", "com.df.": "x" } } },
            "Status": { "State": state, "Addr": "127.0.0.1" },
        });
        Node::narrow(serde_json::from_value(node).expect("a node as Docker writes it")).expect("it has an identifier")
    }

    fn written(params: &Params) -> String {
        params.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn behaviour_165_labels_of_the_node_override_those_of_the_engine_and_neither_what_docker_says() {
        assert_eq!(
            written(&node("ready").params),
            "address=127.0.0.1 availability=active disk=ssd hostname=vm id=pr43 role=manager state=ready versionIndex=17 zone=b"
        );
    }

    #[test]
    fn a_node_that_docker_has_not_heard_of_since_an_election_is_not_down() {
        for (state, is_down) in [("ready", false), ("unknown", false), ("down", true), ("disconnected", true)] {
            assert_eq!(node(state).is_down, is_down, "{state}");
        }
    }
}
