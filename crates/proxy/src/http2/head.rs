//! The head of a request: from HTTP/2's fields to the bytes that HTTP/1.1 would have (RFC 9113 §8.3.1).
//!
//! It is then read like any other head, so all that HTTP/1.1 refuses is refused here too.
//! Not here: the body (`stream`), and the response (`response`).

use crate::http1::Malformed;
use http::header::{CONTENT_LENGTH, COOKIE, HOST};
use http::{HeaderMap, HeaderValue, Method, Request};

/// Appends a head to `head`; returns whether it says how long the body is. `ended`: no body follows.
pub(super) fn write<B>(request: &Request<B>, ended: bool, head: &mut Vec<u8>) -> Result<bool, Malformed> {
    let target = request.uri().path_and_query().map_or("", |target| target.as_str());
    if request.method() == Method::CONNECT {
        return Err(Malformed::MethodNotAllowed);
    }
    // In HTTP/1.1 anything else would be read as an authority of its own.
    if !target.starts_with('/') && target != "*" {
        return Err(Malformed::Syntax);
    }
    push(head, [request.method().as_str().as_bytes(), b" ", target.as_bytes(), b" HTTP/1.1"]);
    let authority = request.uri().authority().map(|authority| authority.as_str().as_bytes());
    if let Some(authority) = authority {
        push(head, [b"\r\nhost: ", authority]);
    }
    let (mut host, mut has_cookies, mut has_length) = (None, false, false);
    for (name, value) in request.headers() {
        match *name {
            HOST => judge_host(host.replace(value), value, authority)?,
            COOKIE => {
                has_cookies = true;
                continue;
            }
            _ => has_length |= name == CONTENT_LENGTH,
        }
        if name != HOST || authority.is_none() {
            push(head, [b"\r\n", name.as_str().as_bytes(), b": ", value.as_bytes()]);
        }
    }
    if has_cookies {
        push_cookies(head, request.headers());
    }
    if !ended && !has_length {
        push(head, [b"\r\ntransfer-encoding: chunked"]);
    }
    push(head, [b"\r\n\r\n"]);
    Ok(has_length)
}

/// A Host beside `:authority` is the same; two Hosts are refused, as ever (RFC 9110 §7.2).
fn judge_host(before: Option<&HeaderValue>, host: &HeaderValue, authority: Option<&[u8]>) -> Result<(), Malformed> {
    let differs = authority.is_some_and(|authority| !host.as_bytes().eq_ignore_ascii_case(authority));
    if before.is_some() || differs { Err(Malformed::Syntax) } else { Ok(()) }
}

/// The crumbs of a cookie are one field again (RFC 9113 §8.2.3).
fn push_cookies(head: &mut Vec<u8>, fields: &HeaderMap) {
    for (place, crumb) in fields.get_all(COOKIE).iter().enumerate() {
        let before: &[u8] = if place == 0 { b"\r\ncookie: " } else { b"; " };
        push(head, [before, crumb.as_bytes()]);
    }
}

fn push<const N: usize>(head: &mut Vec<u8>, parts: [&[u8]; N]) {
    for part in parts {
        head.extend_from_slice(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(target: &str, fields: &[(&str, &str)], ended: bool, expected: &Expect) {
        let mut request = Request::builder().uri(target);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let mut head = Vec::new();
        let written = write(&request.body(()).unwrap(), ended, &mut head);
        let head = written.map(|_| String::from_utf8(head).unwrap().replace('\r', ""));
        expected.assert_eq(&head.unwrap_or_else(|malformed| format!("{malformed:?}")));
    }

    #[test]
    fn a_request_is_written_as_http1_with_its_authority_as_host() {
        let fields = [("accept", "*/*"), ("host", "A.com"), ("cookie", "a=1"), ("x", "y"), ("cookie", "b=2")];
        check(
            "https://a.com/x?y",
            &fields,
            true,
            &expect![[r#"
            GET /x?y HTTP/1.1
            host: a.com
            accept: */*
            x: y
            cookie: a=1; b=2

        "#]],
        );
    }

    #[test]
    fn a_body_without_a_length_is_sent_in_chunks() {
        check(
            "https://a.com/",
            &[],
            false,
            &expect![[r#"
            GET / HTTP/1.1
            host: a.com
            transfer-encoding: chunked

        "#]],
        );
        check(
            "https://a.com/",
            &[("content-length", "3")],
            false,
            &expect![[r#"
            GET / HTTP/1.1
            host: a.com
            content-length: 3

        "#]],
        );
    }

    #[test]
    fn a_host_that_is_not_the_authority_is_refused() {
        check("https://a.com/", &[("host", "b.com")], true, &expect!["Syntax"]);
        check("https://a.com/", &[("host", "a.com"), ("host", "a.com")], true, &expect!["Syntax"]);
    }
}
