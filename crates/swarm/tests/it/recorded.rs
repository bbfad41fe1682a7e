//! What Docker Flow's own listener was recorded to send, byte for byte: receivers written for it must not see a difference.
//!
//! Only a service's removal differs, in the order of its parameters: `serviceName` comes first, as the tutorial shows it.

use std::collections::BTreeSet;

use serde_json::json;
use swarm::{NodeInfo, Settings};

use crate::docker::FakeDocker;
use crate::receiver::Receiver;
use crate::{settings, start};

/// A query as a set.
fn pairs(request: &str) -> BTreeSet<&str> {
    request.split_once('?').expect("a query").1.split('&').collect()
}

#[tokio::test]
async fn a_service_is_told_as_recorded_while_it_is_created_changed_scaled_and_removed() {
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    let url = proxy.url("/v1/docker-flow-proxy/reconfigure");
    let remove_url = proxy.url("/v1/docker-flow-proxy/remove");
    let settings = Settings { create_urls: vec![url], remove_urls: vec![remove_url], ..settings(&docker, &proxy) };
    let _listener = start(settings, &mut docker).await;
    let labels = |path| {
        [
            ("com.df.notify", "true"),
            ("com.df.distribute", "true"),
            ("com.df.servicePath", path),
            ("com.df.port", "8080"),
        ]
    };
    let replicas = |replicas: u32| json!({ "Replicated": { "Replicas": replicas } });
    let told = |path, replicas| {
        format!(
            "GET /v1/docker-flow-proxy/reconfigure?distribute=true&port=8080&replicas={replicas}&serviceName=go-demo&servicePath=%2F{path}"
        )
    };
    docker.sets_with_mode("go-demo", &labels("/demo"), replicas(2));
    assert_eq!(proxy.hears().await, told("demo", 2));
    docker.sets_with_mode("go-demo", &labels("/demo2"), replicas(2));
    assert_eq!(proxy.hears().await, told("demo2", 2));
    docker.sets_with_mode("go-demo", &labels("/demo2"), replicas(3));
    assert_eq!(proxy.hears().await, told("demo2", 3));
    docker.removes("go-demo");
    let removed = proxy.hears().await;
    let recorded =
        "GET /v1/docker-flow-proxy/remove?distribute=true&port=8080&serviceName=go-demo&servicePath=%2Fdemo2";
    assert_eq!(pairs(&removed), pairs(recorded));
}

#[tokio::test]
async fn a_service_of_a_stack_with_users_and_rewriting_is_told_as_recorded() {
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    docker.has_node("vm", "ready");
    let labels = [
        ("com.df.notify", "true"),
        ("com.df.shortName", "true"),
        ("com.docker.stack.namespace", "my"),
        ("com.df.scrapeNetwork", "proxy"),
        ("com.df.servicePath.1", "/a,/b"),
        ("com.df.port.1", "8080"),
        ("com.df.users", "admin:pass,b:c"),
        ("com.df.reqRepSearch", r"^([^\ ]*)\ /something/(.*)"),
        ("com.df.reqRepReplace", r"\1\ /demo/\2"),
    ];
    docker.sets("my_rewrite", &labels);
    docker.runs("my_rewrite", &[("vm", "running", "10.0.1.14")]);
    let settings = Settings { node_info: Some(NodeInfo::WithAddresses), ..settings(&docker, &proxy) };
    let _listener = start(settings, &mut docker).await;
    let recorded = "GET /reconfigure?distribute=true&nodeInfo=%5B%5B%22host-vm%22%2C%2210.0.1.14%22%2C%22vm%22%5D%5D&port.1=8080&replicas=1&reqRepReplace=%5C1%5C+%2Fdemo%2F%5C2&reqRepSearch=%5E%28%5B%5E%5C+%5D%2A%29%5C+%2Fsomething%2F%28.%2A%29&scrapeNetwork=proxy&serviceName=rewrite&servicePath.1=%2Fa%2C%2Fb&shortName=true&users=admin%3Apass%2Cb%3Ac";
    assert_eq!(proxy.hears().await, recorded);
    docker.removes("my_rewrite");
    let recorded = "GET /remove?distribute=true&port.1=8080&reqRepReplace=%5C1%5C+%2Fdemo%2F%5C2&reqRepSearch=%5E%28%5B%5E%5C+%5D%2A%29%5C+%2Fsomething%2F%28.%2A%29&scrapeNetwork=proxy&serviceName=rewrite&servicePath.1=%2Fa%2C%2Fb&shortName=true&users=admin%3Apass%2Cb%3Ac";
    assert_eq!(pairs(&proxy.hears().await), pairs(recorded));
}
