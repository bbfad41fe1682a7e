//! How a connection says that it speaks HTTP/2 without having agreed on it: by its first bytes (RFC 9113 §3.3, §3.4).
//!
//! Not here: what follows them (`http2`).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The first bytes of every HTTP/2 connection: no request of HTTP/1.1.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What the first bytes of a connection begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begins {
    /// HTTP/2.
    Http2,
    /// HTTP/2, unless what follows is something else.
    Perhaps,
    /// Something else.
    Other,
}

/// What `bytes` begin. Nothing at all begins nothing yet.
pub(crate) fn begins(bytes: &[u8]) -> Begins {
    match bytes {
        [] => Begins::Other,
        whole if whole.starts_with(PREFACE) => Begins::Http2,
        part if PREFACE.starts_with(part) => Begins::Perhaps,
        _ => Begins::Other,
    }
}

/// A stream of which some bytes were read already: they are read once more, first.
pub(crate) struct Rewound<S> {
    read: Vec<u8>,
    stream: S,
}

impl<S> Rewound<S> {
    pub(crate) fn new(read: Vec<u8>, stream: S) -> Rewound<S> {
        Rewound { read, stream }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Rewound<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.read.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, into);
        }
        let count = self.read.len().min(into.remaining());
        into.put_slice(&self.read[..count]);
        self.read.drain(..count);
        if self.read.is_empty() {
            self.read = Vec::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Rewound<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preface_is_known_by_its_first_bytes_and_certain_with_its_last() {
        for (bytes, expected) in [
            (&b""[..], Begins::Other),
            (b"P", Begins::Perhaps),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r", Begins::Perhaps),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Begins::Http2),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0", Begins::Http2),
            (b"PRI * HTTP/1.1\r\n", Begins::Other),
            (b"PRINT / HTTP/1.1\r\n", Begins::Other),
            (b"PUT / HTTP/1.1\r\n", Begins::Other),
        ] {
            assert_eq!(begins(bytes), expected, "{bytes:?}");
        }
    }
}
