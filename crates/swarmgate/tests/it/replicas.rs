//! All replicas side by side, on addresses of loopback: who serves the same, who does not, and who says nothing.

use crate::dns::{FakeDns, Says};
use crate::harness::{Backend, FakeListener, TestProxy, get, soon};
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;
use swarmgate::addresses::ListenerAddress;

const GO: &str = "serviceName=go&servicePath=/demo&port=1&outboundHostname=127.0.0.1";

/// A replica on 127.0.0.1 of a proxy whose replicas are on these addresses; of listeners that are asked once in a thousand seconds.
async fn replica(dns: &FakeDns, listeners: Vec<ListenerAddress>) -> TestProxy {
    TestProxy::with(&[("RESOLVERS", &dns.address.to_string())], |settings| {
        settings.listeners = listeners;
        settings.reconcile_interval = Duration::from_secs(1000);
    })
    .await
}

async fn alone(last: &[u8]) -> (TestProxy, FakeDns) {
    let dns = FakeDns::start().await;
    dns.resolves("tasks.proxy", last);
    (replica(&dns, Vec::new()).await, dns)
}

/// Another whole replica on 127.0.0.2.
async fn second(first: &TestProxy, dns: &FakeDns) -> TestProxy {
    let port = first.api_address().port();
    TestProxy::with(&[("RESOLVERS", &dns.address.to_string())], |settings| {
        settings.ip = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
        settings.port = port;
    })
    .await
}

/// The API of another replica, in the hand of the test.
async fn scripted(proxy: &TestProxy, last: u8) -> Backend {
    Backend::on(SocketAddr::from(([127, 0, 0, last], proxy.api_address().port()))).await.expect("a free port")
}

