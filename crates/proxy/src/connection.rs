//! A client's connection from its first byte to its last: read a head, decide, forward or answer, again.
//!
//! Phases of one exchange: read head → find route → guard → rewrite request → pick server → forward. The route table finds and guards;
//! `exchange` picks and forwards.

use crate::answer::Answer;
use crate::client::{BreakOff, Client, Ended};
use crate::deadline::Deadline;
use crate::exchange::{self, Forward, Outcome};
use crate::http1::request::{Changes, Request, Shape};
use crate::http1::{MAX_HEAD, Malformed, Parsed, field_space};
use crate::tunnel;
use crate::worker::{Open, Shared};
use crate::world::World;
use model::auth::Access;
use model::rewrite::{Rewrite, Rewritten};
use model::{RequestHead, Route, Verdict};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

/// How long a proxy that is about to stop waits for the first request of a client that has connected.
const FIRST_REQUEST: Duration = Duration::from_secs(1);

/// What becomes of the request at the front of a client's buffer.
enum Decision {
    Forward(Forward),
    Answer(Answer, Shape),
}

/// Serves one connection until it ends. `port` is the port of the proxy it came to; `open` its place among those that are open.
pub(crate) async fn serve<S>(stream: S, peer: SocketAddr, port: u16, shared: Arc<Shared>, open: Open)
where
    S: AsyncRead + AsyncWrite + BreakOff + Unpin,
{
    open.register().await;
    let deadline = Deadline::after(shared.timeouts.http_request);
    let address = peer.ip().to_canonical().to_string();
    let client = Client { stream, address, port, buffered: Vec::new(), deadline };
    let first_request_until = Some(Instant::now() + FIRST_REQUEST);
    Connection { client, shared, first_request_until, room: Vec::new() }.run().await;
    drop(open);
}

