//! Requests over TLS: what servers are told, who is redirected, and connections that outlive a change of certificates.
//!
//! Not here: handshakes (`handshakes`).

use crate::harness::{Authority, Backend, TestProxy, TlsClient, get, got, ok, pattern};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const NAME: &str = "a.example";

/// A proxy with the service `go`, its server, and a client that trusts the proxy.
async fn encrypted(variables: &[(&str, &str)], parameters: &str) -> (TestProxy, Backend, TlsClient) {
    let (proxy, backend, authority) =
        (TestProxy::with(variables, |_| {}).await, Backend::start().await, Authority::new("authority"));
    proxy.publish_with(&backend, parameters).await;
    proxy.serve(&[authority.certificate("a.pem", &[NAME])]).await;
    (proxy, backend, authority.client())
}

/// What the server of `/demo` gets of a request over TLS.
fn got_over_tls(path: &str) -> String {
    got(path).replace("X-Forwarded-For", "X-Forwarded-Proto: https\r\nX-Forwarded-For")
}

#[tokio::test]
async fn servers_are_told_of_tls_and_clients_cannot_say_otherwise() {
    let (proxy, mut backend, client) = encrypted(&[], "").await;
    for field in ["", "X-Forwarded-Proto: http\r\n", "x-forwarded-proto: https\r\nX-Forwarded-Proto: x\r\n"] {
        let mut peer = client.connect(proxy.tls_address(), NAME).await;
        peer.send(format!("GET /demo HTTP/1.1\r\nHost: a\r\n{field}\r\n")).await;
        let mut server = backend.accept().await;
        let head = server.receives_head().await;
        let told: Vec<_> =
            head.lines().filter(|line| line.to_ascii_lowercase().starts_with("x-forwarded-proto")).collect();
        assert_eq!(told, ["X-Forwarded-Proto: https"], "{field:?}");
        server.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
        assert_eq!(peer.reply().await.status(), 200);
    }
}

#[tokio::test]
async fn a_proxy_protocol_header_may_come_before_tls() {
    let (proxy, mut backend, client) = encrypted(&[("DEFAULT_PORTS", "80,443 accept-proxy:ssl")], "").await;
    let mut stream = TcpStream::connect(proxy.tls_address()).await.expect("the proxy accepts");
    stream.write_all(b"PROXY TCP4 192.0.2.7 10.0.0.1 12345 443\r\n").await.expect("the proxy reads");
    let mut peer = client.shake_hands(stream, NAME).await.expect("a handshake");
    peer.send(get("/demo")).await;
    let mut server = backend.accept().await;
    let head = server.receives_head().await;
    assert!(head.contains("X-Forwarded-For: 192.0.2.7\r\n") && head.contains("X-Forwarded-Proto: https\r\n"), "{head}");
    server.send(ok("hello")).await;
    assert_eq!(peer.reply().await.body, "hello");
    assert!(client.try_connect(proxy.tls_address(), NAME).await.is_err(), "TLS without the header");
}

#[tokio::test]
async fn who_speaks_tls_already_is_not_sent_to_it() {
    for rule in ["&httpsOnly=true", "&redirectUnlessHttpsProto=true", "&redirectWhenHttpProto=true", "&denyHttp=true"] {
        let (proxy, backend, client) = encrypted(&[], rule).await;
        backend.echoes();
        let reply = client.ask(proxy.tls_address(), NAME, &get("/demo")).await;
        assert_eq!((reply.status(), &*reply.body), (200, "GET /demo HTTP/1.1"), "{rule}");
    }
}

#[tokio::test]
async fn behaviour_126_who_does_not_speak_tls_is_redirected_or_denied() {
    for (rule, status) in [("&httpsOnly=true", 302), ("&redirectUnlessHttpsProto=true", 302), ("&denyHttp=true", 403)] {
        let (proxy, backend, _) = encrypted(&[], rule).await;
        backend.echoes();
        assert_eq!(proxy.ask(&get("/demo")).await.status(), status, "{rule}");
    }
}

#[tokio::test]
async fn behind_a_balancer_that_ends_tls_nobody_goes_in_circles() {
    let with = |proto: &str| format!("GET /demo HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: {proto}\r\n\r\n");
    for (rule, proto, status) in [
        ("&redirectWhenHttpProto=true", "http", 302),
        ("&redirectWhenHttpProto=true", "https", 200),
        ("&redirectUnlessHttpsProto=true", "http", 302),
        ("&redirectUnlessHttpsProto=true", "https", 200),
        ("&httpsOnly=true", "https", 200),
    ] {
        let (proxy, backend, client) = encrypted(&[("TRUSTED_PROXIES", "127.0.0.1")], rule).await;
        backend.echoes();
        assert_eq!(proxy.ask(&with(proto)).await.status(), status, "{rule} {proto}, in plain");
        // The balancer may speak TLS to this proxy too, for a client that did not.
        let over_tls = client.ask(proxy.tls_address(), NAME, &with(proto)).await.status();
        assert_eq!(over_tls, status, "{rule} {proto}, over TLS");
    }
}

#[tokio::test]
async fn a_connection_goes_on_while_certificates_are_replaced() {
    let (proxy, mut backend, _) = encrypted(&[], "").await;
    let authority = Authority::new("authority of this test");
    let swap = async || {
        let certificate = authority.certificate("swapped.pem", &[NAME]);
        proxy.serve(&[certificate]).await;
    };
    swap().await;
    let mut peer = authority.client().connect(proxy.tls_address(), NAME).await;
    let mut server = None;
    for number in 0..20 {
        peer.send(get("/demo")).await;
        if server.is_none() {
            server = Some(backend.accept().await);
        }
        let server = server.as_mut().expect("it was accepted");
        server.receives(got_over_tls("/demo")).await;
        // The change comes in the middle of the exchange.
        swap().await;
        server.send(ok(&number.to_string())).await;
        assert_eq!(peer.reply().await.body, number.to_string());
    }
    let fresh = authority.client().connect(proxy.tls_address(), NAME).await;
    assert_ne!(fresh.shown(), peer.shown());
}

#[tokio::test]
async fn bug_a_client_that_asked_for_the_end_was_not_told_of_it_by_tls() {
    let (proxy, mut backend, client) = encrypted(&[], "").await;
    let mut peer = client.connect(proxy.tls_address(), NAME).await;
    peer.send("GET /demo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    let mut server = backend.accept().await;
    server.receives_head().await;
    server.send(ok("last")).await;
    assert_eq!(peer.reply().await.body, "last");
    peer.receives_goodbye().await;
}

#[tokio::test]
async fn a_large_response_reaches_a_slow_reader_whole() {
    let (proxy, mut backend, client) = encrypted(&[], "").await;
    let body = pattern(6 * 1024 * 1024);
    let mut peer = client.connect_slowly(proxy.tls_address(), NAME).await;
    peer.send(get("/demo")).await;
    let mut server = backend.accept().await;
    server.receives_head().await;
    let response = [format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes(), &body].concat();
    let answering = tokio::spawn(async move {
        server.send(response).await;
        server
    });
    // A connection that is kept says nothing behind the response that could push its end out.
    let came = peer.reply_bytes().await;
    assert!(came == body, "{} bytes came of {}", came.len(), body.len());
    drop(answering.await.expect("all was taken"));
}