/// Takes one call and answers it; returns its head.
async fn answers(replica: &mut Backend, status: &str, body: &str) -> String {
    let mut caller = replica.accept().await;
    let head = caller.receives_head().await;
    let length = body.len();
    caller.send(format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")).await;
    head
}

async fn status(proxy: &TestProxy) -> Value {
    proxy.api("/status?services=false").await.json()
}

/// The rows of a status: address, digest, whether it says something, whether it drifts.
fn rows(status: &Value) -> Vec<Value> {
    let replicas = status["Replicas"].as_array().expect("replicas");
    replicas.iter().map(|row| json!([row["Address"], row["Digest"], row["Error"].is_null(), row["Drift"]])).collect()
}

/// The row of one replica.
fn row(status: &Value, last: u8) -> &Value {
    let replicas = status["Replicas"].as_array().expect("replicas");
    replicas.iter().find(|row| row["Address"] == format!("127.0.0.{last}")).expect("a row")
}

/// The control side runs in this runtime, so its time can be moved on.
async fn later(by: Duration) {
    tokio::time::pause();
    tokio::time::advance(by).await;
    tokio::time::resume();
}

/// The next look at all replicas is now.
async fn next_look() {
    later(Duration::from_secs(10)).await;
}

#[tokio::test]
async fn replicas_that_serve_the_same_stand_side_by_side() {
    let (first, dns) = alone(&[1, 2]).await;
    let second = second(&first, &dns).await;
    first.configure("serviceName=old&servicePath=/old&port=1&distribute=true").await;
    first.configure(&format!("{GO}&distribute=true")).await;
    first.api("/remove?serviceName=old&distribute=true").await;
    second.configure(GO).await;
    for proxy in [&first, &second] {
        let told = status(proxy).await;
        let digest = &told["Digest"];
        let expected = [json!(["127.0.0.1", digest, true, false]), json!(["127.0.0.2", digest, true, false])];
        assert_eq!((rows(&told).as_slice(), &told["Drift"]), (expected.as_slice(), &json!(false)));
        assert_ne!(digest, "0000000000000000");
    }
}

#[tokio::test]
async fn a_replica_that_goes_on_serving_something_else_drifts() {
    let (first, dns) = alone(&[1, 2]).await;
    let second = second(&first, &dns).await;
    first.configure(GO).await;
    let told = status(&first).await;
    assert_eq!(
        (&row(&told, 2)["Drift"], &row(&told, 1)["Drift"], &told["Drift"]),
        (&json!(true), &json!(false), &json!(true))
    );
    assert_eq!(row(&told, 2)["Digest"], "0000000000000000");
    second.configure(GO).await;
    later(Duration::from_secs(1)).await;
    let told = status(&first).await;
    assert_eq!((&row(&told, 2)["Digest"], &row(&told, 2)["Drift"]), (&told["Digest"], &json!(false)));
    assert_eq!(told["Drift"], false);
}

#[tokio::test]
async fn bug_everybody_who_asked_had_all_replicas_asked() {
    let (first, _dns) = alone(&[1, 2]).await;
    let mut second = scripted(&first, 2).await;
    let ours = first.api("/status?distribute=false").await.json()["Digest"].clone();
    let say = json!({"Generation": 7, "Digest": ours, "Ready": true}).to_string();
    // Only one question is answered.
    let (one, other, _) = tokio::join!(status(&first), status(&first), answers(&mut second, "200 OK", &say));
    let third = status(&first).await;
    for told in [one, other, third] {
        assert_eq!(row(&told, 2)["Generation"], 7, "{told}");
    }
}

#[tokio::test]
async fn a_change_that_is_under_way_is_no_drift() {
    let (first, _dns) = alone(&[1, 2]).await;
    let mut second = scripted(&first, 2).await;
    first.configure(GO).await;
    let ours = first.api("/status?distribute=false").await.json()["Digest"].clone();
    let say = |digest: &Value| json!({"Generation": 7, "Digest": digest, "Ready": true}).to_string();
    let (before, after) = (say(&json!("0000000000000000")), say(&ours));
    let looks = async {
        let head = answers(&mut second, "200 OK", &before).await;
        answers(&mut second, "200 OK", &after).await;
        head
    };
    let (told, head) = tokio::join!(status(&first), looks);
    let second = row(&told, 2);
    assert_eq!((&second["Digest"], &second["Drift"], &told["Drift"]), (&ours, &json!(false), &json!(false)));
    assert_eq!(second["Generation"], 7);
    let line = "GET /v1/docker-flow-proxy/status?distribute=false&services=false HTTP/1.1";
    assert_eq!(head.lines().next(), Some(line), "a replica asks nobody in turn");
}

#[tokio::test]
async fn who_is_dead_old_or_not_ready_does_not_drift() {
    let (first, _dns) = alone(&[1, 2, 3, 4, 5]).await;
    first.configure(GO).await;
    let (mut old, mut starting, mut strange) =
        (scripted(&first, 2).await, scripted(&first, 3).await, scripted(&first, 4).await);
    let not_ready = json!({"Generation": 0, "Digest": "0000000000000000", "Ready": false}).to_string();
    let (told, ..) = tokio::join!(
        status(&first),
        answers(&mut old, "404 Not Found", "404 page not found"),
        answers(&mut starting, "200 OK", &not_ready),
        answers(&mut strange, "200 OK", "{}"),
    );
    let error = |last: u8| row(&told, last)["Error"].to_string();
    assert_eq!(told["Drift"], false);
    assert!(rows(&told).iter().all(|row| row[3] == false), "{told}");
    assert!(error(2).contains("404") && error(4).contains("not a status") && error(5).contains("onnect"), "{told}");
    assert_eq!(rows(&told)[2], json!(["127.0.0.3", "0000000000000000", true, false]));
}

#[tokio::test]
async fn a_proxy_without_replicas_in_dns_says_why_it_knows_none() {
    let (first, dns) = alone(&[]).await;
    dns.about("tasks.proxy", Says::NoSuchName);
    let told = status(&first).await;
    assert_eq!((&told["Replicas"][0]["Address"], &told["Drift"]), (&json!("tasks.proxy"), &json!(false)));
    assert!(told["Replicas"][0]["Error"].is_string(), "{told}");
}

#[tokio::test]
async fn a_replica_that_differs_asks_its_listener_at_once() {
    let (mut listener, dns) = (FakeListener::start().await, FakeDns::start().await);
    dns.resolves("tasks.proxy", &[1, 2]);
    listener.lists("[]");
    let first = replica(&dns, vec![listener.address.clone()]).await;
    let mut second = scripted(&first, 2).await;
    listener.is_asked(1).await;
    listener.lists(r#"[{"serviceName":"go","servicePath":"/demo","port":"1","deniedMethods":"GET"}]"#);
    let theirs = json!({"Generation": 9, "Digest": "0123456789abcdef", "Ready": true}).to_string();
    next_look().await;
    answers(&mut second, "200 OK", &theirs).await;
    listener.is_asked(2).await;
    soon("the list", async {
        while first.ask(&get("/demo")).await.status() != 403 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_look_at_all_replicas_is_in_the_metrics() {
    let (first, dns) = alone(&[1, 2, 3]).await;
    let _second = second(&first, &dns).await;
    let url = format!("http://{}/metrics", first.api_address());
    let metrics = async || reqwest::get(&url).await.expect("an API").text().await.expect("text");
    next_look().await;
    soon("a look", async {
        while !metrics().await.contains("\nswarmgate_replicas 3\n") {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let metrics = metrics().await;
    let said =
        ["\nswarmgate_replicas_drifting 0\n", "\nswarmgate_replicas_silent 1\n", "\nswarmgate_catalog_digest 0\n"];
    assert!(said.iter().all(|line| metrics.contains(line)), "{metrics}");
}

#[tokio::test]
async fn a_reload_asks_the_listeners_for_all_services_and_ends_when_they_are_live() {
    let (listener, dns) = (FakeListener::start().await, FakeDns::start().await);
    let mut silent = FakeListener::start().await;
    listener.lists("[]");
    let proxy = replica(&dns, vec![listener.address.clone(), silent.address.clone()]).await;
    silent.is_asked(1).await;
    listener.lists(r#"[{"serviceName":"go","servicePath":"/demo","port":"1","deniedMethods":"GET"}]"#);
    let reply = proxy.api("/reload").await;
    assert_eq!((reply.status(), proxy.ask(&get("/demo")).await.status()), (200, 403));
    let warnings = reply.json()["Warnings"].to_string();
    assert!(warnings.contains(&silent.address.to_string()) && warnings.contains("500"), "{warnings}");
}
