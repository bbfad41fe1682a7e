//! From client to server: the head, then the body as it comes.
//!
//! Not here: the other direction (`exchange::response`).

use super::forward::Fault;
use crate::client::Client;
use crate::http1::Malformed;
use crate::http1::body::Body;
use crate::http1::request::Shape;
use crate::pending::Pending;
use crate::scratch;
use crate::server_stream::ServerStream;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite};

/// What is still to be sent of a request.
pub(super) struct RequestSide {
    /// What is left to read of the body.
    body: Body,
    /// Head and body bytes for the server. The first ones stay here until more of the body is read, for another try.
    pending: Pending,
    /// More of the body was read than `pending` holds: the request cannot be sent again.
    read_on: bool,
    /// Bytes that were read of the body since the head.
    bytes_read: u64,
    /// Bytes of head and body that were taken from the client and not told of yet.
    taken: u64,
    /// Nothing that was written is held back by a TLS layer.
    flushed: bool,
    /// The server takes no more.
    stopped: bool,
}

impl RequestSide {
    /// Takes the head off `client.buffered`, with what is there of the body.
    pub(super) fn begin<S>(client: &mut Client<S>, shape: &Shape, mut head: Vec<u8>) -> Result<RequestSide, Malformed>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut body = shape.body;
        let rest = &client.buffered[shape.head_length..];
        let taken = body.advance(rest)?;
        head.extend_from_slice(&rest[..taken]);
        let length = shape.head_length + taken;
        client.consume(length);
        let (pending, taken) = (Pending::new(head), length as u64);
        Ok(RequestSide { body, pending, read_on: false, bytes_read: 0, taken, flushed: false, stopped: false })
    }

    /// Everything was sent, or the server takes no more.
    pub(super) fn is_done(&self) -> bool {
        self.stopped || (self.flushed && self.pending.is_empty() && self.body.is_finished())
    }

    /// All of it was taken from the client: what comes next is the next request.
    pub(super) fn is_read(&self) -> bool {
        self.body.is_finished()
    }

    /// The server has all of it.
    pub(super) fn is_sent(&self) -> bool {
        self.is_done() && !self.stopped
    }

    /// The server takes no more; only its response counts now.
    pub(super) fn stop(&mut self) {
        self.stopped = true;
    }

    pub(super) fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// Bytes that were taken from the client since this was last asked.
    pub(super) fn take_taken(&mut self) -> u64 {
        std::mem::take(&mut self.taken)
    }

    pub(super) fn can_repeat(&self) -> bool {
        !self.read_on
    }

    /// Begins again, for another connection.
    pub(super) fn rewind(&mut self) {
        self.pending.rewind();
        self.flushed = false;
        self.stopped = false;
    }

    /// Gives back the head's room.
    pub(super) fn into_room(self) -> Vec<u8> {
        self.pending.into_bytes()
    }

    pub(super) fn waits_for_client(&self) -> bool {
        !self.stopped && self.flushed && self.pending.is_empty() && !self.body.is_finished()
    }

    /// Moves what can be moved. Bytes behind the body are the next request's: they go to `client.buffered`.
    pub(super) fn poll<S>(
        &mut self,
        cx: &mut Context<'_>,
        client: &mut Client<S>,
        server: &mut ServerStream,
        progress: &mut bool,
    ) -> Poll<Result<(), Fault>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        loop {
            ready!(self.pending.poll_flush(cx, server, progress)).map_err(|error| Fault::of_server(&error))?;
            if self.body.is_finished() {
                return self.poll_flush(cx, server);
            }
            let Client { stream, buffered, .. } = &mut *client;
            let RequestSide { body, pending, read_on, bytes_read, taken: told, .. } = self;
            let read = scratch::poll_read(cx, stream, |cx, bytes| {
                let taken = body.advance(bytes).map_err(|_| Fault::BadRequest)?;
                pending.clear();
                *read_on = true;
                *bytes_read += taken as u64;
                *told += taken as u64;
                buffered.extend_from_slice(&bytes[taken..]);
                pending.send(cx, server, [&bytes[..taken], &[]]).map_err(|error| Fault::of_server(&error))?;
                if bytes.is_empty() { Err(Fault::ClientGone) } else { Ok(()) }
            });
            let Poll::Ready(sent) = read else {
                ready!(self.poll_flush(cx, server))?;
                return Poll::Pending;
            };
            sent.unwrap_or(Err(Fault::ClientGone))?;
            *progress = true;
        }
    }
    /// A TLS layer may hold back what was written until it is told.
    fn poll_flush(&mut self, cx: &mut Context<'_>, server: &mut ServerStream) -> Poll<Result<(), Fault>> {
        let flushed = Pin::new(server).poll_flush(cx).map_err(|error| Fault::of_server(&error));
        self.flushed = flushed.is_ready();
        flushed
    }
}

#[cfg(test)]
mod tests;
