//! Heads of responses: what a client gets of them, where their bodies end, and what is refused.
//!
//! Here a line ends in `\n`; the bytes that are read have CRLF.

use super::*;
use crate::http1::{MAX_FIELDS, MAX_HEAD};

/// A request of HTTP/1.1 that does not end the connection.
fn get() -> Shape {
    Shape {
        head_length: 0,
        body: Body::EMPTY,
        keep_alive: true,
        upgrade: false,
        is_head: false,
        http10: false,
        idempotent: true,
        safe: true,
    }
}

fn crlf(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}

/// The response to `request` and what the client gets of its head.
fn forwarded(head: &[u8], request: &Shape) -> Result<(Response, String), Malformed> {
    let mut written = Vec::new();
    match forward(head, request, request.keep_alive, &mut written)? {
        Parsed::Complete(response) => Ok((response, String::from_utf8(written).unwrap().replace("\r\n", "\n"))),
        Parsed::Partial => panic!("{:?} is not whole", String::from_utf8_lossy(head)),
    }
}

/// A client gets `expected` in answer to `request`.
fn check(request: &Shape, lines: &str, expected: &str) -> Response {
    let (response, written) = forwarded(&crlf(lines), request).unwrap_or_else(|error| panic!("{lines:?}: {error}"));
    assert_eq!(written, expected, "of {lines:?}");
    assert_eq!(response.head_length, crlf(lines).len());
    response
}

fn refused(request: &Shape, lines: &str) {
    let refusal = forwarded(&crlf(lines), request).map(|(_, written)| written);
    assert_eq!(refusal, Err(Malformed::Syntax), "{lines:?}");
}

#[test]
fn a_plain_head_passes_byte_for_byte() {
    let lines =
        "HTTP/1.1 200 All right\nserver:  x\nCONTENT-LENGTH: 2\nX-Empty:\nTrailer: X\nSet-Cookie: a\nSet-Cookie: b\n\n";
    let response = check(&get(), lines, lines);
    assert_eq!((response.kind, response.body), (Kind::Final, Body::Length(2)));
    assert!(response.server_keeps && response.client_keeps && !response.unframe);
    check(&get(), "HTTP/1.1 200\nContent-Length: 0\n\n", "HTTP/1.1 200\nContent-Length: 0\n\n");
}

#[test]
fn fields_of_this_hop_do_not_pass() {
    check(
        &get(),
        "HTTP/1.1 200 OK\nKeep-Alive: timeout=5\nConnection: keep-alive, X-Hop\nContent-Length: 0\nX-Hop: 1\nUpgrade: h2c\nProxy-Connection: a\n\n",
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    );
}

#[test]
fn the_body_ends_as_rfc_9112_says() {
    let head = Shape { is_head: true, ..get() };
    for (request, lines, body) in [
        (get(), "200 OK\nContent-Length: 7", Body::Length(7)),
        (get(), "200 OK\nTransfer-Encoding: chunked", Body::CHUNKED),
        (get(), "200 OK", Body::UntilClose),
        (get(), "204 No Content\nContent-Length: 7", Body::EMPTY),
        (get(), "304 Not Modified\nContent-Length: 7", Body::EMPTY),
        (get(), "304 Not Modified\nTransfer-Encoding: chunked", Body::EMPTY),
        (get(), "205 Reset Content\nContent-Length: 0", Body::EMPTY),
        (head, "200 OK\nContent-Length: 7", Body::EMPTY),
        (head, "200 OK\nTransfer-Encoding: chunked", Body::EMPTY),
        (head, "200 OK", Body::EMPTY),
        (head, "404 Not Found", Body::EMPTY),
    ] {
        let (response, _) = forwarded(&crlf(&format!("HTTP/1.1 {lines}\n\n")), &request).unwrap();
        assert_eq!((response.body, response.kind), (body, Kind::Final), "{lines:?}, HEAD: {}", request.is_head);
        let ends_with_the_connection = body == Body::UntilClose;
        assert_eq!(response.client_keeps, !ends_with_the_connection, "{lines:?}");
        assert_eq!(response.server_keeps, !ends_with_the_connection, "{lines:?}");
    }
}

