//! 101 only to who asked for it, and whole; 426 with the protocols that would do (RFC 9110 §15.2.2, §15.5.22, §7.8).

use crate::case::{ResponseCase, bad_gateway, get, gets};

const SWITCHING: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n";

pub(super) fn cases() -> Vec<ResponseCase> {
    let asking = || get("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
    let with = |fields: &str| format!("HTTP/1.1 101 Switching Protocols\r\n{fields}\r\n");
    let required = "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nContent-Length: 0\r\nConnection: upgrade\r\n\r\n";
    let mut cases = vec![
        bad_gateway("101 that nobody asked for", SWITCHING),
        bad_gateway("101 to an Upgrade that Connection did not name", SWITCHING).to(get("Upgrade: websocket\r\n")),
        bad_gateway("101 to an Upgrade to h2c", SWITCHING).to(get("Upgrade: h2c\r\nConnection: upgrade\r\n")),
        bad_gateway("101 to HTTP/1.0", SWITCHING).to("GET / HTTP/1.0\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"),
        bad_gateway("101 of HTTP/2's own", with("Upgrade: h2c\r\nConnection: upgrade\r\n")),
        gets("a 426 names its protocols", required, required),
        gets("a 426 need not", "HTTP/1.1 426 x\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 426 x\r\nContent-Length: 0\r\n\r\n"),
        gets("an Upgrade in a 200 is nobody's business", "HTTP/1.1 200 OK\r\nUpgrade: h2c\r\nConnection: upgrade\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        gets("another answer to who asked", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").to(asking()),
    ];
    for (name, fields) in [
        ("101 without fields", ""),
        ("101 without Upgrade", "Connection: upgrade\r\n"),
        ("101 without Connection", "Upgrade: websocket\r\n"),
        ("101 with a Connection that names something else", "Upgrade: websocket\r\nConnection: close\r\n"),
        ("101 to h2c", "Upgrade: h2c\r\nConnection: upgrade\r\n"),
        ("101 to h2c beside another", "Upgrade: websocket, h2c\r\nConnection: upgrade\r\n"),
        ("101 with both lengths", "Upgrade: websocket\r\nConnection: upgrade\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n"),
    ] {
        cases.push(bad_gateway(name, with(fields)).to(asking()));
    }
    cases
}
