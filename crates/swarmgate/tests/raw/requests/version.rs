//! Versions: HTTP/1.1, and HTTP/1.0 without what it does not know (RFC 9112 §2.3, §6.1).

use crate::case::{RequestCase, SMUGGLED, becomes, refused};

pub(super) fn cases() -> Vec<RequestCase> {
    let with = |version: &str| format!("GET / {version}\r\nHost: a\r\n\r\n");
    let mut cases = vec![
        refused("HTTP/0.9: no version", "GET /\r\n"),
        refused("HTTP/0.9 with fields", "GET /\r\nHost: a\r\n\r\n"),
        refused("HTTP/0.9 with a blank at the end", "GET / \r\nHost: a\r\n\r\n"),
        refused("HTTP/1.0 with chunks", format!("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{SMUGGLED}")),
        refused("HTTP/1.0 with chunks and keep-alive", "POST / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        refused("HTTP/1.0 with chunks named away", "POST / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive, transfer-encoding\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        refused("what begins like HTTP/2", "PRI * HTTP/2.0\r\n\r\nMS\r\n\r\n"),
        becomes("HTTP/1.0 that goes on", "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", ["GET / HTTP/1.1\r\nHost: a\r\n\r\n"]),
        becomes("HTTP/1.0 with a body", "POST / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\nContent-Length: 5\r\n\r\nhello", [
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        ]),
    ];
    for version in [
        "HTTP/1.2", "HTTP/1.9", "HTTP/1.10", "HTTP/2.0", "HTTP/2", "HTTP/3.0", "HTTP/0.9", "HTTP/1", "HTTP/1.", "HTTP/11", "HTTP/01.1", "HTTP/1.01",
        "HTTP/+1.1", "HTTP/1,1", "HTTP/1.1x", "HTTP/1.1 x", "http/1.1", "Http/1.1", "HTTPS/1.1", "HTTP 1.1", "HTTP\\1.1", "HTTP/ 1.1", "HTTP/1. 1",
        "ICAP/1.0", "SIP/2.0", "X", "HTTP/\u{661}.1",
    ] {
        cases.push(refused(format!("{version:?}"), with(version)));
    }
    cases
}
