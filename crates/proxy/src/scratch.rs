//! One buffer a thread that every read goes through: an idle connection holds no buffer of its own.
//!
//! Not here: what is done with the bytes. They must be used or copied before the task gives way.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Room for a good part of what a socket holds: a large response passes in few system calls. Of 1 MiB responses, a quarter of it cost 4 %
/// more, and an eighth 25 %.
const SIZE: usize = 512 * 1024;

thread_local! {
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; SIZE].into_boxed_slice());
    static OUTGOING: RefCell<Vec<u8>> = RefCell::new(Vec::with_capacity(16 * 1024));
}

/// Reads once and hands what came to `take`; an empty slice is the end of the stream.
pub(crate) fn poll_read<R, T>(
    cx: &mut Context<'_>,
    from: &mut R,
    take: impl FnOnce(&mut Context<'_>, &[u8]) -> T,
) -> Poll<io::Result<T>>
where
    R: AsyncRead + Unpin,
{
    poll_read_most(cx, from, SIZE, take)
}

/// The same with at most `most` bytes.
pub(crate) fn poll_read_most<R, T>(
    cx: &mut Context<'_>,
    from: &mut R,
    most: usize,
    take: impl FnOnce(&mut Context<'_>, &[u8]) -> T,
) -> Poll<io::Result<T>>
where
    R: AsyncRead + Unpin,
{
    SCRATCH.with_borrow_mut(|scratch| {
        let mut buffer = ReadBuf::new(&mut scratch[..most.min(SIZE)]);
        ready!(Pin::new(from).poll_read(cx, &mut buffer))?;
        Poll::Ready(Ok(take(cx, buffer.filled())))
    })
}

/// Lends this thread's buffer for a head in the making, empty.
pub(crate) fn with_outgoing<T>(write: impl FnOnce(&mut Vec<u8>) -> T) -> T {
    OUTGOING.with_borrow_mut(|outgoing| {
        outgoing.clear();
        write(outgoing)
    })
}

/// Writes what the socket takes now; returns how many bytes of `parts`, one after the other, that were. A full socket takes none.
pub(crate) fn try_write<W>(cx: &mut Context<'_>, to: &mut W, parts: [&[u8]; 2]) -> io::Result<usize>
where
    W: AsyncWrite + Unpin,
{
    let [first, second] = parts;
    let written = match (first.is_empty(), second.is_empty()) {
        (true, true) => return Ok(0),
        (_, true) => Pin::new(to).poll_write(cx, first),
        (true, _) => Pin::new(to).poll_write(cx, second),
        (false, false) => Pin::new(to).poll_write_vectored(cx, &[io::IoSlice::new(first), io::IoSlice::new(second)]),
    };
    match written {
        Poll::Pending => Ok(0),
        Poll::Ready(Ok(0)) => Err(io::ErrorKind::WriteZero.into()),
        Poll::Ready(result) => result,
    }
}
