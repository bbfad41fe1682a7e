//! What is sent again, and to whom, when a server cannot be reached or is gone.

use crate::dns::FakeDns;
use crate::harness::{Backend, Peer, TestProxy, get, got, ok, published};
use std::net::SocketAddr;

/// A client and a server between two requests, with a kept connection.
async fn warm(proxy: &TestProxy, backend: &mut Backend) -> (Peer, Peer) {
    let mut client = proxy.client().await;
    client.send(get("/demo/warm")).await;
    let mut server = backend.accept().await;
    server.receives(got("/demo/warm")).await;
    server.send(ok("warm")).await;
    client.receives(ok("warm")).await;
    (client, server)
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_is_not_used() {
    let (proxy, mut backend) = published().await;
    let (mut client, server) = warm(&proxy, &mut backend).await;
    drop(server);
    client.send("POST /demo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi").await;
    let mut server = backend.accept().await;
    server.receives_head().await;
    server.receives("hi").await;
}

#[tokio::test]
async fn a_request_that_can_be_repeated_is_when_the_kept_connection_dies_under_it() {
    let (proxy, mut backend) = published().await;
    let put = "PUT /demo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";
    for request in
        [&get("/demo"), "HEAD /demo HTTP/1.1\r\nHost: a\r\n\r\n", "DELETE /demo HTTP/1.1\r\nHost: a\r\n\r\n", put]
    {
        for reset in [false, true] {
            let (mut client, mut server) = warm(&proxy, &mut backend).await;
            client.send(request).await;
            let head = server.receives_head().await;
            if reset {
                server.cuts_off();
            } else {
                drop(server);
            }
            let mut second = backend.accept().await;
            second.receives(&head).await;
            second.receives(request.split_once("\r\n\r\n").unwrap().1).await;
            second.send("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").await;
            assert_eq!(client.reply().await.status(), 204, "{request:?}");
        }
    }
}

#[tokio::test]
async fn a_request_that_must_not_be_repeated_is_not() {
    let (proxy, mut backend) = published().await;
    for request in [
        "POST /demo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi",
        "PATCH /demo HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /demo HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    ] {
        let (mut client, mut server) = warm(&proxy, &mut backend).await;
        client.send(request).await;
        server.receives_head().await;
        drop(server);
        assert_eq!(client.reply().await.status(), 502, "{request:?}");
        // The next connection is the next request's.
        proxy.client().await.send(get("/demo/next")).await;
        let mut server = backend.accept().await;
        server.receives(got("/demo/next")).await;
        server.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").await;
    }
}

#[tokio::test]
async fn a_request_whose_body_is_on_its_way_is_not_repeated() {
    let (proxy, mut backend) = published().await;
    let (mut client, mut server) = warm(&proxy, &mut backend).await;
    client.send("PUT /demo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n").await;
    server.receives_head().await;
    client.send("hi").await;
    server.receives("hi").await;
    drop(server);
    assert_eq!(client.reply().await.status(), 502);
}

#[tokio::test]
async fn a_request_whose_body_has_not_begun_can_still_be_repeated() {
    let (proxy, mut backend) = published().await;
    let (mut client, mut server) = warm(&proxy, &mut backend).await;
    client.send("PUT /demo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n").await;
    let head = server.receives_head().await;
    drop(server);
    let mut second = backend.accept().await;
    second.receives(head).await;
    client.send("hi").await;
    second.receives("hi").await;
    second.send(ok("hi")).await;
    client.receives(ok("hi")).await;
}

#[tokio::test]
async fn a_response_that_has_begun_is_not_asked_for_again() {
    let (proxy, mut backend) = published().await;
    let (mut client, mut server) = warm(&proxy, &mut backend).await;
    client.send(get("/demo")).await;
    server.receives(got("/demo")).await;
    server.send("HTTP/1.1 2").await;
    server.ends().await;
    assert_eq!(client.reply().await.status(), 502);
}

#[tokio::test]
async fn a_fresh_connection_that_says_nothing_is_not_tried_again() {
    let (proxy, mut backend) = published().await;
    let mut client = proxy.client().await;
    client.send(get("/demo")).await;
    backend.accept().await.receives(got("/demo")).await;
    assert_eq!(client.reply().await.status(), 502);
}

/// A proxy that asks `dns`, with the service `go` on its tasks.
async fn with_tasks(dns: &FakeDns, port: u16) -> TestProxy {
    let proxy = TestProxy::with(&[("RESOLVERS", &dns.address.to_string())], |_| {}).await;
    proxy.configure(&format!("serviceName=go&servicePath=/demo&port={port}")).await;
    proxy
}

#[tokio::test]
async fn another_server_answers_for_one_that_refuses_whatever_the_method() {
    let dns = FakeDns::start().await;
    let mut alive = Backend::start().await;
    let _dead = (alive.closed(2), alive.closed(3));
    dns.resolves("tasks.go", &[1, 2, 3]);
    let proxy = with_tasks(&dns, alive.port()).await;
    for _ in 0..6 {
        let mut client = proxy.client().await;
        client.send("POST /demo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi").await;
        let mut server = alive.accept().await;
        server.receives_head().await;
        server.receives("hi").await;
        server.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").await;
        assert_eq!(client.reply().await.status(), 200);
    }
}

#[tokio::test]
async fn another_server_answers_for_one_that_is_silent_and_is_asked_first_from_then_on() {
    let dns = FakeDns::start().await;
    let silent = Backend::deaf().await;
    let mut alive = silent.another(2).await;
    dns.resolves("tasks.go", &[1, 2]);
    let proxy = with_tasks(&dns, alive.port()).await;
    for _ in 0..4 {
        let mut client = proxy.client().await;
        client.send(get("/demo")).await;
        let mut server = alive.accept().await;
        server.receives(got("/demo")).await;
        server.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").await;
        assert_eq!(client.reply().await.status(), 200);
    }
}

#[tokio::test]
async fn a_server_that_was_away_is_used_again_once_a_probe_has_reached_it() {
    let dns = FakeDns::start().await;
    let mut alive = Backend::start().await;
    let away = alive.closed(2);
    dns.resolves("tasks.go", &[1, 2]);
    let proxy = with_tasks(&dns, alive.port()).await;
    for _ in 0..4 {
        is_answered_by(&proxy, &mut alive).await;
    }
    drop(away);
    let mut back = alive.another(2).await;
    back.accept().await.receives_end().await;
    let mut client = proxy.client().await;
    let mut other = proxy.client().await;
    client.send(get("/demo")).await;
    other.send(get("/demo")).await;
    alive.accept().await.receives_head().await;
    back.accept().await.receives_head().await;
}

/// One request on connections of its own.
async fn is_answered_by(proxy: &TestProxy, server: &mut Backend) {
    let mut client = proxy.client().await;
    client.send(get("/demo")).await;
    let mut server = server.accept().await;
    server.receives(got("/demo")).await;
    server.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!(client.reply().await.status(), 200);
}

#[tokio::test]
async fn a_service_that_moved_is_found_by_the_first_request() {
    let dns = FakeDns::start().await;
    let mut new = Backend::start().await;
    let mut old = new.another(2).await;
    dns.resolves("tasks.go", &[2]);
    let proxy = with_tasks(&dns, new.port()).await;
    let ask = async |server: &mut Backend| {
        let mut client = proxy.client().await;
        client.send(get("/demo")).await;
        let mut server = server.accept().await;
        server.receives(got("/demo")).await;
        server.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").await;
        assert_eq!(client.reply().await.status(), 200);
    };
    ask(&mut old).await;
    drop(old);
    dns.resolves("tasks.go", &[1]);
    ask(&mut new).await;
}

#[tokio::test]
async fn a_server_that_is_gone_is_waited_for_only_until_dns_says_so() {
    let dns = FakeDns::start().await;
    let old = Backend::deaf().await;
    let mut new = old.another(2).await;
    let elsewhere = Backend::on(SocketAddr::from(([127, 0, 0, 3], 0))).await.expect("a free port");
    let _dead = (elsewhere.closed(1), elsewhere.closed(2));
    dns.resolves("tasks.go", &[1]);
    let proxy = TestProxy::with(&[("RESOLVERS", &dns.address.to_string())], |_| {}).await;
    let (old_port, no_port) = (new.port(), elsewhere.port());
    let paths = format!("servicePath.1=/demo&port.1={old_port}&servicePath.2=/other&port.2={no_port}");
    proxy.configure(&format!("serviceName=go&{paths}")).await;
    assert_eq!(proxy.ask(&get("/other")).await.status(), 503);
    dns.resolves("tasks.go", &[2]);
    let mut client = proxy.client().await;
    client.send(get("/demo")).await;
    // Whoever is refused asks DNS; the answer is for everybody who waits for that host.
    assert_eq!(proxy.ask(&get("/other")).await.status(), 503);
    let mut server = new.accept().await;
    server.receives(got("/demo")).await;
    server.send(ok("hi")).await;
    client.receives(ok("hi")).await;
}

#[tokio::test]
async fn all_servers_refusing_is_a_503() {
    let dns = FakeDns::start().await;
    let held = Backend::start().await;
    let _dead = (held.closed(2), held.closed(3));
    dns.resolves("tasks.go", &[2, 3]);
    let proxy = with_tasks(&dns, held.port()).await;
    for _ in 0..3 {
        assert_eq!(proxy.ask(&get("/demo")).await.status(), 503);
    }
}

#[tokio::test]
async fn a_repeated_request_may_go_to_another_server() {
    let dns = FakeDns::start().await;
    let mut first = Backend::start().await;
    let mut second = first.another(2).await;
    dns.resolves("tasks.go", &[1, 2]);
    let proxy = with_tasks(&dns, first.port()).await;
    let mut client = proxy.client().await;
    let mut servers = Vec::new();
    for turn in 0..2 {
        client.send(get("/demo")).await;
        let mut server = if turn == 0 { first.accept().await } else { second.accept().await };
        server.receives(got("/demo")).await;
        server.send(ok("hi")).await;
        client.receives(ok("hi")).await;
        servers.push(server);
    }
    client.send(get("/demo")).await;
    servers[0].receives(got("/demo")).await;
    // It dies under the request; the other one is fresh and answers.
    servers.remove(0);
    let mut server = second.accept().await;
    server.receives(got("/demo")).await;
    server.send(ok("hi")).await;
    client.receives(ok("hi")).await;
}

#[tokio::test]
async fn servers_get_equal_shares() {
    let dns = FakeDns::start().await;
    let mut first = Backend::start().await;
    let mut others = [first.another(2).await, first.another(3).await];
    dns.resolves("tasks.go", &[1, 2, 3]);
    let proxy = with_tasks(&dns, first.port()).await;
    let mut client = proxy.client().await;
    for _ in 0..4 {
        let [second, third] = &mut others;
        for backend in [&mut first, second, third] {
            client.send(get("/demo")).await;
            let mut server = backend.accept().await;
            server.receives(got("/demo")).await;
            server.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").await;
            assert_eq!(client.reply().await.status(), 200);
        }
    }
}

#[tokio::test]
async fn a_request_that_changes_nothing_goes_on_to_another_server_when_a_fresh_connection_dies_under_it() {
    let dns = FakeDns::start().await;
    let mut first = Backend::start().await;
    let mut second = first.another(2).await;
    dns.resolves("tasks.go", &[1, 2]);
    let proxy = with_tasks(&dns, first.port()).await;
    let mut client = proxy.client().await;
    client.send(get("/demo")).await;
    first.accept().await.receives(got("/demo")).await;
    let mut server = second.accept().await;
    server.receives(got("/demo")).await;
    server.send(ok("hi")).await;
    client.receives(ok("hi")).await;
}

#[tokio::test]
async fn a_request_that_brings_two_servers_down_goes_on_to_no_third() {
    let dns = FakeDns::start().await;
    let mut first = Backend::start().await;
    let (mut second, mut third) = (first.another(2).await, first.another(3).await);
    dns.resolves("tasks.go", &[1, 2, 3]);
    let proxy = with_tasks(&dns, first.port()).await;
    let mut client = proxy.client().await;
    client.send(get("/demo/deadly")).await;
    first.accept().await.receives(got("/demo/deadly")).await;
    second.accept().await.receives(got("/demo/deadly")).await;
    assert_eq!(client.reply().await.status(), 502);
    proxy.client().await.send(get("/demo")).await;
    third.accept().await.receives(got("/demo")).await;
}

#[tokio::test]
async fn a_request_that_changes_something_is_not_sent_to_another_server_after_a_fresh_connection() {
    let dns = FakeDns::start().await;
    let mut first = Backend::start().await;
    let mut second = first.another(2).await;
    dns.resolves("tasks.go", &[1, 2]);
    let proxy = with_tasks(&dns, first.port()).await;
    let mut client = proxy.client().await;
    client.send("PUT /demo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi").await;
    first.accept().await.receives_head().await;
    assert_eq!(client.reply().await.status(), 502);
    proxy.client().await.send(get("/demo/next")).await;
    second.accept().await.receives(got("/demo/next")).await;
}

#[tokio::test]
async fn bug_a_rewrite_of_the_method_left_it_open_where_the_response_ends() {
    let (proxy, backend) = (TestProxy::start().await, Backend::start().await);
    for (rewritten, client) in [("GET", "HEAD"), ("HEAD", "GET")] {
        let search = "&reqRepSearch=^[^%20]*%20(.*)&reqRepReplace=";
        proxy.publish_with(&backend, &format!("{search}{rewritten}\\%20\\1")).await;
        let mut peer = proxy.client().await;
        peer.send(format!("{client} /demo HTTP/1.1\r\nHost: a\r\n\r\n")).await;
        assert!(peer.receives_head().await.starts_with("HTTP/1.1 500 "), "{client} as {rewritten}");
    }
}

#[tokio::test]
async fn bug_a_get_that_a_rewrite_makes_a_post_was_sent_again() {
    let (proxy, mut backend) = (TestProxy::start().await, Backend::start().await);
    proxy.publish_with(&backend, "&reqRepSearch=^GET%20(.*)&reqRepReplace=POST\\%20\\1").await;
    let (mut client, mut server) = warm_post(&proxy, &mut backend).await;
    client.send(get("/demo")).await;
    assert!(server.receives_head().await.starts_with("POST /demo "));
    drop(server);
    assert_eq!(client.reply().await.status(), 502);
}

/// A client and a server between two requests that a rewrite makes POSTs.
async fn warm_post(proxy: &TestProxy, backend: &mut Backend) -> (Peer, Peer) {
    let (mut client, mut server) = proxy.exchange(backend, &get("/demo")).await;
    server.send(ok("warm")).await;
    client.receives(ok("warm")).await;
    (client, server)
}
