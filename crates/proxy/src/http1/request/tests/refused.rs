//! Heads that are refused, and heads that are not whole yet.

use super::*;
use crate::http1::{MAX_FIELDS, MAX_HEAD, MAX_METHOD};

fn is_partial(head: &[u8]) -> bool {
    Request::parse(head, &mut field_space()).is_ok_and(|parsed| matches!(parsed, Parsed::Partial))
}

#[test]
fn heads_that_two_readers_could_read_in_two_ways_are_refused() {
    for fields in [
        // Where the message ends.
        "Content-Length: 1\nContent-Length: 1",
        "Content-Length: 1\nContent-Length: 2",
        "Content-Length: 1, 1",
        "Content-Length: +1",
        "Content-Length: -1",
        "Content-Length: 0x1",
        "Content-Length: 1 1",
        "Content-Length: 1;a",
        "Content-Length: 9223372036854775808",
        "Content-Length: 18446744073709551616",
        "Content-Length:",
        "Content-Length: 1\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\nContent-Length: 0",
        "Transfer-Encoding: chunked\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: chunkedx",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding: chunked;q=1",
        "Transfer-Encoding: \x0bchunked",
        "Transfer-Encoding:",
        // Whom it is for.
        "Host: b",
        "host: a",
        // What a field is.
        "Content-Length : 1",
        "X y: 1",
        ": 1",
        "X",
        "X: a\n b",
        " X: 1",
        "\tX: 1",
        "X: a\0b",
        "X\0: a",
        "X: a\x7fb",
        "X: \x08",
        "X(: 1",
        "X\u{e9}: 1",
    ] {
        let head = crlf(&format!("POST / HTTP/1.1\nHost: a\n{fields}\n\n"));
        assert_eq!(refusal(&head), Some(Malformed::Syntax), "{fields:?}");
    }
}

#[test]
fn a_bare_line_feed_or_carriage_return_is_refused_wherever_it_stands() {
    let head = "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nAccept: b\r\n\r\n";
    for (place, _) in head.match_indices("\r\n") {
        let without = |at: usize| [&head[..at], &head[at + 1..]].concat();
        assert_eq!(refusal(without(place)), Some(Malformed::Syntax), "without the CR at {place}");
        // Without its LF, the last line is only not whole.
        if place + 2 < head.len() {
            assert_eq!(refusal(without(place + 1)), Some(Malformed::Syntax), "without the LF at {place}");
        }
    }
    for bare in [
        "GET / HTTP/1.0\n\n",
        "GET / HTTP/1.0\r\n\n",
        "GET / HTTP/1.0\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
    ] {
        assert_eq!(refusal(bare), Some(Malformed::Syntax), "{bare:?}");
    }
}

#[test]
fn request_lines_that_are_none_are_refused() {
    for line in [
        "GET /",
        "GET",
        "GET  / HTTP/1.1",
        "GET / HTTP/1.1 ",
        "GET /  HTTP/1.1",
        " GET / HTTP/1.1",
        "GET\t/ HTTP/1.1",
        "GET / x HTTP/1.1",
        "GET /\0 HTTP/1.1",
        "GET /\x7f HTTP/1.1",
        "G(T / HTTP/1.1",
        "GET / HTTP/1.2",
        "GET / HTTP/2.0",
        "GET / http/1.1",
        "GET / HTTP/11",
        "GET a HTTP/1.1",
        "GET a:80 HTTP/1.1",
        "GET * HTTP/1.1",
        "OPTIONS ** HTTP/1.1",
        "GET http:///x HTTP/1.1",
        "GET http://u@b/ HTTP/1.1",
        "GET http://b\\c/ HTTP/1.1",
        "GET http://b#/ HTTP/1.1",
        "GET /a#b HTTP/1.1",
        "GET /\u{e9} HTTP/1.1",
        "GET http://b? HTTP/1.1",
        "GET http://:80/ HTTP/1.1",
        "GET ftp://b/ HTTP/1.1",
    ] {
        let expected = Some(Malformed::Syntax);
        assert_eq!(refusal(crlf(&format!("{line}\nHost: a\n\n"))), expected, "{line:?}");
    }
}

