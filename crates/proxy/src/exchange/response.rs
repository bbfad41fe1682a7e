//! From server to client: heads, then the body as it comes.
//!
//! Not here: the other direction (`exchange::request`).

use super::forward::Fault;
use super::treatment::Treatment;
use crate::client::ClientStream;
use crate::http1::body::Body;
use crate::http1::request::Shape;
use crate::http1::response::{self, Kind, Response};
use crate::http1::{FieldSpace, Malformed, Parsed, field_space};
use crate::pending::Pending;
use crate::scratch;
use crate::server_stream::ServerStream;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite};

/// A body up to this long leaves in one piece with its head; a longer one is not copied.
const SMALL_BODY: usize = 4 * 1024;
/// What is read at once for a client that has not taken all of what was read before: it waits in memory.
const SLOW_PIECE: usize = 128 * 1024;
/// The most interim responses to one request: each keeps the exchange alive, and nobody needs so many.
const MOST_INTERIM: usize = 256;

/// What is read at once for a body that is compressed, and how often before others get their turn: about two milliseconds of work.
const CODED_PIECE: usize = 32 * 1024;
const CODED_PIECES: usize = 8;

/// How far a response has come.
pub(super) struct ResponseSide {
    /// What it answers.
    request: Shape,
    /// A head that is not whole yet.
    partial: Vec<u8>,
    /// Interim heads so far.
    interim: usize,
    /// Bytes the client has not taken yet.
    pending: Pending,
    /// The final head, once it was read.
    head: Option<Response>,
    /// A body without an end of its own has ended with the connection.
    ended: bool,
    client_keeps: bool,
    /// The server sent something.
    received: bool,
    /// The client's connection may still go on.
    goes_on: bool,
    /// Bytes that were given to the client and not told of yet.
    given: u64,
    /// What is done to it beside passing it on.
    treatment: Option<Box<Treatment>>,
}

impl ResponseSide {
    pub(super) fn new(request: Shape, client_keeps: bool, treatment: Option<Box<Treatment>>) -> ResponseSide {
        let (partial, pending) = (Vec::new(), Pending::default());
        ResponseSide {
            request,
            partial,
            interim: 0,
            pending,
            head: None,
            ended: false,
            client_keeps,
            received: false,
            goes_on: false,
            given: 0,
            treatment,
        }
    }

    /// Gives back the treatment of a response that never came.
    pub(super) fn into_treatment(self) -> Option<Box<Treatment>> {
        self.treatment
    }

    /// Nothing came from the server yet.
    pub(super) fn is_untouched(&self) -> bool {
        !self.received
    }

    /// The client has a part of a response and can get no other one. Interim responses that it has whole do not count.
    pub(super) fn has_begun(&self) -> bool {
        self.head.is_some() || !self.pending.is_empty()
    }

    /// Told before each poll: a response that comes before its request was read, or while the proxy is about to stop, is the last
    /// one of the client's connection.
    pub(super) fn set_goes_on(&mut self, goes_on: bool) {
        self.goes_on = goes_on;
    }

    pub(super) fn is_switched(&self) -> bool {
        self.head.is_some_and(|head| head.kind == Kind::Switching)
    }

    /// The status of the final head, once it was read.
    pub(super) fn status(&self) -> Option<u16> {
        self.head.map(|head| head.status)
    }

    /// Bytes that were given to the client since this was last asked.
    pub(super) fn take_given(&mut self) -> u64 {
        std::mem::take(&mut self.given)
    }

    pub(super) fn server_keeps(&self) -> bool {
        self.head.is_some_and(|head| head.server_keeps)
    }

    pub(super) fn client_keeps(&self) -> bool {
        self.head.is_some_and(|head| head.client_keeps)
    }

    pub(super) fn waits_for_client(&self) -> bool {
        !self.pending.is_empty()
    }

