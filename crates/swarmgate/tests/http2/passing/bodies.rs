//! Bodies, trailers of requests, expectations and flow control (RFC 9113 §5.2, §8.1).

use super::Trio;
use crate::client::{Client, Event};
use crate::frame::{Frame, code, data, head, kind, last_data, ping, request, setting, window_update};
use crate::hpack::Block;
use crate::it::harness::{Peer, ok, pattern};

#[tokio::test]
async fn a_body_with_a_length_passes_as_it_is() {
    let mut trio = Trio::new().await;
    let frames = [head(1, Block::post("/").field("content-length", "5")), data(1, "he"), last_data(1, "llo")];
    let (mut server, head) = trio.server_gets(frames.concat()).await;
    assert!(head.contains("\r\ncontent-length: 5\r\n") && !head.contains("chunked"), "{head}");
    server.receives("hello").await;
    server.send(ok("done")).await;
    assert_eq!(trio.client.response(1).await.text(), "done");
}

#[tokio::test]
async fn a_body_without_a_length_is_sent_in_chunks_with_its_trailers() {
    let mut trio = Trio::new().await;
    let (mut server, head) = trio.server_gets([head(1, Block::post("/")), data(1, "hello")].concat()).await;
    assert!(head.contains("\r\ntransfer-encoding: chunked\r\n"), "{head}");
    server.receives("5\r\nhello\r\n").await;
    trio.client.send(request(1, Block::new().field("x-sum", "1").field("x-two", "2"))).await;
    server.receives("0\r\nx-sum: 1\r\nx-two: 2\r\n\r\n").await;
    server.send(ok("done")).await;
    assert_eq!(trio.client.response(1).await.text(), "done");
}

#[tokio::test]
async fn padding_stays_here() {
    let mut trio = Trio::new().await;
    let padded = crate::frame::frame(
        kind::DATA,
        crate::frame::flag::PADDED | crate::frame::flag::END_STREAM,
        1,
        b"\x03hello\0\0\0",
    );
    let (mut server, _) =
        trio.server_gets([head(1, Block::post("/").field("content-length", "5")), padded].concat()).await;
    server.receives("hello").await;
}

#[tokio::test]
async fn an_expectation_is_the_servers_to_meet() {
    let mut trio = Trio::new().await;
    let block = Block::post("/").field("content-length", "5").field("expect", "100-continue");
    let (mut server, head) = trio.server_gets(head(1, block)).await;
    assert!(head.contains("\r\nexpect: 100-continue\r\n"), "{head}");
    server.send("HTTP/1.1 100 Continue\r\n\r\n").await;
    let interim = |event: &Event| match event {
        Event::Fields(1, fields, false) => Some(fields[0].1.clone()),
        _ => None,
    };
    assert_eq!(trio.client.until("100", interim).await, "100");
    trio.client.send(last_data(1, "hello")).await;
    server.receives("hello").await;
    server.send(ok("done")).await;
    assert_eq!(trio.client.response(1).await.text(), "done");
}

#[tokio::test]
async fn an_answer_before_the_body_was_read_arrives_whole() {
    let mut trio = Trio::new().await;
    let (mut server, _) = trio.server_gets([head(1, Block::post("/")), data(1, "hello")].concat()).await;
    server.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nno!").await;
    let response = trio.client.response(1).await;
    assert_eq!((response.status, response.text().as_str(), response.ended), (413, "no!", true));
    // RFC 9113 §8.1: the rest of the body is not wanted, and that is no error.
    let reset = |event: &Event| match event {
        Event::Frame(frame) if frame.is(kind::RST_STREAM, 1) => Some(frame.number(0)),
        _ => None,
    };
    assert_eq!(trio.client.until("it did not want the rest", reset).await, code::NO_ERROR);
    // What was on its way meanwhile does no harm.
    trio.client.send([data(1, "more"), last_data(1, "and more")].concat()).await;
    trio.client.is_alive().await;
}

#[tokio::test]
async fn a_body_that_the_client_breaks_off_never_ends_for_the_server() {
    let mut trio = Trio::new().await;
    let (mut server, _) = trio.server_gets([head(1, Block::post("/")), data(1, "hello")].concat()).await;
    server.receives("5\r\nhello\r\n").await;
    trio.client.send(crate::frame::reset(1, code::CANCEL)).await;
    assert!(server.next_bytes().await.is_empty(), "an end, and no last chunk");
}

