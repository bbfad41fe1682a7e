//! Limits: exactly at them a request passes, one byte more is 431 or 414, and the rest is not read as a request.

use crate::case::{RequestCase, get, passes, refused_with};

const HEAD: usize = 32 * 1024;
const TARGET: usize = 16 * 1024;
const FIELDS: usize = 256;

pub(super) fn cases() -> Vec<RequestCase> {
    let value = |head: usize| get(&format!("X: {}\r\n", "x".repeat(head - get("X: \r\n").len())));
    let name = |head: usize| get(&format!("{}: \r\n", "x".repeat(head - get(": \r\n").len())));
    let target = |length: usize| format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(length - 1));
    let fields = |count: usize| get(&"X: 1\r\n".repeat(count - 1));
    let absolute = |length: usize| format!("GET http://a/{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(length - 9));
    vec![
        passes("a head of 32 KiB by one value", value(HEAD)),
        refused_with(431, "a byte more by one value", value(HEAD + 1)),
        refused_with(431, "twice as much", value(2 * HEAD)),
        passes("a head of 32 KiB by one name", name(HEAD)),
        refused_with(431, "a byte more by one name", name(HEAD + 1)),
        refused_with(431, "a mebibyte of a value that never ends", &value(1 << 20)[..1 << 20]),
        passes("256 fields", fields(FIELDS)),
        refused_with(431, "257 fields", fields(FIELDS + 1)),
        refused_with(431, "5000 fields", fields(5000)),
        passes("a target of 16 KiB", target(TARGET)),
        refused_with(414, "a byte more of a target", target(TARGET + 1)),
        refused_with(414, "a target as long as a head", target(HEAD)),
        refused_with(414, "a target that never ends", &target(1 << 20)[..100_000]),
        refused_with(414, "an absolute URI of more than 16 KiB", absolute(TARGET + 1)),
        refused_with(431, "a target of 16 KiB and a head of more than 32", target(TARGET).replace("\r\n\r\n", &format!("\r\nX: {}\r\n\r\n", "x".repeat(TARGET)))),
        passes("a body is no part of the head", format!("{}{}", get("Content-Length: 100000\r\n"), "x".repeat(100_000))),
    ]
}
