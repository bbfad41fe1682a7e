//! Phases 5 and 6, forward → rewrite response: moves both directions of one request on one server, and tries another server where nothing
//! was lost.
//!
//! Both sockets are driven by one task, in one place: whichever is ready moves.
//! Not here: choosing the server (`exchange::connect`), and each direction by itself (`exchange::request`, `exchange::response`).

use super::Forward;
use super::connect::{Attempt, Server};
use super::patience::Patience;
use super::request::RequestSide;
use super::response::ResponseSide;
use crate::client::{Client, ClientStream};
use crate::http1::MAX_HEAD;
use crate::observe::{Cut, Session, Why};
use crate::server_stream::ServerStream;
use crate::worker::Shared;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

/// How an exchange with a server ended.
pub(crate) enum Outcome {
    /// Well. The connection goes on; the head's room can be used again.
    Next(Vec<u8>),
    /// Well, and it was the last one.
    Last {
        /// All of the request was read.
        request_read: bool,
    },
    /// Both sides speak another protocol from here on.
    Switched(ServerStream),
    /// Nothing was sent to the client: it gets an answer of the proxy.
    Answer(Why),
    /// The response broke off, or the client is gone: only closing says so.
    Broken,
}

/// What ends an exchange early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The server closed or reset before the response was whole.
    ServerGone,
    /// The network gave up: what was sent to the server does not arrive.
    ServerLost,
    /// The response is not one.
    BadResponse,
    /// Statements made of the response what is none.
    BadRewrite,
    /// The request's body is not one.
    BadRequest,
    /// The client closed or reset before its request was whole, or while the response was waited for or sent.
    ClientGone,
    /// The request did not come on in time.
    ClientTooSlow,
    /// The response did not come in time.
    ServerTooSlow,
}

/// Both directions of one request on one server.
struct Transfer<'e, S> {
    client: &'e mut Client<S>,
    shared: &'e Shared,
    request: &'e mut RequestSide,
    response: &'e mut ResponseSide,
    patience: Patience,
}

/// Forwards a request whose first body bytes may be in `client.buffered` already.
pub(super) async fn forward<S>(
    client: &mut Client<S>,
    forward: &mut Forward,
    shared: &Shared,
    session: &mut Session,
) -> Outcome
where
    S: AsyncRead + AsyncWrite + ClientStream + Unpin,
{
    let (head, mut treatment) = (std::mem::take(&mut forward.head), forward.treatment.take());
    let Forward { shape, ref upstream, client_keeps, .. } = *forward;
    let Ok(mut request) = RequestSide::begin(client, &shape, head) else { return Outcome::Answer(Why::MalformedBody) };
    let server_limit = upstream.backend.timeout_server.unwrap_or(shared.timeouts.server);
    let mut attempt = Attempt::new(upstream, &shape, shared);
    if let Some(treatment) = &treatment {
        attempt = attempt.sticking(treatment.sticky());
    }
    loop {
        let Some(mut server) = attempt.server(session).await else { return Outcome::Answer(attempt.why()) };
        server.stream.hurry(attempt.hurries() && request.is_read());
        shared.health.trying(server.address, server_limit);
        if let Some(treatment) = &mut treatment {
            treatment.asks(server.address);
        }
        let mut response = ResponseSide::new(shape, client_keeps, treatment.take());
        let fault = {
            let patience = Patience::new(shared.timeouts.client, server_limit);
            let (request, response) = (&mut request, &mut response);
            let mut transfer = Transfer { client, shared, request, response, patience };
            transfer.run(&mut server, session).await.err()
        };
        if fault == Some(Fault::ServerLost) {
            shared.health.failed(server.address, &upstream.backend.service);
        }
        match fault {
            None => {
                shared.health.answered(server.address);
                return finish(server, request, &response, &attempt, session);
            }
            // The server went before it said anything, and nothing of the body is lost.
            Some(Fault::ServerGone | Fault::ServerLost)
                if response.is_untouched() && request.can_repeat() && attempt.goes_on_without(&server, session) =>
            {
                request.rewind();
                treatment = response.into_treatment();
            }
            Some(fault) => {
                if fault == Fault::ServerTooSlow && response.is_untouched() && upstream.host.count() > 1 {
                    shared.health.said_nothing(server.address, &upstream.backend.service);
                }
                return fail(fault, &response, session);
            }
        }
    }
}

