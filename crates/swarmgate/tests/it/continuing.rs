//! Responses that come before the request is whole: 100-continue, and servers that do not want to hear the rest.

use crate::harness::{get, got, ok, published, soon};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const MIB: usize = 1024 * 1024;

const EXPECTING: &str = "POST /demo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";

#[tokio::test]
async fn a_server_may_ask_for_the_body() {
    let (proxy, mut backend) = published().await;
    let mut client = proxy.client().await;
    client.send(EXPECTING).await;
    let mut server = backend.accept().await;
    server.receives(EXPECTING.replace("\r\n\r\n", "\r\nX-Forwarded-For: 127.0.0.1\r\n\r\n")).await;
    server.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n").await;
    client.receives("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n").await;
    client.send("abc").await;
    server.receives("abc").await;
    server.send(ok("hi")).await;
    client.receives(ok("hi")).await;
    client.send(get("/demo")).await;
    server.receives(got("/demo")).await;
}

#[tokio::test]
async fn a_server_may_refuse_the_body_and_the_connections_end() {
    let (proxy, mut backend) = published().await;
    let (mut client, mut server) = proxy.exchange(&mut backend, EXPECTING).await;
    server.send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n").await;
    let reply = client.reply().await;
    assert_eq!((reply.status(), reply.field("connection")), (417, "close"), "{}", reply.head);
    client.receives_end().await;
    server.receives_end().await;
}

#[tokio::test]
async fn a_server_that_dies_after_100_is_a_bad_gateway() {
    let (proxy, mut backend) = published().await;
    let (mut client, mut server) = proxy.exchange(&mut backend, EXPECTING).await;
    server.send("HTTP/1.1 100 Continue\r\n\r\n").await;
    client.receives("HTTP/1.1 100 Continue\r\n\r\n").await;
    client.send("abc").await;
    server.receives("abc").await;
    drop(server);
    assert_eq!(client.reply().await.status(), 502);
}

#[tokio::test]
async fn a_client_of_http_1_0_is_spared_interim_responses() {
    let (proxy, mut backend) = published().await;
    let (mut client, mut server) = proxy.exchange(&mut backend, "GET /demo HTTP/1.0\r\n\r\n").await;
    server.send("HTTP/1.1 100 Continue\r\n\r\n").await;
    server.send(ok("hi")).await;
    client.receives("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi").await;
}

#[tokio::test]
async fn an_early_response_reaches_a_client_that_is_still_sending() {
    let (proxy, mut backend) = published().await;
    let head = format!("PUT /demo HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", 100 * MIB);
    let (mut client, mut server) = proxy.exchange(&mut backend, &head).await;
    client.send(vec![b'x'; MIB / 2]).await;
    server.receives_bytes(MIB / 2).await;
    server.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 5\r\n\r\nlarge").await;
    client.send(vec![b'x'; MIB / 2]).await;
    let reply = client.reply().await;
    assert_eq!((reply.status(), reply.body.as_str()), (413, "large"));
    assert_eq!(reply.field("connection"), "close", "the rest of the request is not wanted: {}", reply.head);
    client.receives_end().await;
}

/// The server answers, does not read the rest, and closes: writing to it fails while its response is still unread. Whether the proxy
/// notices both at once is a race, so it is run more than once.
#[tokio::test]
async fn the_rest_of_a_body_that_nobody_wanted_is_not_the_next_request() {
    let (proxy, mut backend) = published().await;
    let head = format!("PUT /demo HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", 100 * MIB);
    for _ in 0..30 {
        let (client, mut server) = proxy.exchange(&mut backend, &head).await;
        let (mut from_proxy, mut to_proxy) = client.split();
        let uploading = tokio::spawn(async move { while to_proxy.write(&[b'x'; 65536]).await.is_ok() {} });
        server.receives_bytes(MIB).await;
        server.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 5\r\n\r\nlarge").await;
        drop(server);
        let mut received = Vec::new();
        // The client may be cut off once it has its answer: it goes on sending what nobody reads.
        let _ = soon("the end", from_proxy.read_to_end(&mut received)).await;
        soon("the end", uploading).await.unwrap();
        let received = String::from_utf8_lossy(&received);
        assert_eq!(received, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlarge");
    }
}

#[tokio::test]
async fn a_body_whose_chunks_are_none_is_a_400_and_never_whole_for_the_server() {
    let (proxy, mut backend) = published().await;
    let head = "POST /demo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for bad in ["x", "5 \r\n", "-1\r\n", "0x1\r\n", "ffffffffffffffff\r\n", "0\r\n\n", "\n", "0\r\n X: y\r\n"] {
        let (mut client, mut server) = proxy.exchange(&mut backend, head).await;
        client.send("5\r\nhello\r\n").await;
        server.receives("5\r\nhello\r\n").await;
        client.send(format!("{bad}{}", get("/demo/smuggled"))).await;
        let reply = client.reply().await;
        assert_eq!((reply.status(), reply.field("connection")), (400, "close"), "{bad:?}");
        client.receives_end().await;
        assert!(!String::from_utf8_lossy(&server.rest().await.unwrap()).contains("\r\n\r\n"), "{bad:?}");
    }
}
