//! Who waits too long, and what it is told. The limits are short here; nothing depends on how short.

use crate::harness::{Backend, Peer, TestProxy, get, got, ok};
use model::Timeouts;
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(60);

/// A proxy whose limits are all long, but for those that `shorten` sets to [`SHORT`].
async fn proxy_with(shorten: impl FnOnce(&mut Timeouts)) -> TestProxy {
    let mut timeouts = Timeouts {
        connect: LONG,
        client: LONG,
        server: LONG,
        queue: LONG,
        tunnel: LONG,
        http_request: LONG,
        http_keep_alive: LONG,
    };
    shorten(&mut timeouts);
    TestProxy::with(&[], |settings| settings.timeouts = timeouts).await
}

/// The client gets this status, and that is the end.
async fn is_told(client: &mut Peer, status: u16) {
    let reply = client.reply().await;
    assert_eq!((reply.status(), reply.field("connection")), (status, "close"), "{}", reply.head);
    client.receives_end().await;
}

#[tokio::test]
async fn a_client_that_says_nothing_is_left_in_peace() {
    let proxy = proxy_with(|timeouts| timeouts.http_request = SHORT).await;
    proxy.client().await.receives_end().await;
    let mut client = proxy.client().await;
    client.send("\r\n\r\n").await;
    client.receives_end().await;
}

#[tokio::test]
async fn a_head_that_does_not_end_in_time_is_a_408() {
    let proxy = proxy_with(|timeouts| timeouts.http_request = SHORT).await;
    for part in ["G", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r"] {
        let mut client = proxy.client().await;
        client.send(part).await;
        is_told(&mut client, 408).await;
    }
}

#[tokio::test]
async fn a_head_that_trickles_in_is_not_given_more_time_for_each_byte() {
    let proxy = proxy_with(|timeouts| timeouts.http_request = SHORT).await;
    let mut client = proxy.client().await;
    client.send("GET / HTTP/1.1\r\nX: ").await;
    let mut bytes = 0;
    while client.can_send("x").await {
        bytes += 1;
        assert!(bytes < 30_000, "the head is still waited for");
        // A call takes its time; nobody sleeps.
        proxy.api("/ping").await;
    }
    assert_eq!(client.reply().await.status(), 408);
}

#[tokio::test]
async fn a_client_that_is_idle_between_two_requests_is_left_in_peace() {
    let proxy = proxy_with(|timeouts| timeouts.http_keep_alive = SHORT).await;
    let mut backend = Backend::start().await;
    proxy.publish(&backend).await;
    let mut client = proxy.client().await;
    client.send(get("/demo")).await;
    let mut server = backend.accept().await;
    server.receives(got("/demo")).await;
    server.send(ok("hi")).await;
    client.receives(ok("hi")).await;
    client.receives_end().await;
}

#[tokio::test]
async fn half_of_a_second_request_is_a_408() {
    let proxy = proxy_with(|timeouts| timeouts.http_request = SHORT).await;
    let mut backend = Backend::start().await;
    proxy.publish(&backend).await;
    let mut client = proxy.client().await;
    client.send(format!("{}GET /demo", get("/demo"))).await;
    let mut server = backend.accept().await;
    server.receives(got("/demo")).await;
    server.send(ok("hi")).await;
    client.receives(ok("hi")).await;
    is_told(&mut client, 408).await;
}

#[tokio::test]
async fn a_body_that_stops_coming_is_a_408_and_the_server_is_let_go() {
    let proxy = proxy_with(|timeouts| timeouts.client = SHORT).await;
    let mut backend = Backend::start().await;
    proxy.publish(&backend).await;
    for (framing, part) in [("Content-Length: 10", "hello"), ("Transfer-Encoding: chunked", "5\r\nhello\r\n")] {
        let mut client = proxy.client().await;
        client.send(format!("POST /demo HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n{part}")).await;
        let mut server = backend.accept().await;
        server.receives_head().await;
        server.receives(part).await;
        is_told(&mut client, 408).await;
        server.receives_end().await;
    }
}

#[tokio::test]
async fn a_body_that_trickles_in_is_a_408() {
    let proxy = proxy_with(|timeouts| timeouts.client = Duration::from_secs(1)).await;
    let mut backend = Backend::start().await;
    proxy.publish(&backend).await;
    let mut client = proxy.client().await;
    client.send("POST /demo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n").await;
    let mut server = backend.accept().await;
    server.receives_head().await;
    let mut bytes = 0;
    while client.can_send("x").await {
        bytes += 1;
        assert!(bytes < 3000, "the body is still waited for");
        // A call takes its time; nobody sleeps.
        for _ in 0..100 {
            proxy.api("/ping").await;
        }
    }
    assert_eq!(client.reply().await.status(), 408);
}

#[tokio::test]
async fn a_silent_server_is_a_504_and_is_let_go() {
    let proxy = proxy_with(|timeouts| timeouts.server = SHORT).await;
    let mut backend = Backend::start().await;
    proxy.publish(&backend).await;
    for part in ["", "HTTP/1.1 200 OK\r\nContent-"] {
        let mut client = proxy.client().await;
        client.send(get("/demo")).await;
        let mut server = backend.accept().await;
        server.receives(got("/demo")).await;
        server.send(part).await;
        is_told(&mut client, 504).await;
        server.receives_end().await;
    }
}

#[tokio::test]
async fn a_service_may_have_a_limit_of_its_own() {
    let proxy = proxy_with(|_| {}).await;
    let mut backend = Backend::start().await;
    proxy.publish_with(&backend, "&timeoutServer=1").await;
    let mut client = proxy.client().await;
    client.send(get("/demo")).await;
    let mut server = backend.accept().await;
    server.receives(got("/demo")).await;
    is_told(&mut client, 504).await;
}

#[tokio::test]
async fn a_server_that_takes_no_connection_is_a_503() {
    let proxy = proxy_with(|timeouts| timeouts.connect = SHORT).await;
    let deaf = Backend::deaf().await;
    proxy.publish(&deaf).await;
    let mut client = proxy.client().await;
    client.send(get("/demo")).await;
    is_told(&mut client, 503).await;
}

#[tokio::test]
async fn waiting_costs_nothing_even_for_a_client_that_has_ended() {
    let proxy = proxy_with(|timeouts| timeouts.server = Duration::from_millis(800)).await;
    let mut backend = Backend::start().await;
    proxy.publish(&backend).await;
    let mut servers = Vec::new();
    let mut client = proxy.client().await;
    for _ in 0..2 {
        client = proxy.client().await;
        client.send(get("/demo")).await;
        client.ends().await;
        let mut server = backend.accept().await;
        server.receives(got("/demo")).await;
        servers.push(server);
    }
    is_told(&mut client, 504).await;
    assert!(proxy.busy() < Duration::from_millis(200), "waiting cost {:?}", proxy.busy());
}
