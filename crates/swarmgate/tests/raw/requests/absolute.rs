//! Absolute-form: its authority wins over Host, for routing and for the server (RFC 9112 §3.2.2).

use crate::case::{RequestCase, becomes, refused};

pub(super) fn cases() -> Vec<RequestCase> {
    let with = |target: &str| format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
    let seen = |path: &str, host: &str| format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let mut cases = vec![
        becomes("another authority than Host", with("http://b/x"), [seen("/x", "b")]),
        becomes("the same authority as Host", with("http://a/x"), [seen("/x", "a")]),
        becomes("with a port", with("http://b:81/x?y"), [seen("/x?y", "b:81")]),
        becomes("in capitals", with("HTTP://B/x"), [seen("/x", "B")]),
        becomes("https, which is only a name here", with("https://b/x"), [seen("/x", "b")]),
        becomes("without a path", with("http://b"), [seen("/", "b")]),
        becomes("an IPv6 address", with("http://[::1]:80/"), [seen("/", "[::1]:80")]),
        becomes("a path of two slashes", with("http://b//x"), [seen("//x", "b")]),
        becomes("a path that looks like a URI", with("http://b/http://c/"), [seen("/http://c/", "b")]),
        becomes("Host is empty", "GET http://b/ HTTP/1.1\r\nHost:\r\n\r\n", [seen("/", "b")]),
        becomes("Host in the middle is replaced at the end", "GET http://b/ HTTP/1.1\r\nX: 1\r\nHost: a\r\nY: 2\r\n\r\n", [
            "GET / HTTP/1.1\r\nX: 1\r\nY: 2\r\nHost: b\r\n\r\n",
        ]),
        becomes("OPTIONS /, of one resource", "OPTIONS http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", ["OPTIONS / HTTP/1.1\r\nHost: b\r\n\r\n"]),
        becomes("of HTTP/1.0 without Host", "GET http://b/x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", [seen("/x", "b")]),
        refused("without any Host, in HTTP/1.1", "GET http://b/ HTTP/1.1\r\n\r\n"),
        refused("with two Hosts", "GET http://b/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        refused("with a Host that is none", "GET http://b/ HTTP/1.1\r\nHost: a b\r\n\r\n"),
    ];
    for (name, target) in [
        ("no authority", "http:///x"),
        ("no authority and no path", "http://"),
        ("one slash", "http:/b/x"),
        ("no slash", "http:b/x"),
        ("a user", "http://u@b/x"),
        ("a user and a password", "http://u:p@b/x"),
        ("a user that looks like a host", "http://a:80@b/x"),
        ("an empty host with a port", "http://:80/x"),
        ("a port that is none", "http://b:x/"),
        ("a port above 65535", "http://b:65536/"),
        ("a backslash for a slash", "http://b\\x"),
        ("a backslash before the authority", "http:\\\\b/x"),
        ("a query without a path", "http://b?x"),
        ("a fragment", "http://b#x"),
        ("a fragment behind a path", "http://b/x#y"),
        ("a comma in the authority", "http://b,c/"),
        ("half an IPv6 address", "http://[::1/"),
        ("another scheme", "ftp://b/x"),
        ("a scheme of one's own", "xhttp://b/x"),
        ("ws, which is spelled http on the wire", "ws://b/x"),
        ("no scheme", "b/x"),
    ] {
        cases.push(refused(name, with(target)));
    }
    cases
}
