//! The other endpoints of the control API, and what all of them have in common.

use crate::harness::{Backend, FakeListener, Reply, TestProxy, published};
use std::time::Duration;

/// A GET of `path` is answered with this status and type, and a body that contains `part`.
async fn check(proxy: &TestProxy, path: &str, status: u16, kind: &str, part: &str) -> Reply {
    let reply = proxy.call(&format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")).await;
    assert_eq!((reply.status(), reply.field("content-type")), (status, kind), "{path}: {}", reply.body);
    assert!(reply.body.contains(part), "{path}: {}", reply.body);
    reply
}

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

#[tokio::test]
async fn behaviours_58_70_72_83_and_87_every_endpoint_answers_as_docker_flow() {
    let proxy = TestProxy::start().await;
    let ok = r#"{"Status":"OK","Message":"","ServiceName":"","AclName":"","#;
    check(&proxy, "/v1/docker-flow-proxy/ping", 200, JSON, ok).await;
    check(&proxy, "/v1/docker-flow-proxy/reload", 200, JSON, ok).await;
    check(&proxy, "/v1/docker-flow-proxy/reload?recreate=true&fromListener=true", 200, JSON, ok).await;
    check(&proxy, "/v1/test", 200, JSON, r#"{"Status":"OK","Message":"Test v1","#).await;
    check(&proxy, "/v2/test", 200, JSON, r#"{"Status":"OK","Message":"Test v2","#).await;
    check(&proxy, "/v1/docker-flow-proxy/config", 200, "text/html", "pidfile /var/run/haproxy.pid").await;
    assert_eq!(check(&proxy, "/v1/docker-flow-proxy/config?type=JSON", 200, JSON, "").await.body, "{}");
    let not_ready = check(&proxy, "/v1/docker-flow-proxy/successfulinitreload", 500, "", "").await;
    assert_eq!(not_ready.body, "");
    let ping = check(&proxy, "/v1/docker-flow-proxy/ping", 200, JSON, "").await.json();
    assert_eq!((&ping["ServiceDest"], &ping["IsGlobal"], &ping["Users"]), (&().into(), &false.into(), &().into()));
}

#[tokio::test]
async fn other_paths_are_not_found_and_untidy_ones_are_sent_to_the_clean_one() {
    let proxy = TestProxy::start().await;
    for path in
        ["/", "/v1", "/v1/docker-flow-proxy", "/v1/docker-flow-proxy/none", "/V1/test", "/v1/docker-flow-proxy/PING"]
    {
        check(&proxy, path, 404, TEXT, "404 page not found").await;
    }
    for (path, clean) in [
        ("/v1/test/", "/v1/test"),
        ("//v1/test", "/v1/test"),
        ("/v1//docker-flow-proxy///ping/?a=b&c", "/v1/docker-flow-proxy/ping?a=b&c"),
        ("//evil.com/x", "/evil.com/x"),
    ] {
        let reply = proxy.call(&format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")).await;
        assert_eq!((reply.status(), reply.field("location")), (301, clean), "{path}");
    }
}

#[tokio::test]
async fn behaviours_5_6_and_53_the_configuration_is_shown_as_text_and_as_json() {
    let (proxy, backend) = (TestProxy::start().await, Backend::start().await);
    let port = backend.port();
    proxy.configure(&format!("serviceName=go-demo-api&servicePath=/demo&port={port}&outboundHostname=127.0.0.1")).await;
    let text = proxy.api("/config").await.body;
    for line in ["url_go-demo-api", "path_beg /demo", &format!("127.0.0.1:{port}")] {
        assert!(text.contains(line), "{line} in {text}");
    }
    let json = proxy.api("/config?type=json").await;
    assert!(json.body.starts_with(r#"{"go-demo-api":{"AclName":"go-demo-api","#), "{}", json.body);
    let service = &json.json()["go-demo-api"];
    assert_eq!(service["ServiceName"], "go-demo-api");
    assert_eq!(service["ServiceDest"][0]["PathType"], "path_beg");
    assert_eq!(service["ServiceDest"][0]["Port"], port.to_string());
    proxy.api("/remove?serviceName=go-demo-api").await;
    assert!(!proxy.api("/config").await.body.contains("go-demo-api"));
    assert_eq!(proxy.api("/config?type=json").await.body, "{}");
}

#[tokio::test]
async fn behaviours_71_and_89_a_reload_asks_every_listener_to_notify_again() {
    let (first, second) = (FakeListener::start().await, FakeListener::start().await);
    first.lists("[]");
    second.lists("[]");
    let listeners = vec![first.address.clone(), second.address.clone()];
    let proxy = TestProxy::with(&[], |settings| {
        settings.listeners = listeners;
        settings.reconcile_interval = Duration::from_secs(3600);
    })
    .await;
    assert_eq!(proxy.api("/reload?fromListener=true").await.status(), 200);
    let notify = "/v1/docker-flow-swarm-listener/notify-services";
    for listener in [&first, &second] {
        assert!(listener.asked().iter().any(|path| path == notify), "{:?}", listener.asked());
    }
    second.fails();
    let reply = proxy.api("/reload?fromListener=true").await;
    assert_eq!((reply.status(), &reply.json()["Status"]), (500, &"NOK".into()));
}

#[tokio::test]
async fn the_api_is_not_on_the_ports_of_clients_nor_they_on_the_apis() {
    let (proxy, _backend) = published().await;
    let reply = proxy.ask("GET /v1/docker-flow-proxy/ping HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(reply.status(), 503);
    assert_eq!(proxy.call("GET /demo HTTP/1.1\r\nHost: a\r\n\r\n").await.status(), 404);
}
