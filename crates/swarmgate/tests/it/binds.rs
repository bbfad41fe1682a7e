//! Ports come and go with their services, while everything else goes on.

use crate::harness::{Backend, FakeListener, Peer, Reply, TestProxy, connect, free_port, get, is_open, ok};
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

/// A service in tcp mode.
fn tcp(name: &str, port: u16, backend: &Backend) -> String {
    let target = backend.port();
    format!("serviceName={name}&reqMode=tcp&srcPort={port}&port={target}&outboundHostname=127.0.0.1")
}

async fn reconfigure(proxy: &TestProxy, query: &str) -> Reply {
    proxy.api(&format!("/reconfigure?{query}")).await
}

/// A client that is joined with a server.
async fn joined(port: u16, backend: &mut Backend) -> (Peer, Peer) {
    (connect(port).await, backend.accept().await)
}

/// Both still hear each other.
async fn goes_on(client: &mut Peer, server: &mut Peer) {
    client.send("ping").await;
    server.receives("ping").await;
    server.send("pong").await;
    client.receives("pong").await;
}

#[tokio::test]
async fn a_port_is_there_when_the_call_is_answered_and_gone_when_the_removal_is() {
    let (proxy, mut backend, port) =
        (TestProxy::with(&[("THREADS", "2")], |_| {}).await, Backend::start().await, free_port());
    for _ in 0..20 {
        assert!(!is_open(port).await);
        proxy.configure(&tcp("redis", port, &backend)).await;
        joined(port, &mut backend).await;
        assert_eq!(proxy.api("/remove?serviceName=redis").await.status(), 200);
    }
    assert!(!is_open(port).await);
}

#[tokio::test]
async fn tunnels_survive_every_change_of_their_service() {
    let (proxy, mut backend, port, other) =
        (TestProxy::start().await, Backend::start().await, free_port(), free_port());
    proxy.configure(&tcp("redis", port, &backend)).await;
    let (mut client, mut server) = joined(port, &mut backend).await;
    proxy.configure(&tcp("redis", other, &backend)).await;
    assert!(!is_open(port).await && is_open(other).await);
    goes_on(&mut client, &mut server).await;
    proxy.api("/remove?serviceName=redis").await;
    assert!(!is_open(other).await);
    goes_on(&mut client, &mut server).await;
    // The port is bound again although connections of it are open.
    backend = Backend::start().await;
    proxy.configure(&tcp("redis", port, &backend)).await;
    let (mut new_client, mut new_server) = joined(port, &mut backend).await;
    goes_on(&mut new_client, &mut new_server).await;
    goes_on(&mut client, &mut server).await;
}

#[tokio::test]
async fn a_port_that_another_program_has_refuses_its_service_alone_until_it_is_free() {
    let (proxy, mut backend, port) = (TestProxy::start().await, Backend::start().await, free_port());
    proxy.configure(&tcp("redis", port, &backend)).await;
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let wanted = taken.local_addr().expect("a bound socket").port();
    let reply = reconfigure(&proxy, &tcp("redis", wanted, &backend)).await;
    assert_eq!(reply.status(), 409);
    let reason = format!("service `redis`: port {wanted} cannot be bound: Address already in use");
    assert!(reply.body.contains(&reason), "{}", reply.body);
    joined(port, &mut backend).await;
    assert!(
        proxy.api("/config").await.body.contains(&format!("frontend tcpFE_{port}\n")),
        "the last good version stays"
    );
    drop(taken);
    proxy.configure(&tcp("redis", wanted, &backend)).await;
    joined(wanted, &mut backend).await;
    assert!(!is_open(port).await);
}

