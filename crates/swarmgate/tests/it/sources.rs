//! From whom a service is known decides who may take it away: the listener that notified it, or only who removes it.

use crate::dns::FakeDns;
use crate::harness::{Backend, FakeListener, Reply, TestProxy};
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;

const FOLLOWED: &str = "00000000000000aa";
const MARK: &str = "Swarmgate-Notification: 00000000000000aa\r\n";
const OF_ANOTHER: &str = "Swarmgate-Notification: 00000000000000bb\r\n";

/// A proxy that asks this listener again and again.
async fn following(listener: &FakeListener, variables: &[(&str, &str)]) -> TestProxy {
    TestProxy::with(variables, |settings| {
        settings.listeners = vec![listener.address.clone()];
        settings.reconcile_interval = Duration::from_millis(20);
    })
    .await
}

/// A reconfigure with these fields.
async fn configure(proxy: &TestProxy, name: &str, more: &str, fields: &str) -> Reply {
    let query = format!("serviceName={name}&servicePath=/{name}{more}&port=1");
    proxy.call(&format!("GET /v1/docker-flow-proxy/reconfigure?{query} HTTP/1.1\r\nHost: a\r\n{fields}\r\n")).await
}

/// The services, each with its source.
async fn sources(proxy: &TestProxy) -> Vec<String> {
    let status = proxy.api("/status?distribute=false").await.json();
    let services = status["Services"].as_array().expect("services").iter();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    services.map(|service| format!("{} {}", text(&service["ServiceName"]), text(&service["Source"]))).collect()
}

#[tokio::test]
async fn bug_a_notification_whose_removal_was_lost_was_served_for_ever() {
    let mut listener = FakeListener::start().await;
    let environment =
        [("DFP_SERVICE_SERVICE_NAME", "env"), ("DFP_SERVICE_SERVICE_PATH", "/env"), ("DFP_SERVICE_PORT", "1")];
    listener.says_who_it_is(FOLLOWED);
    let proxy = following(&listener, &environment).await;
    listener.is_heard().await;
    configure(&proxy, "notified", "", MARK).await;
    configure(&proxy, "hand", "", "").await;
    assert_eq!(sources(&proxy).await, ["env environment", "hand api", "notified list"]);
    listener.lists_some("[]");
    listener.is_heard().await;
    assert_eq!(sources(&proxy).await.len(), 3, "an incomplete list only adds");
    listener.lists("[]");
    listener.is_heard().await;
    assert_eq!(sources(&proxy).await, ["env environment", "hand api"]);
}

#[tokio::test]
async fn bug_a_list_took_away_what_another_listener_had_notified() {
    let mut listener = FakeListener::start().await;
    listener.says_who_it_is(FOLLOWED);
    let proxy = following(&listener, &[]).await;
    listener.is_heard().await;
    configure(&proxy, "own", "", MARK).await;
    configure(&proxy, "foreign", "", OF_ANOTHER).await;
    configure(&proxy, "nobodys", "", "Swarmgate-Notification: listener\r\n").await;
    listener.lists("[]");
    listener.is_heard().await;
    assert_eq!(sources(&proxy).await, ["foreign api", "nobodys api"]);
}

#[tokio::test]
async fn a_refused_notification_leaves_quarantine_with_the_list_and_a_refused_call_does_not() {
    let mut listener = FakeListener::start().await;
    listener.says_who_it_is(FOLLOWED);
    let proxy = following(&listener, &[]).await;
    listener.is_heard().await;
    assert_eq!(configure(&proxy, "notified", "&port=none", MARK).await.status(), 409);
    assert_eq!(configure(&proxy, "hand", "&port=none", "").await.status(), 409);
    assert_eq!(sources(&proxy).await, ["hand api", "notified list"]);
    listener.lists("[]");
    listener.is_heard().await;
    assert_eq!(sources(&proxy).await, ["hand api"]);
}

#[tokio::test]
async fn replicas_hand_the_mark_on() {
    let dns = FakeDns::start().await;
    dns.resolves("tasks.proxy", &[1, 2]);
    let proxy = TestProxy::with(&[("RESOLVERS", &dns.address.to_string())], |_| {}).await;
    let second = SocketAddr::from(([127, 0, 0, 2], proxy.api_address().port()));
    let mut second = Backend::on(second).await.expect("a free port");
    for (fields, is_marked) in [(MARK, true), ("", false), ("Swarmgate-Notification: other\r\n", false)] {
        let taken = async {
            let mut caller = second.accept().await;
            let head = caller.receives_head().await;
            caller.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
            head.to_ascii_lowercase()
        };
        let (reply, head) = tokio::join!(configure(&proxy, "go", "&distribute=true", fields), taken);
        assert_eq!(
            (reply.status(), head.contains("swarmgate-notification: 00000000000000aa")),
            (200, is_marked),
            "{head}"
        );
    }
}
