//! One stream as a client's connection: reading gives the request's body and writing takes a response, both as HTTP/1.1 frames them.
//!
//! Not here: the request's head (`head`) and what is written (`response`).

use super::response::Response;
use crate::client::ClientStream;
use crate::http1::response::Head;
use bytes::{Buf, Bytes};
use h2::{Reason, RecvStream};
use http::HeaderMap;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What the framing of one chunk takes at most, beside its data: a size of eight digits and two line ends.
const CHUNK_FRAMING: usize = 12;
/// The least that a response is read ahead for a client whose window is full.
const LEAST_ROOM: usize = 16 * 1024;

/// A stream.
pub(crate) struct Stream {
    body: RecvStream,
    reading: Reading,
    /// What was read and not handed on: data, or framing as it is.
    held: Bytes,
    response: Response,
}

/// Where in the request's body we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Data that has a length, and passes as it is.
    Plain,
    /// Data that gets HTTP/1.1's chunk framing.
    Chunked,
    /// The end of a chunked body, on its way.
    LastChunk,
    /// Nothing comes any more.
    Ended,
}

impl Stream {
    pub(super) fn new(body: RecvStream, reading: Reading, response: Response) -> Stream {
        Stream { body, reading, held: Bytes::new(), response }
    }

    /// Fills `held` with what comes next.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match ready!(self.body.poll_data(cx)) {
            Some(Ok(data)) => {
                // It is read only when what came before has gone on its way: so the server's pace becomes the client's.
                let released = self.body.flow_control().release_capacity(data.len());
                self.held = data;
                Poll::Ready(released.map_err(broken))
            }
            Some(Err(error)) => Poll::Ready(Err(broken(error))),
            None if self.reading == Reading::Plain => {
                self.reading = Reading::Ended;
                Poll::Ready(Ok(()))
            }
            None => {
                let trailers = ready!(self.body.poll_trailers(cx)).map_err(broken)?;
                self.held = last_chunk(trailers.as_ref());
                self.reading = Reading::LastChunk;
                Poll::Ready(Ok(()))
            }
        }
    }

    fn hand_on(&mut self, into: &mut ReadBuf<'_>) {
        debug_assert!(into.remaining() > CHUNK_FRAMING, "a chunk without data would be the last one");
        if self.reading == Reading::Chunked {
            let count = self.held.len().min(into.remaining().saturating_sub(CHUNK_FRAMING));
            into.put_slice(format!("{count:x}\r\n").as_bytes());
            into.put_slice(&self.held[..count]);
            into.put_slice(b"\r\n");
            self.held.advance(count);
            return;
        }
        let count = self.held.len().min(into.remaining());
        into.put_slice(&self.held[..count]);
        self.held.advance(count);
        if self.reading == Reading::LastChunk && self.held.is_empty() {
            self.reading = Reading::Ended;
        }
    }
}

/// The last chunk with the trailers. Which of them may pass is for whoever reads them to say, as with any other chunked body.
fn last_chunk(trailers: Option<&HeaderMap>) -> Bytes {
    let mut bytes = b"0\r\n".to_vec();
    for (name, value) in trailers.into_iter().flatten() {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            bytes.extend_from_slice(part);
        }
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.into()
}

/// Any error of a stream ends it; what it was is h2's to tell the client.
pub(super) fn broken(error: h2::Error) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, error)
}

impl AsyncRead for Stream {
    /// Never the end of the stream: a client that has sent its request still waits. Only a reset ends it.
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        while self.held.is_empty() && self.reading != Reading::Ended {
            ready!(self.poll_more(cx))?;
        }
        if self.held.is_empty() {
            return self.response.poll_reset(cx).map(Err);
        }
        self.hand_on(into);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.response.poll_write(cx, bytes)
    }

    /// A head and the start of its body are taken in one go.
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut taken = 0;
        for part in parts {
            match self.response.poll_write(cx, part) {
                Poll::Ready(Ok(count)) => {
                    taken += count;
                    if count < part.len() {
                        break;
                    }
                }
                Poll::Pending if taken > 0 => break,
                other => return other,
            }
        }
        Poll::Ready(Ok(taken))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// The end of a response that has no end of its own.
    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.response.end())
    }
}

impl ClientStream for Stream {
    fn break_off(&mut self) {
        self.response.reset(Reason::INTERNAL_ERROR);
    }

    fn is_refused(&self) -> bool {
        false
    }

    fn give_head(&mut self, head: &Head<'_, '_>, _: &mut Vec<u8>) -> io::Result<u64> {
        self.response.give_head(head)
    }

    fn says_more(&self) -> bool {
        self.reading != Reading::Ended && !self.body.is_end_stream()
    }

    fn room(&mut self) -> usize {
        self.response.capacity().max(LEAST_ROOM)
    }
}
