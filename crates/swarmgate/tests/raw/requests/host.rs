//! Host: exactly one, and a host with or without a port (RFC 9112 §3.2, RFC 9110 §7.2).

use crate::case::{RequestCase, becomes, passes, refused};

pub(super) fn cases() -> Vec<RequestCase> {
    let with = |value: &str| format!("GET / HTTP/1.1\r\nHost: {value}\r\n\r\n");
    let mut cases = vec![
        refused("none", "GET / HTTP/1.1\r\n\r\n"),
        refused("none, but other fields", "GET / HTTP/1.1\r\nX: 1\r\n\r\n"),
        refused("two that differ", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        refused("two that are equal", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
        refused("two in different letters", "GET / HTTP/1.1\r\nHost: a\r\nHOST: b\r\n\r\n"),
        refused("two, the second empty", "GET / HTTP/1.1\r\nHost: a\r\nHost:\r\n\r\n"),
        refused("two, the first empty", "GET / HTTP/1.1\r\nHost:\r\nHost: a\r\n\r\n"),
        refused("two in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"),
        refused("a malformed one in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a b\r\n\r\n"),
        becomes("none in HTTP/1.0", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", ["GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"]),
        becomes("an empty one in HTTP/1.0", "GET / HTTP/1.0\r\nHost:\r\nConnection: keep-alive\r\n\r\n", [
            "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        ]),
    ];
    cases.extend(MALFORMED.iter().map(|(name, value)| refused(*name, with(value))));
    cases.extend(GOOD.iter().map(|(name, value)| passes(format!("passes: {name}"), with(value))));
    cases
}

const MALFORMED: &[(&str, &str)] = &[
        ("a blank inside", "a b"),
        ("a tab inside", "a\tb"),
        ("a comma", "a,b"),
        ("a comma and a blank", "a, b"),
        ("a slash", "a/b"),
        ("a slash at its end", "a/"),
        ("a query", "a?b"),
        ("a fragment", "a#b"),
        ("a user", "u@a"),
        ("a user and a password", "u:p@a"),
        ("a scheme", "http://a"),
        ("a backslash", "a\\b"),
        ("quotes", "\"a\""),
        ("angle brackets", "<a>"),
        ("braces", "{a}"),
        ("a pipe", "a|b"),
        ("a caret", "a^b"),
        ("letters beyond ASCII", "\u{e4}"),
        ("a port without a host", ":80"),
        ("a port that is none", "a:b"),
        ("a port with a sign", "a:+80"),
        ("a negative port", "a:-80"),
        ("a port above 65535", "a:65536"),
        ("a port of six digits", "a:000080"),
        ("two ports", "a:80:80"),
        ("a port with a blank", "a: 80"),
        ("half a pair of brackets", "[::1"),
        ("the other half", "::1]"),
        ("an IPv6 address without brackets", "::1"),
        ("empty brackets", "[]"),
        ("something behind the brackets", "[::1]a"),
        ("a name in brackets", "[a]"),
        ("an IPv4 address in brackets", "[127.0.0.1]"),
        ("a zone", "[fe80::1%25eth0]"),
];

const GOOD: &[(&str, &str)] = &[
        ("a name", "a.example.com"),
        ("a name with a dot at its end", "a.example.com."),
        ("a name with an underscore", "my_service"),
        ("a port", "a:8080"),
        ("an empty port", "a:"),
        ("the last port", "a:65535"),
        ("an IPv4 address", "192.0.2.1:80"),
        ("an IPv6 address", "[2001:db8::1]"),
        ("an IPv6 address and a port", "[2001:db8::1]:8080"),
        ("blanks around it", "  a \t"),
        ("an escape", "a%20b"),
        ("an empty one, which says that there is none", ""),
];
