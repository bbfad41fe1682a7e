//! `accept-proxy` and TRUSTED_PROXIES: who may say that it speaks for somebody else.

use crate::harness::{Backend, Peer, TestProxy, get, got, ok, published};
use std::time::{Duration, Instant};

/// Addresses and ports of 192.0.2.7:12345 and 10.0.0.1:80, in version 2.
const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x07\x0a\0\0\x01\x30\x39\0\x50";
const V1: &[u8] = b"PROXY TCP4 192.0.2.7 10.0.0.1 12345 80\r\n";

/// A proxy whose port expects a header, with the service `go`.
async fn behind_a_balancer(variables: &[(&str, &str)]) -> (TestProxy, Backend) {
    let all: Vec<_> = [("DEFAULT_PORTS", "80 accept-proxy")].iter().chain(variables).copied().collect();
    let (proxy, backend) = (TestProxy::with(&all, |_| {}).await, Backend::start().await);
    proxy.publish(&backend).await;
    (proxy, backend)
}

/// What the server of `/demo` gets of a client at `address`.
fn got_from(address: &str) -> String {
    got("/demo").replace("127.0.0.1", address)
}

#[tokio::test]
async fn the_address_in_the_header_is_the_clients_in_both_versions() {
    let (proxy, mut backend) = behind_a_balancer(&[]).await;
    let long = [b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x10".as_slice(), &V2[16..], b"\x04\0\x01\0"].concat();
    for (header, address) in [
        (V1, "192.0.2.7"),
        (V2, "192.0.2.7"),
        (&long, "192.0.2.7"),
        (b"PROXY TCP6 2001:db8::7 ::1 1 2\r\n", "2001:db8::7"),
        (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
        (b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", "127.0.0.1"),
    ] {
        let mut client = proxy.client().await;
        client.send([header, get("/demo").as_bytes()].concat()).await;
        let mut server = backend.accept().await;
        server.receives(got_from(address)).await;
        server.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
        assert_eq!(client.reply().await.status(), 200);
    }
}

#[tokio::test]
async fn a_header_may_come_in_pieces_and_a_connection_has_only_one() {
    let (proxy, mut backend) = behind_a_balancer(&[]).await;
    for header in [V1, V2] {
        let mut client = proxy.client().await;
        for byte in header {
            client.send([*byte]).await;
            tokio::task::yield_now().await;
        }
        client.send(get("/demo")).await;
        let mut server = backend.accept().await;
        server.receives(got_from("192.0.2.7")).await;
        server.send(ok("one")).await;
        client.receives(ok("one")).await;
        client.send(get("/demo")).await;
        server.receives(got_from("192.0.2.7")).await;
        server.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
        assert_eq!(client.reply().await.status(), 200);
    }
}

#[tokio::test]
async fn without_a_header_the_connection_is_closed_and_says_nothing() {
    let (proxy, _backend) = behind_a_balancer(&[("TIMEOUT_HTTP_REQUEST", "1")]).await;
    for bytes in [get("/demo").as_bytes(), b"PROXY TCP4 1.2.3.4\r\n", b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\0"] {
        let mut client = proxy.client().await;
        client.send(bytes).await;
        assert_eq!(client.rest().await.unwrap_or_default(), b"", "{}", bytes.escape_ascii());
    }
    let mut client = proxy.client().await;
    client.send(&V1[..20]).await;
    let began = Instant::now();
    assert_eq!(client.rest().await.unwrap_or_default(), b"");
    assert!(began.elapsed() < Duration::from_secs(4), "TIMEOUT_HTTP_REQUEST is its limit: {:?}", began.elapsed());
}

#[tokio::test]
async fn a_port_that_expects_no_header_takes_none() {
    let (proxy, _backend) = published().await;
    let mut client = proxy.client().await;
    client.send([V1, get("/demo").as_bytes()].concat()).await;
    assert_eq!(client.reply().await.status(), 400);
}

#[tokio::test]
async fn a_header_of_a_stranger_closes_the_connection() {
    let (proxy, _backend) = behind_a_balancer(&[("TRUSTED_PROXIES", "10.0.0.0/8,192.0.2.1")]).await;
    let mut client = proxy.client().await;
    client.can_send([V1, get("/demo").as_bytes()].concat()).await;
    assert_eq!(client.rest().await.unwrap_or_default(), b"");
    let (proxy, mut backend) = behind_a_balancer(&[("TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    let mut client = proxy.client().await;
    client.send([V1, get("/demo").as_bytes()].concat()).await;
    backend.accept().await.receives(got_from("192.0.2.7")).await;
}

/// The fields that a server gets of a client that says it forwards for others.
async fn forwarded(trusted: &str) -> (TestProxy, Backend, Peer, String) {
    let (proxy, mut backend) = (TestProxy::with(&[("TRUSTED_PROXIES", trusted)], |_| {}).await, Backend::start().await);
    proxy.publish(&backend).await;
    let mut client = proxy.client().await;
    let fields = "X-Forwarded-For: 198.51.100.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: b\r\n\
        Forwarded: for=198.51.100.9\r\nX-Real-IP: 198.51.100.9\r\n";
    client.send(format!("GET /demo HTTP/1.1\r\nHost: a\r\n{fields}\r\n")).await;
    let head = backend.accept().await.receives_head().await;
    (proxy, backend, client, head)
}

#[tokio::test]
async fn forwarded_fields_pass_from_those_who_are_trusted_only() {
    for trusted in ["", "127.0.0.1"] {
        let (.., head) = forwarded(trusted).await;
        assert!(
            head.contains("X-Forwarded-For: 198.51.100.9\r\n") && head.contains("X-Forwarded-Proto: https"),
            "{head}"
        );
    }
    let (.., head) = forwarded("10.0.0.0/8").await;
    assert_eq!(head, got("/demo"));
}

#[tokio::test]
async fn who_is_listed_may_say_that_a_request_came_over_tls() {
    for (trusted, status) in [("", 403), ("127.0.0.1", 200), ("10.0.0.0/8", 403)] {
        let (proxy, backend) = (TestProxy::with(&[("TRUSTED_PROXIES", trusted)], |_| {}).await, Backend::start().await);
        proxy.publish_with(&backend, "&denyHttp=true").await;
        backend.echoes();
        let reply = proxy.ask("GET /demo HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https\r\n\r\n").await;
        assert_eq!(reply.status(), status, "{trusted:?}");
        assert_eq!(proxy.ask(&get("/demo")).await.status(), 403, "{trusted:?}");
    }
}

#[tokio::test]
async fn bug_routes_believed_the_forwarded_fields_of_strangers() {
    let https = "GET /demo HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https\r\n\r\n";
    for (trusted, status) in [("", 200), ("127.0.0.1", 200), ("10.0.0.0/8", 302)] {
        let (proxy, backend) = (TestProxy::with(&[("TRUSTED_PROXIES", trusted)], |_| {}).await, Backend::start().await);
        proxy.publish_with(&backend, "&redirectUnlessHttpsProto=true").await;
        backend.echoes();
        assert_eq!(proxy.ask(https).await.status(), status, "{trusted:?}");
    }
}
