//! Heads and ends of responses (RFC 9113 §8.1, §8.2.2, §8.3.2).

use super::Trio;
use crate::client::Event;
use crate::frame::{code, kind, request};
use crate::hpack::Block;

#[tokio::test]
async fn fields_of_the_servers_connection_end_here() {
    let mut trio = Trio::new().await;
    let answer = "HTTP/1.1 200 Very OK\r\nConnection: keep-alive, X-Hop\r\nKeep-Alive: timeout=5\r\nX-Hop: 1\r\nProxy-Connection: close\r\nUpgrade: foo\r\nTransfer-Encoding: chunked\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Stays: y\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
    let response = trio.answered_with(Block::get("/"), answer).await;
    assert_eq!((response.status, response.text().as_str(), response.ended), (200, "hi", true));
    let fields: Vec<_> = response.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let expected = [(":status", "200"), ("set-cookie", "a=1"), ("set-cookie", "b=2"), ("x-stays", "y")];
    assert_eq!(fields, expected);
}

#[tokio::test]
async fn trailers_of_a_chunked_response_are_headers() {
    let mut trio = Trio::new().await;
    let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 1\r\nx-two: 2\r\n\r\n";
    let response = trio.answered_with(Block::get("/").field("te", "trailers"), answer).await;
    let trailers: Vec<_> = response.trailers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!((response.text().as_str(), response.ended), ("hi", true));
    assert_eq!(trailers, [("x-sum", "1"), ("x-two", "2")]);
}

#[tokio::test]
async fn responses_without_a_body_end_with_their_head() {
    for (method, answer, length) in [
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "5"),
        ("HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", ""),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n", ""),
        ("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "5"),
        ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "0"),
    ] {
        let mut trio = Trio::new().await;
        let (mut server, _) = trio.server_gets(request(1, Block::request(method, "/"))).await;
        server.send(answer).await;
        let ends = |event: &Event| match event {
            Event::Fields(1, fields, ends) => Some((fields.clone(), *ends)),
            _ => None,
        };
        let (fields, ends) = trio.client.until("a head", ends).await;
        let found = fields.iter().find(|(name, _)| name == "content-length").map_or("", |(_, value)| value);
        assert!(ends, "{method}: {answer:?} ends the stream at once");
        assert_eq!(found, length, "{method}: {answer:?}");
    }
}

#[tokio::test]
async fn interim_responses_pass() {
    let mut trio = Trio::new().await;
    let answer = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    let response = trio.answered_with(Block::get("/"), answer).await;
    assert_eq!((response.interim.as_slice(), response.status, response.text().as_str()), (&[100, 103][..], 200, "hi"));
}

#[tokio::test]
async fn a_response_that_breaks_off_is_a_reset_and_no_end() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhel",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nx\r\n",
    ] {
        let mut trio = Trio::new().await;
        let (mut server, _) = trio.server_gets(request(1, Block::get("/"))).await;
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        server.send(format!("{head}\r\n\r\n")).await;
        trio.client.until("its head", |event| matches!(event, Event::Fields(..)).then_some(())).await;
        server.send(body).await;
        drop(server);
        let response = trio.client.response(1).await;
        assert!(!response.ended && response.reset.is_some(), "{answer:?}: {response:?}");
        trio.client.is_alive().await;
    }
}

#[tokio::test]
async fn a_response_that_only_the_servers_end_ends_is_whole() {
    let mut trio = Trio::new().await;
    let (mut server, _) = trio.server_gets(request(1, Block::get("/"))).await;
    server.send("HTTP/1.0 200 OK\r\n\r\nall of it").await;
    drop(server);
    let response = trio.client.response(1).await;
    assert_eq!((response.text().as_str(), response.ended, response.reset), ("all of it", true, None));
}

#[tokio::test]
async fn what_is_no_response_is_502() {
    for answer in [
        "nonsense\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
    ] {
        let mut trio = Trio::new().await;
        assert_eq!(trio.answered_with(Block::get("/"), answer).await.status, 502, "{answer:?}");
    }
}

#[tokio::test]
async fn a_client_that_gives_up_frees_the_server() {
    let mut trio = Trio::new().await;
    let (mut server, _) = trio.server_gets(request(1, Block::get("/"))).await;
    trio.client.send(crate::frame::reset(1, code::CANCEL)).await;
    assert_eq!(server.next_head().await, None, "the server's connection ends");
    trio.client.is_alive().await;
}

#[tokio::test]
async fn nothing_is_said_on_a_stream_that_was_given_up() {
    let mut trio = Trio::new().await;
    let (mut server, _) = trio.server_gets(request(1, Block::get("/"))).await;
    server.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhel").await;
    trio.client
        .until("its start", |event| matches!(event, Event::Frame(frame) if frame.kind == kind::DATA).then_some(()))
        .await;
    trio.client.send([crate::frame::reset(1, code::CANCEL), crate::frame::ping()].concat()).await;
    trio.client.until("an answer", |event| crate::client::is_pong(event).then_some(())).await;
    // It may be closed already.
    server.can_send("lo").await;
    trio.client.send(crate::frame::ping()).await;
    loop {
        let event = trio.client.next().await;
        assert!(!matches!(&event, Event::Frame(frame) if frame.stream == 1), "{event:?}");
        if crate::client::is_pong(&event) {
            break;
        }
    }
}
