//! SIGTERM: what has begun is finished, what is idle ends, and nothing new is taken.

use crate::harness::{Backend, Peer, TestProxy, connect, free_port, get, got, ok, published, soon};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

/// Waits until nothing listens on `address` any more.
async fn refuses(address: std::net::SocketAddr) {
    // A connection may also fail because this machine has no port left for it, which says nothing of the other side.
    let is_refused = |error: std::io::Error| error.kind() == std::io::ErrorKind::ConnectionRefused;
    let refused = async { while !TcpStream::connect(address).await.is_err_and(is_refused) {} };
    soon("a refusal", refused).await;
}

#[tokio::test]
async fn requests_in_flight_are_finished_and_new_connections_refused() {
    let (proxy, mut backend) = published().await;
    let (mut client, mut server) = proxy.exchange(&mut backend, &get("/demo")).await;
    let address = proxy.address();
    let script = async {
        refuses(address).await;
        server.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nfin").await;
        // It is told, so that it does not send another request into the closing connection.
        client.receives("HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nfin").await;
        server.send("ish").await;
        client.receives("ish").await;
        client.receives_end().await;
    };
    soon("the drain", async { tokio::join!(proxy.drain(), script) }).await;
}

#[tokio::test]
async fn idle_connections_end_soon() {
    let (proxy, mut backend) = published().await;
    let (mut client, mut server) = proxy.exchange(&mut backend, &get("/demo")).await;
    server.send(ok("hi")).await;
    client.receives(ok("hi")).await;
    let began = Instant::now();
    tokio::join!(proxy.drain(), client.receives_end(), server.receives_end());
    assert!(began.elapsed() < Duration::from_secs(5), "the drain took {:?}", began.elapsed());
}

#[tokio::test]
async fn a_request_that_is_still_coming_is_answered_and_is_the_last() {
    let (proxy, mut backend) = published().await;
    let mut client = proxy.client().await;
    let address = proxy.address();
    client.send("GET /demo HTTP/1.1\r\n").await;
    // It is read in the order of arrival: this answer says that the half head was seen.
    assert_eq!(proxy.ask(&get("/unknown")).await.status(), 503);
    let script = async {
        refuses(address).await;
        client.send("Host: a\r\n\r\n").await;
        let mut server = backend.accept().await;
        server.receives(got("/demo")).await;
        server.send(ok("hi")).await;
        client.receives("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi").await;
        client.receives_end().await;
    };
    soon("the drain", async { tokio::join!(proxy.drain(), script) }).await;
}

#[tokio::test]
async fn a_client_that_has_just_connected_may_still_ask() {
    let (proxy, mut backend) = published().await;
    let address = proxy.address();
    let mut client = proxy.client().await;
    let script = async {
        refuses(address).await;
        client.send(get("/demo")).await;
        let mut server = backend.accept().await;
        server.receives(got("/demo")).await;
        server.send(ok("hi")).await;
        client.receives("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi").await;
    };
    soon("the drain", async { tokio::join!(proxy.drain(), script) }).await;
}

#[tokio::test]
async fn bug_the_next_request_of_a_busy_client_met_the_end_of_its_connection() {
    // A machine that needs the whole second for itself proves nothing, and is asked again.
    for _ in 0..5 {
        let (proxy, mut backend) = published().await;
        let (mut client, mut server) = proxy.exchange(&mut backend, &get("/demo")).await;
        server.send(ok("hi")).await;
        client.receives(ok("hi")).await;
        let (address, used) = (proxy.address(), Instant::now());
        let script = async {
            refuses(address).await;
            if used.elapsed() > Duration::from_millis(700) {
                return false;
            }
            client.send(get("/demo")).await;
            let mut server = tokio::select! {
                server = backend.accept() => server,
                _ = client.rest() => {
                    assert!(used.elapsed() > Duration::from_millis(900), "sent away {:?} after its request", used.elapsed());
                    return false;
                }
            };
            server.receives(got("/demo")).await;
            server.send(ok("hi")).await;
            client.receives("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi").await;
            true
        };
        let (_, is_proven) = soon("the drain", async { tokio::join!(proxy.drain(), script) }).await;
        if is_proven {
            return;
        }
    }
    panic!("the ports were closed within the second in none of five times");
}

