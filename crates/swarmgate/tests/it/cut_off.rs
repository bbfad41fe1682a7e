//! Responses that break off or are none: a client never takes a part for the whole.

use crate::harness::{Backend, TestProxy, get, got, ok, published};
use std::time::Duration;

/// The start of a response to `request`, as the server sends it and as the client gets it, after which the server is gone.
async fn check(request: &str, sent: &str, received: &str, reset: bool) {
    let (proxy, mut backend) = published().await;
    let (mut client, mut server) = proxy.exchange(&mut backend, request).await;
    server.send(sent).await;
    client.receives(received).await;
    if reset {
        server.cuts_off();
    } else {
        drop(server);
    }
    client.is_cut_off().await;
}

const LENGTH: &str = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";

#[tokio::test]
async fn a_response_shorter_than_its_length_is_cut_off() {
    check(&get("/demo"), LENGTH, LENGTH, false).await;
    check(&get("/demo"), LENGTH, LENGTH, true).await;
}

#[tokio::test]
async fn a_response_without_its_last_chunk_is_cut_off() {
    for end in ["", "0", "0\r\n", "0\r\n\r"] {
        let part = format!("{CHUNKED}{end}");
        check(&get("/demo"), &part, &part, false).await;
    }
    check(&get("/demo"), CHUNKED, CHUNKED, true).await;
}

#[tokio::test]
async fn a_client_of_http_1_0_is_not_told_that_half_a_response_is_the_whole() {
    let received = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello";
    check("GET /demo HTTP/1.0\r\n\r\n", CHUNKED, received, false).await;
    check("GET /demo HTTP/1.0\r\n\r\n", CHUNKED, received, true).await;
}

#[tokio::test]
async fn a_response_that_ends_with_the_connection_must_not_end_with_a_reset() {
    let received = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello";
    check(&get("/demo"), "HTTP/1.1 200 OK\r\n\r\nhello", received, true).await;
}

#[tokio::test]
async fn a_response_that_stops_coming_is_cut_off() {
    let proxy = TestProxy::with(&[], |settings| settings.timeouts.server = Duration::from_millis(300)).await;
    let mut backend = Backend::start().await;
    proxy.publish(&backend).await;
    for part in [LENGTH, CHUNKED, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello"] {
        let (mut client, mut server) = proxy.exchange(&mut backend, &get("/demo")).await;
        server.send(part).await;
        client.receives(part).await;
        client.is_cut_off().await;
        server.receives_end().await;
    }
    assert!(proxy.busy() < Duration::from_millis(200), "a proxy that only waits was busy for {:?}", proxy.busy());
}

#[tokio::test]
async fn chunks_that_are_none_cut_the_response_off() {
    let (proxy, mut backend) = published().await;
    for bad in ["x", "5 \r\n", "-1\r\n", "ffffffffffffffff\r\n", "3\r\nabcd", "0\r\n\n"] {
        let (mut client, mut server) = proxy.exchange(&mut backend, &get("/demo")).await;
        server.send(CHUNKED).await;
        client.receives(CHUNKED).await;
        server.send(bad).await;
        client.is_cut_off().await;
        server.receives_end().await;
    }
}

#[tokio::test]
async fn a_response_that_is_none_is_a_bad_gateway() {
    let (proxy, mut backend) = published().await;
    let long = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(33_000));
    for bad in [
        "",
        "hello",
        "HTTP/1.1 200 OK\r\nContent-Length: 1",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnothing",
        &long,
    ] {
        let (mut client, mut server) = proxy.exchange(&mut backend, &get("/demo")).await;
        server.send(bad).await;
        server.ends().await;
        let reply = client.reply().await;
        assert_eq!((reply.status(), reply.field("connection")), (502, "close"), "{bad:?}");
        assert!(reply.body.contains("<h1>502 Bad Gateway</h1>"), "{}", reply.body);
        client.receives_end().await;
    }
}

#[tokio::test]
async fn a_client_that_goes_away_takes_its_servers_connection_with_it_and_nobody_elses() {
    let (proxy, mut backend) = published().await;
    let (client, mut server) = proxy.exchange(&mut backend, &get("/demo")).await;
    client.cuts_off();
    server.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n").await;
    server.sends_until_cut_off(&[0; 65536]).await;
    let (mut client, mut server) = proxy.exchange(&mut backend, &get("/demo")).await;
    server.send(ok("hi")).await;
    client.receives(ok("hi")).await;
}

#[tokio::test]
async fn a_client_that_goes_away_in_its_body_is_not_taken_for_done() {
    let (proxy, mut backend) = published().await;
    for (framing, part) in [("Content-Length: 10", "hello"), ("Transfer-Encoding: chunked", "5\r\nhello\r\n")] {
        let head = format!("POST /demo HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n");
        let (mut client, mut server) = proxy.exchange(&mut backend, &head).await;
        client.send(part).await;
        server.receives(part).await;
        client.ends().await;
        server.receives_end().await;
    }
    proxy.client().await.send(get("/demo")).await;
    backend.accept().await.receives(got("/demo")).await;
}
