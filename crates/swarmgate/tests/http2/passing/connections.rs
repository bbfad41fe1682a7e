//! Many streams on one connection, and its end.

use super::Trio;
use crate::client::{Client, Event, Response};
use crate::frame::{code, data, head, kind, last_data, request, settings};
use crate::hpack::Block;
use crate::it::harness::{Bundle, Folder, Peer, ok, soon};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// As many as one connection may have open.
const STREAMS: u32 = 100;
/// Much less than a drain may take.
const AT_ONCE: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_hundred_streams_are_answered_in_any_order() {
    let mut trio = Trio::new().await;
    let requests: Vec<_> =
        (0..STREAMS).flat_map(|number| request(2 * number + 1, Block::get(&format!("/{number}")))).collect();
    trio.client.send(requests).await;
    let mut servers = Vec::new();
    for _ in 0..STREAMS {
        let mut server = trio.backend.accept().await;
        let head = server.receives_head().await;
        servers.push((server, head.split(' ').nth(1).expect("a path").to_owned()));
    }
    for (server, path) in servers.iter_mut().rev() {
        server.send(ok(path)).await;
    }
    let answers = responses(&mut trio.client, STREAMS as usize).await;
    for number in 0..STREAMS {
        let answer = answers.iter().find(|(stream, _)| *stream == 2 * number + 1);
        assert_eq!(answer.map(|(_, body)| body.as_str()), Some(format!("/{number}").as_str()));
    }
}

/// Whole responses, in the order of their ends.
async fn responses(client: &mut Client, count: usize) -> Vec<(u32, String)> {
    let (mut bodies, mut ended) = (std::collections::BTreeMap::<u32, Vec<u8>>::new(), Vec::new());
    while ended.len() < count {
        match client.next().await {
            Event::Frame(frame) if frame.kind == kind::DATA => {
                bodies.entry(frame.stream).or_default().extend(&frame.payload);
                if frame.has(crate::frame::flag::END_STREAM) {
                    let body = bodies.remove(&frame.stream).unwrap_or_default();
                    ended.push((frame.stream, String::from_utf8(body).expect("text")));
                }
            }
            Event::Closed => panic!("the proxy closed after {ended:?}"),
            _ => {}
        }
    }
    ended
}

#[tokio::test]
async fn bodies_of_several_streams_come_interleaved() {
    let mut trio = Trio::new().await;
    let post = |stream, path: &str| head(stream, Block::post(path).field("content-length", "4"));
    let (mut first, head) = trio.server_gets(post(1, "/1")).await;
    assert!(head.starts_with("POST /1 "));
    let (mut second, head) = trio.server_gets(post(3, "/2")).await;
    assert!(head.starts_with("POST /2 "));
    trio.client.send([data(1, "ab"), data(3, "wx"), last_data(1, "cd"), last_data(3, "yz")].concat()).await;
    second.receives("wxyz").await;
    first.receives("abcd").await;
    second.send(ok("two")).await;
    assert_eq!(trio.client.response(3).await.text(), "two");
    first.send(ok("one")).await;
    assert_eq!(trio.client.response(1).await.text(), "one");
}

#[tokio::test]
async fn a_stream_takes_up_a_server_that_http1_has_left() {
    let mut trio = Trio::new().await;
    let (client, mut server) = trio.proxy.exchange(&mut trio.backend, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let mut client: Peer = client;
    server.send(ok("one")).await;
    assert_eq!(client.reply().await.body, "one");
    trio.client.send(request(1, Block::get("/2"))).await;
    assert!(server.receives_head().await.starts_with("GET /2 "), "one pool for both");
    server.send(ok("two")).await;
    assert_eq!(trio.client.response(1).await.text(), "two");
}

#[tokio::test]
async fn over_tls_it_is_agreed_on_by_alpn() {
    let (certificates, bundle) = (Folder::new(), Bundle::new(&["a.example"]));
    certificates.write("a.pem", &bundle.pem);
    let mut trio = Trio::with(&[("CERTS_DIR", &certificates.text(""))], &[]).await;
    let stream = encrypted(trio.proxy.tls_address(), &bundle.pem).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    trio.client = Client::over(Box::new(stream)).greet(&[]).await;
    let (mut server, head) = trio.server_gets(request(1, Block::get("/"))).await;
    assert!(head.contains("X-Forwarded-Proto: https\r\n"), "{head}");
    server.send(ok("hello")).await;
    assert_eq!(trio.client.response(1).await.text(), "hello");
}

/// A connection that offers HTTP/2 alone.
async fn encrypted(address: SocketAddr, pem: &str) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate")).expect("an authority");
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let config = config.with_safe_default_protocol_versions().expect("all versions").with_root_certificates(roots);
    let mut config = config.with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = TcpStream::connect(address).await.expect("an open port");
    let name = ServerName::try_from("a.example").expect("a name");
    let connecting = TlsConnector::from(Arc::new(config)).connect(name, stream);
    soon("a handshake", connecting).await.expect("a proxy that speaks TLS")
}

#[tokio::test]
async fn a_drain_says_goodbye_and_lets_streams_finish() {
    let mut trio = Trio::new().await;
    let (mut server, _) = trio.server_gets(request(1, Block::get("/"))).await;
    let began = Instant::now();
    let draining = tokio::spawn(trio.proxy.drain());
    assert_eq!(trio.client.until("a goodbye", goodbye).await, code::NO_ERROR);
    server.send(ok("whole")).await;
    let response: Response = trio.client.response(1).await;
    assert_eq!((response.text().as_str(), response.ended), ("whole", true));
    while trio.client.next().await != Event::Closed {}
    draining.await.expect("it ends");
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_client_that_never_confirms_a_goodbye_does_not_hold_up_a_drain() {
    let mut trio = Trio::new().await;
    trio.client.answers_pings = false;
    let (mut server, _) = trio.server_gets(request(1, Block::get("/"))).await;
    let began = Instant::now();
    let draining = tokio::spawn(trio.proxy.drain());
    trio.client.until("a goodbye", goodbye).await;
    server.send(ok("whole")).await;
    assert_eq!(trio.client.response(1).await.text(), "whole");
    draining.await.expect("it ends");
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
}

fn goodbye(event: &Event) -> Option<u32> {
    match event {
        Event::Frame(frame) if frame.kind == kind::GOAWAY => Some(frame.number(4)),
        _ => None,
    }
}

#[tokio::test]
async fn a_client_that_shrinks_its_table_is_understood() {
    let mut trio = Trio::with(&[], &[(crate::frame::setting::HEADER_TABLE_SIZE, 0)]).await;
    let answer = "HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 2\r\n\r\nhi";
    assert_eq!(trio.answered_with(Block::get("/"), answer).await.field("x-a"), "b");
    trio.client.send(settings(&[(crate::frame::setting::HEADER_TABLE_SIZE, 4096)])).await;
    trio.client.is_alive().await;
}
