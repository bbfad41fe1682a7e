//! What passes, and the little that changes: fields of one hop end here, everything else is the server's own (RFC 9110 §7.6).

use crate::case::{ResponseCase, gets};

pub(super) fn cases() -> Vec<ResponseCase> {
    let with = |fields: &str| format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 2\r\n\r\nhi");
    let dropped = |name: &str, fields: &str| gets(name, with(fields), with(""));
    let kept = |name: &str, fields: &str| gets(name, with(fields), with(fields));
    vec![
        dropped("Keep-Alive", "Keep-Alive: timeout=5\r\n"),
        dropped("Connection: keep-alive", "Connection: keep-alive\r\n"),
        dropped("Proxy-Connection", "Proxy-Connection: keep-alive\r\n"),
        dropped("TE", "TE: trailers\r\n"),
        dropped("a field that Connection names", "X-Hop: 1\r\nConnection: x-hop\r\n"),
        kept("Trailer", "Trailer: X\r\n"),
        kept("two Set-Cookies, in their order", "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n"),
        kept("odd letters, blanks and order", "sErVeR:  x \r\nX-B: 2\r\nx-a:1\r\nX-B: 3\r\n"),
        kept("X-Forwarded-For", "X-Forwarded-For: 1\r\n"),
        kept("Authorization", "Authorization: x\r\n"),
        kept("Host", "Host: b\r\n"),
        kept("Expect", "Expect: x\r\n"),
        kept("Server and Date", "Server: x\r\nDate: never\r\n"),
        gets("Connection cannot name the length away", with("Connection: content-length\r\n"), with("")),
        gets(
            "Connection cannot name the chunks away",
            "HTTP/1.1 200 OK\r\nConnection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        gets("close wins over keep-alive", with("Connection: keep-alive, close\r\n"), with("")).not_kept(),
        gets("HTTP/1.0 that goes on", with("Connection: keep-alive\r\n").replacen("1.1", "1.0", 1), with("")),
        gets("HTTP/1.0 that says both", with("Connection: keep-alive, close\r\n").replacen("1.1", "1.0", 1), with("")).not_kept(),
    ]
}
