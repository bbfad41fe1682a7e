//! Trailers pass as they are, unless they frame, address or vouch for the message: a server may take them for header fields (RFC 9110
//! §6.5.1). Their lines are held to what lines of a head are.

use crate::case::{RequestCase, SMUGGLED, broken_off, chunked, passes};

pub(super) fn cases() -> Vec<RequestCase> {
    let with = |trailers: &str| chunked(&format!("5\r\nhello\r\n0\r\n{trailers}\r\n"));
    let hostile = |trailers: &str| chunked(&format!("5\r\nhello\r\n0\r\n{trailers}\r\n{SMUGGLED}"));
    let mut cases: Vec<_> = [
        "Content-Length: 5", "content-length: 0", "Transfer-Encoding: chunked", "TRANSFER-ENCODING: x", "Host: b", "Connection: close",
        "Upgrade: websocket", "TE: trailers", "Trailer: X", "Expect: 100-continue", "Authorization: Basic eDp5", "Cookie: a=b",
        "X-Forwarded-For: 192.0.2.1", "X-Forwarded-Proto: https", "Forwarded: for=192.0.2.1", "Content-Type: text/html", "Content-Encoding: gzip",
        "X: 1\r\nContent-Length: 5",
    ]
    .into_iter()
    .map(|trailer| broken_off(format!("refused: {trailer}"), hostile(&format!("{trailer}\r\n"))))
    .collect();
    for (name, trailers) in [
        ("a blank before the colon", "X : 1\r\n"),
        ("no colon", "X\r\n"),
        ("an empty name", ": 1\r\n"),
        ("a name that is none", "X(: 1\r\n"),
        ("a blank in the name", "X Y: 1\r\n"),
        ("a folded value", "X: 1\r\n 2\r\n"),
        ("a blank before the first name", " X: 1\r\n"),
        ("LF behind a trailer", "X: 1\n"),
        ("CR in a trailer", "X: 1\r2\r\n"),
        ("CR CR LF behind a trailer", "X: 1\r\r\n"),
        ("a NUL in a value", "X: \0\r\n"),
        ("a NUL in a name", "X\0: 1\r\n"),
        ("a control in a value", "X: \x08\r\n"),
        ("a request in place of a trailer", SMUGGLED),
    ] {
        cases.push(broken_off(name, hostile(trailers)));
    }
    cases.extend([
        broken_off("more than 8 KiB of them", with(&"X-Trailer: 0123456789abcdef\r\n".repeat(320))),
        passes("one", with("X-Sum: 1\r\n")),
        passes("several", with("X-Sum: 1\r\nServer-Timing: a\r\nX-Sum: 2\r\n")),
        passes("an empty value", with("X-Sum:\r\n")),
        passes("a name like a forbidden one", with("Content-Length-X: 5\r\nX-Host: b\r\n")),
        passes("one that was announced", "POST / HTTP/1.1\r\nHost: a\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 1\r\n\r\n"),
    ]);
    cases
}
