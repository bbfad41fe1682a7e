//! Docker's tasks and nodes in, the list for proxies out.

use serde_json::{Value, json};

use super::*;
use crate::observation::Motion;
use crate::service::Selection;

/// A task of the service with the identifier `id-of-<service>`, as Docker writes it.
fn task(service: &str, node: &str, states: (&str, &str), address: &str) -> Value {
    let ingress =
        json!({ "Network": { "Spec": { "Name": "ingress", "Ingress": true } }, "Addresses": ["10.255.0.9/16"] });
    let overlay = json!({
        "Network": { "Spec": { "Name": "proxy" }, "IPAMOptions": { "Configs": [{ "Subnet": "10.0.1.0/24" }] } },
        "Addresses": [format!("{address}/24")],
    });
    json!({
        "ServiceID": format!("id-of-{service}"), "NodeID": node, "Slot": 1, "DesiredState": states.1,
        "Status": { "State": states.0 }, "NetworksAttachments": [ingress, overlay],
    })
}

fn node(id: &str, state: &str) -> Value {
    json!({ "ID": id, "Description": { "Hostname": format!("host-{id}") }, "Status": { "State": state } })
}

fn seen(tasks: Vec<Value>, nodes: Vec<Value>) -> Observation {
    Observation::new(
        serde_json::from_value(Value::Array(tasks)).expect("tasks"),
        serde_json::from_value(Value::Array(nodes)).expect("nodes"),
    )
}

fn services(names: &[&str], wanted: u64) -> BTreeMap<String, Service> {
    let service = |name: &&str| {
        json!({
            "ID": format!("id-of-{name}"),
            "Spec": { "Name": name, "Labels": { "com.df.notify": "true" }, "Mode": { "Replicated": { "Replicas": wanted } } },
        })
    };
    let listing = serde_json::from_value(Value::Array(names.iter().map(service).collect())).expect("services");
    Selection::new("com.df.notify", "").select(listing)
}

const RUNS: (&str, &str) = ("running", "running");

/// `web: node address, node address` for each service.
fn written(list: &TaskList) -> Vec<String> {
    let task = |task: &Task| {
        let addresses: Vec<_> = task.addresses.iter().map(|at| at.address.to_string()).collect();
        format!("{} {}", task.node, addresses.join("+"))
    };
    let service = |service: &ServiceTasks| {
        let tasks: Vec<_> = service.tasks.iter().map(task).collect();
        format!("{}: {}", service.service_name, tasks.join(", "))
    };
    list.services.iter().map(service).collect()
}

#[test]
fn tasks_that_run_are_listed_with_their_addresses_and_the_routing_mesh_is_not() {
    let seen = seen(
        vec![
            task("web", "b", RUNS, "10.0.1.9"),
            task("web", "a", RUNS, "10.0.1.14"),
            task("other", "a", RUNS, "10.0.1.3"),
        ],
        vec![node("a", "ready"), node("b", "ready")],
    );
    let list = TaskList::new(&services(&["api", "web"], 2), &seen, &[]);
    assert_eq!(written(&list), ["api: ", "web: host-a 10.0.1.14, host-b 10.0.1.9"]);
    assert_eq!(list.networks, [Network { name: "proxy".to_owned(), subnets: vec!["10.0.1.0/24".to_owned()] }]);
    assert_eq!(list.services[1].networks, ["proxy"]);
    assert_eq!((list.services[0].networks.len(), list.services[1].wanted), (0, Some(2)));
}

#[test]
fn a_task_that_starts_is_told_to_stop_or_is_on_a_lost_node_gets_nothing() {
    let tasks = || {
        vec![
            task("web", "a", ("starting", "running"), "10.0.1.1"),
            task("web", "a", ("running", "shutdown"), "10.0.1.2"),
            task("web", "down", RUNS, "10.0.1.3"),
            task("web", "left", RUNS, "10.0.1.4"),
            task("web", "unknown", RUNS, "10.0.1.5"),
        ]
    };
    let seen = seen(tasks(), vec![node("a", "ready"), node("down", "down"), node("unknown", "unknown")]);
    assert_eq!(written(&TaskList::new(&services(&["web"], 1), &seen, &[])), ["web: host-unknown 10.0.1.5"]);
}

#[test]
fn the_version_follows_the_content_and_not_the_order_of_dockers_list() {
    let nodes = || vec![node("a", "ready")];
    let tasks = || vec![task("web", "a", RUNS, "10.0.1.1"), task("web", "a", RUNS, "10.0.1.2")];
    let list = |tasks| TaskList::new(&services(&["web"], 2), &seen(tasks, nodes()), &[]);
    let first = list(tasks());
    assert_eq!(first.version.len(), 16);
    assert!(first.version.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(first, list(tasks().into_iter().rev().collect()));
    assert_ne!(first.version, list(vec![tasks().remove(0)]).version);
    let remark = Remark { service_name: "web".to_owned(), text: "mind it".to_owned() };
    assert_ne!(
        first.version,
        TaskList::new(&services(&["web"], 2), &seen(tasks(), nodes()), std::slice::from_ref(&remark)).version
    );
}

#[test]
fn a_service_moves_until_all_that_is_wanted_runs() {
    let nodes = || vec![node("a", "ready")];
    let motion = |tasks| seen(tasks, nodes()).motion(&services(&["web"], 1));
    assert_eq!(motion(vec![]), Motion::Starting);
    assert_eq!(motion(vec![task("web", "a", ("preparing", "running"), "10.0.1.1")]), Motion::Starting);
    assert_eq!(motion(vec![task("web", "a", RUNS, "10.0.1.1")]), Motion::Still);
    assert_eq!(
        motion(vec![task("web", "a", RUNS, "10.0.1.1"), task("web", "a", ("new", "running"), "10.0.1.2")]),
        Motion::Starting
    );
    let mut updating = services(&["web"], 1);
    updating.get_mut("web").expect("it is there").is_updating = true;
    assert_eq!(seen(vec![task("web", "a", RUNS, "10.0.1.1")], nodes()).motion(&updating), Motion::Updating);
}
