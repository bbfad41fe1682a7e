//! Chunk sizes are hexadecimal digits and nothing else; a chunk ends in CRLF (RFC 9112 §7.1).

use crate::case::{RequestCase, SMUGGLED, broken_off, chunked, passes};

pub(super) fn cases() -> Vec<RequestCase> {
    let bad_sizes = [
        ("nothing", ""),
        ("a blank before the size", " 5"),
        ("a blank behind the size", "5 "),
        ("a tab behind the size", "5\t"),
        ("a blank in the size", "0 5"),
        ("a plus sign", "+5"),
        ("a minus sign", "-5"),
        ("minus zero", "-0"),
        ("0x", "0x5"),
        ("h behind the size", "5h"),
        ("an underscore", "0_5"),
        ("a dot", "5.0"),
        ("a comma", "5,5"),
        ("quotes", "\"5\""),
        ("a letter that is no digit", "g"),
        ("a NUL", "5\0"),
        ("a vertical tab", "5\x0b"),
        ("other digits", "\u{665}"),
        ("sixteen digits: 2^64 - 1", "ffffffffffffffff"),
        ("seventeen digits: 2^64 + 5, which overflows to 5", "10000000000000005"),
        ("sixteen digits of which most are zeros", "0000000000000005"),
        ("a thousand zeros before the size", &format!("{}5", "0".repeat(1000))),
    ];
    let mut cases: Vec<_> = bad_sizes
        .into_iter()
        .map(|(name, size)| broken_off(name, chunked(&format!("{size}\r\nhello\r\n0\r\n\r\n{SMUGGLED}"))))
        .collect();
    for (name, body) in [
        ("LF behind the size", "5\nhello\r\n0\r\n\r\n"),
        ("CR alone behind the size", "5\rhello\r\n0\r\n\r\n"),
        ("CR CR LF behind the size", "5\r\r\nhello\r\n0\r\n\r\n"),
        ("LF behind the data", "5\r\nhello\n0\r\n\r\n"),
        ("CR alone behind the data", "5\r\nhello\r0\r\n\r\n"),
        ("nothing behind the data", "5\r\nhello0\r\n\r\n"),
        ("more data than its size", "5\r\nhello world\r\n0\r\n\r\n"),
        ("two bytes in place of CRLF behind the data", "5\r\nhelloXY0\r\n\r\n"),
        ("LF behind the last size", "5\r\nhello\r\n0\n\r\n"),
        ("LF for the last line", "5\r\nhello\r\n0\r\n\n"),
        ("CR alone for the last line", "5\r\nhello\r\n0\r\n\rX"),
        ("LF everywhere", "5\nhello\n0\n\n"),
        ("an empty line before the first size", "\r\n5\r\nhello\r\n0\r\n\r\n"),
        ("an empty line between chunks", "5\r\nhello\r\n\r\n0\r\n\r\n"),
        ("no chunks at all", "hello, world"),
        ("a request in place of a chunk", SMUGGLED),
    ] {
        cases.push(broken_off(name, chunked(&format!("{body}{SMUGGLED}"))));
    }
    cases.extend([
        broken_off("a size that never ends, in a body that never ends", chunked(&"0".repeat(5000))),
        passes("plain", chunked("5\r\nhello\r\n0\r\n\r\n")),
        passes("capitals and small letters", chunked("A\r\n0123456789\r\nb\r\n0123456789a\r\n0\r\n\r\n")),
        passes("fifteen digits", chunked("000000000000005\r\nhello\r\n0\r\n\r\n")),
        passes("the last size in several zeros", chunked("5\r\nhello\r\n000\r\n\r\n")),
        passes("no data", chunked("0\r\n\r\n")),
        passes("data that looks like chunks", chunked("d\r\n0\r\n\r\nGET / \r\n\r\n0\r\n\r\n")),
        passes("data that looks like a request", chunked(&format!("{:x}\r\n{SMUGGLED}\r\n0\r\n\r\n", SMUGGLED.len()))),
    ]);
    cases
}
