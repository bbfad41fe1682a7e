//! `httpsPort`: a second port of a service for what comes in over TLS, with TLS to it or without.
//!
//! Not here: TLS to servers itself (`encrypted_servers`).

use crate::harness::{Authority, Backend, Certified, Encrypted, TestProxy, get, ok};

const NAME: &str = "go.internal";

async fn publish(proxy: &TestProxy, port: u16, asked: &str) {
    let service = "serviceName=go&servicePath=/demo&outboundHostname=127.0.0.1";
    proxy.configure(&format!("{service}&port={port}&{asked}")).await;
}

/// Two servers, for plain requests and for those over TLS, and a proxy with a certificate for [`NAME`].
async fn two_ports() -> (TestProxy, Authority, [Backend; 2]) {
    let authority = Authority::new("ours");
    let proxy = TestProxy::start().await;
    proxy.serve(&[authority.certificate("go.pem", &[NAME])]).await;
    (proxy, authority, [Backend::start().await, Backend::start().await])
}

/// The first lines that the servers of both kinds of requests got of one of each.
async fn one_of_each(proxy: &TestProxy, authority: &Authority, backends: &mut [Backend; 2]) -> [String; 2] {
    let closing = |path: &str| format!("GET /demo/{path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let mut lines = [String::new(), String::new()];
    let mut plain = proxy.client().await;
    plain.send(closing("plain")).await;
    let mut encrypted = authority.client().connect(proxy.tls_address(), NAME).await;
    encrypted.send(closing("encrypted")).await;
    for (line, backend) in lines.iter_mut().zip(backends) {
        let mut server = backend.accept().await;
        let head = server.receives_head().await;
        *line = head.lines().next().unwrap_or_default().to_owned();
        let proto = head.contains("X-Forwarded-Proto: https");
        assert_eq!(proto, line.contains("encrypted"), "{head}");
        server.send(ok("hi")).await;
    }
    assert_eq!(plain.reply().await.body, "hi");
    assert_eq!(encrypted.reply().await.body, "hi");
    lines
}

const EACH: [&str; 2] = ["GET /demo/plain HTTP/1.1", "GET /demo/encrypted HTTP/1.1"];

#[tokio::test]
async fn behaviour_106_src_port_and_src_https_port_divide_requests_between_port_and_https_port() {
    let (proxy, authority, mut backends) = two_ports().await;
    let sources = format!("srcPort={}&srcHttpsPort={}", proxy.address().port(), proxy.tls_address().port());
    publish(&proxy, backends[0].port(), &format!("httpsPort={}&{sources}", backends[1].port())).await;
    assert_eq!(one_of_each(&proxy, &authority, &mut backends).await, EACH);
}

#[tokio::test]
async fn behaviour_127_ssl_verify_none_holds_for_port_and_https_port() {
    let (proxy, authority, mut backends) = two_ports().await;
    let certified = Certified::by_itself(&[NAME]);
    let plain = Encrypted::before(&backends[0], &certified).await;
    let encrypted = Encrypted::before(&backends[1], &certified).await;
    let sources = format!("srcPort={}&srcHttpsPort={}", proxy.address().port(), proxy.tls_address().port());
    let asked = format!("httpsPort={}&{sources}&sslVerifyNone=true", encrypted.port());
    publish(&proxy, plain.port(), &asked).await;
    assert_eq!(one_of_each(&proxy, &authority, &mut backends).await, EACH);
}

/// The ports of this proxy are others.
#[tokio::test]
async fn behaviour_105_without_sources_https_port_is_for_443_and_port_for_80() {
    let (proxy, authority, backends) = two_ports().await;
    publish(&proxy, backends[0].port(), &format!("httpsPort={}", backends[1].port())).await;
    assert_eq!(proxy.ask(&get("/demo")).await.status(), 503);
    let mut client = authority.client().connect(proxy.tls_address(), NAME).await;
    client.send(get("/demo")).await;
    assert_eq!(client.reply().await.status(), 503);
    let config = proxy.api("/config").await.body;
    assert!(config.contains("dst_port 80\n") && config.contains("dst_port 443\n"), "{config}");
}