#[test]
fn a_host_that_is_missing_or_none_is_refused() {
    assert_eq!(refusal("GET / HTTP/1.1\r\n\r\n"), Some(Malformed::Syntax));
    assert_eq!(refusal("GET http://b/ HTTP/1.1\r\n\r\n"), Some(Malformed::Syntax));
    for host in ["a b", "a/b", "u@a", "a?b", "a#b", "a\\b", "\"a\"", "a\tb", "<a>", "\u{e9}"] {
        assert_eq!(refusal(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")), Some(Malformed::Syntax), "{host:?}");
    }
    assert_eq!(refusal("GET / HTTP/1.1\r\nHost:\r\n\r\n"), None, "an empty one is allowed and matches no domain");
}

#[test]
fn chunks_are_not_of_http_1_0_and_connect_is_not_offered() {
    assert_eq!(refusal("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), Some(Malformed::Syntax));
    for target in ["a:443", "/", "http://a/"] {
        let head = format!("CONNECT {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(refusal(head), Some(Malformed::MethodNotAllowed), "{target}");
    }
}

#[test]
fn nothing_can_be_expected_but_to_be_asked_for_the_body() {
    for odd in ["Expect: 200-ok", "Expect:", "Expect: y 100-continue", "Expect: 100-continue\r\nExpect: 100-continue"] {
        let head = format!("POST / HTTP/1.1\r\nHost: a\r\n{odd}\r\nContent-Length: 1\r\n\r\n");
        assert_eq!(refusal(head), Some(Malformed::Expectation), "{odd:?}");
    }
}

#[test]
fn limits_are_named_by_their_status() {
    let with_method = |length: usize| format!("{} / HTTP/1.1\r\nHost: a\r\n\r\n", "M".repeat(length));
    assert_eq!(refusal(with_method(MAX_METHOD)), None);
    assert_eq!(refusal(with_method(MAX_METHOD + 1)), Some(Malformed::MethodTooLong));
    assert_eq!(refusal(with_method(MAX_HEAD)), Some(Malformed::MethodTooLong));

    let with_field = |length: usize| format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(length));
    let rest = with_field(0).len();
    assert_eq!(refusal(with_field(MAX_HEAD - rest)), None);
    assert_eq!(refusal(with_field(MAX_HEAD - rest + 1)), Some(Malformed::HeadTooLarge));
    assert_eq!(refusal(&with_field(MAX_HEAD)[..MAX_HEAD]), Some(Malformed::HeadTooLarge), "and not whole");

    let with_fields = |count: usize| format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: 1\r\n".repeat(count - 1));
    assert_eq!(refusal(with_fields(MAX_FIELDS)), None);
    assert_eq!(refusal(with_fields(MAX_FIELDS + 1)), Some(Malformed::HeadTooLarge));

    let with_options =
        |count: usize| format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: {}\r\n\r\n", "x,".repeat(count));
    assert_eq!(refusal(with_options(64)), None);
    assert_eq!(refusal(with_options(65)), Some(Malformed::HeadTooLarge), "each is compared with every field");

    let with_target = |length: usize| format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(length - 1));
    assert_eq!(refusal(with_target(MAX_TARGET)), None);
    assert_eq!(refusal(with_target(MAX_TARGET + 1)), Some(Malformed::TargetTooLong));
    assert_eq!(refusal(&with_target(MAX_HEAD)[..MAX_HEAD]), Some(Malformed::TargetTooLong), "and not whole");
}

#[test]
fn a_head_is_partial_until_its_last_byte_and_what_follows_is_not_taken() {
    let head = crlf("POST /a HTTP/1.1\nHost: a\nContent-Length: 3\n\n");
    for end in 0..head.len() {
        assert!(is_partial(&head[..end]), "after {end} bytes");
    }
    let followed = [&head[..], b"abcGET / HTTP/1.1"].concat();
    assert_eq!(read(&followed, |request| request.shape.head_length), Ok(head.len()));
}

#[test]
fn empty_lines_before_a_request_are_few_and_whole() {
    let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(refusal(format!("{}{request}", "\r\n".repeat(8))), None);
    for before in ["\n", "\r", "\r\r\n", "\n\r\n", "\r\n\n", "\r\n\r", &"\r\n".repeat(9)] {
        assert_eq!(refusal(format!("{before}{request}")), Some(Malformed::Syntax), "{before:?}");
    }
    let endless = "\r\n".repeat(9);
    for length in 0..=16 {
        assert!(is_partial(&endless.as_bytes()[..length]), "after {length} bytes");
    }
    assert_eq!(Request::parse(&endless.as_bytes()[..17], &mut field_space()).err(), Some(Malformed::Syntax));
}

#[test]
fn empty_lines_before_a_request_are_taken_with_it_and_not_passed_on() {
    check("\n\nGET / HTTP/1.1\nHost: a\n\n", SERVER_GETS);
    assert_eq!(shape("\nGET / HTTP/1.1\nHost: a\n\n").head_length, crlf("\nGET / HTTP/1.1\nHost: a\n\n").len());
}
