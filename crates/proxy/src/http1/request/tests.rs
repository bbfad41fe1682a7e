//! Heads of requests: what a server gets of them, what an exchange is told, and what is refused.
//!
//! Here a line ends in `\n`; the bytes that are read have CRLF.

use super::*;
use crate::http1::field_space;
use model::rewrite::Rewritten;

/// Reads `head` and hands the request to `look`.
fn read<T>(head: &[u8], look: impl FnOnce(&Request<'_, '_>) -> T) -> Result<T, Malformed> {
    match Request::parse(head, &mut field_space())? {
        Parsed::Complete(request) => Ok(look(&request)),
        Parsed::Partial => panic!("{:?} is not whole", String::from_utf8_lossy(head)),
    }
}

fn crlf(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}

fn changes<'c>() -> Changes<'c> {
    Changes {
        client: "192.0.2.7",
        rewritten: None,
        drop_authorization: false,
        drop_forwarded: false,
        fallback_host: "go",
        close: false,
        encrypted: false,
    }
}

/// What a server gets of `head`, byte for byte, or why it gets nothing.
fn forwarded(head: &[u8], changes: &Changes<'_>) -> Result<Vec<u8>, Malformed> {
    let mut written = b"left over".to_vec();
    read(head, |request| request.write(changes, &mut written))?;
    Ok(written)
}

/// A server gets `expected` of a request with these lines.
fn check(lines: &str, expected: &str) {
    check_changed(lines, &changes(), expected);
}

fn check_changed(lines: &str, changes: &Changes<'_>, expected: &str) {
    let written = forwarded(&crlf(lines), changes).unwrap_or_else(|error| panic!("{lines:?}: {error}"));
    assert_eq!(String::from_utf8(written).unwrap(), expected.replace('\n', "\r\n"), "of {lines:?}");
}

fn shape(lines: &str) -> Shape {
    read(&crlf(lines), |request| request.shape).unwrap_or_else(|error| panic!("{lines:?}: {error}"))
}

fn refusal(head: impl AsRef<[u8]>) -> Option<Malformed> {
    forwarded(head.as_ref(), &changes()).err()
}

const SERVER_GETS: &str = "GET / HTTP/1.1\nHost: a\nX-Forwarded-For: 192.0.2.7\n\n";

#[test]
fn a_plain_head_passes_byte_for_byte_and_the_clients_address_comes_last() {
    check(
        "GET /a?b=c&d HTTP/1.1\nhOSt:  a:81 \nACCEPT:*/*\nX-Empty:\nCookie: \"caf\u{e9}\"\n\n",
        "GET /a?b=c&d HTTP/1.1\nhOSt:  a:81 \nACCEPT:*/*\nX-Empty:\nCookie: \"caf\u{e9}\"\nX-Forwarded-For: 192.0.2.7\n\n",
    );
    check(
        "POST / HTTP/1.1\nHost: a\nContent-Length: 3\nX-Forwarded-For: 198.51.100.1\nX-Forwarded-Proto: https\n\n",
        "POST / HTTP/1.1\nHost: a\nContent-Length: 3\nX-Forwarded-For: 198.51.100.1\nX-Forwarded-Proto: https\nX-Forwarded-For: 192.0.2.7\n\n",
    );
}

#[test]
fn fields_of_this_hop_do_not_pass() {
    for hop in [
        "TE: trailers",
        "te:",
        "Keep-Alive: timeout=5",
        "Proxy-Connection: close",
        "Connection: close",
        "CONNECTION: Keep-Alive, TE",
    ] {
        check(&format!("GET / HTTP/1.1\n{hop}\nHost: a\n\n"), SERVER_GETS);
        check(&format!("GET / HTTP/1.1\nHost: a\n{hop}\n{hop}\n\n"), SERVER_GETS);
    }
}

#[test]
fn fields_that_connection_names_do_not_pass() {
    check(
        "GET / HTTP/1.1\nX-Hop: 1\nHost: a\nConnection: close, x-hop ,, x-other\nX-OTHER: 2\nX-Hop: 3\n\n",
        SERVER_GETS,
    );
    check("GET / HTTP/1.1\nConnection: a\nConnection: b\nA: 1\nB: 2\nHost: a\n\n", SERVER_GETS);
}

#[test]
fn fields_that_frame_or_address_a_request_cannot_be_named_away() {
    let fields = "Host: a\nContent-Length: 1\nAuthorization: x\nX-Forwarded-For: 1\n";
    check(
        &format!("POST / HTTP/1.1\nConnection: host, content-length, authorization, x-forwarded-for\n{fields}\n"),
        &format!("POST / HTTP/1.1\n{fields}X-Forwarded-For: 192.0.2.7\n\n"),
    );
    check(
        "POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\nConnection: transfer-encoding\n\n",
        "POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\nX-Forwarded-For: 192.0.2.7\n\n",
    );
}

