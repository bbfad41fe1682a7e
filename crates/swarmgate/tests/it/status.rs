//! `/v1/docker-flow-proxy/status`: what an operator is told of a replica, its services and whom they are known from.

use crate::harness::{FakeListener, Reply, TestProxy, Warnings, get};
use serde_json::{Value, json};
use std::time::Duration;

async fn status(proxy: &TestProxy, query: &str) -> Value {
    let reply: Reply = proxy.api(&format!("/status{query}")).await;
    assert_eq!((reply.status(), reply.field("content-type")), (200, "application/json"));
    reply.json()
}

/// What is said of one service.
fn service<'s>(status: &'s Value, name: &str) -> &'s Value {
    let services = status["Services"].as_array().expect("services");
    services.iter().find(|service| service["ServiceName"] == name).unwrap_or(&Value::Null)
}

/// The fields that say how a service is.
fn state(status: &Value, name: &str) -> Value {
    let service = service(status, name);
    json!([service["State"], service["Source"], service["Reason"]])
}

const GO: &str = "serviceName=go&servicePath=/demo&port=1&outboundHostname=127.0.0.1";
const BAD_PORT: &str = "service `go`: port: `none` is not a port, 1 to 65535";

#[tokio::test]
async fn a_proxy_without_services_and_listeners_has_nothing_to_tell() {
    let proxy = TestProxy::start().await;
    let expected = json!({
        "Status": "OK", "Generation": 0, "Digest": "0000000000000000", "Ready": true, "Degraded": null, "LastSync": null,
        "Listeners": [], "Services": [], "Remarks": [],
    });
    let status = status(&proxy, "?distribute=false").await;
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&status[key], value, "{key} of {status}");
    }
    assert!(status.get("Replicas").is_none());
}

#[tokio::test]
async fn a_service_is_live_with_its_source_and_one_that_is_refused_is_in_quarantine_beside_its_last_good_version() {
    let proxy = TestProxy::start().await;
    proxy.configure(GO).await;
    assert_eq!(state(&status(&proxy, "").await, "go"), json!(["live", "api", null]));
    assert_eq!(proxy.api("/reconfigure?serviceName=go&servicePath=/demo&port=none").await.status(), 409);
    let told = status(&proxy, "").await;
    let reason = format!("{BAD_PORT}; what was said before it is live");
    assert_eq!(state(&told, "go"), json!(["quarantined", "api", reason]));
    assert_eq!(proxy.api("/reconfigure?serviceName=new&servicePath=/x").await.status(), 400);
    assert_eq!(service(&status(&proxy, "").await, "new")["State"], "quarantined");
    proxy.configure(GO).await;
    proxy.api("/remove?serviceName=new").await;
    let told = status(&proxy, "").await;
    assert_eq!(state(&told, "go"), json!(["live", "api", null]));
    assert_eq!(told["Services"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn bug_a_port_on_which_nobody_listens_was_not_told_with_the_service() {
    let (proxy, log) = (TestProxy::start().await, Warnings::of_process());
    // Bound, and not listened to: connections are refused as long as the test runs.
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let port = socket.local_addr().expect("a bound socket").port();
    proxy.configure(&format!("serviceName=deaf&servicePath=/deaf&port={port}&outboundHostname=127.0.0.1")).await;
    assert_eq!(service(&status(&proxy, "").await, "deaf")["Remarks"], json!([]), "nobody has asked for it yet");
    assert_eq!(proxy.ask(&get("/deaf")).await.status(), 503);
    let remark = format!(
        "none of its servers takes a connection on port {port}: is it the port in the container, and does a task run?"
    );
    assert_eq!(service(&status(&proxy, "").await, "deaf")["Remarks"], json!([remark]));
    assert_eq!(log.with(&format!("Service deaf: server 127.0.0.1:{port} cannot be reached")).len(), 1);
}

#[tokio::test]
async fn what_costs_by_the_number_of_services_can_be_left_out() {
    let proxy = TestProxy::start().await;
    proxy.configure(GO).await;
    let (whole, summary) = (status(&proxy, "?distribute=false").await, status(&proxy, "?services=false").await);
    assert!(summary.get("Services").is_none() && summary.get("Remarks").is_none());
    assert_eq!((&summary["Digest"], &summary["Generation"]), (&whole["Digest"], &json!(1)));
}

#[tokio::test]
async fn listeners_are_shown_with_what_came_of_the_last_question() {
    let (mut first, mut second) = (FakeListener::start().await, FakeListener::start().await);
    let listeners = vec![first.address.clone(), second.address.clone()];
    first.lists(
        r#"[{"serviceName":"bad","servicePath":"/x","port":"none"},{"serviceName":"go","servicePath":"/","port":"1"}]"#,
    );
    let proxy = TestProxy::with(&[], |settings| {
        settings.listeners = listeners;
        settings.reconcile_interval = Duration::from_millis(20);
    })
    .await;
    second.is_heard().await;
    let told = status(&proxy, "").await;
    assert_eq!((&told["Ready"], &told["Listeners"][0]["Error"]), (&json!(true), &Value::Null), "{told}");
    assert_eq!(told["Listeners"][0]["Address"], first.address.to_string());
    assert_eq!((&told["Listeners"][0]["Complete"], &told["Listeners"][1]["Complete"]), (&json!(true), &json!(false)));
    let error = told["Listeners"][1]["Error"].as_str().expect("an error");
    assert!(error.contains("500") && told["LastSync"].as_str().expect("a moment").ends_with('Z'), "{told}");
    assert_eq!(
        (&service(&told, "go")["Source"], &service(&told, "bad")["State"]),
        (&json!("list"), &json!("quarantined"))
    );
    second.lists("[]");
    first.lists("[]");
    first.is_heard().await;
    let told = status(&proxy, "").await;
    assert_eq!((&told["Services"], &told["Listeners"][1]["Error"]), (&json!([]), &Value::Null));
    assert_eq!(proxy.ask(&get("/")).await.status(), 503);
}

#[tokio::test]
async fn a_proxy_that_no_listener_answers_is_degraded_and_says_so() {
    let mut listener = FakeListener::start().await;
    let proxy = TestProxy::with(&[], |settings| {
        settings.listeners = vec![listener.address.clone()];
        settings.reconcile_interval = Duration::from_millis(20);
    })
    .await;
    listener.is_heard().await;
    let told = status(&proxy, "").await;
    assert_eq!((&told["Ready"], &told["Degraded"], &told["LastSync"]), (&json!(false), &Value::Null, &Value::Null));
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(30)).await;
    tokio::time::resume();
    let told = status(&proxy, "").await;
    assert!(told["Ready"] == true && told["Degraded"].as_str().expect("a reason").contains("30 s"), "{told}");
    listener.lists("[]");
    listener.is_heard().await;
    assert_eq!(status(&proxy, "").await["Degraded"], Value::Null);
}

#[tokio::test]
async fn the_environments_services_are_known_as_such() {
    let variables =
        [("DFP_SERVICE_SERVICE_NAME", "env"), ("DFP_SERVICE_SERVICE_PATH", "/env"), ("DFP_SERVICE_PORT", "1")];
    let proxy = TestProxy::with(&variables, |_| {}).await;
    assert_eq!(state(&status(&proxy, "").await, "env"), json!(["live", "environment", null]));
}