    fn is_finished(&self) -> bool {
        self.ended || self.head.is_some_and(|head| head.kind == Kind::Switching || head.body.is_finished())
    }

    /// Moves what can be moved; ready once the client has everything.
    pub(super) fn poll<S>(
        &mut self,
        cx: &mut Context<'_>,
        client: &mut S,
        server: &mut ServerStream,
        progress: &mut bool,
    ) -> Poll<Result<(), Fault>>
    where
        S: AsyncRead + AsyncWrite + ClientStream + Unpin,
    {
        let mut pieces = 0;
        loop {
            let most = client.room().min(if self.pending.is_empty() { usize::MAX } else { SLOW_PIECE });
            ready!(self.pending.poll_flush(cx, client, progress)).map_err(|_| Fault::ClientGone)?;
            self.pending.clear();
            if self.is_finished() {
                return Pin::new(client).poll_flush(cx).map_err(|_| Fault::ClientGone);
            }
            let most = if self.is_coding() {
                pieces += 1;
                if pieces > CODED_PIECES {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                most.min(CODED_PIECE)
            } else {
                most
            };
            let Poll::Ready(read) = scratch::poll_read_most(cx, server, most, |cx, bytes| self.take(cx, client, bytes))
            else {
                // A TLS layer may hold back what was written until it is told.
                ready!(Pin::new(client).poll_flush(cx)).map_err(|_| Fault::ClientGone)?;
                return Poll::Pending;
            };
            match read {
                Ok(taken) => taken?,
                Err(error) => return Poll::Ready(Err(Fault::of_server(&error))),
            }
            *progress = true;
        }
    }

    /// Sends an interim response to a client that may be gone: whoever is gone refuses it, and whoever listens ignores what it
    /// did not ask for (RFC 9110 §15.2.1). A client of HTTP/1.0 knows no interim responses, and is left alone.
    pub(super) fn ask_for_life<S>(&mut self, cx: &mut Context<'_>, client: &mut S) -> Result<(), Fault>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if self.request.http10 {
            return Ok(());
        }
        self.send(cx, client, [b"HTTP/1.1 100 Continue\r\n\r\n", &[]])
    }