#[test]
fn an_absolute_uri_becomes_path_and_host() {
    for (target, path, host) in
        [("http://b:81/x?y", "/x?y", "b:81"), ("HTTPS://[::1]/", "/", "[::1]"), ("http://b", "/", "b")]
    {
        let expected = format!("GET {path} HTTP/1.1\nX: 1\nHost: {host}\nX-Forwarded-For: 192.0.2.7\n\n");
        check(&format!("GET {target} HTTP/1.1\nHost: a\nX: 1\n\n"), &expected);
        let seen = read(&crlf(&format!("GET {target} HTTP/1.1\nHost: a\n\n")), |request| {
            (request.host.unwrap().to_vec(), request.target.to_vec())
        });
        assert_eq!(seen, Ok((host.into(), path.into())), "the authority routes {target}");
    }
}

#[test]
fn http_1_0_becomes_1_1_with_a_host() {
    let line = "GET /x HTTP/1.1\n";
    check("GET /x HTTP/1.0\n\n", &format!("{line}Host: go\nX-Forwarded-For: 192.0.2.7\n\n"));
    check("GET /x HTTP/1.0\nHost:\n\n", &format!("{line}Host: go\nX-Forwarded-For: 192.0.2.7\n\n"));
    check(
        "GET /x HTTP/1.0\nHost: a\nConnection: keep-alive\n\n",
        &format!("{line}Host: a\nX-Forwarded-For: 192.0.2.7\n\n"),
    );
    check("GET http://b/x HTTP/1.0\n\n", &format!("{line}Host: b\nX-Forwarded-For: 192.0.2.7\n\n"));
}

#[test]
fn a_rewritten_line_replaces_the_clients() {
    let rewritten = Rewritten { method: b"PUT".to_vec(), target: b"/new?q".to_vec() };
    let changes = Changes { rewritten: Some(&rewritten), ..changes() };
    check_changed(
        "GET /old HTTP/1.1\nHost: a\nX: 1\n\n",
        &changes,
        "PUT /new?q HTTP/1.1\nHost: a\nX: 1\nX-Forwarded-For: 192.0.2.7\n\n",
    );
    check_changed(
        "GET http://b/old HTTP/1.0\n\n",
        &changes,
        "PUT /new?q HTTP/1.1\nHost: b\nX-Forwarded-For: 192.0.2.7\n\n",
    );
}

#[test]
fn credentials_for_the_proxy_and_forbidden_forwarded_fields_are_dropped() {
    let lines = "GET / HTTP/1.1\nAuthorization: Basic eDp5\nHost: a\nX-Forwarded-For: 1\nX-Forwarded-Host: b\n\n";
    check(lines, &lines.replace("\n\n", "\nX-Forwarded-For: 192.0.2.7\n\n"));
    check_changed(lines, &Changes { drop_authorization: true, drop_forwarded: true, ..changes() }, SERVER_GETS);
}

#[test]
fn an_upgrade_is_passed_on_and_h2c_never() {
    let upgrade = "GET / HTTP/1.1\nHost: a\nUpgrade: websocket\nConnection: keep-alive, Upgrade\n\n";
    check(upgrade, "GET / HTTP/1.1\nHost: a\nUpgrade: websocket\nX-Forwarded-For: 192.0.2.7\nConnection: upgrade\n\n");
    assert!(shape(upgrade).upgrade);
    for plain in [
        "GET / HTTP/1.1\nHost: a\nUpgrade: websocket\n\n",
        "GET / HTTP/1.1\nHost: a\nConnection: upgrade\n\n",
        "GET / HTTP/1.1\nHost: a\nUpgrade: h2c\nHTTP2-Settings: AAMAAABkAAQAAP__\nConnection: Upgrade, HTTP2-Settings\n\n",
        "GET / HTTP/1.1\nHost: a\nUpgrade: websocket, H2C\nConnection: upgrade\n\n",
        "GET / HTTP/1.1\nHost: a\nUpgrade: h2c\nUpgrade: websocket\nConnection: upgrade\n\n",
        "GET / HTTP/1.1\nHost: a\nUpgrade: websocket\nUpgrade: h2c\nConnection: upgrade\n\n",
    ] {
        check(plain, SERVER_GETS);
        assert!(!shape(plain).upgrade, "{plain:?}");
    }
    assert!(!shape("GET / HTTP/1.0\nHost: a\nUpgrade: websocket\nConnection: upgrade\n\n").upgrade);
}