#[test]
fn what_frames_a_response_is_passed_on_in_its_plainest_form() {
    for (odd, plain) in
        [("Content-Length:\t007 ", "Content-Length: 7"), ("Transfer-Encoding: Chunked", "Transfer-Encoding: chunked")]
    {
        check(&get(), &format!("HTTP/1.1 200 OK\n{odd}\nX: 1\n\n"), &format!("HTTP/1.1 200 OK\nX: 1\n{plain}\n\n"));
    }
    let old = Shape { http10: true, keep_alive: false, ..get() };
    check(&old, "HTTP/1.1 200 OK\nTransfer-Encoding: CHUNKED\n\n", "HTTP/1.1 200 OK\nConnection: close\n\n");
}

#[test]
fn a_response_that_never_has_a_body_says_nothing_of_its_length() {
    for (line, framing) in [
        ("HTTP/1.1 204 No Content\n", "Content-Length: 7\n"),
        ("HTTP/1.1 204 No Content\n", "Transfer-Encoding: chunked\n"),
        ("HTTP/1.1 204 No Content\n", "Content-Length:\t7\n"),
        ("HTTP/1.1 103 Early Hints\n", "Content-Length: 7\n"),
        ("HTTP/1.1 100 Continue\n", "Transfer-Encoding: chunked\n"),
    ] {
        let response = check(&get(), &format!("{line}{framing}\n"), &format!("{line}\n"));
        assert_eq!(response.body, Body::EMPTY, "{line}{framing}");
    }
    let not_modified = "HTTP/1.1 304 Not Modified\nContent-Length: 7\n\n";
    check(&get(), not_modified, not_modified);
}

#[test]
fn a_426_names_the_protocols_that_would_do() {
    let required = "HTTP/1.1 426 Upgrade Required\nUpgrade: websocket\nConnection: Upgrade\nContent-Length: 0\n\n";
    let head = "HTTP/1.1 426 Upgrade Required\nUpgrade: websocket\nContent-Length: 0\n";
    check(&get(), required, &format!("{head}Connection: upgrade\n\n"));
    let last = Shape { keep_alive: false, ..get() };
    check(&last, required, &format!("{head}Connection: upgrade, close\n\n"));
    let old = Shape { http10: true, ..get() };
    check(&old, required, "HTTP/1.1 426 Upgrade Required\nContent-Length: 0\nConnection: keep-alive\n\n");
    check(&get(), &required.replace("426", "200"), "HTTP/1.1 200 Upgrade Required\nContent-Length: 0\n\n");
}

#[test]
fn either_side_may_end_its_connection_and_the_other_goes_on() {
    let response = check(
        &get(),
        "HTTP/1.1 200 OK\nConnection: close\nContent-Length: 0\n\n",
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    );
    assert!(response.client_keeps && !response.server_keeps);
    let last = Shape { keep_alive: false, ..get() };
    let response = check(
        &last,
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        "HTTP/1.1 200 OK\nContent-Length: 0\nConnection: close\n\n",
    );
    assert!(response.server_keeps && !response.client_keeps);
    check(&get(), "HTTP/1.1 200 OK\n\n", "HTTP/1.1 200 OK\nConnection: close\n\n");
}

#[test]
fn a_server_of_http_1_0_speaks_1_1_through_the_proxy() {
    let response = check(&get(), "HTTP/1.0 200 OK\nContent-Length: 1\n\n", "HTTP/1.1 200 OK\nContent-Length: 1\n\n");
    assert!(response.client_keeps && !response.server_keeps);
    let response = check(
        &get(),
        "HTTP/1.0 200 OK\nConnection: keep-alive\nContent-Length: 1\n\n",
        "HTTP/1.1 200 OK\nContent-Length: 1\n\n",
    );
    assert!(response.server_keeps);
    refused(&get(), "HTTP/1.0 200 OK\nTransfer-Encoding: chunked\n\n");
}

#[test]
fn a_client_of_http_1_0_gets_no_chunks_and_is_told_what_becomes_of_its_connection() {
    let old = Shape { http10: true, ..get() };
    let response = check(
        &old,
        "HTTP/1.1 200 OK\nContent-Length: 1\n\n",
        "HTTP/1.1 200 OK\nContent-Length: 1\nConnection: keep-alive\n\n",
    );
    assert!(response.client_keeps);
    let response =
        check(&old, "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n", "HTTP/1.1 200 OK\nConnection: close\n\n");
    assert!(response.unframe && response.server_keeps && !response.client_keeps);
    let head = Shape { is_head: true, ..old };
    check(&head, "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n", "HTTP/1.1 200 OK\nConnection: keep-alive\n\n");
}

