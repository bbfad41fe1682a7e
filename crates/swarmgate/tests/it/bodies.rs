//! Bodies in both directions: every framing, large ones, and receivers that do not keep up.

use crate::harness::{Backend, TestProxy, get, got, ok, pattern, published};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const MIB: usize = 1024 * 1024;
/// More than passes in one piece.
const LARGE: usize = 8 * MIB;
/// More than all sockets and the proxy hold together.
const HELD: usize = 100 * MIB;

fn chunked(body: &[u8], size: usize) -> Vec<u8> {
    let mut framed = Vec::new();
    for chunk in body.chunks(size) {
        framed.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        framed.extend_from_slice(chunk);
        framed.extend_from_slice(b"\r\n");
    }
    framed.extend_from_slice(b"0\r\n\r\n");
    framed
}

#[tokio::test]
async fn a_large_response_arrives_whole_in_every_framing() {
    let (proxy, mut backend) = published().await;
    let body = pattern(LARGE);
    for (fields, bytes) in [
        (format!("Content-Length: {LARGE}\r\n"), body.clone()),
        ("Transfer-Encoding: chunked\r\n".to_owned(), chunked(&body, 70_001)),
        ("Connection: close\r\n".to_owned(), body.clone()),
    ] {
        let (mut client, mut server) = proxy.exchange(&mut backend, &get("/demo")).await;
        let head = format!("HTTP/1.1 200 OK\r\n{fields}\r\n");
        let sending = async {
            server.send(&head).await;
            server.send(&bytes).await;
            server.ends().await;
        };
        let receiving = async {
            client.receives(&head).await;
            assert!(client.receives_bytes(bytes.len()).await == bytes, "{fields}");
        };
        tokio::join!(sending, receiving);
    }
}

#[tokio::test]
async fn a_large_request_arrives_whole_in_every_framing() {
    let (proxy, mut backend) = published().await;
    let body = pattern(LARGE);
    for (field, bytes) in [
        (format!("Content-Length: {LARGE}"), body.clone()),
        ("Transfer-Encoding: chunked".to_owned(), chunked(&body, 1_000_003)),
    ] {
        let head = format!("PUT /demo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{field}\r\n\r\n");
        let (mut client, mut server) = proxy.exchange(&mut backend, &head).await;
        let receiving = async {
            assert!(server.receives_bytes(bytes.len()).await == bytes, "{field}");
            server.send("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").await;
        };
        tokio::join!(client.send(&bytes), receiving);
        client.receives("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").await;
    }
}

#[tokio::test]
async fn both_directions_move_at_once() {
    let (proxy, mut backend) = published().await;
    let head = "POST /demo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let (client, server) = proxy.exchange(&mut backend, head).await;
    let (mut from_proxy, mut to_proxy) = client.split();
    let (mut from_client, mut to_client) = server.split();
    let bytes = chunked(&pattern(LARGE), 100_000);
    // The server answers with what it gets, while it gets it.
    let echoing = async {
        to_client.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await.unwrap();
        tokio::io::copy(&mut (&mut from_client).take(bytes.len() as u64), &mut to_client).await.unwrap();
    };
    let receiving = async {
        let mut received = vec![0; bytes.len()];
        // A response that comes before the end of its request is the connection's last.
        let expected = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
        let mut head = vec![0; expected.len()];
        from_proxy.read_exact(&mut head).await.unwrap();
        assert_eq!(String::from_utf8(head).unwrap(), expected);
        from_proxy.read_exact(&mut received).await.unwrap();
        assert!(received == bytes, "what came back is not what was sent");
    };
    let sending = async { to_proxy.write_all(&bytes).await.unwrap() };
    crate::harness::soon("the echo", async { tokio::join!(echoing, receiving, sending) }).await;
}

