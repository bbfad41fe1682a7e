//! Just enough of HTTP/1.1 to know whether an answer is whole and right, and all that can be wrong with one.
//!
//! Not an HTTP client: an answer without a `Content-Length` is a fault here, because every answer the benchmark asks for has one.

use thiserror::Error;

/// What can be wrong with an answer, so that it counts as a failure and never as speed.
#[derive(Debug, Error)]
pub(crate) enum Fault {
    #[error("the connection was closed before the answer was whole")]
    Closed,
    #[error("not an HTTP head: {0}")]
    Head(#[from] httparse::Error),
    #[error("status {0} instead of 200")]
    Status(u16),
    #[error("no usable content-length")]
    NoLength,
    #[error("content-length {got} instead of {want}")]
    Length { got: usize, want: usize },
    #[error("more bytes than the answer has")]
    Surplus,
    #[error("a header block that does not begin with the status, or a body without one")]
    Block,
    #[error("the server sent {}", match .0 { 7 => "GOAWAY", _ => "RST_STREAM" })]
    Refused(u8),
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
    #[error("the handshake came to {0}")]
    Handshake(String),
    #[error("socket: {0}")]
    Socket(#[from] std::io::Error),
}

/// The head of an answer.
pub(crate) struct Head {
    pub(crate) status: u16,
    /// Bytes up to and with the empty line.
    pub(crate) size: usize,
    pub(crate) length: usize,
    /// Whether the server said that this connection ends with the answer.
    pub(crate) close: bool,
}

/// One answer on its way in: what came of its head, then how much of its body is still to come.
#[derive(Default)]
pub(crate) struct Reply {
    head: Vec<u8>,
    left: Option<usize>,
}

/// Reads a head, or says `None` while its empty line has not come.
pub(crate) fn head(bytes: &[u8]) -> Result<Option<Head>, Fault> {
    let mut fields = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(size) = response.parse(bytes)? else { return Ok(None) };
    let field = |name: &str| response.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name));
    let length = field("content-length").and_then(|field| std::str::from_utf8(field.value).ok()?.parse().ok());
    Ok(Some(Head {
        status: response.code.ok_or(httparse::Error::Status)?,
        size,
        length: length.ok_or(Fault::NoLength)?,
        close: field("connection").is_some_and(|field| field.value.eq_ignore_ascii_case(b"close")),
    }))
}

impl Reply {
    /// Takes what a read brought; true when the answer, a 200 with a body of `want` bytes, is whole.
    pub(crate) fn feed(&mut self, bytes: &[u8], want: usize) -> Result<bool, Fault> {
        if self.in_body() {
            return self.skip(bytes.len());
        }
        let Some(body) = self.open(bytes, want)? else { return Ok(false) };
        self.left = Some(want);
        self.skip(body)
    }

    /// Whether the head is whole and the body is not: what comes now only counts.
    pub(crate) fn in_body(&self) -> bool {
        self.left.is_some()
    }

    /// Takes so many bytes of the body; true when the answer is whole.
    pub(crate) fn skip(&mut self, count: usize) -> Result<bool, Fault> {
        let left = self.left.unwrap_or(0).checked_sub(count).ok_or(Fault::Surplus)?;
        self.left = (left > 0).then_some(left);
        Ok(left == 0)
    }

    /// Judges the head once it is whole, and says how many bytes of the body came with it.
    fn open(&mut self, bytes: &[u8], want: usize) -> Result<Option<usize>, Fault> {
        if !self.head.is_empty() {
            self.head.extend_from_slice(bytes);
        }
        let seen = if self.head.is_empty() { bytes } else { &self.head };
        let Some(head) = head(seen)? else {
            if self.head.is_empty() {
                self.head.extend_from_slice(bytes);
            }
            return Ok(None);
        };
        let body = seen.len() - head.size;
        self.head.clear();
        match head {
            Head { status: 200, length, .. } if length == want => Ok(Some(body)),
            Head { status: 200, length: got, .. } => Err(Fault::Length { got, want }),
            Head { status, .. } => Err(Fault::Status(status)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, Reply};

    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    #[test]
    fn an_answer_is_whole_wherever_it_is_cut() {
        for cut in 1..ANSWER.len() {
            let mut reply = Reply::default();
            assert!(!reply.feed(&ANSWER[..cut], 5).unwrap(), "cut at {cut}");
            assert!(reply.feed(&ANSWER[cut..], 5).unwrap(), "cut at {cut}");
            assert!(reply.feed(ANSWER, 5).unwrap(), "the next answer after a cut at {cut}");
        }
    }

    #[test]
    fn a_wrong_answer_is_a_fault() {
        let fault = |bytes: &[u8]| Reply::default().feed(bytes, 5).unwrap_err();
        assert!(matches!(fault(b"HTTP/1.1 503 No\r\nContent-Length: 5\r\n\r\n"), Fault::Status(503)));
        assert!(matches!(fault(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"), Fault::Length { got: 4, want: 5 }));
        assert!(matches!(fault(b"HTTP/1.1 200 OK\r\n\r\n"), Fault::NoLength));
        assert!(matches!(fault(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello!"), Fault::Surplus));
        assert!(matches!(fault(b"SSH-2.0-x\r\n"), Fault::Head(_)));
    }
}
