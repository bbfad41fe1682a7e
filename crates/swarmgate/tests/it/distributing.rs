//! `distribute=true`: here first, then to all other replicas, which are told by addresses of loopback beside ours.

use crate::dns::FakeDns;
use crate::harness::{Backend, Peer, Reply, TestProxy, get};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// A proxy whose service has replicas on these addresses of 127.0.0.0; the first one is its own.
async fn replicated(last: &[u8]) -> (TestProxy, FakeDns) {
    let dns = FakeDns::start().await;
    dns.resolves("tasks.proxy", last);
    let proxy = TestProxy::with(&[("RESOLVERS", &dns.address.to_string())], |_| {}).await;
    (proxy, dns)
}

/// The API of another replica, in the hand of the test.
async fn replica(proxy: &TestProxy, last: u8) -> Backend {
    Backend::on(SocketAddr::from(([127, 0, 0, last], proxy.api_address().port()))).await.expect("a free port")
}

/// Takes one call and answers it with `status`; returns its first line.
async fn answers(replica: &mut Backend, status: &str) -> String {
    let mut caller: Peer = replica.accept().await;
    let head = caller.receives_head().await;
    caller.send(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")).await;
    head.lines().next().unwrap_or_default().to_owned()
}

fn outcome(reply: &Reply) -> (u16, String) {
    (reply.status(), reply.message())
}

const QUERY: &str =
    "serviceName=go&servicePath=/demo&port=1&outboundHostname=127.0.0.1&users=a:b%2Fc&aclName=b&aclName=a";

#[tokio::test]
async fn behaviours_66_and_85_every_other_replica_gets_the_same_call_once() {
    let (proxy, _dns) = replicated(&[1, 2, 3]).await;
    let (mut second, mut third) = (replica(&proxy, 2).await, replica(&proxy, 3).await);
    let path = format!("/reconfigure?{QUERY}&distribute=true");
    let (reply, to_second, to_third) =
        tokio::join!(proxy.api(&path), answers(&mut second, "200 OK"), answers(&mut third, "204 No Content"));
    assert_eq!(outcome(&reply), (200, "Distributed to all instances".to_owned()));
    assert_eq!((&reply.json()["Distribute"], &reply.json()["ServiceName"]), (&true.into(), &"go".into()));
    let sorted = "aclName=b&aclName=a&distribute=false&outboundHostname=127.0.0.1&port=1&serviceName=go&servicePath=%2Fdemo&users=a%3Ab%2Fc";
    assert_eq!(to_second, format!("GET /v1/docker-flow-proxy/reconfigure?{sorted} HTTP/1.1"));
    assert_eq!(to_third, to_second);
    assert_eq!(proxy.ask(&get("/demo")).await.status(), 401, "it is live here");
}

#[tokio::test]
async fn behaviour_73_a_removal_is_distributed_with_its_own_method() {
    let (proxy, _dns) = replicated(&[1, 2]).await;
    let mut second = replica(&proxy, 2).await;
    proxy.configure("serviceName=go&servicePath=/demo&port=1&deniedMethods=GET").await;
    let call = "DELETE /v1/docker-flow-proxy/remove?serviceName=go&distribute=true&id=1 HTTP/1.1\r\nHost: a\r\n\r\n";
    let (reply, line) = tokio::join!(proxy.call(call), answers(&mut second, "200 OK"));
    assert_eq!(outcome(&reply), (200, "Distributed to all instances".to_owned()));
    assert_eq!(line, "DELETE /v1/docker-flow-proxy/remove?distribute=false&id=1&serviceName=go HTTP/1.1");
    assert_eq!(proxy.ask(&get("/demo")).await.status(), 503);
}

#[tokio::test]
async fn behaviours_67_and_85_replicas_that_fail_are_named_and_the_others_have_the_change() {
    let (proxy, _dns) = replicated(&[4, 3, 2, 1]).await;
    let mut second = replica(&proxy, 2).await;
    let mut third = replica(&proxy, 3).await;
    let _closed = third.closed(4);
    let path = format!("/reconfigure?{QUERY}&distribute=true");
    let (reply, _, line) =
        tokio::join!(proxy.api(&path), answers(&mut second, "409 Conflict"), answers(&mut third, "200 OK"));
    let message = "Could not send distribute request to the following addresses: [127.0.0.2 127.0.0.4]";
    assert_eq!(outcome(&reply), (500, message.to_owned()));
    assert_eq!(reply.json()["Status"], "NOK");
    let reasons = reply.json()["Warnings"].to_string();
    assert!(reasons.contains("replica 127.0.0.2: it answered 409"), "{reasons}");
    assert!(reasons.contains("replica 127.0.0.4: "), "{reasons}");
    assert!(line.contains("distribute=false"), "{line}");
    assert_eq!(proxy.ask(&get("/demo")).await.status(), 401, "it is live here all the same");
}

#[tokio::test]
async fn a_silent_replica_is_given_two_seconds() {
    let (proxy, _dns) = replicated(&[1, 2]).await;
    let mut second = replica(&proxy, 2).await;
    let path = format!("/reconfigure?{QUERY}&distribute=true");
    let silent = async {
        let mut caller = second.accept().await;
        caller.receives_head().await;
        assert_eq!(proxy.ask(&get("/demo")).await.status(), 401, "it is live here first");
        // The proxy's control side runs in this runtime, so its time can be moved on.
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(2)).await;
        tokio::time::resume();
        caller
    };
    let (reply, _) = tokio::join!(proxy.api(&path), silent);
    assert_eq!(reply.status(), 500);
}