/// The response is whole: the server's connection is kept if both sides are between two messages.
fn finish(
    mut server: Server,
    request: RequestSide,
    response: &ResponseSide,
    attempt: &Attempt<'_>,
    session: &mut Session,
) -> Outcome {
    if response.is_switched() {
        // What the server did not take of the request is lost: there is nothing to join.
        if !request.is_sent() {
            session.cut(Cut::ServerGone);
            return Outcome::Broken;
        }
        // A tunnel may stand still for as long as its own limit says.
        server.stream.hurry(false);
        return Outcome::Switched(server.stream);
    }
    let now = session.finished();
    if request.is_sent() && response.server_keeps() && attempt.keeps_connections() {
        attempt.keep(server, now);
    }
    let request_read = request.is_read();
    match request_read && response.client_keeps() {
        true => Outcome::Next(request.into_room()),
        false => Outcome::Last { request_read },
    }
}

fn fail(fault: Fault, response: &ResponseSide, session: &mut Session) -> Outcome {
    let (cut, why) = match fault {
        Fault::ServerGone | Fault::ServerLost => (Cut::ServerGone, Why::ServerClosed),
        Fault::BadResponse => (Cut::BadResponse, Why::BadResponse),
        Fault::BadRewrite => (Cut::BadResponse, Why::BadResponseRewrite),
        Fault::BadRequest => (Cut::BadRequest, Why::MalformedBody),
        Fault::ClientGone => (Cut::ClientGone, Why::MalformedBody),
        Fault::ClientTooSlow => (Cut::ClientTooSlow, Why::BodyTimeout),
        Fault::ServerTooSlow => (Cut::ServerTooSlow, Why::ServerTimeout),
    };
    if response.has_begun() || fault == Fault::ClientGone {
        session.cut(cut);
        return Outcome::Broken;
    }
    Outcome::Answer(why)
}

impl Fault {
    /// What an error of a server's connection means.
    pub(super) fn of_server(error: &io::Error) -> Fault {
        match error.kind() {
            ErrorKind::TimedOut | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => Fault::ServerLost,
            _ => Fault::ServerGone,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + ClientStream + Unpin> Transfer<'_, S> {
    async fn run(&mut self, server: &mut Server, session: &mut Session) -> Result<(), Fault> {
        // The first look is progress too: it sets the deadline.
        let mut is_first = true;
        poll_fn(|cx| {
            let end = self.poll(cx, &mut server.stream, std::mem::take(&mut is_first));
            session.moved(self.request.take_taken(), self.response.take_given());
            self.response.status().inspect(|status| session.responded(*status));
            end
        })
        .await
    }

    fn poll(&mut self, cx: &mut Context<'_>, server: &mut ServerStream, mut progress: bool) -> Poll<Result<(), Fault>> {
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
        if self.request.is_read() {
            self.client.poll_listen(cx, MAX_HEAD).map_err(|_| Fault::ClientGone)?;
        }
        self.poll_patience(cx, progress)
    }

    /// Nothing can be moved now: how long that may go on.
    fn poll_patience(&mut self, cx: &mut Context<'_>, progress: bool) -> Poll<Result<(), Fault>> {
        if progress {
            let waits_alone = self.request.waits_for_client() && self.response.is_untouched();
            if self.patience.is_trickle(waits_alone.then(|| self.request.bytes_read())) {
                return Poll::Ready(Err(Fault::ClientTooSlow));
            }
            self.client.deadline.set(self.limit());
        }
        if self.client.has_ended && self.response.is_untouched() {
            return self.poll_absent(cx);
        }
        self.client.deadline.poll_passed(cx).map(|()| Err(self.too_slow()))
    }

    /// The client has ended. Either it has only said its last and still listens, or nobody is there any more: TCP shows no
    /// difference until something is sent.
    fn poll_absent(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        while self.patience.poll_ask(&mut self.client.deadline, cx).is_ready() {
            if self.patience.is_over() {
                return Poll::Ready(Err(Fault::ServerTooSlow));
            }
            if self.client.stream.is_refused() {
                return Poll::Ready(Err(Fault::ClientGone));
            }
            self.response.ask_for_life(cx, &mut self.client.stream)?;
        }
        Poll::Pending
    }

    /// Who must move next.
    fn waits_for_client(&self) -> bool {
        self.request.waits_for_client() || self.response.waits_for_client()
    }

    fn limit(&self) -> Duration {
        self.patience.limit(self.waits_for_client())
    }

    fn too_slow(&self) -> Fault {
        if self.waits_for_client() { Fault::ClientTooSlow } else { Fault::ServerTooSlow }
    }
}
