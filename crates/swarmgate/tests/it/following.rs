//! A proxy that follows listeners: their lists become routes, and what left them goes.

use crate::harness::{Backend, FakeListener, TestProxy, get, soon};
use std::time::Duration;

/// A proxy that asks these listeners again and again.
async fn following(listeners: &[&FakeListener]) -> TestProxy {
    let listeners = listeners.iter().map(|listener| listener.address.clone()).collect();
    TestProxy::with(&[], |settings| {
        settings.listeners = listeners;
        settings.reconcile_interval = Duration::from_millis(20);
    })
    .await
}

/// A list of services, each on the path of its name.
fn list(names: &[&str], port: u16) -> String {
    let service = |name: &&str| {
        format!(r#"{{"serviceName":"{name}","servicePath":"/{name}","port":"{port}","outboundHostname":"127.0.0.1"}}"#)
    };
    format!("[{}]", names.iter().map(service).collect::<Vec<_>>().join(","))
}

async fn is_live(proxy: &TestProxy, name: &str) -> bool {
    proxy.ask(&get(&format!("/{name}"))).await.status() == 200
}

async fn is_ready(proxy: &TestProxy) -> bool {
    proxy.api("/successfulinitreload").await.status() == 200
}

/// A server that answers everything; its port.
async fn server() -> u16 {
    let backend = Backend::start().await;
    let port = backend.port();
    backend.echoes();
    port
}

#[tokio::test]
async fn behaviours_87_88_and_90_a_listeners_services_are_live_and_then_the_proxy_is_ready() {
    let (mut listener, port) = (FakeListener::start().await, server().await);
    let proxy = following(&[&listener]).await;
    listener.is_heard().await;
    assert!(!is_ready(&proxy).await, "a listener that answers 500 says nothing");
    listener.lists("no json");
    listener.is_heard().await;
    assert!(!is_ready(&proxy).await);
    listener.lists(&list(&["one", "two"], port));
    listener.is_heard().await;
    assert!(is_ready(&proxy).await);
    assert!(is_live(&proxy, "one").await && is_live(&proxy, "two").await);
    let asked = listener.asked();
    assert!(asked.iter().all(|path| path == "/v1/docker-flow-swarm-listener/get-services"), "{asked:?}");
}

#[tokio::test]
async fn a_complete_list_takes_out_what_left_it_and_nothing_else() {
    let (mut listener, port) = (FakeListener::start().await, server().await);
    listener.lists(&list(&["one", "two"], port));
    let proxy = following(&[&listener]).await;
    listener.is_heard().await;
    proxy.configure(&format!("serviceName=hand&servicePath=/hand&port={port}&outboundHostname=127.0.0.1")).await;
    listener.lists_some(&list(&["two"], port));
    listener.is_heard().await;
    assert!(is_live(&proxy, "one").await, "Docker Flow's listener leaves out what is just starting");
    listener.lists(&list(&["two"], port));
    listener.is_heard().await;
    assert!(!is_live(&proxy, "one").await && is_live(&proxy, "two").await);
    assert!(is_live(&proxy, "hand").await, "what was added by hand stays");
    listener.lists("[]");
    listener.is_heard().await;
    assert!(!is_live(&proxy, "two").await && is_live(&proxy, "hand").await);
}

#[tokio::test]
async fn a_listener_that_fails_takes_nothing_away() {
    let (mut listener, port) = (FakeListener::start().await, server().await);
    listener.lists(&list(&["one"], port));
    let proxy = following(&[&listener]).await;
    listener.is_heard().await;
    listener.fails();
    listener.is_heard().await;
    assert!(is_live(&proxy, "one").await && is_ready(&proxy).await);
    for bad in ["", "{}", "[{\"serviceName\":1}]", "[{", "null"] {
        listener.lists(bad);
        listener.is_heard().await;
        assert!(is_live(&proxy, "one").await, "{bad}");
    }
}

#[tokio::test]
async fn a_bad_service_of_a_list_hurts_nobody_else() {
    let (mut listener, port) = (FakeListener::start().await, server().await);
    let good = list(&["one"], port);
    let bad = r#"{"serviceName":"bad","servicePath":"/bad"},{"servicePath":"/x"},{},"#;
    listener.lists(&good.replacen('[', &format!("[{bad}"), 1));
    let proxy = following(&[&listener]).await;
    listener.is_heard().await;
    assert!(is_live(&proxy, "one").await && is_ready(&proxy).await);
    // A version that is refused is no reason to take out the last good one.
    listener.lists(r#"[{"serviceName":"one","servicePath":"/one","port":"none"}]"#);
    listener.is_heard().await;
    assert!(is_live(&proxy, "one").await);
}

#[tokio::test]
async fn several_listeners_are_one_list_and_one_that_fails_makes_it_incomplete() {
    let (mut first, mut second) = (FakeListener::start().await, FakeListener::start().await);
    let port = server().await;
    first.lists(&list(&["one", "two"], port));
    second.lists(&list(&["three"], port));
    let proxy = following(&[&first, &second]).await;
    second.is_heard().await;
    for name in ["one", "two", "three"] {
        assert!(is_live(&proxy, name).await, "{name}");
    }
    second.fails();
    first.lists(&list(&["one"], port));
    first.is_heard().await;
    assert!(is_live(&proxy, "two").await && is_live(&proxy, "three").await);
    second.lists("[]");
    second.is_heard().await;
    assert!(is_live(&proxy, "one").await && !is_live(&proxy, "two").await && !is_live(&proxy, "three").await);
}

#[tokio::test]
async fn bug_a_listener_that_hangs_delayed_the_lists_of_all_others() {
    let (listener, port) = (FakeListener::start().await, server().await);
    listener.lists(&list(&["one"], port));
    // Connections to it are accepted by nobody, and stay without an answer.
    let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let hanging = socket.local_addr().expect("an address").to_string();
    let proxy = TestProxy::with(&[("LISTENER_ADDRESS", &hanging)], |settings| {
        settings.listeners.push(listener.address.clone());
    })
    .await;
    let reply = proxy.api("/reload").await;
    assert!(reply.body.contains("no answer within a second of another listener's list"), "{}", reply.body);
    assert!(is_live(&proxy, "one").await && is_ready(&proxy).await);
    listener.lists("[]");
    proxy.api("/reload").await;
    assert!(is_live(&proxy, "one").await, "one that is silent may know it");
}

#[tokio::test]
async fn what_the_listener_goes_on_saying_wins_in_the_end() {
    let (mut listener, port) = (FakeListener::start().await, server().await);
    listener.lists(&list(&["one"], port));
    let proxy = following(&[&listener]).await;
    listener.is_heard().await;
    assert_eq!(proxy.api("/remove?serviceName=one").await.status(), 200);
    // The listener still knows it, and is asked after the removal: it is back, as the listener says.
    listener.is_heard().await;
    assert!(is_live(&proxy, "one").await);
    proxy.configure(&format!("serviceName=one&servicePath=/other&port={port}&outboundHostname=127.0.0.1")).await;
    listener.is_heard().await;
    assert!(is_live(&proxy, "one").await && !is_live(&proxy, "other").await);
}

#[tokio::test]
async fn a_proxy_that_no_listener_answers_is_ready_after_half_a_minute() {
    let mut listener = FakeListener::start().await;
    let proxy = following(&[&listener]).await;
    listener.is_heard().await;
    assert!(!is_ready(&proxy).await);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(30)).await;
    tokio::time::resume();
    assert!(soon("readiness", is_ready(&proxy)).await);
}
