//! Clients that leave while they wait, and clients that only look as if they did.

use crate::harness::{Backend, TestProxy, get, got, ok, published};
use std::time::Duration;

#[tokio::test]
async fn a_client_that_resets_while_it_waits_releases_the_server_at_once() {
    let (proxy, mut backend) = published().await;
    let (client, mut server) = proxy.exchange(&mut backend, &get("/demo")).await;
    client.cuts_off();
    server.receives_end().await;
}

#[tokio::test]
async fn a_client_that_closes_while_it_waits_releases_the_server_long_before_the_timeout() {
    let (proxy, mut backend) = published().await;
    let (client, mut server) = proxy.exchange(&mut backend, &get("/demo")).await;
    drop(client);
    server.receives_end().await;
    assert!(proxy.busy() < Duration::from_millis(200), "a proxy that only waits was busy for {:?}", proxy.busy());
}

#[tokio::test]
async fn a_client_that_closes_after_its_whole_body_releases_the_server() {
    let (proxy, mut backend) = published().await;
    let post = "POST /demo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";
    let (client, mut server) = proxy.exchange(&mut backend, post).await;
    server.receives("hi").await;
    drop(client);
    server.receives_end().await;
}

#[tokio::test]
async fn a_client_that_has_said_its_last_still_gets_its_response() {
    let (proxy, mut backend) = published().await;
    for request in [get("/demo"), "GET /demo HTTP/1.0\r\n\r\n".to_owned()] {
        let (mut client, mut server) = proxy.exchange(&mut backend, &request).await;
        client.ends().await;
        server.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi").await;
        assert_eq!(client.reply().await.body, "hi");
        client.receives_end().await;
    }
}

#[tokio::test]
async fn a_client_that_has_said_its_last_and_still_listens_is_asked_and_waits_on() {
    let (proxy, mut backend) = published().await;
    let (mut client, mut server) = proxy.exchange(&mut backend, &get("/demo")).await;
    client.ends().await;
    // Whoever gets this is there; a client that is gone would have refused it.
    client.receives("HTTP/1.1 100 Continue\r\n\r\n").await;
    client.receives("HTTP/1.1 100 Continue\r\n\r\n").await;
    server.send(ok("hi")).await;
    client.receives(ok("hi")).await;
    client.receives_end().await;
}

#[tokio::test]
async fn a_server_that_stays_silent_is_a_504_for_a_client_that_has_said_its_last_too() {
    let proxy = TestProxy::with(&[], |settings| settings.timeouts.server = Duration::from_millis(300)).await;
    let mut backend = Backend::start().await;
    proxy.publish(&backend).await;
    let (mut client, mut server) = proxy.exchange(&mut backend, &get("/demo")).await;
    client.ends().await;
    assert_eq!(client.reply().await.status(), 504);
    server.receives_end().await;
}

#[tokio::test]
async fn what_a_client_sends_while_it_waits_is_its_next_request() {
    let (proxy, mut backend) = published().await;
    let (mut client, mut server) = proxy.exchange(&mut backend, &get("/demo/1")).await;
    client.send("GET /demo/2 HTTP/1.1\r\n").await;
    client.send("Host: a\r\n\r\n").await;
    client.ends().await;
    for number in ["1", "2"] {
        server.send(ok(number)).await;
        client.receives(ok(number)).await;
        if number == "1" {
            server.receives(got("/demo/2")).await;
        }
    }
    client.receives_end().await;
}
