//! Heads of responses: lines end in CRLF, names are names, values have no controls, and all of it fits (RFC 9112 §2.2, §5).

use crate::case::{ResponseCase, bad_gateway, gets};

pub(super) fn cases() -> Vec<ResponseCase> {
    let with = |fields: &str| format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 2\r\n\r\nhi");
    let mut cases: Vec<_> = [
        ("LF behind a field", "X: 1\n"),
        ("LF in a value", "X: a\nY: b\r\n"),
        ("CR in a value", "X: a\rb\r\n"),
        ("CR CR LF behind a field", "X: a\r\r\n"),
        ("a folded field", "X: a\r\n b\r\n"),
        ("a field folded by a tab", "X: a\r\n\tb\r\n"),
        ("a blank before the first field", " X: a\r\n"),
        ("a blank before a colon", "X : a\r\n"),
        ("a tab before a colon", "X\t: a\r\n"),
        ("a blank in a name", "X Y: a\r\n"),
        ("an empty name", ": a\r\n"),
        ("no colon", "X\r\n"),
        ("a NUL in a value", "X: a\0b\r\n"),
        ("a NUL in a name", "X\0: a\r\n"),
        ("a control in a value", "X: \x08\r\n"),
        ("DEL in a value", "X: \x7f\r\n"),
        ("an escape sequence in a value", "X: \x1b[2J\r\n"),
        ("letters beyond ASCII in a name", "\u{e4}: a\r\n"),
        ("a name that is no token", "X(: a\r\n"),
    ]
    .into_iter()
    .map(|(name, fields)| bad_gateway(name, with(fields)))
    .collect();
    for (name, head) in [
        ("LF everywhere", "HTTP/1.1 200 OK\nContent-Length: 2\n\nhi"),
        ("LF behind the status line", "HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nhi"),
        ("LF for the empty line", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\nhi"),
        ("LF behind the last field", "HTTP/1.1 200 OK\r\nContent-Length: 2\n\r\nhi"),
        ("CR for the empty line", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\rhi"),
        ("LF behind a status line without fields", "HTTP/1.1 204 No Content\n\r\n"),
    ] {
        cases.push(bad_gateway(name, head));
    }
    let rest = with("X: \r\n").len() - "hi".len();
    let large = |head: usize| with(&format!("X: {}\r\n", "x".repeat(head - rest)));
    let many = |count: usize| with(&"X: 1\r\n".repeat(count - 1));
    cases.extend([
        gets("a head of 32 KiB", large(32 * 1024), large(32 * 1024)),
        bad_gateway("a byte more", large(32 * 1024 + 1)),
        bad_gateway("a head that never ends", format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(100_000))),
        gets("256 fields", many(256), many(256)),
        bad_gateway("257 fields", many(257)),
        bad_gateway("a reason that never ends", format!("HTTP/1.1 200 {}", "x".repeat(100_000))),
        gets("letters beyond ASCII in a value", with("X: \u{e4}\r\n"), with("X: \u{e4}\r\n")),
        gets("an empty value", with("X:\r\n"), with("X:\r\n")),
    ]);
    cases
}
