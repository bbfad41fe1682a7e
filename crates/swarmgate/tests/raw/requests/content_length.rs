//! Content-Length: one, once, in digits (RFC 9110 §8.6, RFC 9112 §6.3).

use crate::case::{RequestCase, SMUGGLED, becomes, get, passes, post, refused};

pub(super) fn cases() -> Vec<RequestCase> {
    let refused_values = [
        ("empty", ""),
        ("a blank", " "),
        ("a list of equal lengths, which RFC 9110 would allow to take", "5, 5"),
        ("a list of different lengths", "5, 6"),
        ("a list with an empty element", "5,"),
        ("a plus sign", "+5"),
        ("a minus sign", "-5"),
        ("minus zero", "-0"),
        ("hexadecimal", "0x5"),
        ("hexadecimal digits", "a"),
        ("a fraction", "5.0"),
        ("an exponent", "5e0"),
        ("two numbers", "5 5"),
        ("a parameter", "5;x"),
        ("quotes", "\"5\""),
        ("an underscore", "1_0"),
        ("a letter behind it", "5x"),
        ("a NUL behind it", "5\0"),
        ("a vertical tab before it", "\x0b5"),
        ("a form feed behind it", "5\x0c"),
        ("Arabic digits", "\u{665}"),
        ("full-width digits", "\u{ff15}"),
        ("2^63", "9223372036854775808"),
        ("2^64", "18446744073709551616"),
        ("2^64 + 5, which overflows to 5", "18446744073709551621"),
        ("a thousand digits", &"9".repeat(1000)),
        ("folded", "\r\n 5"),
        ("continued by a fold", "5\r\n 5"),
        ("cut by a bare LF", "5\n"),
        ("cut by a bare CR", "5\rX: 1"),
    ];
    let mut cases: Vec<_> = refused_values
        .into_iter()
        .map(|(name, value)| refused(name, post(&format!("Content-Length: {value}\r\n"), &format!("hello{SMUGGLED}"))))
        .collect();
    cases.extend([
        refused("two equal ones", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")),
        refused("two different ones", post("Content-Length: 5\r\nContent-Length: 0\r\n", &format!("hello{SMUGGLED}"))),
        refused("two in different letters", post("Content-Length: 5\r\ncontent-length: 5\r\n", "hello")),
        refused("two far apart", post(&format!("Content-Length: 5\r\n{}Content-Length: 5\r\n", "X: 1\r\n".repeat(100)), "hello")),
        refused("a second one that is empty", post("Content-Length: 5\r\nContent-Length:\r\n", "hello")),
        refused("a blank before its colon", post("Content-Length : 5\r\n", "hello")),
        refused("a tab before its colon", post("Content-Length\t: 5\r\n", "hello")),
        refused("a NUL in its name", post("Content-Length\0: 5\r\n", "hello")),
        refused("a blank before its name", post(" Content-Length: 5\r\n", "hello")),
        passes("plain: what follows the body is the next request", post("Content-Length: 5\r\n", "hello")),
        passes("a body that looks like a request", post(&format!("Content-Length: {}\r\n", SMUGGLED.len()), SMUGGLED)),
        passes("a body that looks like an end of chunks", post("Content-Length: 5\r\n", "0\r\n\r\n")),
        passes("zero", post("Content-Length: 0\r\n", "")),
        passes("none is zero", post("", "")),
        passes("another field with a name like it", post("Content_Length: 5\r\n", "")),
        passes("a GET with one", format!("{}hello", get("Content-Length: 5\r\n"))),
        becomes("leading zeros, which somebody reads as octal", post("Content-Length: 005\r\n", "hello"), [post("Content-Length: 5\r\n", "hello")]),
        becomes("zero, zero", post("Content-Length: 00\r\n", ""), [post("Content-Length: 0\r\n", "")]),
        becomes("blanks and tabs around it", post("Content-Length:\t 5 \t\r\n", "hello"), [post("Content-Length: 5\r\n", "hello")]),
    ]);
    cases
}
