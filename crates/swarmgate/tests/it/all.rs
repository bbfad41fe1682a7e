//! The role `all`: a Docker Engine on one side, clients on the other, and nothing but this process between them.

mod running;

use crate::docker::{FakeDocker, Listing};
use crate::harness::{Backend, Warnings, get, soon};
use running::TestAll;

/// The labels of a service that is this server.
fn labels(path: &'static str, port: &str) -> Vec<(&'static str, String)> {
    vec![
        ("com.df.notify", "true".to_owned()),
        ("com.df.servicePath", path.to_owned()),
        ("com.df.port", port.to_owned()),
        ("com.df.outboundHostname", "127.0.0.1".to_owned()),
    ]
}

fn sets(docker: &FakeDocker, name: &str, path: &'static str, port: u16) {
    let labels = labels(path, &port.to_string());
    let labels: Vec<_> = labels.iter().map(|(name, value)| (*name, value.as_str())).collect();
    docker.sets(name, &labels);
}

/// Waits until a request for the path is answered so.
async fn answers(all: &TestAll, path: &str, status: u16) {
    soon("the answer", async { while all.proxy.ask(&get(path)).await.status() != status {} }).await;
}

#[tokio::test]
async fn a_service_of_docker_is_routed_changed_and_removed_in_one_process() {
    let (mut docker, server) = (FakeDocker::start(), Backend::start().await);
    let port = server.port();
    server.echoes();
    sets(&docker, "go", "/demo", port);
    let all = TestAll::start(&docker).await;
    docker.events_opened().await;
    answers(&all, "/demo", 200).await;
    sets(&docker, "go", "/other", port);
    answers(&all, "/other", 200).await;
    assert_eq!(all.proxy.ask(&get("/demo")).await.status(), 503);
    docker.removes("go");
    answers(&all, "/other", 503).await;
}

