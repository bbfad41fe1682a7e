//! Methods: any token that is not too long, but CONNECT; and bodies of methods that rarely have one (RFC 9110 §9.1, RFC 9112 §3).

use crate::case::{RequestCase, SMUGGLED, passes, refused_with};

pub(super) fn cases() -> Vec<RequestCase> {
    let with = |method: &str| format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n");
    let framed = |method: &str| {
        let length = SMUGGLED.len();
        format!("{method} / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{SMUGGLED}")
    };
    let chunks = |method: &str| format!("{method} / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
    let mut cases = vec![
        refused_with(405, "CONNECT with an authority", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"),
        refused_with(405, "CONNECT with a path", "CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n"),
        refused_with(405, "CONNECT with a URI", "CONNECT http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        refused_with(405, "CONNECT of HTTP/1.0", "CONNECT a:443 HTTP/1.0\r\n\r\n"),
        refused_with(405, "CONNECT without Host", "CONNECT a:443 HTTP/1.1\r\n\r\n"),
        passes("a small connect is another method", with("connect")),
        passes("small letters are another method", with("get")),
        passes("an unknown method", with("FROBNICATE")),
        passes("every character of a token", with("!#$%&'*+-.^_`|~09azAZ")),
        passes("one letter", with("X")),
        passes("a method of WebDAV", with("VERSION-CONTROL")),
        passes("TRACE is the server's to answer", "TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n"),
        passes("32 letters", with(&"M".repeat(32))),
        refused_with(501, "33 letters", with(&"M".repeat(33))),
        refused_with(501, "as many letters as a head may have bytes", with(&"M".repeat(40_000))),
    ];
    for method in ["GET", "DELETE", "OPTIONS", "PATCH", "PUT", "HEAD", "TRACE", "X"] {
        cases.push(passes(format!("{method} with a body that looks like a request"), framed(method)));
        cases.push(passes(format!("{method} with chunks"), chunks(method)));
    }
    cases
}
