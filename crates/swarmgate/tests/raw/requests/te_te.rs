//! TE.TE: whatever is not exactly `chunked` is refused, so that nobody behind the proxy can take it for something else (RFC 9112 §6.1, §7).
//!
//! A blank or tab around the value is allowed (RFC 9110 §5.6.3) and not passed on: the server gets the plainest form.

use crate::case::{RequestCase, SMUGGLED, becomes, passes, post, refused};

const PLAIN: &str = "Transfer-Encoding: chunked\r\n";
const END: &str = "0\r\n\r\n";

pub(super) fn cases() -> Vec<RequestCase> {
    let mut cases = by_hand();
    for byte in 0..=u8::MAX {
        cases.push(around(byte, "before", &[b"", &[byte], b"chunked"]));
        cases.push(around(byte, "behind", &[b"chunked", &[byte], b""]));
        cases.push(around(byte, "inside", &[b"chun", &[byte], b"ked"]));
        cases.push(around_name(byte, "at the end of the name", &[b"Transfer-Encoding", &[byte], b""]));
        cases.push(around_name(byte, "at the start of the name", &[b"", &[byte], b"Transfer-Encoding"]));
    }
    cases
}

/// A value with `byte` in it.
fn around(byte: u8, place: &str, value: &[&[u8]; 3]) -> RequestCase {
    let name = format!("0x{byte:02x} {place} of `chunked`");
    let field = [b"Transfer-Encoding: ", &value.concat()[..], b"\r\n"].concat();
    match byte {
        b' ' | b'\t' if place != "inside" => becomes(name, message(&field, END), [post(PLAIN, END)]),
        // The next line's name would begin with the rest of the value; what comes before it is an empty coding or none.
        _ => refused(name, message(&field, &format!("{END}{SMUGGLED}"))),
    }
}

/// A name with `byte` in it. A name of its own is another field, which frames nothing.
fn around_name(byte: u8, place: &str, parts: &[&[u8]; 3]) -> RequestCase {
    let name = format!("0x{byte:02x} {place}");
    let field = [&parts.concat()[..], b": chunked\r\n"].concat();
    let is_token = byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    match (byte, place) {
        _ if is_token => passes(name, message(&field, "")),
        // `Transfer-Encoding:: chunked`: the value is `: chunked`.
        _ => refused(name, message(&field, &format!("{END}{SMUGGLED}"))),
    }
}

fn message(field: &[u8], body: &str) -> Vec<u8> {
    [b"POST / HTTP/1.1\r\nHost: a\r\n", field, b"\r\n", body.as_bytes()].concat()
}

fn by_hand() -> Vec<RequestCase> {
    let refused_values = [
        ("a prefix", "xchunked"),
        ("a suffix", "chunkedx"),
        ("half of it", "chunk"),
        ("identity", "identity"),
        ("identity behind it", "chunked, identity"),
        ("identity before it", "identity, chunked"),
        ("another coding before it, which the proxy would have to pass on blindly", "gzip, chunked"),
        ("another coding alone", "gzip"),
        ("another coding behind it", "chunked, gzip"),
        ("itself twice", "chunked, chunked"),
        ("an empty element behind it", "chunked,"),
        ("an empty element before it", ", chunked"),
        ("in double quotes", "\"chunked\""),
        ("in single quotes", "'chunked'"),
        ("a parameter", "chunked;q=1"),
        ("an empty parameter", "chunked;"),
        ("in brackets", "[chunked]"),
        ("nothing", ""),
        ("blanks alone", "  \t "),
        ("cow", "cow"),
        ("its name again", "Transfer-Encoding: chunked"),
        ("a colon before it", ": chunked"),
        ("a vertical tab and a blank before it", "\x0b chunked"),
        ("a form feed before it", "\x0cchunked"),
        ("a non-breaking space before it", "\u{a0}chunked"),
        ("a long s for an s, so to speak: a Kelvin sign for the k", "chun\u{212a}ed"),
        ("percent-encoded", "%63hunked"),
        ("folded", "\r\n chunked"),
        ("folded by a tab", "\r\n\tchunked"),
        ("folded behind it", "chunked\r\n "),
        ("behind a bare CR", "x\rchunked"),
        ("behind a bare LF and its name", "x\nTransfer-Encoding: chunked"),
    ];
    let mut cases: Vec<_> = refused_values
        .into_iter()
        .map(|(name, value)| refused(name, post(&format!("Transfer-Encoding: {value}\r\n"), &format!("{END}{SMUGGLED}"))))
        .collect();
    cases.extend([
        refused("two lines, both `chunked`", post(&PLAIN.repeat(2), END)),
        refused("two lines, the second something else", post(&format!("{PLAIN}Transfer-Encoding: x\r\n"), END)),
        refused("two lines, the first something else", post(&format!("Transfer-Encoding: x\r\n{PLAIN}"), END)),
        refused("two lines, the second empty", post(&format!("{PLAIN}Transfer-Encoding:\r\n"), END)),
        refused("two lines, in different letters", post(&format!("{PLAIN}transfer-ENCODING: chunked\r\n"), END)),
        refused("a blank between name and colon", post("Transfer-Encoding : chunked\r\n", END)),
        refused("a blank before the name", post(" Transfer-Encoding: chunked\r\n", END)),
        refused("a blank before the name of the second field", post("X: 1\r\n Transfer-Encoding: chunked\r\n", END)),
        refused("no colon", post("Transfer-Encoding chunked\r\n", END)),
        refused("a colon too many", post("Transfer-Encoding:: chunked\r\n", END)),
        refused("the name in two words", post("Transfer Encoding: chunked\r\n", END)),
        passes("a field of another name frames nothing", post("Transfer_Encoding: chunked\r\n", "")),
        passes("a field with an X before it frames nothing", post("X-Transfer-Encoding: chunked\r\n", "")),
        passes("a field whose value looks like a field frames nothing", post("X: Transfer-Encoding: chunked\r\n", "")),
        passes("plain", post(PLAIN, "5\r\nhello\r\n0\r\n\r\n")),
        becomes("in capitals, which not every server knows", post("TRANSFER-ENCODING: CHUNKED\r\n", END), [post(PLAIN, END)]),
        becomes("in mixed letters", post("Transfer-Encoding: ChunkeD\r\n", END), [post(PLAIN, END)]),
        becomes("a tab before it, which not every server skips", post("Transfer-Encoding:\tchunked\r\n", END), [post(PLAIN, END)]),
        becomes("blanks on both sides", post("Transfer-Encoding:   chunked \t \r\n", END), [post(PLAIN, END)]),
        passes("no blank at all", post("Transfer-Encoding:chunked\r\n", END)),
    ]);
    cases
}
