//! Bytes where they do not belong: controls and NUL anywhere, blanks around names, what is no token in a name (RFC 9110 §5.1, §5.5).

use crate::case::{RequestCase, get, passes, refused};

/// Controls that are neither tab, LF nor CR, which have families of their own, and DEL.
fn controls() -> impl Iterator<Item = u8> {
    (0..=0x1f).chain([0x7f]).filter(|byte| !b"\t\n\r".contains(byte))
}

pub(super) fn cases() -> Vec<RequestCase> {
    let mut cases = Vec::new();
    for byte in controls() {
        let with = |before: &str, behind: &str| [before.as_bytes(), &[byte], behind.as_bytes()].concat();
        cases.push(refused(format!("0x{byte:02x} in a value"), with("GET / HTTP/1.1\r\nHost: a\r\nX: a", "b\r\n\r\n")));
        cases.push(refused(format!("0x{byte:02x} in a name"), with("GET / HTTP/1.1\r\nHost: a\r\nX", "Y: b\r\n\r\n")));
        cases.push(refused(format!("0x{byte:02x} in the target"), with("GET /a", "b HTTP/1.1\r\nHost: a\r\n\r\n")));
        cases.push(refused(format!("0x{byte:02x} in the method"), with("GE", "T / HTTP/1.1\r\nHost: a\r\n\r\n")));
    }
    for byte in b"\"(),/:;<=>?@[\\]{}" {
        let before = if *byte == b':' { "" } else { "X" };
        let field = format!("{before}{}Y: b\r\n", char::from(*byte));
        cases.push(refused(format!("{:?} in a name", char::from(*byte)), get(&field)));
        let line = format!("GE{}T / HTTP/1.1\r\nHost: a\r\n\r\n", char::from(*byte));
        cases.push(refused(format!("{:?} in the method", char::from(*byte)), line));
    }
    cases.extend([
        refused("a blank before a colon", get("X : a\r\n")),
        refused("a tab before a colon", get("X\t: a\r\n")),
        refused("a blank before the colon of Host", "GET / HTTP/1.1\r\nHost : a\r\n\r\n"),
        refused("a blank in a name", get("X Y: a\r\n")),
        refused("an empty name", get(": a\r\n")),
        refused("an empty name and an empty value", get(":\r\n")),
        refused("a line without a colon", get("X\r\n")),
        refused("a word behind a word without a colon", get("X a\r\n")),
        refused("a name of other letters", get("\u{e4}: a\r\n")),
        refused("a NUL for the whole value", get("X: \0\r\n")),
        refused("a NUL behind a value", get("X: a\0\r\n")),
        refused("a NUL behind the method", "GET\0/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        refused("a NUL behind the version", "GET / HTTP/1.1\0\r\nHost: a\r\n\r\n"),
        refused("a NUL before everything", "\0GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        refused("a TLS handshake", "\x16\x03\x01\x02\x00\x01\x00\x01\x7c\x03\x03\r\n\r\n"),
        refused("a PROXY line that nobody asked for", format!("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n{}", get(""))),
        passes("a tab in a value", get("X: a\tb\r\n")),
        passes("letters beyond ASCII in a value", get("X: \u{e4}\u{20ac}\r\n")),
        passes("bytes that are no UTF-8 in a value", [b"GET / HTTP/1.1\r\nHost: a\r\nX: ", &[0x80, 0xff][..], b"\r\n\r\n"].concat()),
        passes("every visible character in a value", get("X: !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\r\n")),
        passes("every character of a name", get("!#$%&'*+-.^_`|~09azAZ: 1\r\n")),
        passes("a name with an underscore", get("X_Y: 1\r\n")),
    ]);
    cases
}
