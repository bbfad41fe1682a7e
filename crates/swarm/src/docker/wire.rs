//! Docker's answers, as far as they are read: the fields that count here, by Docker's names.
//!
//! Docker writes `null`, `{}` or nothing at all where there is nothing, differently in each version, so all are the same here.
//! Not here: what they mean ([`crate::service`], [`crate::node`], [`crate::task_list`]).

use std::collections::HashMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

pub(crate) type Labels = HashMap<String, String>;

/// Of `GET /version`.
#[derive(Deserialize)]
pub(crate) struct Version {
    #[serde(rename = "ApiVersion")]
    pub(crate) api_version: String,
    #[serde(rename = "MinAPIVersion")]
    pub(crate) min_api_version: Option<String>,
}

/// A line of `GET /events`.
#[derive(Deserialize)]
pub(crate) struct Event {
    /// Seconds since 1970.
    pub(crate) time: Option<i64>,
    #[serde(rename = "timeNano")]
    pub(crate) time_nano: Option<i64>,
}

/// The number of an object's change; it only grows.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct ObjectVersion {
    pub(crate) index: u64,
}

/// Of `GET /services`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Service {
    #[serde(rename = "ID")]
    pub(crate) id: String,
    #[serde(deserialize_with = "null")]
    pub(crate) version: ObjectVersion,
    #[serde(deserialize_with = "null")]
    pub(crate) spec: ServiceSpec,
    #[serde(deserialize_with = "null")]
    pub(crate) update_status: UpdateStatus,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct ServiceSpec {
    pub(crate) name: String,
    #[serde(deserialize_with = "null")]
    pub(crate) labels: Labels,
    #[serde(deserialize_with = "null")]
    pub(crate) mode: Mode,
    #[serde(deserialize_with = "null")]
    pub(crate) task_template: TaskTemplate,
}

/// Global services, and jobs, are not replicated.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Mode {
    pub(crate) replicated: Option<Replicated>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Replicated {
    pub(crate) replicas: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct TaskTemplate {
    #[serde(deserialize_with = "null")]
    pub(crate) container_spec: ContainerSpec,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct ContainerSpec {
    /// Those of each container, not of the service.
    #[serde(deserialize_with = "null")]
    pub(crate) labels: Labels,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct UpdateStatus {
    pub(crate) state: String,
}

/// Of `GET /tasks`.
#[derive(Clone, Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Task {
    #[serde(rename = "ServiceID")]
    pub(crate) service_id: String,
    /// Empty before it has been given to a node.
    #[serde(rename = "NodeID")]
    pub(crate) node_id: String,
    pub(crate) desired_state: String,
    #[serde(deserialize_with = "null")]
    pub(crate) spec: TaskSpec,
    #[serde(deserialize_with = "null")]
    pub(crate) status: TaskStatus,
    #[serde(deserialize_with = "null")]
    pub(crate) networks_attachments: Vec<Attachment>,
}

/// What the task of a container of no service is known by.
#[derive(Clone, Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct TaskSpec {
    pub(crate) runtime: String,
    pub(crate) network_attachment_spec: Option<IgnoredAny>,
}

#[derive(Clone, Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct TaskStatus {
    pub(crate) state: String,
}

#[derive(Clone, Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Attachment {
    #[serde(deserialize_with = "null")]
    pub(crate) network: Network,
    /// `10.0.1.14/24`.
    #[serde(deserialize_with = "null")]
    pub(crate) addresses: Vec<String>,
}

#[derive(Clone, Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Network {
    #[serde(deserialize_with = "null")]
    pub(crate) spec: NetworkSpec,
    #[serde(rename = "IPAMOptions", deserialize_with = "null")]
    pub(crate) ipam: Ipam,
}

#[derive(Clone, Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct NetworkSpec {
    pub(crate) name: String,
    /// The network of the routing mesh.
    pub(crate) ingress: bool,
}

#[derive(Clone, Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Ipam {
    #[serde(deserialize_with = "null")]
    pub(crate) configs: Vec<IpamConfig>,
}

#[derive(Clone, Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct IpamConfig {
    /// `10.0.1.0/24`.
    pub(crate) subnet: String,
}

/// Of `GET /nodes`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Node {
    #[serde(rename = "ID")]
    pub(crate) id: String,
    #[serde(deserialize_with = "null")]
    pub(crate) version: ObjectVersion,
    #[serde(deserialize_with = "null")]
    pub(crate) spec: NodeSpec,
    #[serde(deserialize_with = "null")]
    pub(crate) description: Description,
    #[serde(deserialize_with = "null")]
    pub(crate) status: NodeStatus,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct NodeSpec {
    /// `manager` or `worker`.
    pub(crate) role: String,
    /// `active`, `pause` or `drain`.
    pub(crate) availability: String,
    #[serde(deserialize_with = "null")]
    pub(crate) labels: Labels,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Description {
    pub(crate) hostname: String,
    #[serde(deserialize_with = "null")]
    pub(crate) engine: EngineDescription,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct EngineDescription {
    #[serde(deserialize_with = "null")]
    pub(crate) labels: Labels,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct NodeStatus {
    /// `unknown`, `down`, `ready` or `disconnected`.
    pub(crate) state: String,
    pub(crate) addr: String,
}

/// `null` is the same as nothing.
fn null<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_null_or_missing_is_empty() {
        let service: Service = serde_json::from_str(
            r#"{"ID":"a","Spec":{"Name":"web","Labels":null,"Mode":{"Global":{}}},"UpdateStatus":null}"#,
        )
        .expect("a service");
        assert_eq!((service.id.as_str(), service.version.index), ("a", 0));
        assert!(service.spec.labels.is_empty() && service.spec.mode.replicated.is_none());
        let task: Task = serde_json::from_str(r#"{"ServiceID":"a","NetworksAttachments":null}"#).expect("a task");
        assert!(task.networks_attachments.is_empty());
    }
}
