//! Requests that arrive together, or in pieces: no byte is lost, doubled, or taken for another message's.

use crate::harness::{Backend, TestProxy, get, got, ok, published};

#[tokio::test]
async fn pipelined_requests_are_answered_in_their_order() {
    let (proxy, mut backend) = published().await;
    let mut client = proxy.client().await;
    let requests: String = (0..200).map(|number| get(&format!("/demo/{number}"))).collect();
    client.send(requests).await;
    let mut server = backend.accept().await;
    for number in 0..200 {
        server.receives(got(&format!("/demo/{number}"))).await;
        server.send(ok(&number.to_string())).await;
    }
    for number in 0..200 {
        client.receives(ok(&number.to_string())).await;
    }
}

#[tokio::test]
async fn bodies_between_pipelined_requests_end_where_they_say() {
    let (proxy, mut backend) = published().await;
    let post = "POST /demo HTTP/1.1\r\nHost: a\r\n";
    let forwarded = "X-Forwarded-For: 127.0.0.1\r\n\r\n";
    let requests = [
        ("Content-Length: 44\r\n", "GET /demo/no HTTP/1.1\r\nHost: a\r\nX: not one\r\n"),
        ("Transfer-Encoding: chunked\r\n", "5;x=y\r\nGET /\r\n1\r\n1\r\n0\r\nX-Sum: yes\r\n\r\n"),
        ("Content-Length: 0\r\n", ""),
        ("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"),
    ];
    let mut client = proxy.client().await;
    let all: String = requests.iter().map(|(framing, body)| format!("{post}{framing}\r\n{body}")).collect();
    client.send(format!("{all}{}", get("/demo/last"))).await;
    let mut server = backend.accept().await;
    for (framing, body) in requests {
        server.receives(format!("{post}{framing}{forwarded}{body}")).await;
        server.send(ok("hi")).await;
        client.receives(ok("hi")).await;
    }
    server.receives(got("/demo/last")).await;
}

#[tokio::test]
async fn a_request_and_a_response_may_come_byte_by_byte() {
    let (proxy, mut backend) = published().await;
    let mut client = proxy.client().await;
    let body = "3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nX: y\r\n\r\n";
    let head = "POST /demo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n";
    for byte in format!("{head}\r\n{body}").bytes() {
        client.send([byte]).await;
    }
    let mut server = backend.accept().await;
    server.receives(format!("{head}X-Forwarded-For: 127.0.0.1\r\n\r\n{body}")).await;
    let response = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n{body}");
    for byte in response.bytes() {
        server.send([byte]).await;
    }
    client.receives(response).await;
    client.send(get("/demo")).await;
    server.receives(got("/demo")).await;
}

#[tokio::test]
async fn a_request_may_come_with_half_of_the_next_one() {
    let (proxy, mut backend) = published().await;
    let mut client = proxy.client().await;
    let second = get("/demo/2");
    let (half, rest) = second.split_at(12);
    client.send(format!("POST /demo/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc{half}")).await;
    let mut server = backend.accept().await;
    server.receives_head().await;
    server.receives("abc").await;
    server.send(ok("1")).await;
    client.receives(ok("1")).await;
    client.send(rest).await;
    server.receives(got("/demo/2")).await;
}

#[tokio::test]
async fn the_next_request_may_come_in_one_piece_with_the_end_of_a_body() {
    let (proxy, mut backend) = published().await;
    let mut client = proxy.client().await;
    client.send("POST /demo/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n").await;
    let mut server = backend.accept().await;
    server.receives_head().await;
    client.send("abc").await;
    server.receives("abc").await;
    client.send(format!("def{}", get("/demo/2"))).await;
    server.receives("def").await;
    server.send(ok("1")).await;
    client.receives(ok("1")).await;
    server.receives(got("/demo/2")).await;
}

#[tokio::test]
async fn line_ends_between_requests_are_nothing() {
    let (proxy, mut backend) = published().await;
    let mut client = proxy.client().await;
    client.send(format!("\r\n{}\r\n\r\n", get("/demo/1"))).await;
    let mut server = backend.accept().await;
    server.receives(got("/demo/1")).await;
    server.send(ok("1")).await;
    client.receives(ok("1")).await;
    client.send(format!("\r\n{}", get("/demo/2"))).await;
    server.receives(got("/demo/2")).await;
}

#[tokio::test]
async fn a_redirect_takes_only_its_own_request() {
    let (proxy, mut backend) = (TestProxy::start().await, Backend::start().await);
    proxy.publish_with(&backend, "&serviceDomain=new.com&redirectFromDomain=old.com").await;
    let mut client = proxy.client().await;
    let redirected = "GET /demo?x=y HTTP/1.1\r\nHost: old.com\r\n\r\n";
    let direct = "GET /demo HTTP/1.1\r\nHost: new.com\r\n\r\n";
    client.send(format!("{redirected}{redirected}{direct}")).await;
    let location = "HTTP/1.1 301 Moved Permanently\r\nCache-Control: no-cache\r\nLocation: http://new.com/demo?x=y\r\n";
    for _ in 0..2 {
        client.receives(format!("{location}Content-Length: 0\r\n\r\n")).await;
    }
    let mut server = backend.accept().await;
    server.receives("GET /demo HTTP/1.1\r\nHost: new.com\r\nX-Forwarded-For: 127.0.0.1\r\n\r\n").await;
    server.send(ok("hi")).await;
    client.receives(ok("hi")).await;
}

#[tokio::test]
async fn what_follows_a_refused_request_is_not_read_as_one() {
    let (proxy, mut backend) = published().await;
    let refusal = [
        ("POST /unknown HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\n", "HTTP/1.1 503 "),
        ("GET /demo HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "HTTP/1.1 400 "),
        ("POST /demo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 400 "),
        ("POST /demo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "HTTP/1.1 400 "),
    ];
    for (request, status) in refusal {
        let mut client = proxy.client().await;
        client.send(format!("{request}{}", get("/demo/smuggled"))).await;
        let reply = client.reply().await;
        assert!(reply.head.starts_with(status), "{request:?}: {}", reply.head);
        client.receives_end().await;
    }
    proxy.client().await.send(get("/demo/first")).await;
    backend.accept().await.receives(got("/demo/first")).await;
}
