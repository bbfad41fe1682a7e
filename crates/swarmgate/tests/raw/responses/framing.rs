//! Where a response ends: in one way, or it is no response (RFC 9112 §6.1, §6.3).

use crate::case::{ResponseCase, bad_gateway, gets};

pub(super) fn cases() -> Vec<ResponseCase> {
    let with = |fields: &str| format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
    let mut cases: Vec<_> = [
        ("two equal lengths", "Content-Length: 5\r\nContent-Length: 5"),
        ("two different lengths", "Content-Length: 5\r\nContent-Length: 6"),
        ("two far apart", &format!("Content-Length: 5\r\n{}Content-Length: 5", "X: 1\r\n".repeat(100))),
        ("a list of equal lengths", "Content-Length: 5, 5"),
        ("a list of different lengths", "Content-Length: 5, 6"),
        ("a negative length", "Content-Length: -5"),
        ("a length with a plus", "Content-Length: +5"),
        ("an empty length", "Content-Length:"),
        ("a hexadecimal length", "Content-Length: 0x5"),
        ("a length that is no number", "Content-Length: five"),
        ("a length of 2^63", "Content-Length: 9223372036854775808"),
        ("a length of 2^64 + 5", "Content-Length: 18446744073709551621"),
        ("a length with a blank before its colon", "Content-Length : 5"),
        ("a length and chunks", "Content-Length: 18\r\nTransfer-Encoding: chunked"),
        ("chunks and a length", "Transfer-Encoding: chunked\r\nContent-Length: 18"),
        ("chunks, then another coding", "Transfer-Encoding: chunked, gzip"),
        ("another coding, then chunks", "Transfer-Encoding: gzip, chunked"),
        ("another coding alone", "Transfer-Encoding: gzip"),
        ("identity", "Transfer-Encoding: identity"),
        ("identity and a length", "Transfer-Encoding: identity\r\nContent-Length: 5"),
        ("an empty coding", "Transfer-Encoding:"),
        ("chunks twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
        ("chunks twice in one line", "Transfer-Encoding: chunked, chunked"),
        ("chunks with a prefix", "Transfer-Encoding: xchunked"),
        ("chunks behind a vertical tab", "Transfer-Encoding: \x0bchunked"),
        ("chunks with a blank before their colon", "Transfer-Encoding : chunked"),
        ("folded chunks", "Transfer-Encoding:\r\n chunked"),
    ]
    .into_iter()
    .map(|(name, fields)| bad_gateway(name, with(fields)))
    .collect();
    let sized = |field: &str| format!("HTTP/1.1 200 OK\r\n{field}\r\n\r\nhello");
    cases.extend([
        bad_gateway("chunks of HTTP/1.0", with("Transfer-Encoding: chunked").replacen("1.1", "1.0", 1)),
        bad_gateway("chunks of HTTP/1.0 that goes on", with("Connection: keep-alive\r\nTransfer-Encoding: chunked").replacen("1.1", "1.0", 1)),
        gets("a length", sized("Content-Length: 5"), sized("Content-Length: 5")),
        gets("a length with zeros, in its plainest form", sized("Content-Length: 0005"), sized("Content-Length: 5")),
        gets("a length with tabs, in its plainest form", sized("Content-Length:\t5 "), sized("Content-Length: 5")),
        gets("chunks", with("Transfer-Encoding: chunked"), with("Transfer-Encoding: chunked")),
        gets("chunks in capitals, in their plainest form", with("Transfer-Encoding: CHUNKED"), with("Transfer-Encoding: chunked")),
        gets("neither: the body ends with the connection", "HTTP/1.1 200 OK\r\n\r\nhello", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello")
            .and_closes()
            .not_kept()
            .last(),
        gets("the same of HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nhello", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello").and_closes().not_kept().last(),
        gets(
            "a client of HTTP/1.0 gets no chunks",
            with("Transfer-Encoding: chunked"),
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello",
        )
        .to("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
        .last(),
    ]);
    cases
}