    fn take<S>(&mut self, cx: &mut Context<'_>, client: &mut S, bytes: &[u8]) -> Result<(), Fault>
    where
        S: AsyncRead + AsyncWrite + ClientStream + Unpin,
    {
        if bytes.is_empty() {
            return self.take_end();
        }
        self.received = true;
        scratch::with_outgoing(|outgoing| match &mut self.head {
            None => self.take_heads(cx, client, bytes, outgoing),
            Some(head) => {
                let treatment = self.treatment.as_deref_mut();
                let body = pass(head, treatment, bytes, outgoing).map_err(|_| Fault::BadResponse)?;
                self.send(cx, client, [outgoing, body])
            }
        })
    }

    /// The server closed. That ends only a body that has no other end; any other response is cut off.
    fn take_end(&mut self) -> Result<(), Fault> {
        self.ended = self.head.is_some_and(|head| head.body == Body::UntilClose);
        if self.ended { Ok(()) } else { Err(Fault::ServerGone) }
    }

    /// Reads as many heads as there are: interim ones pass on, the final one is kept.
    fn take_heads<S>(
        &mut self,
        cx: &mut Context<'_>,
        client: &mut S,
        bytes: &[u8],
        outgoing: &mut Vec<u8>,
    ) -> Result<(), Fault>
    where
        S: AsyncRead + AsyncWrite + ClientStream + Unpin,
    {
        let mut joined = std::mem::take(&mut self.partial);
        let mut rest = bytes;
        if !joined.is_empty() {
            joined.extend_from_slice(bytes);
            rest = &joined;
        }
        while !rest.is_empty() {
            let keeps = self.client_keeps && self.goes_on;
            let mut space = field_space();
            let parsed = response::read(rest, &self.request, keeps, &mut space).map_err(|_| Fault::BadResponse)?;
            let Parsed::Complete(head) = parsed else {
                self.partial = rest.to_vec();
                break;
            };
            let mut response = head.response;
            rest = &rest[response.head_length..];
            if response.kind == Kind::Interim {
                self.interim += 1;
                if self.interim > MOST_INTERIM {
                    return Err(Fault::BadResponse);
                }
                self.given += client.give_head(&head, outgoing).map_err(|_| Fault::ClientGone)?;
                continue;
            }
            let rewritten = match &mut self.treatment {
                None => None,
                Some(treatment) => Some(treatment.rewrite(&head).ok_or(Fault::BadRewrite)?),
            };
            let mut space = field_space();
            let head = match &rewritten {
                None => head,
                Some(rewritten) => self.read_again(rewritten, keeps, &mut space)?,
            };
            // The body's start is judged before anything of the response is sent.
            let mut unframed = Vec::new();
            let body = pass(&mut response, self.treatment.as_deref_mut(), rest, &mut unframed)
                .map_err(|_| Fault::BadResponse)?;
            self.head = Some(response);
            self.given += client.give_head(&head, outgoing).map_err(|_| Fault::ClientGone)?;
            outgoing.append(&mut unframed);
            return self.send_first(cx, client, outgoing, body);
        }
        self.send(cx, client, [outgoing, &[]])
    }

    /// A head of our own making, judged like a server's.
    #[cold]
    fn read_again<'h, 'b>(
        &self,
        bytes: &'b [u8],
        keeps: bool,
        space: &'h mut FieldSpace<'b>,
    ) -> Result<response::Head<'h, 'b>, Fault> {
        match response::read(bytes, &self.request, keeps, space) {
            Ok(Parsed::Complete(head)) => Ok(head),
            Ok(Parsed::Partial) | Err(_) => Err(Fault::BadRewrite),
        }
    }

    fn is_coding(&self) -> bool {
        self.treatment.as_ref().is_some_and(|treatment| treatment.is_coding())
    }

    /// Head and small body leave in one piece.
    fn send_first<S>(
        &mut self,
        cx: &mut Context<'_>,
        client: &mut S,
        head: &mut Vec<u8>,
        body: &[u8],
    ) -> Result<(), Fault>
    where
        S: AsyncWrite + Unpin,
    {
        if body.len() > SMALL_BODY {
            return self.send(cx, client, [head, body]);
        }
        head.extend_from_slice(body);
        self.send(cx, client, [head, &[]])
    }

    fn send<S>(&mut self, cx: &mut Context<'_>, client: &mut S, parts: [&[u8]; 2]) -> Result<(), Fault>
    where
        S: AsyncWrite + Unpin,
    {
        self.pending.send(cx, client, parts).map_err(|_| Fault::ClientGone)?;
        self.given += parts.iter().map(|part| part.len() as u64).sum::<u64>();
        Ok(())
    }
}

/// Takes the body's bytes from the front of `bytes`. Returns those that pass as they are; the rest went into `outgoing`, unframed.
/// Bytes behind the body mean that the server says more than it was asked for: its connection is not used again.
fn pass<'b>(
    head: &mut Response,
    treatment: Option<&mut Treatment>,
    bytes: &'b [u8],
    outgoing: &mut Vec<u8>,
) -> Result<&'b [u8], Malformed> {
    if let Some(coded) = treatment.and_then(|treatment| treatment.pass(head, bytes, outgoing)) {
        head.server_keeps &= coded? == bytes.len();
        return Ok(&[]);
    }
    let taken = match head.unframe {
        false => head.body.advance(bytes)?,
        true => head.body.advance_unframed(bytes, |data| outgoing.extend_from_slice(data))?,
    };
    head.server_keeps &= taken == bytes.len();
    Ok(if head.unframe { &[] } else { &bytes[..taken] })
}

#[cfg(test)]
mod tests;