#[tokio::test]
async fn a_closed_window_holds_a_response_back_until_it_opens() {
    let mut trio = Trio::with(&[], &[(setting::INITIAL_WINDOW_SIZE, 0)]).await;
    trio.client.gives_windows = false;
    let (mut server, _) = trio.server_gets(request(1, Block::get("/"))).await;
    server.send(ok("hello")).await;
    trio.client.until("a head", |event| matches!(event, Event::Fields(1, _, false)).then_some(())).await;
    trio.client.send(ping()).await;
    let nothing = |event: &Event| match event {
        Event::Frame(frame) if frame.kind == kind::DATA => panic!("DATA without a window"),
        event => crate::client::is_pong(event).then_some(()),
    };
    trio.client.until("a PING's answer", nothing).await;
    for expected in ["h", "e"] {
        trio.client.send(window_update(1, 1)).await;
        assert_eq!(next_data(&mut trio.client).await.payload, expected.as_bytes());
    }
    trio.client.send(window_update(1, 100)).await;
    let rest = trio.client.response(1).await;
    assert_eq!((rest.text().as_str(), rest.ended), ("llo", true));
}

async fn next_data(client: &mut Client) -> Frame {
    let data = |event: &Event| match event {
        Event::Frame(frame) if frame.kind == kind::DATA => Some(frame.clone()),
        _ => None,
    };
    client.until("DATA", data).await
}

#[tokio::test]
async fn a_large_response_comes_whole_through_small_windows() {
    let body = pattern(3_000_000);
    let mut trio = Trio::with(&[], &[(setting::INITIAL_WINDOW_SIZE, 1_000)]).await;
    let (mut server, _) = trio.server_gets(request(1, Block::get("/"))).await;
    let length = body.len();
    let sent = body.clone();
    let sending = tokio::spawn(async move {
        server.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n")).await;
        server.send(sent).await;
        server
    });
    let response = trio.client.response(1).await;
    assert!(response.body == body && response.ended, "{} of {length} bytes", response.body.len());
    sending.await.expect("all was sent");
}

#[tokio::test]
async fn a_server_that_takes_nothing_opens_no_window() {
    let mut trio = Trio::new().await;
    let (mut server, _) = trio.server_gets(head(1, Block::post("/"))).await;
    // The server reads nothing more. Its socket and the proxy take what they have room for, and then the client is held.
    let piece = vec![b'x'; 16_000];
    let (mut stream_window, mut sent) = (65_535_i64, 0_usize);
    let most = 64 * 1024 * 1024;
    while sent < most {
        while stream_window >= piece.len() as i64 {
            trio.client.send(data(1, &piece)).await;
            (stream_window, sent) = (stream_window - piece.len() as i64, sent + piece.len());
        }
        trio.client.send(ping()).await;
        let mut opened = 0;
        loop {
            match trio.client.next().await {
                Event::Frame(frame) if frame.is(kind::WINDOW_UPDATE, 1) => opened += i64::from(frame.number(0)),
                event if crate::client::is_pong(&event) => break,
                Event::Closed => panic!("the proxy closed"),
                _ => {}
            }
        }
        stream_window += opened;
        if opened == 0 && stream_window < piece.len() as i64 {
            break;
        }
    }
    assert!(sent < most, "{sent} octets for a server that takes none");
    // It was only slow: the rest follows.
    trio.client.send(last_data(1, [])).await;
    let read = read_chunks(&mut server).await;
    assert_eq!(read, sent);
    server.send(ok("done")).await;
    assert_eq!(trio.client.response(1).await.text(), "done");
}

/// Reads a chunked body; the number of its octets.
async fn read_chunks(server: &mut Peer) -> usize {
    let mut read = 0;
    loop {
        let size = usize::from_str_radix(&server.receives_line().await, 16).expect("a size");
        server.receives_bytes(size).await;
        server.receives("\r\n").await;
        read += size;
        if size == 0 {
            return read;
        }
    }
}
