//! HTTP/2 in front of the same exchange: each stream is a client's connection of one request (RFC 9113).
//!
//! What a stream carries is written as HTTP/1.1 and judged by its rules, so a request that HTTP/1.1 could read in two ways never
//! reaches a server, however it came. Frames, header compression and flow control are the h2 library's.
//! Not here: what becomes of a request (`connection`, `exchange`).

mod desks;
mod head;
mod preface;
mod response;
mod stream;
mod watch;

pub(crate) use desks::Jobs;
pub(crate) use preface::{Begins, Rewound, begins};

use crate::connection;
use crate::deadline::Deadline;
use crate::http1::MAX_HEAD;
use crate::origin::Origin;
use crate::worker::{Open, Shared};
use bytes::Bytes;
use desks::{Desks, Job};
use h2::server::{Builder, Connection, SendResponse};
use h2::{Reason, RecvStream};
use http::Request;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout};
use watch::{Watch, Watched};

/// Requests of one connection at a time: HAProxy's default.
const MOST_STREAMS: u32 = 100;
/// What a client may send of one body, and of all bodies of a connection, before the servers have taken it.
/// One that no server reads holds up no other before there are eight of them.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 8 * STREAM_WINDOW;
/// What one stream may have waiting for a client that reads slowly.
const SEND_BUFFER: usize = 64 * 1024;
/// Streams of one connection that the client's own faults made the proxy reset; one more ends the connection.
const MOST_FAULTS: usize = 1000;
/// How often `TIMEOUT_CLIENT` a client may take for what was written: TLS shows no part of it being taken.
const STUCK: u32 = 3;
/// How long a client may take to confirm a goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

type Accepted = Result<(Request<RecvStream>, SendResponse<Bytes>), h2::Error>;

/// One connection and how long it may be idle.
struct Streams<S> {
    connection: Connection<Watched<S>, Bytes>,
    watch: Watch,
    shared: Arc<Shared>,
    idle: Deadline,
    /// Since when the client takes nothing of what is written.
    stuck: Option<Instant>,
    /// GOAWAY is on its way: no more requests than those that are under way.
    leaving: bool,
    /// The client has broken the rules: GOAWAY is on its way, and nothing is waited for.
    refused: bool,
}

/// Serves a connection until it ends. `open` is its place among those that are open.
pub(crate) async fn serve<S>(stream: S, origin: Arc<Origin>, shared: Arc<Shared>, open: Open)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    open.register().await;
    let limit = shared.timeouts.http_request;
    let (stream, watch) = Watched::new(stream);
    let Ok(Ok(connection)) = timeout(limit, builder().handshake(stream)).await else { return };
    let idle = Deadline::after(shared.timeouts.http_keep_alive);
    let desks = Desks::new();
    let mut streams = Streams { connection, watch, shared, idle, stuck: None, leaving: false, refused: false };
    while let Some(accepted) = poll_fn(|cx| streams.poll_next(cx)).await {
        let Ok((request, respond)) = accepted else { break };
        desks.give(Job { request, respond }, |jobs| {
            tokio::spawn(connection::serve_streams(jobs, Arc::clone(&origin), Arc::clone(&streams.shared)));
        });
    }
    drop(open);
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder
        .max_concurrent_streams(MOST_STREAMS)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(MAX_HEAD as u32)
        .max_send_buffer_size(SEND_BUFFER)
        .max_local_error_reset_streams(Some(MOST_FAULTS));
    builder
}

impl<S: AsyncRead + AsyncWrite + Unpin> Streams<S> {
    /// The next request; `None` at the end of the connection.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Accepted>> {
        let next = self.poll_accepted(cx);
        self.watch.goes_on(next.is_ready());
        next
    }

    fn poll_accepted(&mut self, cx: &mut Context<'_>) -> Poll<Option<Accepted>> {
        loop {
            if self.shared.is_draining() {
                self.leave();
            }
            if let Some(reason) = self.watch.objection() {
                self.refuse(reason);
            }
            if let Poll::Ready(accepted) = self.connection.poll_accept(cx) {
                return Poll::Ready(accepted);
            }
            let is_busy = self.connection.has_streams() && !self.refused;
            if is_busy {
                // Streams have limits of their own, but for what waits to be written.
                let Some(left) = self.patience() else { return Poll::Ready(None) };
                self.idle.set(left);
            }
            ready!(self.idle.poll_passed(cx));
            match (is_busy, self.leaving) {
                (true, _) => {}
                (false, true) => return Poll::Ready(None),
                // The goodbye is written by the next round.
                (false, false) => self.leave(),
            }
        }
    }

    /// How long a connection that is busy may go on like this; `None`: no longer.
    fn patience(&mut self) -> Option<Duration> {
        if !self.watch.is_stuck() {
            self.stuck = None;
            return Some(if self.leaving { GOODBYE } else { self.shared.timeouts.http_keep_alive });
        }
        let stuck = self.stuck.get_or_insert_with(Instant::now).elapsed();
        (self.shared.timeouts.client * STUCK).checked_sub(stuck).filter(|left| !left.is_zero())
    }

    /// Ends it all, once.
    fn refuse(&mut self, reason: Reason) {
        if !std::mem::replace(&mut self.refused, true) {
            tracing::debug!("an HTTP/2 connection is ended: {reason}");
            self.connection.abrupt_shutdown(reason);
            self.leaving = true;
            self.idle.set(GOODBYE);
        }
    }

    /// Says goodbye, once.
    fn leave(&mut self) {
        if !std::mem::replace(&mut self.leaving, true) {
            self.connection.graceful_shutdown();
            self.idle.set(GOODBYE);
        }
    }
}
