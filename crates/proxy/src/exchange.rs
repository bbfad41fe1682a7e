//! One request and its response, phase by phase. This page is the whole of it; each phase has a file of its own.
//!
//! | phase | where |
//! |---|---|
//! | read head | `exchange::head` |
//! | find route → guard | `exchange::decide`, which asks the live world's route table; `exchange::guard` where a password is hashed |
//! | rewrite request | `exchange::decide`, which writes the head for the server |
//! | pick server | `exchange::connect`, which asks `balance`, `health` and `pool` |
//! | forward → rewrite response | `exchange::forward`: both directions, in `exchange::request` and `exchange::response`; `exchange::treatment` where a route asks for more |
//!
//! Not here: what comes before and after a request on its connection (`connection`), and tunnels (`tunnel`).

mod coding;
mod connect;
mod decide;
mod draft;
mod forward;
mod guard;
mod head;
mod message;
mod patience;
mod remake;
mod request;
mod response;
mod treatment;

pub(crate) use connect::{dial, is_our_own};
pub(crate) use forward::Outcome;
pub(crate) use head::Waiting;

use crate::answer::Answer;
use crate::client::{Client, ClientStream, Ended};
use crate::http1::Malformed;
use crate::http1::request::Shape;
use crate::observe::{Observed, Session};
use crate::worker::Shared;
use crate::world::Upstream;
use guard::Check;
use head::NoHead;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use treatment::Treatment;

/// What becomes of the request at the front of a client's buffer.
pub(crate) enum Decision {
    /// A server answers.
    Forward(Forward),
    /// A server answers if the request's password is right.
    Check(Box<Check>),
    /// The proxy answers.
    Answer(Answer, Shape),
}

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
    /// What is done to the response beside passing it on; `None` on a plain route.
    treatment: Option<Box<Treatment>>,
}

impl Decision {
    /// The request, if it is one that may be forwarded.
    fn forward_mut(&mut self) -> Option<&mut Forward> {
        match self {
            Decision::Forward(forward) => Some(forward),
            Decision::Check(check) => check.passed.as_mut().ok(),
            Decision::Answer(..) => None,
        }
    }
}

/// What becomes of a request that passes the guard: a server answers, or the proxy, because a rule behind the guard says so.
pub(crate) type Passed = Result<Forward, (Answer, Shape)>;

/// How an exchange went.
pub(crate) enum Exchanged {
    /// A server was asked.
    Forwarded { shape: Shape, upstream: Arc<Upstream>, outcome: Outcome, session: Session },
    /// The proxy answers by itself.
    Answered { answer: Answer, shape: Shape, observed: Observed },
    /// What the client sent is no request.
    Refused(Malformed),
    /// No request came.
    NoRequest(Ended),
    /// The client begins HTTP/2: all that it has sent is in its buffer.
    Http2,
}

/// Waits for a request, decides about it, and has it answered. `room` is given to the head on its way to the server.
pub(crate) async fn run<S>(client: &mut Client<S>, shared: &Shared, waiting: Waiting, room: Vec<u8>) -> Exchanged
where
    S: AsyncRead + AsyncWrite + ClientStream + Unpin,
{
    // Read head → find route → guard → rewrite request.
    let (decision, observed) = match head::next(client, shared, waiting, room).await {
        Ok(decided) => decided,
        Err(NoHead::Malformed(malformed)) => return Exchanged::Refused(malformed),
        Err(NoHead::Http2) => return Exchanged::Http2,
        Err(NoHead::Ended(ended)) => return Exchanged::NoRequest(ended),
    };
    let decided = match decision {
        Decision::Answer(answer, shape) => Err((answer, shape)),
        Decision::Forward(forward) => Ok(forward),
        // In a box: every connection of a client has room for this future, and most never wait for a password.
        Decision::Check(check) => Box::pin(guard::settle(*check, client.origin.source.ip(), shared)).await,
    };
    match decided {
        Err((answer, shape)) => Exchanged::Answered { answer, shape, observed },
        Ok(mut forward) => {
            let mut session = observed.forwarded(&forward.upstream.backend);
            // Pick server → forward → rewrite response.
            let outcome = forward::forward(client, &mut forward, shared, &mut session).await;
            let Forward { shape, upstream, .. } = forward;
            Exchanged::Forwarded { shape, upstream, outcome, session }
        }
    }
}