#[tokio::test]
async fn a_client_of_http_1_0_gets_the_body_without_its_chunks() {
    let (proxy, mut backend) = published().await;
    let body = pattern(MIB);
    let (mut client, mut server) = proxy.exchange(&mut backend, "GET /demo HTTP/1.0\r\n\r\n").await;
    let framed = chunked(&body, 12_345);
    let sending = async {
        server.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
        server.send(&framed).await;
    };
    let receiving = async {
        client.receives("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").await;
        assert!(client.rest().await.unwrap() == body);
    };
    tokio::join!(sending, receiving);
    // The server's connection is whole and goes on.
    proxy.client().await.send(get("/demo")).await;
    server.receives(got("/demo")).await;
}

#[tokio::test]
async fn a_client_that_does_not_read_stops_the_server_and_costs_no_memory_or_time() {
    let proxy = TestProxy::with(&[], |settings| settings.timeouts.client = Duration::from_millis(500)).await;
    let mut backend = Backend::start().await;
    proxy.publish(&backend).await;
    let (_client, mut server) = proxy.exchange(&mut backend, &get("/demo")).await;
    server.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", 10_000 * MIB)).await;
    let sent = server.sends_until_cut_off(&[0; 4096]).await;
    assert!(sent < HELD, "{} MiB were taken for nobody", sent / MIB);
    let busy = proxy.busy();
    assert!(busy < Duration::from_millis(400), "a proxy that can do nothing was busy for {busy:?}");
}

#[tokio::test]
async fn a_server_that_does_not_read_stops_the_client_who_is_told() {
    let proxy = TestProxy::with(&[], |settings| settings.timeouts.server = Duration::from_millis(500)).await;
    let mut backend = Backend::start().await;
    proxy.publish(&backend).await;
    let head = format!("PUT /demo HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", 10_000 * MIB);
    let (mut client, _server) = proxy.exchange(&mut backend, &head).await;
    let sent = client.sends_until_cut_off(&[0; 4096]).await;
    assert!(sent < HELD, "{} MiB were taken for nobody", sent / MIB);
    let busy = proxy.busy();
    assert!(busy < Duration::from_millis(400), "a proxy that can do nothing was busy for {busy:?}");
}

#[tokio::test]
async fn a_response_without_an_end_of_its_own_ends_with_the_servers_connection() {
    let (proxy, mut backend) = published().await;
    let (mut client, mut server) = proxy.exchange(&mut backend, &get("/demo")).await;
    server.send("HTTP/1.0 200 OK\r\nX: y\r\n\r\nsome").await;
    client.receives("HTTP/1.1 200 OK\r\nX: y\r\nConnection: close\r\n\r\nsome").await;
    server.send(" more").await;
    client.receives(" more").await;
    server.ends().await;
    client.receives_end().await;
}

#[tokio::test]
async fn trailers_and_extensions_pass_as_they_are() {
    let (proxy, mut backend) = published().await;
    let head = "POST /demo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let (mut client, mut server) = proxy.exchange(&mut backend, head).await;
    let body = "05;name=\"value\"\r\nhello\r\n000\r\nX-Sum: 1\r\nX-Other: 2\r\n\r\n";
    client.send(body).await;
    server.receives(body).await;
    server.send(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}")).await;
    client.receives(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}")).await;
    client.send(get("/demo")).await;
    server.receives(got("/demo")).await;
    server.send(ok("hi")).await;
    client.receives(ok("hi")).await;
}

#[tokio::test]
async fn a_client_that_looks_for_its_answer_only_at_the_end_of_a_long_upload_finds_it() {
    let (proxy, mut backend) = published().await;
    let head = format!("POST /demo HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", 8 * MIB);
    let refused = "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let (mut client, mut server) = proxy.exchange(&mut backend, &head).await;
    server.send(refused).await;
    drop(server);
    for _ in 0..8 {
        client.send(pattern(MIB)).await;
    }
    client
        .receives(refused.replace("Connection: close\r\nContent-Length: 0", "Content-Length: 0\r\nConnection: close"))
        .await;
    client.ends().await;
    client.receives_end().await;
    // The proxy's own answer is one too.
    let mut client = proxy.client().await;
    client.send(head.replace("/demo", "/nowhere")).await;
    for _ in 0..8 {
        client.send(pattern(MIB)).await;
    }
    assert_eq!(client.reply().await.status(), 503);
}
