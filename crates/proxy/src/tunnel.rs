//! Two connections joined byte for byte, until both sides are done or neither has said anything for too long.
//!
//! Not here: how two connections came to be joined (an upgrade in `connection`, or `tcp`).

use crate::deadline::Deadline;
use crate::pending::Pending;
use crate::scratch;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

/// One direction.
#[derive(Default)]
struct Flow {
    pending: Pending,
    /// The source has said everything.
    ended: bool,
    /// The other side was told so.
    closed: bool,
    /// Bytes that were read and not told of yet.
    moved: u64,
}

/// Joins `a`, of which `from_a` was read already, with `b`. `limit` is the silence allowed to both together. `moved` is told
/// how many bytes came from each since it was last told.
pub(crate) async fn join<A, B>(a: &mut A, from_a: Vec<u8>, b: &mut B, limit: Duration, mut moved: impl FnMut(u64, u64))
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    let mut to_b = Flow { moved: from_a.len() as u64, pending: Pending::new(from_a), ..Flow::default() };
    let mut to_a = Flow::default();
    let mut deadline = Deadline::after(limit);
    poll_fn(|cx| {
        let mut progress = false;
        let there = to_b.poll(cx, a, b, &mut progress);
        let back = to_a.poll(cx, b, a, &mut progress);
        moved(std::mem::take(&mut to_b.moved), std::mem::take(&mut to_a.moved));
        if there.is_err() || back.is_err() || (to_b.closed && to_a.closed) {
            return Poll::Ready(());
        }
        if progress {
            deadline.set(limit);
        }
        deadline.poll_passed(cx)
    })
    .await;
}

impl Flow {
    /// Moves what can be moved; an error ends the tunnel.
    fn poll<R, W>(&mut self, cx: &mut Context<'_>, from: &mut R, to: &mut W, progress: &mut bool) -> io::Result<()>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        match self.poll_all(cx, from, to, progress) {
            Poll::Ready(Err(error)) => Err(error),
            Poll::Ready(Ok(())) | Poll::Pending => Ok(()),
        }
    }

    fn poll_all<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut R,
        to: &mut W,
        progress: &mut bool,
    ) -> Poll<io::Result<()>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        while !self.closed {
            ready!(self.pending.poll_flush(cx, to, progress))?;
            self.pending.clear();
            if self.ended {
                ready!(Pin::new(&mut *to).poll_shutdown(cx))?;
                self.closed = true;
                break;
            }
            let pending = &mut self.pending;
            let read =
                scratch::poll_read(cx, from, |cx, bytes| pending.send(cx, to, [bytes, &[]]).map(|()| bytes.len()));
            let Poll::Ready(read) = read else {
                // A TLS layer may hold back what was written until it is told.
                return Pin::new(to).poll_flush(cx);
            };
            let count = read??;
            self.moved += count as u64;
            self.ended = count == 0;
            *progress = true;
        }
        Poll::Ready(Ok(()))
    }
}
