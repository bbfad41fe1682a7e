//! Lines end in CRLF, are not folded, and begin with a name (RFC 9112 §2.2, §5.2). Empty lines before a request are few.

use crate::case::{RequestCase, SMUGGLED, becomes, get, passes, refused};

pub(super) fn cases() -> Vec<RequestCase> {
    let mut cases = bare();
    cases.extend(folded());
    cases.extend(empty());
    cases
}

fn bare() -> Vec<RequestCase> {
    vec![
        refused("LF behind the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n"),
        refused("LF behind the first field", "GET / HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n"),
        refused("LF behind the last field", "GET / HTTP/1.1\r\nHost: a\n\r\n"),
        refused("LF for the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\n"),
        refused("LF everywhere", "GET / HTTP/1.1\nHost: a\n\n"),
        refused("LF LF in the middle: the end of the head, for some", format!("GET / HTTP/1.1\r\nHost: a\r\nX: 1\n\n{SMUGGLED}")),
        refused("LF in a value", get("X: a\nb: c\r\n")),
        refused("CR for the line end of the request line", "GET / HTTP/1.1\rHost: a\r\n\r\n"),
        refused("CR behind a field", "GET / HTTP/1.1\r\nHost: a\rX: 1\r\n\r\n"),
        refused("CR in a value", get("X: a\rb\r\n")),
        refused("CR before the CRLF of a field", get("X: a\r\r\n")),
        refused("CR at the start of a value", get("X:\ra\r\n")),
        refused("CR in a name", get("X\rY: a\r\n")),
        refused("CR for the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\rX"),
        refused("LF CR for CRLF", "GET / HTTP/1.1\n\rHost: a\n\r\n\r"),
        refused("CR CR LF for the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\r\r\n"),
        refused("LF behind the request line of HTTP/1.0", "GET / HTTP/1.0\n\n"),
    ]
}

fn folded() -> Vec<RequestCase> {
    vec![
        refused("a value folded by a blank", get("X: a\r\n b\r\n")),
        refused("a value folded by a tab", get("X: a\r\n\tb\r\n")),
        refused("a value that begins in the next line", get("X:\r\n a\r\n")),
        refused("a line of blanks behind a field", get("X: a\r\n   \r\n")),
        refused("a fold that looks like a field", get("X: a\r\n Content-Length: 5\r\n")),
        refused("a blank before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
        refused("a blank line with a blank before the end", "GET / HTTP/1.1\r\nHost: a\r\n \r\n\r\n"),
        refused("a folded Host", "GET / HTTP/1.1\r\nHost:\r\n a\r\n\r\n"),
        refused("a folded request line", "GET /\r\n HTTP/1.1\r\nHost: a\r\n\r\n"),
    ]
}

fn empty() -> Vec<RequestCase> {
    let plain = get("");
    vec![
        becomes("one empty line before a request, as old clients send it behind a body", format!("\r\n{plain}"), [&plain[..]]),
        becomes("eight empty lines", format!("{}{plain}", "\r\n".repeat(8)), [&plain[..]]),
        refused("nine empty lines", format!("{}{plain}", "\r\n".repeat(9))),
        refused("a thousand empty lines", format!("{}{plain}", "\r\n".repeat(1000))),
        refused("an empty line that is only LF", format!("\n{plain}")),
        refused("an empty line that is only CR", format!("\r{plain}")),
        refused("CRLF and LF", format!("\r\n\n{plain}")),
        refused("a line of a blank", format!(" \r\n{plain}")),
        becomes("an empty line between two requests", format!("{plain}\r\n{plain}"), [&plain[..], &plain[..]]),
        becomes("an empty line behind a body", format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello\r\n{plain}"), [
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
            &plain,
        ]),
        passes("an empty value", get("X:\r\n")),
        passes("a value of blanks", get("X:  \t \r\n")),
    ]
}
