//! Compression on the wire: who gets it, that nothing is held back or made whole, and HTTP/1.1 and HTTP/2 alike.
//!
//! Not here: all conditions of a response (`proxy`), and which algorithm a client gets (`model`).

use crate::harness::{Backend, Peer, TestProxy, get, ok};
use http::Request;
use std::io::Read;

const ASKS: &str = "GET /demo HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip, br, zstd\r\n\r\n";
const TEXT: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n";
const COMPRESSED: &str = "Server: s\r\nTransfer-Encoding: chunked\r\nETag: W/\"x\"\r\nVary: Accept-Encoding\r\nContent-Encoding: gzip\r\n\r\n";

/// A proxy whose service `go` is published with these parameters.
async fn published_with(more: &str) -> (TestProxy, Backend) {
    let (proxy, backend) = (TestProxy::start().await, Backend::start().await);
    proxy.publish_with(&backend, more).await;
    (proxy, backend)
}

/// One chunk of a body; empty at its end.
async fn chunk(client: &mut Peer) -> Vec<u8> {
    let size = client.receives_line().await;
    let size = usize::from_str_radix(&size, 16).unwrap_or_else(|_| panic!("{size:?} is a size"));
    let data = client.receives_bytes(size).await;
    client.receives("\r\n").await;
    data
}

async fn chunks(client: &mut Peer) -> Vec<u8> {
    let mut all = Vec::new();
    loop {
        let data = chunk(client).await;
        if data.is_empty() {
            return all;
        }
        all.extend(data);
    }
}

/// What can be read of `coded`, whether its end is there or not.
fn read(coding: &str, coded: &[u8]) -> String {
    let mut reader: Box<dyn Read> = match coding {
        "gzip" => Box::new(flate2::read::GzDecoder::new(coded)),
        "br" => Box::new(brotli::Decompressor::new(coded, 4096)),
        "zstd" => Box::new(zstd::stream::read::Decoder::new(coded).expect("a decoder")),
        other => panic!("nobody asked for {other}"),
    };
    let (mut text, mut byte) = (Vec::new(), [0]);
    while let Ok(1) = reader.read(&mut byte) {
        text.push(byte[0]);
    }
    String::from_utf8(text).expect("a text")
}

/// The service compresses: head and body for a client that asks, and both connections go on.
async fn is_compressed(proxy: &TestProxy, backend: &mut Backend) {
    let mut client = proxy.client().await;
    client.send(ASKS).await;
    let mut server = backend.accept().await;
    for round in ["hello", "again"] {
        let forwarded = server.receives_head().await;
        assert!(forwarded.contains("\r\nAccept-Encoding: gzip, br, zstd\r\n"), "the server may compress by itself");
        server.send(format!("{TEXT}Content-Length: 5\r\nETag: \"x\"\r\nServer: s\r\n\r\n{round}")).await;
        client.receives(format!("{TEXT}{COMPRESSED}")).await;
        assert_eq!(read("gzip", &chunks(&mut client).await), round);
        if round == "hello" {
            client.send(ASKS).await;
        }
    }
}

#[tokio::test]
async fn behaviour_9_the_proxys_own_compression_is_for_services_that_say_nothing() {
    let variables = [("COMPRESSION_ALGO", "gzip"), ("COMPRESSION_TYPE", "text/css text/html application/json")];
    let (proxy, mut backend) = (TestProxy::with(&variables, |_| {}).await, Backend::start().await);
    proxy.publish(&backend).await;
    is_compressed(&proxy, &mut backend).await;
    proxy.publish_with(&backend, "&compressionAlgo=identity").await;
    let mut client = proxy.client().await;
    client.send(ASKS).await;
    let mut server = backend.accept().await;
    server.receives_head().await;
    server.send(ok("hello")).await;
    client.receives(ok("hello")).await;
}

#[tokio::test]
async fn behaviour_10_a_services_compression_is_its_own() {
    let (proxy, mut backend) = published_with("&compressionAlgo=gzip&compressionType=text/html").await;
    is_compressed(&proxy, &mut backend).await;
}

#[tokio::test]
async fn a_services_compression_is_nobody_elses() {
    let (proxy, mut other) = published_with("").await;
    let backend = Backend::start().await;
    let port = backend.port();
    proxy.configure(&format!("serviceName=x&servicePath=/x&port={port}&compressionAlgo=gzip")).await;
    let (mut client, mut server) = proxy.exchange(&mut other, ASKS).await;
    server.send(ok("hello")).await;
    client.receives(ok("hello")).await;
}

