//! The head of a request: from HTTP/2's fields to the bytes that HTTP/1.1 would have (RFC 9113 §8.3.1).
//!
//! It is then read like any other head, so all that HTTP/1.1 refuses is refused here too.
//! Not here: the body (`stream`), and the response (`response`).

use crate::http1::Malformed;
use http::header::{CONTENT_LENGTH, COOKIE, HOST};
use http::request::Parts;
use http::{HeaderValue, Method};

/// Writes a head. `ended`: no body follows.
pub(super) fn write(request: &Parts, ended: bool) -> Result<Vec<u8>, Malformed> {
    let mut head = Vec::with_capacity(512);
    let target = request.uri.path_and_query().map_or("", |target| target.as_str());
    if request.method == Method::CONNECT {
        return Err(Malformed::MethodNotAllowed);
    }
    // In HTTP/1.1 anything else would be read as an authority of its own.
    if !target.starts_with('/') && target != "*" {
        return Err(Malformed::Syntax);
    }
    push(&mut head, [request.method.as_str().as_bytes(), b" ", target.as_bytes(), b" HTTP/1.1"]);
    if let Some(host) = host(request)? {
        push(&mut head, [b"\r\nhost: ", host]);
    }
    for (name, value) in &request.headers {
        if *name != HOST && *name != COOKIE {
            push(&mut head, [b"\r\n", name.as_str().as_bytes(), b": ", value.as_bytes()]);
        }
    }
    push_cookies(&mut head, request);
    if !ended && !request.headers.contains_key(CONTENT_LENGTH) {
        push(&mut head, [b"\r\ntransfer-encoding: chunked"]);
    }
    push(&mut head, [b"\r\n\r\n"]);
    Ok(head)
}

/// `:authority`, or Host. If both are there, they are the same; two Hosts are refused, as ever (RFC 9110 §7.2).
fn host(request: &Parts) -> Result<Option<&[u8]>, Malformed> {
    let mut hosts = request.headers.get_all(HOST).iter().map(HeaderValue::as_bytes);
    let authority = request.uri.authority().map(|authority| authority.as_str().as_bytes());
    match (authority, hosts.next(), hosts.next()) {
        (_, _, Some(_)) => Err(Malformed::Syntax),
        (Some(authority), Some(host), None) if !host.eq_ignore_ascii_case(authority) => Err(Malformed::Syntax),
        (authority, host, None) => Ok(authority.or(host)),
    }
}

/// The crumbs of a cookie are one field again (RFC 9113 §8.2.3).
fn push_cookies(head: &mut Vec<u8>, request: &Parts) {
    for (place, crumb) in request.headers.get_all(COOKIE).iter().enumerate() {
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
    use http::Request;

    fn check(target: &str, fields: &[(&str, &str)], ended: bool, expected: &Expect) {
        let mut request = Request::builder().uri(target);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let head = write(&parts, ended).map(|head| String::from_utf8(head).unwrap().replace('\r', ""));
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
