//! Pages of an operator's own in place of the built-in ones: whole responses, as HAProxy's `errorfile` has them.
//!
//! The status and the fields that frame a message are the proxy's to say, so that a page cannot break a connection; all others, the reason phrase
//! and the body are the page's.
//! Not here: reading files (the program), and when an error is answered (`answer`).

use std::collections::BTreeMap;

/// The statuses that can have a page of their own. HAProxy has none for 401.
pub const ERROR_FILE_CODES: [u16; 9] = [400, 403, 405, 408, 429, 500, 502, 503, 504];
/// The longest page, in bytes: it is kept in memory, and sent for every refused request of a flood.
pub const LONGEST_ERROR_FILE: usize = 64 * 1024;
const MOST_FIELDS: usize = 64;
/// What the proxy says itself.
const FRAMING: [&str; 9] = [
    "connection",
    "content-length",
    "date",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// All pages, by status.
#[derive(Clone, Debug, Default)]
pub struct ErrorFiles(BTreeMap<u16, ErrorFile>);

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ErrorFile {
    pub(crate) reason: String,
    /// Whole lines, each with its end.
    pub(crate) fields: Vec<u8>,
    pub(crate) body: Vec<u8>,
}

/// A page that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadErrorFile {
    /// Too long.
    #[error("it has {0} bytes, and {LONGEST_ERROR_FILE} is the most")]
    TooLong(usize),
    /// No response.
    #[error("it is not a whole HTTP response: a status line, header fields, an empty line, the body")]
    Malformed,
    /// A response with another status.
    #[error("its status line says {0}")]
    OtherStatus(u16),
}

impl ErrorFiles {
    /// Takes the response `bytes` for errors with this status.
    pub fn add(&mut self, status: u16, bytes: &[u8]) -> Result<(), BadErrorFile> {
        let file = parse(bytes)?;
        match file.0 {
            found if found == status => self.0.insert(status, file.1),
            other => return Err(BadErrorFile::OtherStatus(other)),
        };
        Ok(())
    }

    /// The statuses that have a page, ascending.
    pub fn statuses(&self) -> impl Iterator<Item = u16> {
        self.0.keys().copied()
    }

    pub(crate) fn get(&self, status: u16) -> Option<&ErrorFile> {
        self.0.get(&status)
    }
}

/// The status and the page.
fn parse(bytes: &[u8]) -> Result<(u16, ErrorFile), BadErrorFile> {
    if bytes.len() > LONGEST_ERROR_FILE {
        return Err(BadErrorFile::TooLong(bytes.len()));
    }
    let mut space = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let mut head = httparse::Response::new(&mut space);
    let Ok(httparse::Status::Complete(length)) = head.parse(bytes) else { return Err(BadErrorFile::Malformed) };
    let (Some(status), Some(reason)) = (head.code, head.reason) else { return Err(BadErrorFile::Malformed) };
    let mut fields = Vec::new();
    for field in head.headers.iter() {
        if !FRAMING.iter().any(|name| field.name.eq_ignore_ascii_case(name)) {
            fields.extend_from_slice(&[field.name.as_bytes(), b": ", field.value, b"\r\n"].concat());
        }
    }
    Ok((status, ErrorFile { reason: reason.to_owned(), fields, body: bytes[length..].to_vec() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "HTTP/1.0 503 Gone Fishing\nCache-Control: no-cache\nConnection: close\nContent-Type: text/html\n\
        Content-Length: 999\nTransfer-Encoding: chunked\n\n<h1>Back soon</h1>\n";

    #[test]
    fn a_page_keeps_its_words_and_loses_its_framing() {
        let mut files = ErrorFiles::default();
        files.add(503, PAGE.as_bytes()).unwrap();
        let page = files.get(503).unwrap();
        assert_eq!(page.reason, "Gone Fishing");
        assert_eq!(page.fields, b"Cache-Control: no-cache\r\nContent-Type: text/html\r\n");
        assert_eq!(page.body, b"<h1>Back soon</h1>\n");
        assert_eq!(files.statuses().collect::<Vec<_>>(), [503]);
    }

    #[test]
    fn what_is_no_response_or_too_long_or_another_status_is_none() {
        let mut files = ErrorFiles::default();
        let mut check = |bytes: &[u8], error: BadErrorFile| assert_eq!(files.add(503, bytes), Err(error));
        for malformed in ["", "<h1>Back soon</h1>", "HTTP/1.0 503 Gone\nContent-Type: text/html", "HTTP/1.1 x\n\n"] {
            check(malformed.as_bytes(), BadErrorFile::Malformed);
        }
        check(b"HTTP/1.1 200 OK\r\n\r\nfine", BadErrorFile::OtherStatus(200));
        let long = [PAGE.as_bytes(), &[b'x'; LONGEST_ERROR_FILE]].concat();
        check(&long, BadErrorFile::TooLong(long.len()));
        assert!(files.get(503).is_none());
    }
}