#[tokio::test]
async fn one_port_answers_for_both_roles() {
    let docker = FakeDocker::start();
    sets(&docker, "go", "/demo", 1);
    let all = TestAll::start(&docker).await;
    let ask = async |path: &str| all.proxy.call(&format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")).await;
    soon("readiness", async { while ask("/v1/docker-flow-proxy/successfulinitreload").await.status() != 200 {} }).await;
    for path in [
        "/v1/docker-flow-proxy/ping",
        "/v1/docker-flow-swarm-listener/ping",
        "/metrics",
        "/v1/docker-flow-proxy/config",
    ] {
        assert_eq!(ask(path).await.status(), 200, "{path}");
    }
    let url = format!("http://{}/metrics", all.proxy.api_address());
    let metrics = reqwest::get(url).await.expect("an API").text().await.expect("text");
    for metric in ["\nswarmgate_generation ", "\nswarmgate_listener_services "] {
        assert!(metrics.contains(metric), "{metric} in {metrics}");
    }
    let services = ask("/v1/docker-flow-swarm-listener/get-services").await.json();
    assert_eq!(services[0]["serviceName"], "go", "{services}");
    let status = ask("/v1/docker-flow-proxy/status?distribute=false").await.json();
    assert_eq!(
        (&status["Services"][0]["ServiceName"], &status["Services"][0]["Source"]),
        (&"go".into(), &"list".into())
    );
    assert_eq!(ask("/v1/nothing").await.status(), 404);
}

#[tokio::test]
async fn bug_reload_asked_nobody_beside_a_listener() {
    let docker = FakeDocker::start();
    sets(&docker, "go", "/demo", 1);
    let all = TestAll::start(&docker).await;
    soon("readiness", async { while all.proxy.api("/successfulinitreload").await.status() != 200 {} }).await;
    assert_eq!(all.proxy.api("/remove?serviceName=go").await.status(), 200);
    assert_eq!(all.proxy.api("/reload?fromListener=true").await.status(), 200);
    let status = all.proxy.api("/status?distribute=false").await.json();
    assert_eq!(status["Services"][0]["ServiceName"], "go", "{status}");
}

#[tokio::test]
async fn bug_the_listener_of_a_proxy_showed_passwords_to_everybody() {
    let docker = FakeDocker::start();
    docker.sets("go", &[("com.df.notify", "true"), ("com.df.port", "1"), ("com.df.users", "admin:passw0rd")]);
    let ask = async |all: &TestAll, path: &str, fields: &str| {
        all.proxy.call(&format!("GET /v1/docker-flow-swarm-listener{path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n")).await
    };
    let open = TestAll::start(&docker).await;
    let list = ask(&open, "/get-services", "").await;
    assert_eq!((list.status(), &list.json()[0]["users"]), (200, &"*****".into()));
    assert_eq!(list.field("swarmgate-list"), "", "a proxy may not take it for the truth");
    let closed = TestAll::with(&docker, &[("DFP_API_TOKEN", "t0ken")]).await;
    for path in ["/get-services", "/notify-services"] {
        assert_eq!(ask(&closed, path, "").await.status(), 401, "{path}");
        assert_eq!(ask(&closed, path, "Authorization: Bearer t0ken\r\n").await.status(), 200, "{path}");
    }
    let list = ask(&closed, "/get-services", "Authorization: Bearer t0ken\r\n").await;
    assert_eq!(list.json()[0]["users"], "admin:passw0rd");
    for path in ["/ping", "/get-nodes"] {
        assert_ne!(ask(&closed, path, "").await.status(), 401, "{path}");
    }
}

#[tokio::test]
async fn docker_may_come_late_hang_and_go_and_nothing_that_is_served_goes_with_it() {
    let (mut docker, server) = (FakeDocker::start(), Backend::start().await);
    let port = server.port();
    server.echoes();
    docker.goes_down().await;
    let all = TestAll::start(&docker).await;
    let ready = "GET /v1/docker-flow-proxy/successfulinitreload HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(all.proxy.call(ready).await.status(), 500, "nothing is known yet");
    assert_eq!(all.proxy.ask(&get("/demo")).await.status(), 503);
    sets(&docker, "go", "/demo", port);
    docker.comes_up();
    answers(&all, "/demo", 200).await;
    assert_eq!(all.proxy.call(ready).await.status(), 200);
    for listing in [Listing::Silence, Listing::NoLeader, Listing::Garbage, Listing::Truncated] {
        docker.lists(listing);
        docker.hints();
        docker.is_listed(1).await;
        assert_eq!(all.proxy.ask(&get("/demo")).await.status(), 200);
    }
    docker.goes_down().await;
    assert_eq!(all.proxy.ask(&get("/demo")).await.status(), 200);
    all.drain().await;
}

#[tokio::test]
async fn bug_a_refusal_was_told_of_the_notification_and_of_the_list() {
    let (docker, warnings) = (FakeDocker::start(), Warnings::of_process());
    docker.sets("all-no-port", &[("com.df.notify", "true"), ("com.df.servicePath", "/x")]);
    let all = TestAll::start(&docker).await;
    soon("readiness", async { while all.proxy.api("/successfulinitreload").await.status() != 200 {} }).await;
    for _ in 0..2 {
        assert_eq!(all.proxy.api("/reload?fromListener=true").await.status(), 200);
    }
    let told = || warnings.with("service `all-no-port`: give it port").len();
    soon("the refusal", async {
        while told() == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(told(), 1);
}

#[tokio::test]
async fn bug_a_lost_quorum_filled_the_log_with_a_line_a_call() {
    let warnings = Warnings::of_process();
    let mut docker = FakeDocker::start();
    sets(&docker, "go", "/demo", 1);
    let all = TestAll::start(&docker).await;
    soon("readiness", async { while all.proxy.api("/successfulinitreload").await.status() != 200 {} }).await;
    docker.lists(Listing::NoLeader);
    docker.hints();
    docker.is_listed(1).await;
    for _ in 0..5 {
        let list = "GET /v1/docker-flow-swarm-listener/get-services HTTP/1.1\r\nHost: a\r\n\r\n";
        assert_eq!(all.proxy.call(list).await.status(), 500);
    }
    let told = warnings.with(&format!("get-services: docker at {}", docker.host()));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].ends_with("status 500: rpc error: The swarm does not have a leader. It's possible."), "{told:?}");
}