struct Connection<S> {
    client: Client<S>,
    shared: Arc<Shared>,
    /// A connection that was not asked anything yet is not idle until then: its first request may be on its way.
    first_request_until: Option<Instant>,
    /// Room for the head of the next request on its way to a server.
    room: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + BreakOff + Unpin> Connection<S> {
    async fn run(mut self) {
        let mut limit = self.shared.timeouts.http_request;
        loop {
            self.client.deadline.set(limit);
            let decision = match self.next().await {
                Ok(Ok(decision)) => decision,
                Ok(Err(malformed)) => return self.refuse(Answer::to_malformed(malformed)).await,
                // Whoever sent a part of a request is told; whoever sent nothing is left in peace.
                Err(Ended::TimedOut) if !self.client.buffered.is_empty() => {
                    return self.refuse(Answer::Status(408)).await;
                }
                Err(_) => return,
            };
            let step = match decision {
                Decision::Forward(forward) => self.forward(forward).await,
                Decision::Answer(answer, shape) => self.answer(&answer, &shape).await,
            };
            match step {
                Step::Next => {
                    self.first_request_until = None;
                    limit = self.shared.timeouts.http_keep_alive;
                }
                Step::End => return,
                Step::Linger => return self.client.linger().await,
                Step::Last(bytes) => return self.client.send_last(&bytes, self.shared.timeouts.client).await,
            }
        }
    }

    /// Waits for a whole head and decides about it.
    async fn next(&mut self) -> Result<Result<Decision, Malformed>, Ended> {
        let mut parsed_length = 0;
        loop {
            self.client.skip_line_ends();
            let length = self.client.buffered.len();
            // A head that trickles in is not read again for every byte: only when it may be whole, or has doubled.
            if length > 0 && (ends_a_head(&self.client.buffered, parsed_length) || length >= 2 * parsed_length) {
                match self.decide() {
                    Ok(Parsed::Complete(decision)) => return Ok(Ok(decision)),
                    Err(malformed) => return Ok(Err(malformed)),
                    Ok(Parsed::Partial) if parsed_length == 0 => {
                        self.client.deadline.set(self.shared.timeouts.http_request);
                    }
                    Ok(Parsed::Partial) => {}
                }
                parsed_length = length;
            }
            let (shared, first) = (&self.shared, self.first_request_until);
            let is_idle = || length == 0 && first.is_none_or(|until| Instant::now() >= until);
            self.client.read(|| shared.is_draining() && is_idle()).await?;
        }
    }

    /// Reads the head at the front of the buffer and asks the live world about it.
    fn decide(&mut self) -> Result<Parsed<Decision>, Malformed> {
        let mut space = field_space();
        let Parsed::Complete(request) = Request::parse(&self.client.buffered, &mut space)? else {
            return Ok(Parsed::Partial);
        };
        let room = std::mem::take(&mut self.room);
        let decision = self.shared.world.with(|world| decide(world, &request, &self.client, room))?;
        Ok(Parsed::Complete(match decision {
            Decision::Forward(mut forward) => {
                forward.client_keeps = request.shape.keep_alive && !self.shared.is_draining();
                Decision::Forward(forward)
            }
            answer @ Decision::Answer(..) => answer,
        }))
    }

    async fn forward(&mut self, forward: Forward) -> Step {
        let shape = forward.shape;
        let upstream = Arc::clone(&forward.upstream);
        match exchange::forward(&mut self.client, forward, &self.shared).await {
            Outcome::Next(room) => {
                self.keep_room(room);
                Step::Next
            }
            // A client that asked for the end, and whose request was read whole, mostly sends nothing that a close could trip over.
            Outcome::Last { request_read: true } if !shape.keep_alive && !self.client.says_more() => Step::End,
            Outcome::Last { .. } => Step::Linger,
            // A response that broke off must not look whole, even where only the end of the connection ends it.
            Outcome::Broken => {
                self.client.stream.break_off();
                Step::End
            }
            Outcome::Answer(status) => Step::Last(Answer::Status(status).write(shape.http10, shape.is_head, false)),
            Outcome::Switched(mut server) => {
                let limit = upstream.backend.timeout_tunnel.unwrap_or(self.shared.timeouts.tunnel);
                let read = std::mem::take(&mut self.client.buffered);
                tunnel::join(&mut self.client.stream, read, &mut server, limit).await;
                Step::End
            }
        }
    }

    /// Answers without a server. Only a redirect of a request without a body leaves the connection open.
    async fn answer(&mut self, answer: &Answer, shape: &Shape) -> Step {
        let goes_on = matches!(answer, Answer::Redirect(_)) && shape.keep_alive && shape.body.is_finished();
        let goes_on = goes_on && !self.shared.is_draining();
        let bytes = answer.write(shape.http10, shape.is_head, goes_on);
        if !goes_on {
            return Step::Last(bytes);
        }
        self.client.consume(shape.head_length);
        match self.client.send(&bytes, self.shared.timeouts.client).await {
            Ok(()) => Step::Next,
            Err(_) => Step::End,
        }
    }

    /// Answers a request that could not be read; its version is unknown.
    async fn refuse(self, answer: Answer) {
        let bytes = answer.write(false, false, false);
        self.client.send_last(&bytes, self.shared.timeouts.client).await;
    }

    /// An idle connection keeps room for an ordinary head only.
    fn keep_room(&mut self, mut room: Vec<u8>) {
        room.clear();
        room.shrink_to(MAX_HEAD / 8);
        self.room = room;
    }
}

/// What comes after a request.
enum Step {
    /// The next request.
    Next,
    /// Nothing more, and nobody to tell.
    End,
    /// Nothing more; what was sent last must arrive.
    Linger,
    /// One more answer.
    Last(Vec<u8>),
}

/// Finds the route and writes the head for its server into `room`.
fn decide<S>(
    world: &World,
    request: &Request<'_, '_>,
    client: &Client<S>,
    room: Vec<u8>,
) -> Result<Decision, Malformed> {
    let head = RequestHead {
        method: request.method.as_bytes(),
        host: request.host,
        target: request.target,
        path: request.path(),
        port: client.port,
        secure: false,
        fields: request,
    };
    match world.snapshot().routes.find(&head) {
        Verdict::Forward(route) => to_server(world, route, request, client, room),
        verdict => {
            let answer = Answer::to(verdict).unwrap_or(Answer::Status(503));
            Ok(Decision::Answer(answer, request.shape))
        }
    }
}

fn to_server<S>(
    world: &World,
    route: &Route,
    request: &Request<'_, '_>,
    client: &Client<S>,
    mut room: Vec<u8>,
) -> Result<Decision, Malformed> {
    let upstream = world.upstream(route.backend);
    let rewritten = match rewrite(route, request) {
        Ok(rewritten) => rewritten,
        Err(answer) => return Ok(Decision::Answer(answer, request.shape)),
    };
    let changes = Changes {
        client: &client.address,
        rewritten: rewritten.as_ref(),
        drop_authorization: route.access != Access::Open,
        drop_forwarded: false,
        fallback_host: upstream.backend.dial.host(),
    };
    request.write(&changes, &mut room)?;
    Ok(Decision::Forward(Forward {
        shape: request.shape,
        upstream: Arc::clone(upstream),
        head: room,
        client_keeps: false,
    }))
}

/// The request line after the route's rewrites; `None` if it has none.
fn rewrite(route: &Route, request: &Request<'_, '_>) -> Result<Option<Rewritten>, Answer> {
    if route.rewrites().is_empty() {
        return Ok(None);
    }
    let line = Rewrite::apply_all(route.rewrites(), request.method.as_bytes(), request.target);
    line.map(Some).map_err(|_| {
        tracing::debug!(
            "service {}: a rewrite made an unusable request line; the client gets 500",
            route.service().name
        );
        Answer::Status(500)
    })
}

/// Whether the empty line that ends a head may be in `buffered`; before `from` it is known not to be.
fn ends_a_head(buffered: &[u8], from: usize) -> bool {
    memchr::memmem::find(&buffered[from.saturating_sub(3)..], b"\r\n\r\n").is_some()
}
