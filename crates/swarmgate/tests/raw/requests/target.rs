//! Request lines: one blank between three words, and targets that begin with a slash (RFC 9112 §3, §3.2).

use crate::case::{RequestCase, passes, refused, refused_with};

pub(super) fn cases() -> Vec<RequestCase> {
    let line = |line: &str| format!("{line}\r\nHost: a\r\n\r\n");
    let mut cases = Vec::new();
    for (name, request_line) in [
        ("two blanks behind the method", "GET  / HTTP/1.1"),
        ("two blanks behind the target", "GET /  HTTP/1.1"),
        ("a tab behind the method", "GET\t/ HTTP/1.1"),
        ("a tab behind the target", "GET /\tHTTP/1.1"),
        ("a blank before the method", " GET / HTTP/1.1"),
        ("a blank behind the version", "GET / HTTP/1.1 "),
        ("a tab behind the version", "GET / HTTP/1.1\t"),
        ("a blank in the target", "GET /a b HTTP/1.1"),
        ("a second request in the target", "GET / HTTP/1.1 GET /smuggled HTTP/1.1"),
        ("only a method", "GET"),
        ("no method", "/ HTTP/1.1"),
        ("no target", "GET HTTP/1.1"),
        ("an empty target", "GET  HTTP/1.1"),
        ("no slash", "GET a HTTP/1.1"),
        ("a query alone", "GET ?a HTTP/1.1"),
        ("a dot", "GET ./a HTTP/1.1"),
        ("a backslash", "GET \\a HTTP/1.1"),
        ("an encoded slash", "GET %2fa HTTP/1.1"),
        ("authority-form", "GET a:80 HTTP/1.1"),
        ("authority-form of a POST", "POST a:80 HTTP/1.1"),
        ("a star of GET", "GET * HTTP/1.1"),
        ("a star of small options", "options * HTTP/1.1"),
        ("two stars", "OPTIONS ** HTTP/1.1"),
        ("a star and a path", "OPTIONS */a HTTP/1.1"),
        ("a fragment", "GET /a#b HTTP/1.1"),
        ("a fragment alone", "GET # HTTP/1.1"),
        ("a fragment behind a query", "GET /a?b#c HTTP/1.1"),
        ("letters beyond ASCII", "GET /\u{e4} HTTP/1.1"),
        ("letters beyond ASCII in the query", "GET /?\u{20ac} HTTP/1.1"),
        ("quotes around it", "GET \"/\" HTTP/1.1"),
    ] {
        cases.push(refused(name, line(request_line)));
    }
    cases.push(refused("bytes that are no UTF-8", [b"GET /", &[0xff, 0xfe][..], b" HTTP/1.1\r\nHost: a\r\n\r\n"].concat()));
    cases.push(refused_with(503, "a star of OPTIONS is for no service", line("OPTIONS * HTTP/1.1")));
    cases.push(refused_with(503, "an absolute URI of OPTIONS without a path is a star (RFC 9112 §3.2.4)", line("OPTIONS http://b HTTP/1.1")));
    for (name, target) in [
        ("two slashes", "//a"),
        ("two slashes and a host", "//b.example.com/a"),
        ("dots", "/a/../../b"),
        ("escapes", "/%61%00%2e%2e"),
        ("a broken escape", "/%zz%"),
        ("a backslash inside", "/a\\b"),
        ("braces, pipes, carets and quotes, which browsers send", "/{a}|b^`c\"<>"),
        ("brackets in the query", "/?a[]=b"),
        ("several question marks", "/?a?b?"),
        ("a semicolon", "/a;b=c"),
        ("a colon in the path", "/a:b"),
        ("an at sign", "/u@b"),
        ("a URI in the path", "/http://b/"),
        ("a star in the path", "/*"),
    ] {
        cases.push(passes(format!("passes as it is: {name}"), line(&format!("GET {target} HTTP/1.1"))));
    }
    cases
}
