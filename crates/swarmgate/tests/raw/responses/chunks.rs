//! Chunks of responses: what is none breaks the response off, and it is never ended as if it were whole (RFC 9112 §7.1, §8).

use crate::case::{ResponseCase, bad_gateway, gets};

const HEAD: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

pub(super) fn cases() -> Vec<ResponseCase> {
    let mut cases = Vec::new();
    for (name, bad) in [
        ("nothing for a size", "\r\nhello\r\n"),
        ("a blank behind a size", "5 \r\nhello\r\n"),
        ("a blank before a size", " 5\r\nhello\r\n"),
        ("a plus sign", "+5\r\nhello\r\n"),
        ("a minus sign", "-5\r\nhello\r\n"),
        ("0x", "0x5\r\nhello\r\n"),
        ("a size that is none", "hello\r\n"),
        ("sixteen digits", "ffffffffffffffff\r\nhello\r\n"),
        ("LF behind a size", "5\nhello\r\n"),
        ("LF behind data", "5\r\nhello\n0\r\n\r\n"),
        ("more data than its size", "5\r\nhello, world\r\n0\r\n\r\n"),
        ("LF for the last line", "0\r\n\n"),
        ("LF in an extension", "5;x\n\r\nhello\r\n"),
        ("a NUL in an extension", "5;\0\r\nhello\r\n"),
        ("endless extensions", &format!("5;{}\r\nhello\r\n", "x".repeat(9000))),
        ("a trailer that is none", "0\r\nX\r\n\r\n"),
        ("a folded trailer", "0\r\nX: 1\r\n 2\r\n\r\n"),
        ("a length in a trailer", "0\r\nContent-Length: 5\r\n\r\n"),
        ("chunks in a trailer", "0\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ("endless trailers", &format!("0\r\n{}\r\n", "X: 0123456789\r\n".repeat(700))),
        ("a response in place of a trailer", "0\r\nHTTP/1.1 200 OK\r\n\r\n"),
    ] {
        let good = "3\r\nabc\r\n";
        // Of what comes byte by byte, the start of what is bad may pass.
        cases.push(broken(name, format!("{HEAD}{good}{bad}")));
    }
    let passes = |name: &str, body: &str| gets(name, format!("{HEAD}{body}"), format!("{HEAD}{body}"));
    cases.extend([
        bad_gateway("a first chunk that is none, in one piece with the head", Vec::new()).and_closes(),
        passes("no data", "0\r\n\r\n"),
        passes("extensions", "5;x=\"y\"\r\nhello\r\n0;z\r\n\r\n"),
        passes("trailers", "5\r\nhello\r\n0\r\nServer-Timing: a\r\nX: 1\r\n\r\n"),
        passes("zeros", "0005\r\nhello\r\n000\r\n\r\n"),
        passes("data that looks like a response", "18\r\nHTTP/1.1 OK\r\nHost: a\r\n\r\n\r\n0\r\n\r\n"),
    ]);
    cases
}

fn broken(name: &str, says: String) -> ResponseCase {
    let gets = says.clone();
    crate::case::cut_off(name, says, gets)
}