#[test]
fn an_exchange_knows_where_the_body_ends_and_whether_the_connection_goes_on() {
    for (lines, body, keep_alive) in [
        ("GET / HTTP/1.1\nHost: a\n\n", Body::EMPTY, true),
        ("GET / HTTP/1.1\nHost: a\nConnection: x, Close\n\n", Body::EMPTY, false),
        ("POST / HTTP/1.1\nHost: a\nContent-Length: 007\n\n", Body::Length(7), true),
        ("POST / HTTP/1.1\nHost: a\nTransfer-Encoding: Chunked\n\n", Body::CHUNKED, true),
        ("GET / HTTP/1.0\n\n", Body::EMPTY, false),
        ("GET / HTTP/1.0\nConnection: keep-alive\n\n", Body::EMPTY, true),
        ("GET / HTTP/1.0\nConnection: keep-alive, close\n\n", Body::EMPTY, false),
    ] {
        let shape = shape(lines);
        assert_eq!((shape.body, shape.keep_alive), (body, keep_alive), "{lines:?}");
        assert_eq!((shape.head_length, shape.http10), (crlf(lines).len(), lines.contains("1.0")), "{lines:?}");
    }
}

#[test]
fn methods_that_can_be_repeated_are_known() {
    let lines = |method: &str| format!("{method} / HTTP/1.1\nHost: a\n\n");
    for (method, idempotent) in [
        ("GET", true),
        ("HEAD", true),
        ("PUT", true),
        ("DELETE", true),
        ("OPTIONS", true),
        ("TRACE", true),
        ("POST", false),
        ("PATCH", false),
        ("get", false),
    ] {
        let shape = shape(&lines(method));
        assert_eq!((shape.idempotent, shape.is_head), (idempotent, method == "HEAD"), "{method}");
    }
}

#[test]
fn the_path_ends_at_the_query_and_a_star_has_none() {
    for (line, path) in
        [("GET /a?b?c", "/a"), ("GET /?", "/"), ("OPTIONS *", ""), ("OPTIONS http://b", ""), ("GET http://b", "/")]
    {
        let head = crlf(&format!("{line} HTTP/1.1\nHost: a\n\n"));
        let seen = read(&head, |request| String::from_utf8_lossy(request.path()).into_owned());
        assert_eq!(seen.as_deref(), Ok(path), "{line}");
    }
    check("OPTIONS * HTTP/1.1\nHost: a\n\n", "OPTIONS * HTTP/1.1\nHost: a\nX-Forwarded-For: 192.0.2.7\n\n");
}

#[test]
fn options_of_a_whole_server_are_asked_for_with_a_star() {
    check("OPTIONS http://b HTTP/1.1\nHost: a\n\n", "OPTIONS * HTTP/1.1\nHost: b\nX-Forwarded-For: 192.0.2.7\n\n");
    check("OPTIONS http://b/ HTTP/1.1\nHost: a\n\n", "OPTIONS / HTTP/1.1\nHost: b\nX-Forwarded-For: 192.0.2.7\n\n");
}

#[test]
fn what_frames_a_request_is_passed_on_in_its_plainest_form() {
    let post = |field: &str| format!("POST / HTTP/1.1\nHost: a\n{field}\nX: 1\n\n");
    for plain in ["Content-Length: 7", "content-length:7", "Content-Length: 0", "TRANSFER-ENCODING: chunked"] {
        check(&post(plain), &post(plain).replace("\n\n", "\nX-Forwarded-For: 192.0.2.7\n\n"));
    }
    for (odd, plain) in [
        ("Content-Length:\t7", "Content-Length: 7"),
        ("content-length:  7", "Content-Length: 7"),
        ("Content-Length: 7 ", "Content-Length: 7"),
        ("Content-Length: 0010", "Content-Length: 10"),
        ("Content-Length: 00", "Content-Length: 0"),
        ("Transfer-Encoding:\tchunked", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked\t", "Transfer-Encoding: chunked"),
        ("transfer-encoding: CHUNKED", "Transfer-Encoding: chunked"),
    ] {
        let expected = format!("POST / HTTP/1.1\nHost: a\nX: 1\n{plain}\nX-Forwarded-For: 192.0.2.7\n\n");
        check(&post(odd), &expected);
    }
}

#[test]
fn http_1_0_expects_nothing() {
    let expecting =
        |version, value| format!("POST / HTTP/1.{version}\nHost: a\nContent-Length: 1\nExpect: {value}\n\n");
    let expected = "POST / HTTP/1.1\nHost: a\nContent-Length: 1\nX-Forwarded-For: 192.0.2.7\n\n";
    check(&expecting(0, "100-continue"), expected);
    check(&expecting(0, "miracles"), expected);
    let passes = expecting(1, "100-Continue");
    check(&passes, &passes.replace("\n\n", "\nX-Forwarded-For: 192.0.2.7\n\n"));
}

mod refused;