#[test]
fn interim_responses_pass_but_not_to_http_1_0() {
    for lines in ["HTTP/1.1 100 Continue\n\n", "HTTP/1.1 103 Early Hints\nLink: </a>\n\n"] {
        assert_eq!(check(&get(), lines, lines).kind, Kind::Interim);
        assert_eq!(check(&Shape { http10: true, ..get() }, lines, "").kind, Kind::Interim);
    }
    let interim = check(&get(), "HTTP/1.1 102 Processing\nConnection: close\n\n", "HTTP/1.1 102 Processing\n\n");
    assert_eq!(interim.body, Body::EMPTY);
}

#[test]
fn another_protocol_must_have_been_asked_for() {
    let switching =
        "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Accept: x\n\n";
    let expected =
        "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nSec-WebSocket-Accept: x\nConnection: upgrade\n\n";
    let asked = Shape { upgrade: true, ..get() };
    let response = check(&asked, switching, expected);
    assert_eq!((response.kind, response.body), (Kind::Switching, Body::UntilClose));
    assert!(!response.server_keeps && !response.client_keeps);
    refused(&get(), switching);
    refused(&asked, "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\n\n");
    refused(&asked, "HTTP/1.1 101 Switching Protocols\nConnection: upgrade\n\n");
    refused(&asked, "HTTP/1.1 101 Switching Protocols\nUpgrade: h2c\nConnection: upgrade\n\n");
}

#[test]
fn responses_that_two_readers_could_read_in_two_ways_are_refused() {
    for fields in [
        "Content-Length: 1\nContent-Length: 1",
        "Content-Length: 1\nContent-Length: 2",
        "Content-Length: -1",
        "Content-Length: +1",
        "Content-Length: 1, 1",
        "Content-Length: 1\nTransfer-Encoding: chunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked\nTransfer-Encoding: chunked",
        "Transfer-Encoding: \x0bchunked",
        "Content-Length : 1",
        "X: a\n b",
        " X: 1",
        "X: a\0",
        "X",
    ] {
        refused(&get(), &format!("HTTP/1.1 200 OK\n{fields}\n\n"));
    }
    for line in [
        "HTTP/1.1 099 OK",
        "HTTP/1.1 20 OK",
        "HTTP/1.1 2000 OK",
        "HTTP/2 200 OK",
        "HTTP/1.2 200 OK",
        "http/1.1 200 OK",
        "ICY 200 OK",
        "\nHTTP/1.1 200 OK",
        "HTTP/1.1  200 OK",
        "HTTP/1.1 abc",
    ] {
        refused(&get(), &format!("{line}\nContent-Length: 0\n\n"));
    }
}

#[test]
fn a_bare_line_feed_is_refused_wherever_it_stands() {
    let head = "HTTP/1.1 200 OK\r\nX: 1\r\nContent-Length: 0\r\n\r\n";
    for (place, _) in head.match_indices("\r\n") {
        let bare = [&head[..place], &head[place + 1..]].concat();
        assert_eq!(forwarded(bare.as_bytes(), &get()).err(), Some(Malformed::Syntax), "without the CR at {place}");
    }
    for bare in ["HTTP/1.1 200 OK\n\n", "HTTP/1.1 200 OK\r\n\n", "HTTP/1.1 200 OK\n\r\n", "HTTP/1.1 200\n\n"] {
        assert_eq!(forwarded(bare.as_bytes(), &get()).err(), Some(Malformed::Syntax), "{bare:?}");
    }
}

#[test]
fn a_head_has_limits_and_is_partial_until_its_last_byte() {
    let large = |length: usize| format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(length));
    let most = MAX_HEAD - large(0).len();
    assert!(forwarded(large(most).as_bytes(), &get()).is_ok());
    assert_eq!(forwarded(large(most + 1).as_bytes(), &get()).err(), Some(Malformed::HeadTooLarge));
    assert_eq!(forwarded(&large(MAX_HEAD).as_bytes()[..MAX_HEAD], &get()).err(), Some(Malformed::HeadTooLarge));
    let many = |count: usize| format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: 1\r\n".repeat(count));
    assert!(forwarded(many(MAX_FIELDS).as_bytes(), &get()).is_ok());
    assert!(forwarded(many(MAX_FIELDS + 1).as_bytes(), &get()).is_err());

    let head = crlf("HTTP/1.1 200 OK\nContent-Length: 0\n\n");
    for end in 0..head.len() {
        let parsed = forward(&head[..end], &get(), true, &mut Vec::new());
        assert!(matches!(parsed, Ok(Parsed::Partial)), "after {end} bytes");
    }
}
