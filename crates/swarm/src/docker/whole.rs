//! What Docker always gives. A list that lacks it is somebody else's, or has another shape than is known here, and nothing in it is
//! believed: what looks like a Swarm without services would take all routes away.
//!
//! Not here: an empty list of services, which may well be the truth ([`crate::listener`]).

use super::error::Failure;
use super::wire::{Node, Service, Task};

/// Services that were listed by the label filter `name` or `name=value`, if there was one.
pub(super) fn services(services: &[Service], filter: Option<&str>) -> Result<(), Failure> {
    let label = filter.map(|filter| filter.split_once('=').map_or(filter, |(label, _)| label));
    for service in services {
        if service.id.is_empty() || service.spec.name.is_empty() {
            return Err(lacks("services", "ID or Spec.Name"));
        }
        if label.is_some_and(|label| !service.spec.labels.contains_key(label)) {
            return Err(lacks("services", "the label that was asked for"));
        }
    }
    Ok(())
}

pub(super) fn tasks(tasks: &[Task]) -> Result<(), Failure> {
    match tasks.iter().all(|task| !task.desired_state.is_empty() && belongs(task)) {
        true => Ok(()),
        false => Err(lacks("tasks", "ServiceID or DesiredState")),
    }
}

/// Nobody answers who is not a node himself, so there is always one.
pub(super) fn nodes(nodes: &[Node]) -> Result<(), Failure> {
    match nodes.iter().all(|node| !node.id.is_empty()) {
        true if nodes.is_empty() => Err(Failure::Because("its list of nodes is empty".to_owned())),
        true => Ok(()),
        false => Err(lacks("nodes", "ID")),
    }
}

/// The task that attaches a container of no service (`docker run --network`) to a network has none either.
fn belongs(task: &Task) -> bool {
    !task.service_id.is_empty() || task.spec.runtime == "attachment" || task.spec.network_attachment_spec.is_some()
}

fn lacks(list: &str, what: &str) -> Failure {
    Failure::Because(format!("its list of {list} has one without {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::de::DeserializeOwned;

    fn read<T: DeserializeOwned>(list: &str) -> Vec<T> {
        serde_json::from_str(list).expect("json")
    }

    #[test]
    fn bug_a_list_of_services_that_lacks_what_docker_always_gives_is_refused_as_a_whole() {
        let good = r#"{"ID":"a","Spec":{"Name":"web","Labels":{"com.df.notify":"no"}}}"#;
        for filter in [None, Some("com.df.notify"), Some("com.df.notify=true")] {
            assert!(services(&read(&format!("[{good}]")), filter).is_ok());
            assert!(services(&[], filter).is_ok());
            for bad in ["{}", r#"{"ID":"a"}"#, r#"{"Spec":{"Name":"web","Labels":{"com.df.notify":"no"}}}"#] {
                assert!(services(&read(&format!("[{good},{bad}]")), filter).is_err(), "{bad}");
            }
        }
        let unlabelled = r#"[{"ID":"a","Spec":{"Name":"web","Labels":null}}]"#;
        assert!(services(&read(unlabelled), Some("com.df.notify")).is_err());
        assert!(services(&read(unlabelled), None).is_ok());
    }

    #[test]
    fn bug_a_list_of_tasks_that_lacks_what_docker_always_gives_is_refused_as_a_whole() {
        let good = r#"{"ServiceID":"a","DesiredState":"running"}"#;
        let of_none = r#"{"DesiredState":"running","Spec":{"NetworkAttachmentSpec":{"ContainerID":"c"}}}"#;
        assert!(tasks(&read(&format!("[{good},{of_none}]"))).is_ok());
        assert!(tasks(&[]).is_ok());
        for bad in ["{}", r#"{"ServiceID":"a"}"#, r#"{"DesiredState":"running"}"#] {
            assert!(tasks(&read(&format!("[{good},{bad}]"))).is_err(), "{bad}");
        }
    }

    #[test]
    fn bug_a_list_of_nodes_that_is_empty_or_has_one_without_id_is_refused_as_a_whole() {
        assert!(nodes(&read(r#"[{"ID":"a"}]"#)).is_ok());
        for bad in ["[]", "[{}]", r#"[{"ID":"a"},{"Status":{"State":"ready"}}]"#] {
            assert!(nodes(&read(bad)).is_err(), "{bad}");
        }
    }
}
