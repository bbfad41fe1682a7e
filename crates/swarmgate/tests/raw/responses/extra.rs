//! More than was asked for: bytes behind a response are given to nobody, at once or later, and their connection is not used again.

use crate::case::{ResponseCase, gets};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
const EVIL: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";

pub(super) fn cases() -> Vec<ResponseCase> {
    let mut cases = Vec::new();
    for (name, extra) in [
        ("a response", EVIL),
        ("half a response", "HTTP/1.1 200 OK\r\nContent-Le"),
        ("an interim response", "HTTP/1.1 100 Continue\r\n\r\n"),
        ("a line end", "\r\n"),
        ("a byte", "x"),
        ("a NUL", "\0"),
        ("a hundred kilobytes", &"x".repeat(100_000)),
    ] {
        cases.push(gets(format!("behind a length: {name}"), OK, OK).with_surplus(extra));
        cases.push(gets(format!("behind chunks: {name}"), CHUNKED, CHUNKED).with_surplus(extra));
        // The client has everything and its connection has ended: the server's is idle.
        cases.push(gets(format!("later, when nobody asks: {name}"), OK, OK).to(last()).last().and_later(extra).not_kept());
    }
    let closing = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi";
    cases.extend([
        gets("a response that says close, and one behind it", closing, OK).with_surplus(EVIL),
        gets("a response that says close", closing, OK).not_kept(),
        gets("a response, and the end", OK, OK).and_closes().not_kept(),
        gets("a response before the end of the request: the connections end", OK, OK.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"))
            .to("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nhello")
            .last()
            .not_kept(),
    ]);
    for case in &mut cases {
        if !case.later.is_empty() {
            case.verdict = crate::case::ClientGets::Exactly {
                bytes: OK.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n").into_bytes(),
                goes_on: false,
                kept: false,
            };
        }
    }
    cases
}

/// A client that ends with its request, so that the server's connection goes back to the pool.
fn last() -> &'static str {
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
}