#[tokio::test]
async fn what_is_refused_here_is_not_distributed() {
    let (proxy, _dns) = replicated(&[1, 2]).await;
    let mut second = replica(&proxy, 2).await;
    for query in ["serviceName=other&distribute=true", "serviceName=go&servicePath=/demo&distribute=true"] {
        let status = proxy.api(&format!("/reconfigure?{query}")).await.status();
        assert!(status == 409 || status == 400, "{query}: {status}");
    }
    assert_eq!(proxy.api("/remove?distribute=true").await.status(), 400);
    let path = format!("/reconfigure?{QUERY}&distribute=true");
    let (_, line) = tokio::join!(proxy.api(&path), answers(&mut second, "200 OK"));
    assert!(line.contains("serviceName=go"), "nothing came before this: {line}");
}

#[tokio::test]
async fn a_proxy_alone_has_told_everybody_and_one_without_dns_says_so() {
    let (proxy, dns) = replicated(&[1]).await;
    let path = format!("/reconfigure?{QUERY}&distribute=true");
    assert_eq!(outcome(&proxy.api(&path).await), (200, "Distributed to all instances".to_owned()));
    dns.about("tasks.proxy", crate::dns::Says::NoSuchName);
    let message = "Could not perform DNS lookup for tasks.proxy. If the proxy is not called 'proxy', you must set SERVICE_NAME=<name-of-the-proxy> on the proxy service.";
    assert_eq!(outcome(&proxy.api(&path).await), (500, message.to_owned()));
    assert_eq!(outcome(&proxy.api("/remove?serviceName=go&distribute=true").await), (500, message.to_owned()));
    assert_eq!(proxy.ask(&get("/demo")).await.status(), 503, "it is gone here all the same");
}

#[tokio::test]
async fn behaviour_25_two_proxies_serve_the_same_after_one_call() {
    let (first, dns) = replicated(&[1, 2]).await;
    let port = first.api_address().port();
    let second = TestProxy::with(&[("RESOLVERS", &dns.address.to_string())], |settings| {
        settings.ip = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
        settings.port = port;
    })
    .await;
    let backend = Backend::start().await;
    first.publish_with(&backend, "&distribute=true").await;
    backend.echoes();
    for proxy in [&first, &second] {
        assert_eq!(proxy.ask(&get("/demo/hello")).await.body, "GET /demo/hello HTTP/1.1");
    }
    assert_eq!(first.api("/remove?serviceName=go&distribute=true").await.status(), 200);
    for proxy in [&first, &second] {
        assert_eq!(proxy.ask(&get("/demo/hello")).await.status(), 503);
    }
}
