//! One client's connection: reading heads from it, answering it, and leaving it in peace.
//!
//! Not here: what a request is for (`connection`) and forwarding it (`exchange`).

use crate::deadline::Deadline;
use crate::http1::{MAX_EMPTY_LINES, response};
use crate::origin::Origin;
use crate::scratch;
use socket2::SockRef;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// How long the last word of TLS may take.
const GOODBYE: Duration = Duration::from_secs(1);
/// How long what a client still sends after its last answer is read before it is looked whether that is an upload.
const LINGER: Duration = Duration::from_secs(1);
/// The bytes in that time which make it one: its sender may look for an answer only at its end.
const UPLOAD: usize = 16 * 1024;
/// How long, and for how many bytes, an upload may go on that nobody wants any more.
const LONGEST_LINGER: Duration = Duration::from_secs(30);
const LINGER_BYTES: usize = 16 * 1024 * 1024;
/// Room that an idle connection keeps for its next request.
const KEPT_ROOM: usize = 4 * 1024;

/// A client's connection.
pub(crate) struct Client<S> {
    pub(crate) stream: S,
    /// Who it is and how it came. The streams of an HTTP/2 connection share it.
    pub(crate) origin: Arc<Origin>,
    /// What was read and not used yet: a partial head, or pipelined requests.
    pub(crate) buffered: Vec<u8>,
    /// The client has said that it will say no more; it may still listen.
    pub(crate) has_ended: bool,
    pub(crate) deadline: Deadline,
    pub(crate) protocol: Protocol,
}

/// What a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

/// What a client's connection can do beside reading and writing, whatever lies between it and its socket.
pub(crate) trait ClientStream {
    /// Closing will reset the connection instead of ending it in good order, so that the client sees that something is missing.
    fn break_off(&mut self);

    /// Takes the head of a response. What is to be written of it goes into `into`; returns the bytes that went elsewhere.
    fn give_head(&mut self, head: &response::Head<'_, '_>, into: &mut Vec<u8>) -> io::Result<u64> {
        head.write(into);
        Ok(0)
    }

    /// How many bytes of a response are worth reading for it now.
    fn room(&mut self) -> usize {
        usize::MAX
    }

    /// Whether the client may still say something. Only HTTP/2 has a last word.
    fn says_more(&self) -> bool {
        true
    }

    /// Whether the client has refused what was sent to it: nobody listens any more.
    fn is_refused(&self) -> bool;
}

impl ClientStream for TcpStream {
    fn break_off(&mut self) {
        // Should the kernel refuse, the client sees an ordinary end.
        let _ = SockRef::from(&*self).set_linger(Some(Duration::ZERO));
    }

    fn is_refused(&self) -> bool {
        !matches!(self.take_error(), Ok(None))
    }
}

