//! Fields of one hop: they end here, and cannot take fields with them that frame, address or vouch for the request (RFC 9110 §7.6.1, §7.8).

use crate::case::{RequestCase, becomes, get, post, refused_with, passes};

pub(super) fn cases() -> Vec<RequestCase> {
    let mut cases = connection();
    cases.extend(upgrade());
    cases
}

fn connection() -> Vec<RequestCase> {
    let dropped = |name: &str, fields: &str| becomes(name, get(fields), [get("")]);
    let kept = |name: &str, option: &str, field: &str| {
        becomes(name, get(&format!("Connection: {option}\r\n{field}\r\n")), [get(&format!("{field}\r\n"))])
    };
    vec![
        dropped("Keep-Alive", "Keep-Alive: timeout=5, max=1000\r\n"),
        dropped("Proxy-Connection", "Proxy-Connection: close\r\n"),
        dropped("TE", "TE: trailers\r\nConnection: TE\r\n"),
        dropped("TE that Connection does not name", "TE: trailers, deflate;q=0.5\r\n"),
        dropped("a field that Connection names", "Connection: x-hop\r\nX-Hop: 1\r\n"),
        dropped("fields before and behind the Connection that names them", "X-A: 1\r\nConnection: x-a, x-b\r\nX-B: 2\r\nX-A: 3\r\n"),
        dropped("two Connections", "Connection: x-a\r\nX-A: 1\r\nConnection: x-b\r\nX-B: 2\r\n"),
        dropped("empty elements", "Connection: ,, x-a ,\r\nX-A: 1\r\n"),
        dropped("an option that is no token", "Connection: a b;c\r\n"),
        dropped("Cookie, if the client wants it so", "Connection: cookie\r\nCookie: a=b\r\n"),
        kept("Host cannot be named away", "host", "X: 1"),
        kept("Authorization cannot be named away", "authorization", "Authorization: Basic eDp5"),
        kept("X-Forwarded-For cannot be named away", "x-forwarded-for", "X-Forwarded-For: 192.0.2.1"),
        kept("X-Forwarded-Proto cannot be named away", "X-FORWARDED-PROTO", "X-Forwarded-Proto: https"),
        becomes("Content-Length cannot be named away", post("Connection: content-length\r\nContent-Length: 5\r\n", "hello"), [
            post("Content-Length: 5\r\n", "hello"),
        ]),
        becomes("Transfer-Encoding cannot be named away", post("Connection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), [
            post("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        ]),
        becomes("Expect cannot be named away", post("Connection: expect\r\nExpect: 100-continue\r\nContent-Length: 5\r\n", "hello"), [
            post("Expect: 100-continue\r\nContent-Length: 5\r\n", "hello"),
        ]),
        becomes("close ends the connection", get("Connection: close\r\n"), [get("")]).and_ends(),
        becomes("close wins over keep-alive", get("Connection: close, keep-alive\r\n"), [get("")]).and_ends(),
        becomes("and from behind it", get("Connection: keep-alive, close\r\n"), [get("")]).and_ends(),
        becomes("and in another field", get("Connection: keep-alive\r\nConnection: CLOSE\r\n"), [get("")]).and_ends(),
        dropped("keep-alive", "Connection: keep-alive\r\n"),
        dropped("closed is not close", "Connection: closed\r\n"),
        refused_with(431, "more options than are looked at", get(&format!("Connection: {}\r\n", "x,".repeat(65)))),
        dropped("as many options as are looked at", &format!("Connection: {}\r\n", "x,".repeat(64))),
        passes("Via and Max-Forwards are the server's", get("Via: 1.0 b\r\nMax-Forwards: 3\r\n")),
    ]
}

fn upgrade() -> Vec<RequestCase> {
    let dropped = |name: &str, fields: &str| becomes(name, get(fields), [get("")]);
    vec![
        becomes("websocket is offered to the server", get("Upgrade: websocket\r\nConnection: Upgrade\r\n"), [
            "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nX-Forwarded-For: 127.0.0.1\r\nConnection: upgrade\r\n\r\n",
        ]),
        becomes("an unknown protocol too", get("Connection: keep-alive, Upgrade\r\nUpgrade: foo/2\r\n"), [
            "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: foo/2\r\nX-Forwarded-For: 127.0.0.1\r\nConnection: upgrade\r\n\r\n",
        ]),
        dropped("h2c, and HTTP2-Settings with it", "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nConnection: Upgrade, HTTP2-Settings\r\n"),
        dropped("h2c in capitals", "Upgrade: H2C\r\nConnection: upgrade\r\n"),
        dropped("h2c in a list", "Upgrade: websocket, h2c\r\nConnection: upgrade\r\n"),
        dropped("h2c in a second line", "Upgrade: websocket\r\nUpgrade: h2c\r\nConnection: upgrade\r\n"),
        dropped("h2c in a first line", "Upgrade: h2c\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"),
        dropped("a draft of h2c", "Upgrade: h2c-14\r\nConnection: upgrade\r\n"),
        dropped("h2c with a version", "Upgrade: h2c/1\r\nConnection: upgrade\r\n"),
        dropped("HTTP/2.0, as it was called before", "Upgrade: HTTP/2.0\r\nConnection: upgrade\r\n"),
        dropped("HTTP2-Settings alone", "HTTP2-Settings: AAMAAABkAAQAAP__\r\n"),
        dropped("Upgrade that Connection does not name", "Upgrade: websocket\r\n"),
        dropped("Connection that names an Upgrade that is not there", "Connection: upgrade\r\n"),
        becomes("HTTP/1.0 cannot upgrade", "GET / HTTP/1.0\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade, keep-alive\r\n\r\n", [get("")]),
    ]
}
