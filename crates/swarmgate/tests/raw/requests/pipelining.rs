//! Pipelining: requests one behind the other, with bodies and without, and behind one that is refused (RFC 9112 §9.3.2).

use crate::case::{RequestCase, SMUGGLED, becomes, chunked, get, passes, post};

pub(super) fn cases() -> Vec<RequestCase> {
    let one = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    let body = post("Content-Length: 5\r\n", "hello");
    let chunks = chunked("5\r\nhello\r\n0\r\n\r\n");
    let good = get("");
    let bad = "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n";
    let many: [String; 20] = std::array::from_fn(|number| one(&format!("/{number}")));
    vec![
        becomes("two", format!("{}{}", one("/1"), one("/2")), [one("/1"), one("/2")]),
        becomes("twenty", many.concat(), many),
        becomes("a length, then none", format!("{body}{good}"), [&body, &good]),
        becomes("chunks, then a length, then none", format!("{chunks}{body}{good}"), [&chunks, &body, &good]),
        becomes("chunks, then chunks", format!("{chunks}{chunks}"), [&chunks, &chunks]),
        becomes("HEAD between two GETs", format!("{good}HEAD / HTTP/1.1\r\nHost: a\r\n\r\n{good}"), [&good[..], "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", &good]),
        passes("a body that is the start of a request", post("Content-Length: 9\r\n", "GET /smug")),
        becomes("a good one, then a bad one", format!("{good}{bad}{SMUGGLED}"), [&good]).then_refused(400),
        becomes("a good one with a body, then a bad one", format!("{body}{bad}{SMUGGLED}"), [&body]).then_refused(400),
        becomes("chunks, then a bad one", format!("{chunks}{bad}{SMUGGLED}"), [&chunks]).then_refused(400),
        becomes("a good one, then one without a route", format!("{good}OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n{SMUGGLED}"), [&good]).then_refused(503),
        becomes("a good one, then CONNECT", format!("{good}CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n{SMUGGLED}"), [&good]).then_refused(405),
        becomes("a good one, then garbage", format!("{good}garbage\r\n\r\n{SMUGGLED}"), [&good]).then_refused(400),
        becomes("a length one too small: the last byte begins the next request", format!("{}{good}", post("Content-Length: 4\r\n", "hello")), [
            post("Content-Length: 4\r\n", "hell"),
            format!("o{good}"),
        ]),
        becomes("an end of chunks, and one more behind it", format!("{chunks}0\r\n\r\n{SMUGGLED}"), [&chunks]).then_refused(400),
        becomes("close ends what follows", format!("{}{SMUGGLED}", get("Connection: close\r\n")), [&good]).and_ends(),
        becomes("HTTP/1.0 ends what follows", format!("GET / HTTP/1.0\r\nHost: a\r\n\r\n{SMUGGLED}"), [&good]).and_ends(),
        becomes("HTTP/1.0 that goes on, then HTTP/1.1", format!("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n{good}"), [&good, &good]),
        becomes("a client that ends behind two", format!("{good}{body}"), [&good, &body]).and_ends(),
    ]
}
