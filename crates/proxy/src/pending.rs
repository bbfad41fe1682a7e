//! Bytes on their way to a socket that was full.
//!
//! Not here: deciding how much may wait. Whoever adds bytes stops reading until they are gone.

use crate::scratch;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncWrite;

/// Room that is kept for the next message.
const KEPT_ROOM: usize = 32 * 1024;

/// A queue of bytes, written from the front. Empty, it keeps its room for the next message.
#[derive(Default)]
pub(crate) struct Pending {
    bytes: Vec<u8>,
    written: usize,
}

impl Pending {
    pub(crate) fn new(bytes: Vec<u8>) -> Pending {
        Pending { bytes, written: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.written == self.bytes.len()
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Forgets all bytes, written or not. A crowd that once was slow does not keep its room.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_ROOM);
        self.written = 0;
    }

    /// Begins again with the first byte, for another server.
    pub(crate) fn rewind(&mut self) {
        self.written = 0;
    }

    /// Gives the room back.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Writes until nothing is left; notes in `progress` that something was written.
    pub(crate) fn poll_flush<W>(
        &mut self,
        cx: &mut Context<'_>,
        to: &mut W,
        progress: &mut bool,
    ) -> Poll<io::Result<()>>
    where
        W: AsyncWrite + Unpin,
    {
        while !self.is_empty() {
            let written = ready!(Pin::new(&mut *to).poll_write(cx, &self.bytes[self.written..]))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += written;
            *progress = true;
        }
        Poll::Ready(Ok(()))
    }

    /// Writes `parts` at once as far as the socket takes them, and keeps the rest. Nothing may be waiting already.
    pub(crate) fn send<W>(&mut self, cx: &mut Context<'_>, to: &mut W, parts: [&[u8]; 2]) -> io::Result<()>
    where
        W: AsyncWrite + Unpin,
    {
        let written = scratch::try_write(cx, to, parts)?;
        let [first, second] = parts;
        self.push(first.get(written..).unwrap_or_default());
        self.push(&second[written.saturating_sub(first.len())..]);
        Ok(())
    }
}