#[tokio::test]
async fn bug_health_checks_went_on_succeeding_after_the_ports_had_closed() {
    let (proxy, mut backend) = published().await;
    let (address, api) = (proxy.address(), proxy.api_address());
    assert_eq!(proxy.api("/ping").await.status(), 200);
    let (mut client, mut server) = proxy.exchange(&mut backend, &get("/demo")).await;
    let script = async {
        refuses(address).await;
        for path in ["ping", "successfulinitreload"] {
            let mut caller = Peer::connect(api).await;
            caller.send(get(&format!("/v1/docker-flow-proxy/{path}"))).await;
            let head = caller.receives_head().await;
            assert!(head.starts_with("HTTP/1.1 503 "), "{path}: {head}");
        }
        server.send(ok("hi")).await;
        client.reply().await;
    };
    soon("the drain", async { tokio::join!(proxy.drain(), script) }).await;
}

#[tokio::test]
async fn what_does_not_end_in_time_is_broken_off() {
    let proxy = TestProxy::with(&[], |settings| settings.drain = Duration::from_millis(300)).await;
    let mut backend = Backend::start().await;
    proxy.publish(&backend).await;
    let (mut client, _server) = proxy.exchange(&mut backend, &get("/demo")).await;
    let (_, rest) = tokio::join!(proxy.drain(), client.rest());
    assert!(rest.unwrap_or_default().is_empty());
}

#[tokio::test]
async fn the_api_ends_with_the_proxy_and_its_port_is_free_again() {
    let proxy = TestProxy::start().await;
    let (address, api) = (proxy.address(), proxy.api_address());
    proxy.drain().await;
    for closed in [address, api] {
        assert!(TcpStream::connect(closed).await.is_err(), "{closed} still answers");
    }
}

/// Connections that ended in every other way leave nothing behind that a drain would wait for.
#[tokio::test]
async fn every_kind_of_end_gives_its_place_back() {
    let shorten = |settings: &mut swarmgate::settings::ProxySettings| {
        settings.timeouts.http_request = Duration::from_millis(200);
        settings.timeouts.server = Duration::from_millis(200);
        settings.timeouts.tunnel = Duration::from_millis(200);
    };
    let (proxy, mut backend) = (TestProxy::with(&[], shorten).await, Backend::start().await);
    proxy.publish(&backend).await;
    let (client, _server) = proxy.exchange(&mut backend, &get("/demo")).await;
    client.cuts_off();
    let (mut client, server) = proxy.exchange(&mut backend, &get("/demo")).await;
    server.cuts_off();
    assert_eq!(client.reply().await.status(), 502);
    let (mut client, _server) = proxy.exchange(&mut backend, &get("/demo")).await;
    assert_eq!(client.reply().await.status(), 504);
    let (mut client, mut server) = proxy.exchange(&mut backend, &get("/demo")).await;
    server.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n").await;
    drop(server);
    client.receives_head().await;
    client.is_cut_off().await;
    for request in ["nonsense\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HT"] {
        proxy.ask(request).await;
    }
    proxy.client().await.receives_end().await;
    let upgrade = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n";
    let mut client = proxy.client().await;
    client.send("GET /demo HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n").await;
    let mut server = backend.accept().await;
    server.receives_head().await;
    server.send(upgrade).await;
    client.receives(upgrade).await;
    client.receives_end().await;
    let began = Instant::now();
    proxy.drain().await;
    assert!(began.elapsed() < Duration::from_secs(5), "the drain took {:?}", began.elapsed());
}

#[tokio::test]
async fn a_storm_of_new_connections_does_not_hold_up_the_end() {
    let (proxy, _backend) = published().await;
    let address = proxy.address();
    let storms: Vec<_> = (0..8).map(|_| tokio::spawn(refuses(address))).collect();
    let began = Instant::now();
    soon("the drain", proxy.drain()).await;
    assert!(began.elapsed() < Duration::from_secs(5), "the drain took {:?}", began.elapsed());
    for storm in storms {
        storm.await.expect("it was refused at last");
    }
}

#[tokio::test]
async fn a_tunnel_has_the_time_of_the_drain_and_its_port_is_closed_at_once() {
    let (proxy, mut backend, port) = (TestProxy::start().await, Backend::start().await, free_port());
    let query = format!("serviceName=redis&reqMode=tcp&srcPort={port}&port={}", backend.port());
    proxy.configure(&format!("{query}&outboundHostname=127.0.0.1")).await;
    let (mut client, mut server) = (connect(port).await, backend.accept().await);
    let script = async {
        refuses(std::net::SocketAddr::from(([127, 0, 0, 1], port))).await;
        client.send("ping").await;
        server.receives("ping").await;
        client.ends().await;
        server.ends().await;
        client.receives_end().await;
    };
    soon("the drain", async { tokio::join!(proxy.drain(), script) }).await;
}
