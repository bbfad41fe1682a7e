//! TLS connections that are passed through: chosen by the name the client asks for, and not touched.

use crate::harness::{Backend, TestProxy, connect, free_port};
use std::time::{Duration, Instant};

/// A TLS client's first message that asks for `name`.
fn hello(name: &str) -> Vec<u8> {
    let vector = |bytes: &[u8]| [&u16::try_from(bytes.len()).expect("short").to_be_bytes(), bytes].concat();
    let names = vector(&[&[0], vector(name.as_bytes()).as_slice()].concat());
    let extensions = vector(&[&[0, 0], vector(&names).as_slice()].concat());
    let body = [&[3, 3][..], &[7; 32], &[0], &[0, 2, 0x13, 1], &[1, 0], &extensions].concat();
    let length = u32::try_from(body.len()).expect("short").to_be_bytes();
    [&[22, 3, 1], vector(&[&[1], &length[1..], &body].concat()).as_slice()].concat()
}

/// A service in sni mode for `name` on `port`, with its server.
async fn service(proxy: &TestProxy, port: u16, name: &str, more: &str) -> Backend {
    let backend = Backend::start().await;
    let (service, target) = (name.trim_start_matches("*."), backend.port());
    let query = format!("serviceName={service}&reqMode=sni&srcPort={port}&port={target}&servicePath={name}");
    proxy.configure(&format!("{query}&outboundHostname=127.0.0.1{more}")).await;
    backend
}

#[tokio::test]
async fn behaviour_114_services_of_one_port_are_chosen_by_the_name_and_bytes_pass_as_they_are() {
    let (proxy, port) = (TestProxy::start().await, free_port());
    let mut one = service(&proxy, port, "a.com", "&pathType=req_ssl_sni+-i").await;
    let mut two = service(&proxy, port, "*.b.com", "").await;
    for (name, is_first) in [("a.com", true), ("A.Com", true), ("x.b.com", false)] {
        let backend = if is_first { &mut one } else { &mut two };
        for pieces in [1, 3] {
            let mut client = connect(port).await;
            let hello = hello(name);
            for piece in hello.chunks(hello.len().div_ceil(pieces)) {
                client.send(piece).await;
            }
            client.send("and what is behind it").await;
            let mut server = backend.accept().await;
            server.receives(&hello).await;
            server.receives("and what is behind it").await;
            server.send("server hello").await;
            client.receives("server hello").await;
        }
    }
}

#[tokio::test]
async fn whoever_asks_for_another_name_or_for_none_is_closed() {
    let (proxy, port) = (TestProxy::start().await, free_port());
    let _backend = service(&proxy, port, "a.com", "").await;
    for bytes in [hello("b.com"), hello("a.com.evil.org"), b"GET / HTTP/1.1\r\n\r\n".to_vec()] {
        let mut client = connect(port).await;
        client.send(&bytes).await;
        assert_eq!(client.rest().await.unwrap_or_default(), b"");
    }
}

#[tokio::test]
async fn a_client_that_says_nothing_is_closed_after_its_limit() {
    let (proxy, port) = (TestProxy::start().await, free_port());
    let _backend = service(&proxy, port, "a.com", "&timeoutClient=1").await;
    let mut client = connect(port).await;
    let began = Instant::now();
    client.send(&hello("a.com")[..20]).await;
    assert_eq!(client.rest().await.unwrap_or_default(), b"");
    let took = began.elapsed();
    assert!((Duration::from_millis(900)..Duration::from_secs(4)).contains(&took), "{took:?}");
}

#[tokio::test]
async fn behaviour_112_in_tcp_mode_a_domain_is_a_tls_clients_name_and_everybody_else_is_the_defaults() {
    let (proxy, port) = (TestProxy::start().await, free_port());
    let (mut named, mut rest) = (Backend::start().await, Backend::start().await);
    for (name, backend, more) in [("named", &named, "&serviceDomain=a.com"), ("rest", &rest, "")] {
        let query = format!("serviceName={name}&reqMode=tcp&srcPort={port}&port={}", backend.port());
        proxy.configure(&format!("{query}&outboundHostname=127.0.0.1{more}")).await;
    }
    for (bytes, is_named) in [(hello("a.com"), true), (hello("b.com"), false), (b"PING\r\n".to_vec(), false)] {
        let backend = if is_named { &mut named } else { &mut rest };
        let mut client = connect(port).await;
        client.send(&bytes).await;
        backend.accept().await.receives(&bytes).await;
    }
    // A client that waits for its server to speak names nobody.
    let _silent = connect(port).await;
    rest.accept().await;
}
