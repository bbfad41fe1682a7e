//! A client's connection from its first byte to its last: one exchange after the other, and how it ends.
//!
//! Not here: what an exchange is (`exchange`).

use crate::answer::{Answer, AsAsked};
use crate::client::{Client, ClientStream, Ended, Protocol};
use crate::deadline::Deadline;
use crate::exchange::{self, Exchanged, Outcome, Waiting};
use crate::http1::request::Shape;
use crate::http1::{MAX_HEAD, Malformed};
use crate::http2::{self, Rewound};
use crate::observe::{Observed, Session, Watched, Why};
use crate::origin::Origin;
use crate::server_stream::ServerStream;
use crate::tunnel;
use crate::worker::{Open, Shared};
use crate::world::Upstream;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::Instant;

/// How long a proxy that is about to stop waits for the first request of a client that has connected.
const FIRST_REQUEST: Duration = Duration::from_secs(1);

/// Serves one connection until it ends. `open` is its place among those that are open.
pub(crate) async fn serve<S>(stream: S, origin: Origin, shared: Arc<Shared>, open: Open)
where
    S: AsyncRead + AsyncWrite + ClientStream + Unpin,
{
    open.register().await;
    let deadline = Deadline::after(shared.timeouts.http_request);
    let (origin, protocol) = (Arc::new(origin), Protocol::Http1);
    let client = Client { stream, origin, buffered: Vec::new(), has_ended: false, deadline, protocol };
    let connection = Connection { client, shared, room: Vec::new() };
    let Some(Connection { client, shared, .. }) = connection.run().await else { return drop(open) };
    http2::serve(Rewound::new(client.buffered, client.stream), client.origin, shared, open).await;
}

/// Answers requests that have a stream of their own, one after the other, for as long as there are `jobs`.
pub(crate) async fn serve_streams(jobs: http2::Jobs, mut origin: Arc<Origin>, mut shared: Arc<Shared>) {
    let _watched = Watched(Arc::clone(&origin));
    let (mut deadline, mut room, mut buffered) =
        (Deadline::after(shared.timeouts.http_request), Vec::new(), Vec::new());
    while let Some(job) = jobs.next().await {
        let (stream, head) = job.open(&mut buffered);
        let client = Client { stream, origin, buffered, has_ended: false, deadline, protocol: Protocol::Http2 };
        let mut connection = Connection { client, shared, room };
        connection.answer_stream(head.err()).await;
        Connection { room, shared, client: Client { origin, buffered, deadline, .. } } = connection;
        buffered.clear();
    }
}

struct Connection<S> {
    client: Client<S>,
    shared: Arc<Shared>,
    /// Room for the head of the next request on its way to a server.
    room: Vec<u8>,
}

/// What comes after an exchange.
enum Step {
    /// The next one.
    Next,
    /// Nothing more.
    End,
    /// Nothing more, and the client must see that something is missing.
    BrokenOff,
    /// Nothing more; what was sent last must arrive.
    Linger,
    /// One more answer.
    Last(Vec<u8>),
    /// The client begins HTTP/2.
    Http2,
}

impl<S: AsyncRead + AsyncWrite + ClientStream + Unpin> Connection<S> {
    /// Until the connection ends; gives it back if its client begins HTTP/2.
    async fn run(mut self) -> Option<Connection<S>> {
        let mut waiting = Waiting::First(Instant::now() + FIRST_REQUEST);
        loop {
            match self.step(waiting).await {
                Step::Next => waiting = Waiting::Next,
                Step::BrokenOff => return None,
                Step::End => {
                    self.client.end().await;
                    return None;
                }
                Step::Linger => {
                    self.client.linger().await;
                    return None;
                }
                Step::Last(bytes) => {
                    self.client.send_last(&bytes, self.shared.timeouts.client).await;
                    return None;
                }
                Step::Http2 => return Some(self),
            }
        }
    }