#[tokio::test]
async fn one_bad_port_in_a_list_harms_no_other_service_and_comes_again_when_it_can() {
    let (mut listener, mut backend) = (FakeListener::start().await, Backend::start().await);
    let addresses = vec![listener.address.clone()];
    let proxy = TestProxy::with(&[], |settings| {
        settings.listeners = addresses;
        settings.reconcile_interval = Duration::from_millis(20);
    })
    .await;
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let (wanted, port) = (taken.local_addr().expect("a bound socket").port(), free_port());
    let service = |name: &str, more: &str| {
        let target = backend.port();
        format!(r#"{{"serviceName":"{name}","port":"{target}","outboundHostname":"127.0.0.1",{more}}}"#)
    };
    let tcp = |name: &str, port: u16| service(name, &format!(r#""reqMode":"tcp","srcPort":"{port}""#));
    let web = service("web", r#""servicePath":"/web""#);
    listener.lists(&format!("[{},{},{web}]", tcp("bad", wanted), tcp("good", port)));
    listener.is_heard().await;
    joined(port, &mut backend).await;
    let names = proxy.api("/config").await.body;
    assert!(names.contains("use_backend web-be") && !names.contains(&format!("tcpFE_{wanted}")), "{names}");
    drop(taken);
    listener.is_heard().await;
    joined(wanted, &mut backend).await;
    listener.lists("[]");
    listener.is_heard().await;
    assert!(!is_open(wanted).await && !is_open(port).await);
}

#[tokio::test]
async fn a_port_of_the_proxys_own_is_refused_to_a_service_in_tcp_mode() {
    let (proxy, backend) = (TestProxy::start().await, Backend::start().await);
    let port = proxy.address().port();
    let reply = reconfigure(&proxy, &tcp("redis", port, &backend)).await;
    assert_eq!(reply.status(), 409);
    let reason =
        format!("service `redis`: srcPort {port} cannot be used in this reqMode: DEFAULT_PORTS or BIND_PORTS has it");
    assert!(reply.body.contains(&reason), "{}", reply.body);
    let api = proxy.api_address().port();
    assert_eq!(reconfigure(&proxy, &tcp("redis", api, &backend)).await.status(), 409);
    backend.echoes();
    assert_eq!(proxy.ask(&get("/")).await.status(), 503);
}

#[tokio::test]
async fn the_later_of_two_services_on_one_port_is_refused_and_told_whose_it_is() {
    let (proxy, mut backend, port) = (TestProxy::start().await, Backend::start().await, free_port());
    proxy.configure(&tcp("one", port, &backend)).await;
    let reply = reconfigure(&proxy, &tcp("two", port, &backend)).await;
    assert_eq!(reply.status(), 409);
    let reason = format!("service `two`: srcPort {port}: service `one` has all connections of that port");
    assert!(reply.body.contains(&reason), "{}", reply.body);
    joined(port, &mut backend).await;
    proxy.api("/remove?serviceName=one").await;
    proxy.configure(&tcp("two", port, &backend)).await;
    joined(port, &mut backend).await;
}

#[tokio::test]
async fn an_unbound_port_of_an_http_service_is_told_with_the_way_out() {
    let (proxy, port) = (TestProxy::start().await, free_port());
    let reply = proxy.configure(&format!("serviceName=web&servicePath=/&port=80&srcPort={port}")).await;
    assert!(
        reply.body.contains(&format!("no request comes in on port {port}: add it to BIND_PORTS")),
        "{}",
        reply.body
    );
}

#[tokio::test]
async fn requests_are_answered_while_a_hundred_ports_come_and_go() {
    let (proxy, backend) = (TestProxy::with(&[("THREADS", "2")], |_| {}).await, Backend::start().await);
    proxy.publish(&backend).await;
    let (target, mut client) = (backend.port(), proxy.client().await);
    backend.echoes();
    let ports: Vec<_> = (0..100).map(|_| free_port()).collect();
    for port in ports {
        let query = format!("serviceName=s{port}&reqMode=tcp&srcPort={port}&port={target}&outboundHostname=127.0.0.1");
        proxy.configure(&query).await;
        let mut bare = connect(port).await;
        bare.send(get("/through")).await;
        bare.receives(ok("GET /through HTTP/1.1")).await;
        client.send(get("/demo")).await;
        client.receives(ok("GET /demo HTTP/1.1")).await;
        assert_eq!(proxy.api(&format!("/remove?serviceName=s{port}")).await.status(), 200);
        assert!(!is_open(port).await);
    }
}
