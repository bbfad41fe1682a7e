//! Connections that become another protocol: byte for byte, both ways, for as long as both sides like.

use crate::harness::{Backend, Peer, TestProxy, get, got, ok, pattern, published, soon};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const ASKING: &str =
    "GET /demo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n";
const ASKED: &str = "GET /demo HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nX-Forwarded-For: 127.0.0.1\r\nConnection: upgrade\r\n\r\n";
const SWITCHING: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n";

/// Both ends of a tunnel.
async fn tunnel(proxy: &TestProxy, backend: &mut Backend) -> (Peer, Peer) {
    let mut client = proxy.client().await;
    client.send(ASKING).await;
    let mut server = backend.accept().await;
    server.receives(ASKED).await;
    server.send(SWITCHING).await;
    client.receives(SWITCHING).await;
    (client, server)
}

#[tokio::test]
async fn a_websocket_passes_bytes_both_ways() {
    let (proxy, mut backend) = published().await;
    let (mut client, mut server) = tunnel(&proxy, &mut backend).await;
    for _ in 0..3 {
        client.send(b"\x81\x05hello\r\n\r\nGET / HTTP/1.1").await;
        server.receives(b"\x81\x05hello\r\n\r\nGET / HTTP/1.1").await;
        server.send(b"\x81\x00HTTP/1.1 200 OK\r\n\r\n").await;
        client.receives(b"\x81\x00HTTP/1.1 200 OK\r\n\r\n").await;
    }
}

#[tokio::test]
async fn bytes_that_come_with_the_heads_are_the_first_of_the_tunnel() {
    let (proxy, mut backend) = published().await;
    let mut client = proxy.client().await;
    client.send(format!("{ASKING}early client")).await;
    let mut server = backend.accept().await;
    server.receives(ASKED).await;
    server.send(format!("HTTP/1.1 100 Continue\r\n\r\n{SWITCHING}early server")).await;
    client.receives(format!("HTTP/1.1 100 Continue\r\n\r\n{SWITCHING}early server")).await;
    server.receives("early client").await;
}

#[tokio::test]
async fn either_side_may_end_first_and_goes_on_listening() {
    let (proxy, mut backend) = published().await;
    let (mut client, mut server) = tunnel(&proxy, &mut backend).await;
    client.send("last words").await;
    client.ends().await;
    server.receives("last words").await;
    server.receives_end().await;
    server.send("still here").await;
    client.receives("still here").await;
    server.ends().await;
    client.receives_end().await;

    let (mut client, mut server) = tunnel(&proxy, &mut backend).await;
    server.ends().await;
    client.receives_end().await;
    client.send("still here").await;
    server.receives("still here").await;
    client.ends().await;
    server.receives_end().await;
}

#[tokio::test]
async fn a_side_that_breaks_off_ends_the_other_one() {
    let (proxy, mut backend) = published().await;
    let (client, mut server) = tunnel(&proxy, &mut backend).await;
    client.cuts_off();
    let _ = server.rest().await;
    let (mut client, server) = tunnel(&proxy, &mut backend).await;
    server.cuts_off();
    let _ = client.rest().await;
}

#[tokio::test]
async fn large_streams_pass_both_ways_at_once() {
    let (proxy, mut backend) = published().await;
    let (client, server) = tunnel(&proxy, &mut backend).await;
    let bytes = pattern(6 * 1024 * 1024);
    let (mut from_server, mut to_server) = client.split();
    let (mut from_client, mut to_client) = server.split();
    let (mut upwards, mut downwards) = (vec![0; bytes.len()], vec![0; bytes.len()]);
    let all = async {
        tokio::try_join!(
            to_server.write_all(&bytes),
            to_client.write_all(&bytes),
            from_client.read_exact(&mut upwards),
            from_server.read_exact(&mut downwards),
        )
    };
    soon("both streams", all).await.unwrap();
    assert!(upwards == bytes && downwards == bytes);
}

#[tokio::test]
async fn a_tunnel_outlives_changes_and_the_end_of_its_service() {
    let (proxy, mut backend) = published().await;
    let (mut client, mut server) = tunnel(&proxy, &mut backend).await;
    for number in 0..20 {
        proxy.configure(&format!("serviceName=other&servicePath=/other/{number}&port=1")).await;
    }
    assert_eq!(proxy.api("/remove?serviceName=go").await.status(), 200);
    assert_eq!(proxy.ask(&get("/demo")).await.status(), 503);
    client.send("still here").await;
    server.receives("still here").await;
    server.send("me too").await;
    client.receives("me too").await;
}

#[tokio::test]
async fn a_silent_tunnel_ends_and_only_waits_meanwhile() {
    let proxy = TestProxy::with(&[], |settings| settings.timeouts.tunnel = Duration::from_millis(600)).await;
    let mut backend = Backend::start().await;
    proxy.publish(&backend).await;
    let (mut whole, mut server) = tunnel(&proxy, &mut backend).await;
    let (mut half, mut other) = tunnel(&proxy, &mut backend).await;
    let (mut turned, mut end) = tunnel(&proxy, &mut backend).await;
    half.ends().await;
    end.ends().await;
    for silent in [&mut whole, &mut server, &mut half, &mut other, &mut turned, &mut end] {
        silent.receives_end().await;
    }
    assert!(proxy.busy() < Duration::from_millis(200), "three silent tunnels cost {:?}", proxy.busy());
}

#[tokio::test]
async fn a_server_may_decline_and_the_connection_goes_on() {
    let (proxy, mut backend) = published().await;
    let mut client = proxy.client().await;
    client.send(ASKING).await;
    let mut server = backend.accept().await;
    server.receives(ASKED).await;
    server.send(ok("no")).await;
    client.receives(ok("no")).await;
    client.send(get("/demo")).await;
    server.receives(got("/demo")).await;
}

#[tokio::test]
async fn h2c_is_never_offered_to_a_server_nor_taken_from_one() {
    let (proxy, mut backend) = (TestProxy::with(&[("ENABLE_H2", "false")], |_| {}).await, Backend::start().await);
    proxy.publish(&backend).await;
    let mut client = proxy.client().await;
    let settings = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n";
    client.send(format!("GET /demo HTTP/1.1\r\nHost: a\r\n{settings}\r\n")).await;
    let mut server = backend.accept().await;
    server.receives(got("/demo")).await;
    server.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n").await;
    assert_eq!(client.reply().await.status(), 502);
    client.receives_end().await;
    let mut client = proxy.client().await;
    client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    assert_eq!(client.reply().await.status(), 400);
}

/// The server switches although it has not taken the request: what is left of it is nowhere.
#[tokio::test]
async fn a_switch_in_the_middle_of_a_request_is_broken_off() {
    let (proxy, mut backend) = published().await;
    let mut client = proxy.client().await;
    client.send(ASKING.replace("Sec-WebSocket-Key: x", "Content-Length: 10")).await;
    client.send("hello").await;
    let mut server = backend.accept().await;
    server.receives_head().await;
    server.receives("hello").await;
    server.send(SWITCHING).await;
    client.receives(SWITCHING).await;
    client.is_cut_off().await;
}
