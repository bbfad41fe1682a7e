//! Status lines: HTTP/1.1 or 1.0, three digits, and a reason or none (RFC 9112 §4).

use crate::case::{ResponseCase, bad_gateway, gets};

pub(super) fn cases() -> Vec<ResponseCase> {
    let with = |line: &str| format!("{line}\r\nContent-Length: 2\r\n\r\nhi");
    let mut cases: Vec<_> = [
        "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 2", "HTTP/1.1 abc OK", "HTTP/1.1 2x0 OK", "HTTP/1.1 +20 OK", "HTTP/1.1 -20 OK", "HTTP/1.1 20\u{e9} OK",
        "HTTP/1.1 000 OK", "HTTP/1.1 099 OK", "HTTP/1.1  200 OK", "HTTP/1.1\t200 OK", "HTTP/1.1 200\tOK", "HTTP/1.1 OK", "HTTP/1.1", "HTTP/1.1200 OK",
        "HTTP/1.1 200OK", " HTTP/1.1 200 OK", "HTTP/1.2 200 OK", "HTTP/1.10 200 OK", "HTTP/2 200 OK", "HTTP/2.0 200 OK", "HTTP/0.9 200 OK", "HTTP/3.0 200 OK",
        "http/1.1 200 OK", "HTTP/1 200 OK", "HTTP/11 200 OK", "HTTP/1,1 200 OK", "ICY 200 OK", "RTSP/1.0 200 OK", "200 OK", "hello", "HTTP/1.1 200 O\0K", "HTTP/1.1 200 O\x08K",
        "HTTP/1.1 200 O\x7fK", "HTTP/1.1 200 O\rK",
    ]
    .into_iter()
    .map(|line| bad_gateway(format!("{line:?}"), with(line)))
    .collect();
    for line in [
        "HTTP/1.1 200 OK", "HTTP/1.1 200 ", "HTTP/1.1 200", "HTTP/1.1 200 All\tright, more or less", "HTTP/1.1 200 \u{e4}", "HTTP/1.1 299 x", "HTTP/1.1 418 x",
        "HTTP/1.1 599 x", "HTTP/1.1 600 x", "HTTP/1.1 999 x",
    ] {
        cases.push(gets(format!("passes: {line:?}"), with(line), with(line)));
    }
    cases.extend([
        bad_gateway("an empty line before it", with("\r\nHTTP/1.1 200 OK")),
        bad_gateway("a byte order mark before it", with("\u{feff}HTTP/1.1 200 OK")),
        bad_gateway("a body without a head: HTTP/0.9", "<html>hello</html>").and_closes(),
        bad_gateway("a request for a response", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        bad_gateway("frames of HTTP/2", [&[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100][..], b"\r\n\r\n"].concat()).and_closes(),
        bad_gateway("a TLS alert", [0x15, 3, 1, 0, 2, 2, 10]).and_closes(),
        bad_gateway("a greeting of SMTP", "220 mail ESMTP\r\n").and_closes(),
        gets("HTTP/1.0 speaks 1.1 here, and its connection ends", with("HTTP/1.0 200 OK"), with("HTTP/1.1 200 OK")).not_kept(),
    ]);
    cases
}
