//! Heads of requests (RFC 9113 §8.3.1, §8.2.3).

use super::Trio;
use crate::frame::{request, request_in_parts};
use crate::hpack::Block;
use crate::it::harness::{TestProxy, ok};

#[tokio::test]
async fn pseudo_fields_become_a_request_line_and_host() {
    let mut trio = Trio::new().await;
    let block =
        Block::of(&[(":method", "DELETE"), (":scheme", "http"), (":authority", "a.com:81"), (":path", "/x?y=z")]);
    let block = block.field("accept", "*/*").field("x-twice", "1").field("x-twice", "2");
    let (_, head) = trio.server_gets(request(1, block)).await;
    let expected = "DELETE /x?y=z HTTP/1.1\r\nhost: a.com:81\r\naccept: */*\r\nx-twice: 1\r\nx-twice: 2\r\nX-Forwarded-For: 127.0.0.1\r\n\r\n";
    assert_eq!(head, expected);
}

#[tokio::test]
async fn crumbs_of_a_cookie_are_one_field() {
    let mut trio = Trio::new().await;
    let block =
        Block::get("/").field("cookie", "a=1").field("x", "y").field("cookie", "b=2; c=3").field("cookie", "d=4");
    let (_, head) = trio.server_gets(request(1, block)).await;
    assert!(head.contains("\r\ncookie: a=1; b=2; c=3; d=4\r\n"), "{head}");
    assert_eq!(head.matches("cookie").count(), 1);
}

#[tokio::test]
async fn fields_keep_their_values_to_the_octet() {
    let mut trio = Trio::new().await;
    let block = Block::get("/%7Ea/..//b?c=%00").field("x-odd", "a\tb  c,\"d\" ").field("x-empty", "");
    let (_, head) = trio.server_gets(request(1, block)).await;
    assert!(head.starts_with("GET /%7Ea/..//b?c=%00 HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("\r\nx-odd: a\tb  c,\"d\""), "{head}");
    assert!(head.contains("\r\nx-empty: \r\n"), "{head}");
}

#[tokio::test]
async fn who_speaks_for_whom_is_decided_as_ever() {
    let mut trio = Trio::new().await;
    let block = Block::get("/").field("x-forwarded-for", "192.0.2.1").field("forwarded", "for=192.0.2.1");
    let (_, head) = trio.server_gets(request(1, block)).await;
    assert!(head.contains("x-forwarded-for: 192.0.2.1"), "{head}");
}

/// The status that the proxy itself gives.
async fn refused(block: Block) -> u16 {
    let mut trio = Trio::new().await;
    trio.client.send(request_in_parts(1, block)).await;
    let status = trio.client.response(1).await.status;
    trio.client.is_alive().await;
    status
}

#[tokio::test]
async fn refusals_have_the_status_of_http1() {
    let long = |length: usize| "x".repeat(length);
    let without_authority = Block::of(&[(":method", "GET"), (":scheme", "http"), (":path", "/")]);
    let fields = (0..300).fold(Block::get("/"), |block, number| block.field(format!("x-{number}"), ""));
    for (what, block, status) in [
        ("neither :authority nor Host", without_authority, 400),
        ("* of GET", Block::get("*"), 400),
        ("* of OPTIONS, which nobody has published", Block::request("OPTIONS", "*"), 503),
        ("a path of more than 16 KiB", Block::get(&format!("/{}", long(16 * 1024))), 414),
        ("CONNECT", Block::of(&[(":method", "CONNECT"), (":authority", "a:80")]), 405),
        ("a method of more than 32 octets", Block::request(&long(33), "/"), 501),
        ("more than 256 fields", fields, 431),
        ("a head of more than 32 KiB", Block::get("/").field("x", long(40_000)), 431),
        ("an expectation that nobody knows", Block::get("/").field("expect", "magic"), 417),
    ] {
        assert_eq!(refused(block).await, status, "{what}");
    }
}

#[tokio::test]
async fn a_refusal_of_one_stream_leaves_the_others_alone() {
    let mut trio = Trio::new().await;
    let frames = [request(1, Block::get("/slow")), request(3, Block::get("*"))].concat();
    let (mut server, _) = trio.server_gets(frames).await;
    let refusal = trio.client.response(3).await;
    assert_eq!((refusal.status, refusal.ended), (400, true));
    assert!(refusal.text().contains("400 Bad Request"));
    assert_eq!(refusal.field("connection"), "");
    server.send(ok("late")).await;
    assert_eq!(trio.client.response(1).await.text(), "late");
}

#[tokio::test]
async fn answers_of_the_proxy_to_head_have_no_body() {
    let mut trio = Trio::new().await;
    let refusal = trio.client.ask(1, Block::request("HEAD", "*")).await;
    assert_eq!((refusal.status, refusal.body.len(), refusal.ended), (400, 0, true));
}

#[tokio::test]
async fn an_upgrade_of_http1_to_h2c_is_answered_over_http1() {
    let trio = Trio::new().await;
    trio.backend.echoes();
    let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n";
    let reply = trio.proxy.ask(request).await;
    assert_eq!((reply.status(), reply.body.as_str()), (200, "GET / HTTP/1.1"));
}

#[tokio::test]
async fn without_http2_its_preface_is_no_request() {
    let proxy = TestProxy::with(&[("ENABLE_H2", "false")], |_| {}).await;
    let mut peer = proxy.client().await;
    peer.send(crate::frame::PREFACE).await;
    let answer = String::from_utf8_lossy(&peer.rest().await.expect("an end in good order")).into_owned();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer:?}");
}
