//! Responses that end too early: the client sees it, by a 502 or by a connection that is broken off (RFC 9112 §8).

use crate::case::{ResponseCase, bad_gateway, cut_off};

pub(super) fn cases() -> Vec<ResponseCase> {
    let sized = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut cases = vec![
        bad_gateway("nothing at all", "").and_closes(),
        bad_gateway("one byte", "H").and_closes(),
        bad_gateway("a status line", "HTTP/1.1 200 OK\r\n").and_closes(),
        bad_gateway("half a field", "HTTP/1.1 200 OK\r\nContent-Le").and_closes(),
        bad_gateway("a head without its empty line", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n").and_closes(),
        bad_gateway("half of the empty line", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r").and_closes(),
        bad_gateway("half an interim response", "HTTP/1.1 100 Con").and_closes(),
        bad_gateway("nothing behind an interim response", "HTTP/1.1 100 Continue\r\n\r\n").after("HTTP/1.1 100 Continue\r\n\r\n").and_closes(),
    ];
    for (name, head, body) in [
        ("a length and nothing else", sized, ""),
        ("a part of a length", sized, "hello"),
        ("all but one byte of a length", sized, "hello, wo"),
        ("chunks and nothing else", chunked, ""),
        ("a part of a chunk's size", chunked, "5"),
        ("a chunk's size", chunked, "5\r\n"),
        ("a part of a chunk", chunked, "5\r\nhel"),
        ("a chunk without its line end", chunked, "5\r\nhello"),
        ("a chunk, whole", chunked, "5\r\nhello\r\n"),
        ("the last chunk's size", chunked, "5\r\nhello\r\n0"),
        ("the last chunk's line", chunked, "5\r\nhello\r\n0\r\n"),
        ("half of a trailer", chunked, "5\r\nhello\r\n0\r\nX: 1"),
        ("a trailer", chunked, "5\r\nhello\r\n0\r\nX: 1\r\n"),
        ("all but the last LF", chunked, "5\r\nhello\r\n0\r\n\r"),
    ] {
        let whole = format!("{head}{body}");
        cases.push(cut_off(name, whole.clone(), whole).and_closes());
    }
    // A client of HTTP/1.0 has no other sign: for it, too, the end must not look good.
    let old = "GET / HTTP/1.0\r\nHost: a\r\n\r\n";
    cases.push(
        cut_off("chunks for a client of HTTP/1.0", format!("{chunked}5\r\nhello\r\n"), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello")
            .to(old)
            .and_closes(),
    );
    cases.push(
        cut_off("a length for a client of HTTP/1.0", format!("{sized}hello"), "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nhello")
            .to(old)
            .and_closes(),
    );
    cases
}
