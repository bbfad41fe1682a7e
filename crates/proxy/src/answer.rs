//! Answers of the proxy itself: refusals, redirects and errors, in the shape of HAProxy's.
//!
//! Not here: deciding which one.

use crate::observe::Why;
use model::Verdict;
use model::route::Redirect;
use std::fmt::Write as _;

/// An answer without a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// 401, with the realm.
    Unauthorized(String),
    /// 3xx. The only answer after which the connection may go on.
    Redirect(Redirect),
    /// Any other status.
    Status(u16),
}

impl Answer {
    /// The answer that a verdict asks for; `None` if a server answers.
    pub(crate) fn to(verdict: Verdict<'_>) -> Option<Answer> {
        match verdict {
            Verdict::Forward(_) => None,
            Verdict::Redirect(redirect) => Some(Answer::Redirect(redirect)),
            Verdict::Deny => Some(Answer::Status(403)),
            Verdict::Unauthorized { realm } => Some(Answer::Unauthorized(realm.to_owned())),
            Verdict::NoRoute => Some(Answer::Status(503)),
        }
    }

    /// Why it is given, in place of a server's.
    pub(crate) fn why(&self) -> Why {
        match self {
            Answer::Unauthorized(_) => Why::Unauthorized,
            Answer::Redirect(redirect) => Why::redirect(redirect.status),
            Answer::Status(403) => Why::Denied,
            Answer::Status(503) => Why::NoRoute,
            Answer::Status(_) => Why::BadRewrite,
        }
    }

    /// The bytes to send. The status line speaks the client's version; a client of HEAD gets no body.
    pub(crate) fn write(&self, http10: bool, is_head: bool, keep_alive: bool) -> Vec<u8> {
        let status = self.status();
        let (reason, sentence) = words(status);
        let body = match self {
            Answer::Redirect(_) => String::new(),
            _ => format!("<html><body><h1>{status} {reason}</h1>\n{sentence}\n</body></html>\n"),
        };
        let mut head = format!("HTTP/1.{} {status} {reason}\r\nCache-Control: no-cache\r\n", u8::from(!http10));
        head.push_str(match (keep_alive, http10) {
            (false, _) => "Connection: close\r\n",
            (true, true) => "Connection: keep-alive\r\n",
            (true, false) => "",
        });
        if !body.is_empty() {
            head.push_str("Content-Type: text/html\r\n");
        }
        if let Answer::Unauthorized(realm) = self {
            let _ = write!(head, "WWW-Authenticate: Basic realm=\"{realm}\"\r\n");
        }
        if status == 405 {
            head.push_str("Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE\r\n");
        }
        let mut bytes = head.into_bytes();
        if let Answer::Redirect(redirect) = self {
            bytes.extend_from_slice(&[b"Location: ", redirect.location.as_slice(), b"\r\n"].concat());
        }
        bytes.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
        if !is_head {
            bytes.extend_from_slice(body.as_bytes());
        }
        bytes
    }

    fn status(&self) -> u16 {
        match self {
            Answer::Unauthorized(_) => 401,
            Answer::Redirect(redirect) => redirect.status,
            Answer::Status(status) => *status,
        }
    }
}

/// The reason phrase of a status and a sentence for whoever reads the page. 401 and 503 are HAProxy's to the letter: scripts look for them.
fn words(status: u16) -> (&'static str, &'static str) {
    match status {
        301 => ("Moved Permanently", ""),
        302 => ("Found", ""),
        303 => ("See Other", ""),
        307 => ("Temporary Redirect", ""),
        308 => ("Permanent Redirect", ""),
        400 => ("Bad Request", "The request is not one that HTTP/1.1 allows."),
        401 => ("Unauthorized", "You need a valid user and password to access this content."),
        403 => ("Forbidden", "A rule of this service forbids the request."),
        405 => ("Method Not Allowed", "This method is not offered here."),
        408 => ("Request Time-out", "The request did not come in time."),
        414 => ("URI Too Long", "The address of the request is too long."),
        417 => ("Expectation Failed", "Nothing can be expected here but 100-continue."),
        431 => ("Request Header Fields Too Large", "The header fields of the request are too large."),
        500 => ("Internal Server Error", "The rules of this service made the request unusable."),
        501 => ("Not Implemented", "The method is longer than any that is known."),
        502 => ("Bad Gateway", "The server gave no usable response."),
        503 => ("Service Unavailable", "No server is available to handle this request."),
        _ => ("Gateway Time-out", "The server did not respond in time."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(answer: &Answer, http10: bool, is_head: bool, keep_alive: bool, expected: &Expect) {
        expected.assert_eq(&String::from_utf8(answer.write(http10, is_head, keep_alive)).unwrap().replace('\r', "␍"));
    }

    #[test]
    fn behaviour_186_the_401_is_the_seeds() {
        check(
            &Answer::Unauthorized("defaultRealm".to_owned()),
            true,
            false,
            false,
            &expect![[r#"
                HTTP/1.0 401 Unauthorized␍
                Cache-Control: no-cache␍
                Connection: close␍
                Content-Type: text/html␍
                WWW-Authenticate: Basic realm="defaultRealm"␍
                Content-Length: 112␍
                ␍
                <html><body><h1>401 Unauthorized</h1>
                You need a valid user and password to access this content.
                </body></html>
            "#]],
        );
    }

    #[test]
    fn a_redirect_has_no_body_and_may_keep_the_connection() {
        let redirect = Redirect { status: 301, location: b"http://new.com/x?y".to_vec() };
        check(
            &Answer::Redirect(redirect),
            false,
            false,
            true,
            &expect![[r#"
                HTTP/1.1 301 Moved Permanently␍
                Cache-Control: no-cache␍
                Location: http://new.com/x?y␍
                Content-Length: 0␍
                ␍
            "#]],
        );
    }

    #[test]
    fn an_answer_to_head_has_the_length_and_no_body() {
        check(
            &Answer::Status(503),
            false,
            true,
            false,
            &expect![[r#"
                HTTP/1.1 503 Service Unavailable␍
                Cache-Control: no-cache␍
                Connection: close␍
                Content-Type: text/html␍
                Content-Length: 107␍
                ␍
            "#]],
        );
    }
}
