//! Which connections go on after a response, and which are used again.

use crate::harness::{Backend, TestProxy, get, got, ok, pattern, published};

#[tokio::test]
async fn a_clients_requests_share_one_connection_on_either_side() {
    let (proxy, mut backend) = published().await;
    let mut client = proxy.client().await;
    client.send(get("/demo/1")).await;
    let mut server = backend.accept().await;
    for number in 1..=3 {
        server.receives(got(&format!("/demo/{number}"))).await;
        server.send(ok("hello")).await;
        client.receives(ok("hello")).await;
        client.send(get(&format!("/demo/{}", number + 1))).await;
    }
    server.receives(got("/demo/4")).await;
}

#[tokio::test]
async fn a_kept_connection_serves_the_next_client() {
    let (proxy, mut backend) = published().await;
    let mut first = proxy.client().await;
    first.send("GET /demo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    let mut server = backend.accept().await;
    server.receives(got("/demo")).await;
    server.send(ok("one")).await;
    first.receives("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\none").await;
    first.receives_end().await;
    let mut second = proxy.client().await;
    second.send(get("/demo")).await;
    server.receives(got("/demo")).await;
    server.send(ok("two")).await;
    second.receives(ok("two")).await;
}

#[tokio::test]
async fn requests_at_the_same_time_get_connections_of_their_own() {
    let (proxy, mut backend) = published().await;
    let (mut first, mut second) = (proxy.client().await, proxy.client().await);
    first.send(get("/demo/1")).await;
    let mut one = backend.accept().await;
    one.receives(got("/demo/1")).await;
    second.send(get("/demo/2")).await;
    let mut two = backend.accept().await;
    two.receives(got("/demo/2")).await;
    two.send(ok("two")).await;
    second.receives(ok("two")).await;
    one.send(ok("one")).await;
    first.receives(ok("one")).await;
}

#[tokio::test]
async fn a_server_that_ends_its_connection_costs_the_client_nothing() {
    let (proxy, mut backend) = published().await;
    let mut client = proxy.client().await;
    for response in [
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi",
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
    ] {
        client.send(get("/demo")).await;
        let mut server = backend.accept().await;
        server.receives(got("/demo")).await;
        server.send(response).await;
        client.receives(ok("hi")).await;
        server.receives_end().await;
    }
}

#[tokio::test]
async fn a_server_that_says_more_than_it_was_asked_is_not_used_again() {
    let (proxy, mut backend) = published().await;
    let mut client = proxy.client().await;
    for unasked in ["\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"] {
        client.send(get("/demo")).await;
        let mut server = backend.accept().await;
        server.receives(got("/demo")).await;
        server.send(format!("{}{unasked}", ok("good"))).await;
        client.receives(ok("good")).await;
        server.receives_end().await;
    }
}

#[tokio::test]
async fn a_body_behind_a_response_that_has_none_is_not_taken_for_the_next_response() {
    let (proxy, mut backend) = published().await;
    let mut client = proxy.client().await;
    let evil = ok("evil");
    for head in ["HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 43\r\n\r\n"] {
        client.send(get("/demo")).await;
        let mut server = backend.accept().await;
        server.receives(got("/demo")).await;
        server.send(format!("{head}{evil}")).await;
        client.receives(head).await;
        server.receives_end().await;
    }
    client.send("HEAD /demo HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let mut server = backend.accept().await;
    server.receives_head().await;
    server.send(&evil).await;
    client.receives("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n").await;
    server.receives_end().await;
    client.send(get("/demo")).await;
    backend.accept().await.receives(got("/demo")).await;
}

#[tokio::test]
async fn responses_without_a_body_leave_both_connections_open() {
    let (proxy, mut backend) = published().await;
    let mut client = proxy.client().await;
    client.send("HEAD /demo HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let mut server = backend.accept().await;
    for head in [
        "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
    ] {
        server.receives("HEAD /demo HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 127.0.0.1\r\n\r\n").await;
        server.send(head).await;
        client.receives(head).await;
        client.send("HEAD /demo HTTP/1.1\r\nHost: a\r\n\r\n").await;
    }
    server.receives_head().await;
}

#[tokio::test]
async fn http_1_0_ends_with_the_response_unless_it_says_keep_alive() {
    let (proxy, mut backend) = published().await;
    let mut client = proxy.client().await;
    client.send("GET /demo HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").await;
    let mut server = backend.accept().await;
    server.receives("GET /demo HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-For: 127.0.0.1\r\n\r\n").await;
    server.send(ok("hi")).await;
    client.receives("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nhi").await;
    client.send("GET /demo HTTP/1.0\r\nHost: a\r\n\r\n").await;
    server.receives(got("/demo")).await;
    server.send(ok("hi")).await;
    client.receives("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi").await;
    client.receives_end().await;
}

#[tokio::test]
async fn a_client_that_ends_after_its_request_still_gets_the_response() {
    let (proxy, mut backend) = published().await;
    let mut client = proxy.client().await;
    client.send(get("/demo")).await;
    client.ends().await;
    let mut server = backend.accept().await;
    server.receives(got("/demo")).await;
    server.send(ok("hi")).await;
    client.receives(ok("hi")).await;
    client.receives_end().await;
    let mut next = proxy.client().await;
    next.send(get("/demo")).await;
    server.receives(got("/demo")).await;
}

#[tokio::test]
async fn another_service_is_another_connection() {
    let proxy = TestProxy::start().await;
    let (mut one, mut two) = (Backend::start().await, Backend::start().await);
    for (name, backend) in [("one", &one), ("two", &two)] {
        let port = backend.port();
        proxy
            .configure(&format!("serviceName={name}&servicePath=/{name}&port={port}&outboundHostname=127.0.0.1"))
            .await;
    }
    let mut client = proxy.client().await;
    client.send(get("/one")).await;
    let mut first = one.accept().await;
    first.receives(got("/one")).await;
    first.send(ok("1")).await;
    client.receives(ok("1")).await;
    client.send(get("/two")).await;
    let mut second = two.accept().await;
    second.receives(got("/two")).await;
    second.send(ok("2")).await;
    client.receives(ok("2")).await;
    client.send(get("/one")).await;
    first.receives(got("/one")).await;
}

/// Old clients send a line end behind a body; a close with something unread would reset the connection, and the response with it.
#[tokio::test]
async fn a_client_that_says_more_after_its_last_request_still_gets_the_whole_response() {
    let (proxy, mut backend) = published().await;
    let request = "GET /demo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let (mut client, mut server) = proxy.exchange(&mut backend, request).await;
    client.send("\r\n").await;
    let body = pattern(3_000_000);
    server.send("HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n").await;
    let sending = tokio::spawn(async move { server.send(&body).await });
    client.receives("HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\nConnection: close\r\n\r\n").await;
    assert!(client.receives_bytes(3_000_000).await == pattern(3_000_000));
    client.receives_end().await;
    sending.await.unwrap();
}
