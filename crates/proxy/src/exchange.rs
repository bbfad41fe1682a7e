//! One request and its response: pick a server, forward, and try another one where nothing was lost.
//!
//! Both sockets are driven by one task, in one place: whichever is ready moves.
//! Not here: reading the request's head (`connection`), and tunnels (`tunnel`).

mod connect;
mod request;
mod response;

use crate::client::Client;
use crate::http1::request::Shape;
use crate::pool;
use crate::worker::Shared;
use crate::world::Upstream;
use connect::{Attempt, Server};
use request::RequestSide;
use response::ResponseSide;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// How often a request is sent again because a kept connection turned out to be dead: once, on a fresh one.
const MOST_REPETITIONS: usize = 1;

/// A request ready to be forwarded.
pub(crate) struct Forward {
    /// What the exchange must know of the request.
    pub(crate) shape: Shape,
    /// The pool of servers.
    pub(crate) upstream: Arc<Upstream>,
    /// The head for the server.
    pub(crate) head: Vec<u8>,
    /// The client's connection goes on unless the server's response says otherwise.
    pub(crate) client_keeps: bool,
}

/// How an exchange ended.
pub(crate) enum Outcome {
    /// Well. The connection goes on; the head's room can be used again.
    Next(Vec<u8>),
    /// Well, and it was the last one.
    Last {
        /// All of the request was read.
        request_read: bool,
    },
    /// Both sides speak another protocol from here on.
    Switched(TcpStream),
    /// Nothing was sent to the client: it gets this status.
    Answer(u16),
    /// The response broke off, or the client is gone: only closing says so.
    Broken,
}

/// What ends an exchange early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// The server closed or reset before the response was whole.
    ServerGone,
    /// The response is not one.
    BadResponse,
    /// The request's body is not one.
    BadRequest,
    /// The client closed or reset before its request was whole, or while the response was sent.
    ClientGone,
    /// The request did not come on in time.
    ClientTooSlow,
    /// The response did not come in time.
    ServerTooSlow,
}

/// Both directions of one request on one server.
struct Exchange<'e, S> {
    client: &'e mut Client<S>,
    shared: &'e Shared,
    server_limit: Duration,
    request: &'e mut RequestSide,
    response: &'e mut ResponseSide,
}

/// Forwards a request whose first body bytes may be in `client.buffered` already.
pub(crate) async fn forward<S>(client: &mut Client<S>, forward: Forward, shared: &Shared) -> Outcome
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Forward { shape, upstream, head, client_keeps } = forward;
    let Ok(mut request) = RequestSide::begin(client, &shape, head) else { return Outcome::Answer(400) };
    let server_limit = upstream.backend.timeout_server.unwrap_or(shared.timeouts.server);
    let mut attempt = Attempt::new(&upstream, shared.timeouts.connect);
    for repetition in 0..=MOST_REPETITIONS {
        let Some(mut server) = attempt.server(repetition > 0).await else { return Outcome::Answer(503) };
        let mut response = ResponseSide::new(shape, client_keeps);
        let fault = {
            let (request, response) = (&mut request, &mut response);
            let mut exchange = Exchange { client, shared, server_limit, request, response };
            exchange.run(&mut server).await.err()
        };
        match fault {
            None => return finish(server, request, &response),
            // A kept connection that was closed before it said anything; nothing of the body is lost (RFC 9110 §9.2.2).
            Some(Fault::ServerGone)
                if server.reused && response.is_untouched() && shape.idempotent && request.can_repeat() =>
            {
                request.rewind();
            }
            Some(fault) => return fail(fault, &response),
        }
    }
    Outcome::Answer(502)
}

/// The response is whole: the server's connection is kept if both sides are between two messages.
fn finish(server: Server, request: RequestSide, response: &ResponseSide) -> Outcome {
    if response.is_switched() {
        // What the server did not take of the request is lost: there is nothing to join.
        return if request.is_sent() { Outcome::Switched(server.stream) } else { Outcome::Broken };
    }
    if request.is_sent() && response.server_keeps() {
        pool::give(server.address, server.stream);
    }
    let request_read = request.is_read();
    match request_read && response.client_keeps() {
        true => Outcome::Next(request.into_room()),
        false => Outcome::Last { request_read },
    }
}

fn fail(fault: Fault, response: &ResponseSide) -> Outcome {
    match fault {
        _ if response.has_begun() => Outcome::Broken,
        Fault::ClientGone => Outcome::Broken,
        Fault::ServerGone | Fault::BadResponse => Outcome::Answer(502),
        Fault::BadRequest => Outcome::Answer(400),
        Fault::ClientTooSlow => Outcome::Answer(408),
        Fault::ServerTooSlow => Outcome::Answer(504),
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Exchange<'_, S> {
    async fn run(&mut self, server: &mut Server) -> Result<(), Fault> {
        self.client.deadline.set(self.limit());
        poll_fn(|cx| self.poll(cx, &mut server.stream)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>, server: &mut TcpStream) -> Poll<Result<(), Fault>> {
        let mut progress = false;
        if !self.request.is_done() {
            match self.request.poll(cx, self.client, server, &mut progress) {
                // The response may be there although the server no longer listens.
                Poll::Ready(Err(Fault::ServerGone)) => self.request.stop(),
                Poll::Ready(Err(fault)) => return Poll::Ready(Err(fault)),
                Poll::Ready(Ok(())) | Poll::Pending => {}
            }
        }
        self.response.set_goes_on(self.request.is_read() && !self.shared.is_draining());
        if let Poll::Ready(end) = self.response.poll(cx, &mut self.client.stream, server, &mut progress) {
            return Poll::Ready(end);
        }
        if progress {
            self.client.deadline.set(self.limit());
        }
        ready!(self.client.deadline.poll_passed(cx));
        Poll::Ready(Err(if self.waits_for_client() { Fault::ClientTooSlow } else { Fault::ServerTooSlow }))
    }

    /// Who must move next.
    fn waits_for_client(&self) -> bool {
        self.request.waits_for_client() || self.response.waits_for_client()
    }

    fn limit(&self) -> Duration {
        if self.waits_for_client() { self.shared.timeouts.client } else { self.server_limit }
    }
}