#[tokio::test]
async fn what_a_server_has_said_arrives_before_it_says_more() {
    for coding in ["gzip", "br", "zstd"] {
        let (proxy, mut backend) = published_with(&format!("&compressionAlgo={coding}")).await;
        let (mut client, mut server) = proxy.exchange(&mut backend, ASKS).await;
        server.send(format!("{TEXT}Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n")).await;
        assert!(client.receives_head().await.contains(&format!("\r\nContent-Encoding: {coding}\r\n")));
        let (mut coded, mut said) = (Vec::new(), String::new());
        for event in ["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"] {
            server.send(format!("{:x}\r\n{event}\r\n", event.len())).await;
            said.push_str(event);
            // The start of a format may come by itself.
            while read(coding, &coded) != said {
                let more = chunk(&mut client).await;
                assert!(!more.is_empty(), "the end came early");
                coded.extend(more);
            }
        }
        server.send("0\r\nX-Sum: 3\r\n\r\n").await;
        coded.extend(chunk(&mut client).await);
        assert_eq!(read(coding, &coded), said);
        client.receives("0\r\nX-Sum: 3\r\n\r\n").await;
    }
}

#[tokio::test]
async fn a_response_that_breaks_off_is_never_ended_as_if_whole() {
    let (proxy, mut backend) = published_with("&compressionAlgo=gzip").await;
    for framing in ["Content-Length: 100\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"] {
        let (mut client, mut server) = proxy.exchange(&mut backend, ASKS).await;
        server.send(format!("{TEXT}{framing}")).await;
        client.receives_head().await;
        assert_eq!(read("gzip", &chunk(&mut client).await), "hello");
        drop(server);
        client.is_cut_off().await;
    }
}

#[tokio::test]
async fn clients_that_do_not_ask_or_speak_http10_get_it_as_it_is() {
    let (proxy, mut backend) = published_with("&compressionAlgo=gzip").await;
    let (mut client, mut server) = proxy.exchange(&mut backend, &get("/demo")).await;
    server.send(ok("hello")).await;
    client.receives(ok("hello")).await;
    client.send("GET /demo HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n").await;
    server.receives_head().await;
    server.send(ok("hello")).await;
    assert_eq!(client.reply().await.field("content-encoding"), "");
}

#[tokio::test]
async fn over_http2_the_body_is_plain_data_and_trailers_come_behind_it() {
    let (proxy, mut backend) = published_with("&compressionAlgo=zstd+gzip").await;
    let serving = async {
        let mut server = backend.accept().await;
        server.receives_head().await;
        server.send(format!("{TEXT}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 3\r\n\r\n")).await;
        server.receives_head().await;
        server.send(format!("{TEXT}Content-Length: 10\r\n\r\nhello")).await;
        drop(server);
    };
    let asking = async {
        let request =
            || Request::get("http://a/demo").header("accept-encoding", "gzip, zstd").body(()).expect("a request");
        let reply = proxy.ask_http2(request()).await;
        assert_eq!(reply.status, 200);
        let fields = ["content-encoding", "vary", "content-length", "transfer-encoding"].map(|name| reply.field(name));
        assert_eq!(fields, ["zstd", "Accept-Encoding", "", ""]);
        assert_eq!(
            (read("zstd", &reply.body).as_str(), &reply.trailers.expect("trailers")["x-sum"]),
            ("hello", &"3".parse().expect("a value"))
        );
        assert!(proxy.try_http2(request()).await.is_err(), "a body that breaks off");
    };
    tokio::join!(serving, asking);
}

#[tokio::test]
async fn a_client_that_does_not_read_holds_its_server_back() {
    const FAR_TOO_MUCH: usize = 64 * 1024 * 1024;
    let (proxy, mut backend) = (TestProxy::with(&[("TIMEOUT_CLIENT", "1")], |_| {}).await, Backend::start().await);
    proxy.publish_with(&backend, "&compressionAlgo=gzip").await;
    let (mut client, mut server) = proxy.exchange(&mut backend, ASKS).await;
    server.send(format!("{TEXT}Content-Length: {FAR_TOO_MUCH}\r\n\r\n")).await;
    client.receives_head().await;
    let sent = server.sends_until_cut_off(&noise(1024 * 1024)).await;
    assert!(sent < FAR_TOO_MUCH / 2, "{sent} bytes were taken for a client that reads nothing");
}

/// Bytes of which next to nothing can be compressed.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}
