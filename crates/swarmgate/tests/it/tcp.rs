//! Bare connections: passed through as they are, to a server of their service or group.

use crate::dns::FakeDns;
use crate::harness::{Backend, Peer, TestProxy, connect, free_port, pattern};
use std::time::{Duration, Instant};

/// A proxy with the service `redis` in tcp mode on a port, and its server.
async fn redis(more: &str) -> (TestProxy, Backend, u16) {
    let (proxy, backend, port) = (TestProxy::start().await, Backend::start().await, free_port());
    let query = format!("serviceName=redis&reqMode=tcp&srcPort={port}&port={}", backend.port());
    proxy.configure(&format!("{query}&outboundHostname=127.0.0.1{more}")).await;
    (proxy, backend, port)
}

/// A proxy with one group of the servers 127.0.0.1 and 127.0.0.2, which have one port.
async fn group(one: &Backend, more: &str) -> (TestProxy, u16) {
    let (proxy, port) = (TestProxy::start().await, free_port());
    for last in [1, 2] {
        let query = format!("serviceName=redis-{last}&reqMode=tcp&srcPort={port}&port={}", one.port());
        proxy.configure(&format!("{query}&outboundHostname=127.0.0.{last}&serviceGroup=redis{more}")).await;
    }
    (proxy, port)
}

/// A client that is joined with `server`.
async fn joined(port: u16, server: &mut Backend) -> (Peer, Peer) {
    let mut client = connect(port).await;
    client.send("PING\r\n").await;
    let mut server = server.accept().await;
    server.receives("PING\r\n").await;
    (client, server)
}

#[tokio::test]
async fn behaviour_34_bytes_pass_both_ways_as_they_are_and_each_side_ends_by_itself() {
    let (_proxy, mut backend, port) = redis("").await;
    let mut client = connect(port).await;
    let mut server = backend.accept().await;
    server.send("the server may speak first\0\n").await;
    client.receives("the server may speak first\0\n").await;
    let bytes = pattern(1_000_000);
    let sent = bytes.clone();
    let sending = async {
        client.send(&sent).await;
        client.ends().await;
    };
    let receiving = async {
        server.receives(&bytes).await;
        server.receives_end().await;
    };
    tokio::join!(sending, receiving);
    server.send("goodbye").await;
    client.receives("goodbye").await;
    server.ends().await;
    client.receives_end().await;
}

#[tokio::test]
async fn the_connections_of_a_service_take_turns_over_its_tasks() {
    let (mut one, dns, port) = (Backend::start().await, FakeDns::start().await, free_port());
    let mut two = one.another(2).await;
    dns.resolves("tasks.redis", &[1, 2]);
    let proxy = TestProxy::with(&[], |settings| settings.resolvers = vec![dns.address]).await;
    proxy.configure(&format!("serviceName=redis&reqMode=tcp&srcPort={port}&port={}", one.port())).await;
    for _ in 0..3 {
        let clients = (connect(port).await, connect(port).await);
        let servers = tokio::join!(one.accept(), two.accept());
        drop((clients, servers));
    }
}

#[tokio::test]
async fn behaviour_113_the_connections_of_a_group_take_turns_over_the_servers_of_all_members() {
    let mut one = Backend::start().await;
    let mut two = one.another(2).await;
    let (_proxy, port) = group(&one, "").await;
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push((connect(port).await, connect(port).await));
        let servers = tokio::join!(one.accept(), two.accept());
        clients.push((servers.0, servers.1));
    }
}

#[tokio::test]
async fn the_server_with_the_fewest_connections_gets_the_next_one() {
    let mut one = Backend::start().await;
    let mut two = one.another(2).await;
    let (_proxy, port) = group(&one, "&balanceGroup=leastconn").await;
    let clients = (connect(port).await, connect(port).await, connect(port).await);
    let servers = tokio::join!(one.accept(), two.accept());
    // The third is one more for either; the fourth goes to the other.
    let (third, mut other) = tokio::select! {
        server = one.accept() => (server, two),
        server = two.accept() => (server, one),
    };
    joined(port, &mut other).await;
    drop((clients, servers, third));
}

#[tokio::test]
async fn the_first_server_gets_all_until_it_is_gone() {
    let mut one = Backend::start().await;
    let mut two = one.another(2).await;
    let (_proxy, port) = group(&one, "&balanceGroup=first").await;
    for _ in 0..3 {
        joined(port, &mut one).await;
    }
    drop(one);
    joined(port, &mut two).await;
}

#[tokio::test]
async fn a_client_stays_with_its_server_by_its_address() {
    let mut one = Backend::start().await;
    let mut two = one.another(2).await;
    let (_proxy, port) = group(&one, "&balanceGroup=source").await;
    let first = connect(port).await;
    let (mut mine, met) = tokio::select! {
        server = one.accept() => (one, server),
        server = two.accept() => (two, server),
    };
    for _ in 0..5 {
        joined(port, &mut mine).await;
    }
    drop((first, met));
}

#[tokio::test]
async fn where_a_connect_fails_another_server_is_tried() {
    let mut one = Backend::start().await;
    let _closed = one.closed(2);
    let (_proxy, port) = group(&one, "").await;
    for _ in 0..6 {
        joined(port, &mut one).await;
    }
}

#[tokio::test]
async fn a_client_without_any_server_is_closed() {
    let (_proxy, backend, port) = redis("").await;
    drop(backend);
    connect(port).await.receives_end().await;
}

#[tokio::test]
async fn a_tunnel_ends_when_neither_side_has_spoken_for_its_limit() {
    let (_proxy, mut backend, port) = redis("&timeoutTunnel=1").await;
    let (mut client, mut server) = joined(port, &mut backend).await;
    let began = Instant::now();
    tokio::join!(client.receives_end(), server.receives_end());
    let took = began.elapsed();
    assert!((Duration::from_millis(900)..Duration::from_secs(3)).contains(&took), "{took:?}");
}

#[tokio::test]
async fn a_clients_limit_counts_no_longer_once_it_is_connected() {
    let (_proxy, mut backend, port) = redis("&timeoutClient=1&timeoutServer=1&timeoutTunnel=2").await;
    let (mut client, _server) = joined(port, &mut backend).await;
    let began = Instant::now();
    client.receives_end().await;
    assert!(began.elapsed() > Duration::from_millis(1900), "HAProxy's timeout tunnel takes its place");
}

#[tokio::test]
async fn a_checked_server_is_connected_to_again_and_again_without_any_client() {
    let (proxy, mut backend, port) = redis("&checkTcp=true").await;
    for _ in 0..2 {
        backend.accept().await.receives_end().await;
    }
    let mut client = connect(port).await;
    client.send("PING").await;
    // Checks say nothing; the client does.
    while backend.accept().await.next_bytes().await != b"PING" {}
    proxy.api("/remove?serviceName=redis").await;
}
