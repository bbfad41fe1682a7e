//! Answers of the proxy itself: refusals, redirects and errors, in the shape of HAProxy's.
//!
//! Not here: deciding which one.

use crate::error_files::ErrorFiles;
use crate::observe::Why;
use crate::statistics::StatisticsForm;
use model::Verdict;
use model::route::Redirect;

/// An answer without a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// 401, with the realm.
    Unauthorized(String),
    /// 3xx. The connection may go on.
    Redirect(Redirect),
    /// 200, with the statistics; they are rendered later. The connection may go on.
    Statistics(StatisticsForm),
    /// 503: too many logins are under way.
    TooManyLogins,
    /// Any status, because a statement says so.
    Denied(u16),
    /// What a statement says.
    Returned(Box<Returned>),
    /// Any other status.
    Status(u16),
}

/// An answer that a statement has in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Returned {
    pub(crate) status: u16,
    /// Whole lines.
    pub(crate) fields: Vec<u8>,
    pub(crate) body: Vec<u8>,
}

/// What the shape of an answer depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AsAsked {
    /// The client speaks HTTP/1.0.
    pub(crate) http10: bool,
    /// It asked with HEAD.
    pub(crate) is_head: bool,
    /// Its connection goes on.
    pub(crate) keep_alive: bool,
}

impl Answer {
    /// The answer that a verdict asks for; `None` if a server answers.
    pub(crate) fn to(verdict: Verdict<'_>) -> Option<Answer> {
        match verdict {
            Verdict::Forward(_) | Verdict::Check { .. } => None,
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
            Answer::Statistics(_) => Why::Statistics,
            Answer::TooManyLogins => Why::TooManyLogins,
            Answer::Denied(_) | Answer::Status(403) => Why::Denied,
            Answer::Returned(_) => Why::Returned,
            Answer::Status(503) => Why::NoRoute,
            Answer::Status(_) => Why::BadRewrite,
        }
    }

    /// Whether the client's connection may go on after it.
    pub(crate) fn may_go_on(&self) -> bool {
        matches!(self, Answer::Redirect(_) | Answer::Statistics(_) | Answer::Returned(_))
    }

    /// The bytes to send, with a page of `files` where there is one for the status.
    pub(crate) fn write(&self, as_asked: AsAsked, files: &ErrorFiles) -> Vec<u8> {
        let status = self.status();
        if let Some(file) = files.get(status).filter(|_| matches!(self, Answer::Status(_) | Answer::Denied(_))) {
            let fields = [&file.fields, as_asked.connection(), allowed(status)].concat();
            return as_asked.write(status, &file.reason, &fields, &file.body);
        }
        let (reason, sentence) = words(status);
        if let Answer::Returned(returned) = self {
            return as_asked.write(status, reason, &[&returned.fields, as_asked.connection()].concat(), &returned.body);
        }
        let mut fields = [b"Cache-Control: no-cache\r\n".as_slice(), as_asked.connection()].concat();
        if let Answer::Redirect(redirect) = self {
            fields.extend_from_slice(&[b"Location: ", redirect.location.as_slice(), b"\r\n"].concat());
            return as_asked.write(status, reason, &fields, &[]);
        }
        fields.extend_from_slice(b"Content-Type: text/html\r\n");
        if let Answer::Unauthorized(realm) = self {
            fields.extend_from_slice(format!("WWW-Authenticate: Basic realm=\"{realm}\"\r\n").as_bytes());
        }
        fields.extend_from_slice(allowed(status));
        let body = format!("<html><body><h1>{status} {reason}</h1>\n{sentence}\n</body></html>\n");
        as_asked.write(status, reason, &fields, body.as_bytes())
    }

    /// The bytes of statistics that were rendered.
    pub(crate) fn write_statistics(as_asked: AsAsked, form: StatisticsForm, text: &str) -> Vec<u8> {
        let fields = format!("Cache-Control: no-cache\r\nContent-Type: {}\r\n{BROWSER_SAFE}", form.content_type());
        let fields = [fields.as_bytes(), as_asked.connection()].concat();
        as_asked.write(200, "OK", &fields, text.as_bytes())
    }

    /// What the client gets.
    pub(crate) fn status(&self) -> u16 {
        match self {
            Answer::Unauthorized(_) => 401,
            Answer::Redirect(redirect) => redirect.status,
            Answer::Statistics(_) => 200,
            Answer::TooManyLogins => 503,
            Answer::Returned(returned) => returned.status,
            Answer::Denied(status) | Answer::Status(status) => *status,
        }
    }
}

/// Names of services are on the page: should a letter of one ever be more than that, a browser runs nothing of it.
const BROWSER_SAFE: &str = "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\r\nX-Content-Type-Options: nosniff\r\n";

/// What a 405 must say (RFC 9110 §15.5.6).
fn allowed(status: u16) -> &'static [u8] {
    match status {
        405 => b"Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE\r\n",
        _ => b"",
    }
}

