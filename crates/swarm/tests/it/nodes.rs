//! Nodes that come, change and go, and what is told of them.

use std::time::{Duration, Instant};

use serde_json::json;
use swarm::{Listener, NodeInfo, Settings};

use crate::docker::FakeDocker;
use crate::receiver::Receiver;
use crate::{settings, start};

const SCRAPED: [(&str, &str); 2] = [("com.df.notify", "true"), ("com.df.scrapeNetwork", "proxy")];

/// Only nodes are told.
fn of_nodes(docker: &FakeDocker, receiver: &Receiver) -> Settings {
    Settings {
        create_urls: Vec::new(),
        remove_urls: Vec::new(),
        create_node_urls: vec![receiver.url("/node/create")],
        remove_node_urls: vec![receiver.url("/node/remove")],
        ..settings(docker, receiver)
    }
}

#[tokio::test]
async fn behaviour_165_a_node_is_told_when_it_comes_changes_is_lost_and_goes() {
    let (mut docker, mut receiver) = (FakeDocker::start(), Receiver::start().await);
    docker.has_node("n1", "ready");
    docker.has_node("n2", "down");
    let _listener = start(of_nodes(&docker, &receiver), &mut docker).await;
    let told = |state: &str, version: u32| {
        format!(
            "GET /node/create?address=10.0.0.7&availability=active&hostname=host-n1&id=n1&role=worker&state={state}&versionIndex={version}"
        )
    };
    assert_eq!(receiver.hears().await, told("ready", 11));
    docker.has_node("n1", "unknown");
    assert_eq!(receiver.hears().await, told("unknown", 13));
    docker.has_node("n1", "down");
    assert_eq!(receiver.hears().await, "GET /node/remove?address=10.0.0.7&hostname=host-n1&id=n1");
    docker.has_node("n1", "ready");
    assert_eq!(receiver.hears().await, told("ready", 15));
    docker.loses_node("n1");
    assert_eq!(receiver.hears().await, "GET /node/remove?address=10.0.0.7&hostname=host-n1&id=n1");
}

#[tokio::test]
async fn behaviour_167_a_node_whose_version_alone_changed_is_not_told() {
    let (mut docker, mut receiver) = (FakeDocker::start(), Receiver::start().await);
    docker.has_node("n1", "ready");
    let _listener = start(of_nodes(&docker, &receiver), &mut docker).await;
    receiver.hears().await;
    docker.has_node("n1", "ready");
    docker.has_node("n2", "ready");
    assert!(receiver.hears().await.contains("id=n2"));
    assert!(receiver.unheard().is_empty());
}

#[tokio::test]
async fn all_nodes_are_listed_also_those_that_are_down() {
    let (docker, receiver) = (FakeDocker::start(), Receiver::start().await);
    docker.has_node("n2", "ready");
    docker.has_node("n1", "down");
    let listener = Listener::start(settings(&docker, &receiver)).expect("usable settings");
    let nodes = listener.nodes().await.expect("docker answers");
    let states: Vec<_> = nodes.iter().map(|node| (node.get("id"), node.get("state"))).collect();
    assert_eq!(states, [(Some("n1"), Some("down")), (Some("n2"), Some("ready"))]);
}

#[tokio::test]
async fn behaviour_163_tasks_are_told_with_their_service_and_again_when_they_change() {
    let (mut docker, mut receiver) = (FakeDocker::start(), Receiver::start().await);
    docker.has_node("n1", "ready");
    docker.sets_with_mode("web", &SCRAPED, json!({ "Replicated": { "Replicas": 2 } }));
    docker.runs("web", &[("n1", "running", "10.0.1.14")]);
    let settings = Settings { node_info: Some(NodeInfo::WithAddresses), ..settings(&docker, &receiver) };
    let listener = start(settings, &mut docker).await;
    let told = |rows: &str| {
        let rows = rows.replace('[', "%5B").replace(']', "%5D").replace('"', "%22").replace(',', "%2C");
        format!("GET /reconfigure?distribute=true&nodeInfo={rows}&replicas=2&scrapeNetwork=proxy&serviceName=web")
    };
    assert_eq!(receiver.hears().await, told(r#"[["host-n1","10.0.1.14","n1"]]"#));
    let services = listener.services().await.expect("docker answers");
    assert_eq!(services[0].get("nodeInfo"), Some(r#"[["host-n1","10.0.1.14","n1"]]"#));
    docker.runs("web", &[("n1", "running", "10.0.1.15"), ("n1", "running", "10.0.1.14")]);
    docker.hints();
    assert_eq!(receiver.hears().await, told(r#"[["host-n1","10.0.1.14","n1"],["host-n1","10.0.1.15","n1"]]"#));
    docker.removes("web");
    assert_eq!(receiver.hears().await, "GET /remove?serviceName=web&distribute=true&scrapeNetwork=proxy");
}

#[tokio::test]
async fn a_flapping_node_is_told_once_in_the_interval() {
    let (mut docker, mut receiver) = (FakeDocker::start(), Receiver::start().await);
    docker.has_node("n1", "ready");
    let mut settings = of_nodes(&docker, &receiver);
    let interval = Duration::from_millis(400);
    settings.pace.announce_interval = interval;
    let began = Instant::now();
    let _listener = start(settings, &mut docker).await;
    receiver.hears().await;
    for state in ["down", "ready", "down", "ready", "unknown"] {
        docker.has_node("n1", state);
        docker.is_listed(1).await;
    }
    let updates = receiver.hears_up_to("state=unknown").await;
    assert!(updates * interval <= began.elapsed(), "{updates} updates in {:?}", began.elapsed());
    assert!(receiver.unheard().is_empty());
}
