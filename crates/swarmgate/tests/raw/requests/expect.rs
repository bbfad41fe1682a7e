//! Expect: 100-continue, or 417: what is expected in another spelling has led servers to read bodies as requests (RFC 9110 §10.1.1).

use crate::case::{RequestCase, SMUGGLED, becomes, passes, post, refused_with};

pub(super) fn cases() -> Vec<RequestCase> {
    let with = |value: &str| post(&format!("Expect: {value}\r\nContent-Length: {}\r\n", SMUGGLED.len()), SMUGGLED);
    let mut cases: Vec<_> = [
        ("nothing", ""),
        ("something else", "200-ok"),
        ("something before it", "y 100-continue"),
        ("something behind it", "100-continue y"),
        ("a list", "100-continue, 100-continue"),
        ("a list with something else", "100-continue, x=y"),
        ("a parameter", "100-continue;x"),
        ("quotes", "\"100-continue\""),
        ("a colon", ": 100-continue"),
        ("half of it", "100"),
    ]
    .into_iter()
    .map(|(name, value)| refused_with(417, name, with(value)))
    .collect();
    cases.extend([
        refused_with(417, "twice", post("Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 5\r\n", "hello")),
        refused_with(417, "something else in a GET", "GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n"),
        passes("100-continue, and the body follows at once", with("100-continue")),
        passes("in other letters", with("100-Continue")),
        passes("before chunks", post("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n")),
        passes("without a body", post("Expect: 100-continue\r\n", "")),
        becomes(
            "HTTP/1.0 expects nothing",
            "POST / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
            ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"],
        ),
    ]);
    cases
}