impl AsAsked {
    /// Nothing is known of the request, or it was none.
    pub(crate) const UNKNOWN: AsAsked = AsAsked { http10: false, is_head: false, keep_alive: false };

    /// What becomes of the connection, as a line of the head; nothing where that goes without saying.
    fn connection(self) -> &'static [u8] {
        match (self.keep_alive, self.http10) {
            (false, _) => b"Connection: close\r\n",
            (true, true) => b"Connection: keep-alive\r\n",
            (true, false) => b"",
        }
    }

    /// The status line speaks the client's version; a client of HEAD gets no body, and a 204 has none, nor a length (RFC 9110 §8.6).
    fn write(self, status: u16, reason: &str, fields: &[u8], body: &[u8]) -> Vec<u8> {
        let mut bytes = format!("HTTP/1.{} {status} {reason}\r\n", u8::from(!self.http10)).into_bytes();
        bytes.extend_from_slice(fields);
        let has_content = status != 204;
        if has_content {
            bytes.extend_from_slice(format!("Content-Length: {}\r\n", body.len()).as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        if has_content && !self.is_head {
            bytes.extend_from_slice(body);
        }
        bytes
    }
}

/// The reason phrase of a status and a sentence for whoever reads the page. 401 and 503 are HAProxy's to the letter: scripts look for them.
fn words(status: u16) -> (&'static str, &'static str) {
    match status {
        200 => ("OK", ""),
        204 => ("No Content", ""),
        301 => ("Moved Permanently", ""),
        302 => ("Found", ""),
        303 => ("See Other", ""),
        307 => ("Temporary Redirect", ""),
        308 => ("Permanent Redirect", ""),
        400 => ("Bad Request", "The request is not one that HTTP/1.1 allows."),
        401 => ("Unauthorized", "You need a valid user and password to access this content."),
        403 => ("Forbidden", "A rule of this service forbids the request."),
        404 => ("Not Found", "There is nothing at this address."),
        405 => ("Method Not Allowed", "This method is not offered here."),
        408 => ("Request Time-out", "The request did not come in time."),
        410 => ("Gone", "There is nothing at this address any more."),
        413 => ("Content Too Large", "The content of the request is too large."),
        414 => ("URI Too Long", "The address of the request is too long."),
        417 => ("Expectation Failed", "Nothing can be expected here but 100-continue."),
        425 => ("Too Early", "The request came too early."),
        429 => ("Too Many Requests", "There were too many requests."),
        431 => ("Request Header Fields Too Large", "The header fields of the request are too large."),
        500 => ("Internal Server Error", "The rules of this service made the request unusable."),
        501 => ("Not Implemented", "The method is longer than any that is known."),
        502 => ("Bad Gateway", "The server gave no usable response."),
        503 => ("Service Unavailable", "No server is available to handle this request."),
        ..400 => ("Other", ""),
        504 => ("Gateway Time-out", "The server did not respond in time."),
        _ => ("Error", "The request is not answered."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(answer: &Answer, http10: bool, is_head: bool, keep_alive: bool, expected: &Expect) {
        expected.assert_eq(
            &String::from_utf8(answer.write(AsAsked { http10, is_head, keep_alive }, &ErrorFiles::default()))
                .unwrap()
                .replace('\r', "␍"),
        );
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

    #[test]
    fn bug_a_204_of_a_rule_had_a_content_length() {
        let answer =
            Answer::Returned(Box::new(Returned { status: 204, fields: b"X-A: b\r\n".to_vec(), body: Vec::new() }));
        check(
            &answer,
            false,
            false,
            true,
            &expect![[r#"
                HTTP/1.1 204 No Content␍
                X-A: b␍
                ␍
            "#]],
        );
    }

    #[test]
    fn a_page_of_ones_own_is_framed_by_the_proxy() {
        let mut files = ErrorFiles::default();
        let page =
            "HTTP/1.0 503 Gone Fishing\r\nConnection: keep-alive\r\nX-Page: ours\r\nContent-Length: 1\r\n\r\nback soon";
        files.add(503, page.as_bytes()).unwrap();
        let written = |answer: &Answer, http10, is_head| {
            let as_asked = AsAsked { http10, is_head, keep_alive: false };
            String::from_utf8(answer.write(as_asked, &files)).unwrap()
        };
        let head = "503 Gone Fishing\r\nX-Page: ours\r\nConnection: close\r\nContent-Length: 9\r\n\r\n";
        assert_eq!(written(&Answer::Status(503), false, false), format!("HTTP/1.1 {head}back soon"));
        assert_eq!(written(&Answer::Status(503), true, true), format!("HTTP/1.0 {head}"));
        assert!(written(&Answer::Status(502), false, false).contains("<h1>502 Bad Gateway</h1>"));
    }
}