/// Why no more bytes come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The client closed, or the connection broke.
    Closed,
    /// The deadline passed.
    TimedOut,
    /// Nothing was going on and the proxy is about to stop.
    Draining,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// Reads once into `buffered`. `is_leaving` is asked while nothing comes.
    pub(crate) async fn read(&mut self, is_leaving: impl Fn() -> bool) -> Result<(), Ended> {
        let Client { stream, buffered, deadline, has_ended, .. } = self;
        if *has_ended {
            return Err(Ended::Closed);
        }
        poll_fn(|cx| match scratch::poll_read(cx, stream, |_, bytes| take(buffered, bytes)) {
            Poll::Ready(Ok(true)) => Poll::Ready(Ok(())),
            Poll::Ready(Ok(false) | Err(_)) => Poll::Ready(Err(Ended::Closed)),
            Poll::Pending if is_leaving() => Poll::Ready(Err(Ended::Draining)),
            Poll::Pending => deadline.poll_passed(cx).map(|()| Err(Ended::TimedOut)),
        })
        .await
    }

    /// Notices what a client does while it waits for its response: sends the next request, which waits in `buffered` and is read no
    /// further than `most` bytes, or ends.
    pub(crate) fn poll_listen(&mut self, cx: &mut Context<'_>, most: usize) -> io::Result<()> {
        let Client { stream, buffered, has_ended, .. } = self;
        while !*has_ended && buffered.len() < most {
            match scratch::poll_read(cx, stream, |_, bytes| take(buffered, bytes)) {
                Poll::Ready(more) => *has_ended = !more?,
                Poll::Pending => break,
            }
        }
        Ok(())
    }

    /// Nothing of a request is there: empty lines alone are not the start of one (RFC 9112 §2.2).
    pub(crate) fn is_blank(&self) -> bool {
        self.buffered.len() <= MAX_EMPTY_LINES && self.buffered.iter().all(|byte| b"\r\n".contains(byte))
    }

    /// Takes `count` bytes off the front of `buffered`.
    pub(crate) fn consume(&mut self, count: usize) {
        if count == self.buffered.len() {
            self.buffered.clear();
            self.buffered.shrink_to(KEPT_ROOM);
        } else {
            self.buffered.drain(..count);
        }
    }

    /// Sends all of `bytes`, for at most `limit`.
    pub(crate) async fn send(&mut self, bytes: &[u8], limit: Duration) -> io::Result<()> {
        tokio::time::timeout(limit, async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        })
        .await?
    }

    /// Whether something came that nobody has read: a close would now reset the connection. Old clients send a line end behind a body.
    pub(crate) fn says_more(&mut self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        let read = scratch::poll_read(&mut cx, &mut self.stream, |_, bytes| !bytes.is_empty());
        matches!(read, Poll::Ready(Ok(true)))
    }
}

/// The end of a connection, or of a stream.
impl<S: AsyncRead + AsyncWrite + ClientStream + Unpin> Client<S> {
    /// Ends a connection on which nothing is under way. Over TLS the client is told so, or it could take the end for an attack
    /// (RFC 8446 §6.1); elsewhere the close says it, without a system call more.
    pub(crate) async fn end(mut self) {
        if self.origin.is_encrypted() {
            // Whoever does not take it has gone.
            let _ = tokio::time::timeout(GOODBYE, self.stream.shutdown()).await;
        }
    }

    /// Closes the connection so that the answer arrives: a close with unread bytes would reset it (RFC 9112 §9.6).
    pub(crate) async fn linger(mut self) {
        // A socket takes its end at once; over TLS it takes a last word, for which there may be no room.
        if !matches!(tokio::time::timeout(GOODBYE, self.stream.shutdown()).await, Ok(Ok(()))) {
            return;
        }
        self.forget_upload().await;
    }

    /// Reads what is left of a request that nobody wants any more, as long as it goes on and within limits.
    pub(crate) async fn forget_upload(&mut self) {
        let end = Instant::now() + LONGEST_LINGER;
        let mut left = LINGER_BYTES;
        while self.stream.says_more() {
            let Some(came) = self.forget(left).await else { return };
            left -= came.min(left);
            if came < UPLOAD || left == 0 || Instant::now() >= end {
                return;
            }
        }
    }

    /// Reads for a while, or `most` bytes, without looking at them; returns how many came. `None`: nothing more will.
    async fn forget(&mut self, most: usize) -> Option<usize> {
        self.deadline.set(LINGER);
        let mut came = 0;
        while came < most && self.stream.says_more() {
            match self.read(|| false).await {
                Ok(()) => came += self.buffered.len(),
                Err(Ended::TimedOut) => break,
                Err(_) => return None,
            }
            self.buffered.clear();
        }
        Some(came)
    }

    /// Sends an answer after which the connection ends.
    pub(crate) async fn send_last(mut self, bytes: &[u8], limit: Duration) {
        if self.send(bytes, limit).await.is_ok() {
            self.linger().await;
        }
    }
}

fn take(buffered: &mut Vec<u8>, bytes: &[u8]) -> bool {
    buffered.extend_from_slice(bytes);
    !bytes.is_empty()
}