    /// The one exchange of a stream, unless it is refused already.
    async fn answer_stream(&mut self, malformed: Option<Malformed>) {
        let step = match malformed {
            None => self.step(Waiting::Nothing).await,
            Some(malformed) => self.refuse(Why::malformed(malformed)),
        };
        let is_early = matches!(step, Step::Last(_) | Step::Linger);
        // The stream ends when it is dropped; an error means that the client has ended it first.
        let ended = match step {
            Step::Last(bytes) => self.client.send(&bytes, self.shared.timeouts.client).await,
            Step::Next | Step::End | Step::Linger | Step::Http2 => self.client.stream.shutdown().await,
            Step::BrokenOff => return,
        };
        // A client may take the reset of a stream whose upload nobody wants, which is none of its faults (RFC 9113 §8.1), for a failure, and
        // lose the response: old ones of curl do.
        if is_early && ended.is_ok() {
            self.client.forget_upload().await;
        }
    }

    /// One exchange.
    async fn step(&mut self, waiting: Waiting) -> Step {
        let room = std::mem::take(&mut self.room);
        match exchange::run(&mut self.client, &self.shared, waiting, room).await {
            Exchanged::Forwarded { shape, upstream, outcome, session } => {
                self.after(&shape, &upstream, outcome, session).await
            }
            Exchanged::Answered { answer, shape, observed } => self.answer(&answer, &shape, observed).await,
            Exchanged::Refused(malformed) => self.refuse(Why::malformed(malformed)),
            Exchanged::NoRequest(ended) => self.without_request(ended),
            Exchanged::Http2 => Step::Http2,
        }
    }

    async fn after(&mut self, shape: &Shape, upstream: &Upstream, outcome: Outcome, mut session: Session) -> Step {
        match outcome {
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
                Step::BrokenOff
            }
            Outcome::Answer(why) => {
                let as_asked = AsAsked { http10: shape.http10, is_head: shape.is_head, keep_alive: false };
                let bytes = Answer::Status(why.status()).write(as_asked, &self.shared.error_files);
                session.answered(why, bytes.len());
                Step::Last(bytes)
            }
            Outcome::Switched(server) => self.join(server, upstream, session).await,
        }
    }

    async fn join(&mut self, mut server: ServerStream, upstream: &Upstream, mut session: Session) -> Step {
        let limit = upstream.backend.timeout_tunnel.unwrap_or(self.shared.timeouts.tunnel);
        let read = std::mem::take(&mut self.client.buffered);
        session.switched();
        let moved = |from_client, from_server| session.moved(from_client, from_server);
        tunnel::join(&mut self.client.stream, read, &mut server, limit, moved).await;
        Step::End
    }

    /// Answers without a server. A request with a body leaves no connection open.
    async fn answer(&mut self, answer: &Answer, shape: &Shape, observed: Observed) -> Step {
        let goes_on = answer.may_go_on() && shape.keep_alive && shape.body.is_finished();
        let goes_on = goes_on && !self.shared.is_draining();
        let bytes =
            self.bytes_of(answer, AsAsked { http10: shape.http10, is_head: shape.is_head, keep_alive: goes_on }).await;
        observed.answered_with(answer.why(), answer.status(), bytes.len());
        if !goes_on {
            return Step::Last(bytes);
        }
        self.client.consume(shape.head_length);
        match self.client.send(&bytes, self.shared.timeouts.client).await {
            Ok(()) => Step::Next,
            Err(_) => Step::End,
        }
    }

    async fn bytes_of(&self, answer: &Answer, as_asked: AsAsked) -> Vec<u8> {
        match (answer, &self.shared.statistics) {
            (Answer::Statistics(form), Some(statistics)) => {
                Answer::write_statistics(as_asked, *form, &statistics.rendered(*form).await)
            }
            _ => answer.write(as_asked, &self.shared.error_files),
        }
    }

    /// Whoever sent a part of a request is told that it took too long; whoever sent nothing is left in peace.
    fn without_request(&self, ended: Ended) -> Step {
        match ended {
            Ended::TimedOut if !self.client.is_blank() => self.refuse(Why::HeadTimeout),
            Ended::TimedOut | Ended::Closed | Ended::Draining => Step::End,
        }
    }

    /// Answers what is no request. Its version is unknown.
    fn refuse(&self, why: Why) -> Step {
        let bytes = Answer::Status(why.status()).write(AsAsked::UNKNOWN, &self.shared.error_files);
        self.client.origin.accepted.refused(why, bytes.len());
        Step::Last(bytes)
    }

    /// An idle connection keeps room for an ordinary head only.
    fn keep_room(&mut self, mut room: Vec<u8>) {
        room.clear();
        room.shrink_to(MAX_HEAD / 8);
        self.room = room;
    }
}
