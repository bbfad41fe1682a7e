//! What is observed of a client's connection and of its requests before it is known who answers them.
//!
//! Not here: requests on their way to a server (`session`).

use super::access_log::Line;
use super::book::{self, Book};
use super::counts::{FrontendCounts, count_class};
use super::session::Session;
use super::why::Why;
use crate::origin::Origin;
use model::log_format::Capture;
use model::{Backend, Fields};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::time::Instant;

/// A client's connection. Dropped with it: that is counted, and whether it was a panic.
pub(crate) struct Accepted {
    pub(super) peer: SocketAddr,
    pub(super) port: u16,
    /// The client speaks TLS.
    is_encrypted: bool,
    counts: Arc<FrontendCounts>,
}

/// What the access log shows of a request: nothing of its header fields but Host, and those that are captured.
#[derive(Clone, Copy)]
pub(crate) struct Head<'h> {
    pub(crate) method: &'h [u8],
    /// As the client sent it, query and all.
    pub(crate) target: &'h [u8],
    pub(crate) host: Option<&'h [u8]>,
    /// `HTTP/1.1`.
    pub(crate) version: &'static str,
    /// As the client sent them.
    pub(crate) fields: &'h dyn Fields,
}

/// A request that was read. Its time runs.
pub(crate) struct Observed {
    pub(super) port: u16,
    pub(super) started: Instant,
    /// `None`: nothing is logged.
    pub(super) line: Option<Box<Line>>,
}

/// This thread accepts connections of this port: it is shown from now on.
pub(crate) fn serves(port: u16) {
    book::with(|book| {
        book.frontend(port);
    });
}

/// A connection of this port could not be accepted.
pub(crate) fn accept_failed(port: u16) {
    book::with(|book| book.frontend(port).accept_errors.add(1));
}

impl Accepted {
    /// Counts a connection that came to `port`.
    pub(crate) fn new(peer: SocketAddr, port: u16) -> Accepted {
        let counts = book::ask(|book| Arc::clone(book.frontend(port)));
        counts.accepted.add(1);
        Accepted { peer, port, is_encrypted: false, counts }
    }

    /// The same connection, over TLS or not.
    pub(crate) fn over_tls(mut self, is_encrypted: bool) -> Accepted {
        self.is_encrypted = is_encrypted;
        self
    }

    /// A request was read. `began` is when its first byte came, if that was before the rest; `head` is asked only where it is logged.
    pub(crate) fn request<'h>(&self, began: Option<Instant>, head: impl Fn() -> Head<'h>) -> Observed {
        self.observe(began, |captures| Line::http(self.peer, self.port, &head(), captures))
    }

    /// A connection is joined with a server's as it is.
    pub(crate) fn bytes(&self) -> Observed {
        self.observe(None, |_| Line::tcp(self.peer, self.port))
    }

    /// The proxy answers something that is no request, with so many bytes.
    pub(crate) fn refused(&self, why: Why, bytes: usize) {
        self.observe(None, |_| Line::bad(self.peer, self.port)).answered(why, bytes);
    }

    fn observe(&self, began: Option<Instant>, line: impl Fn(&[Capture]) -> Line) -> Observed {
        let started = Instant::now();
        let mut line = book::ask(|book| book.captures().map(|captures| Box::new(line(captures))));
        if let Some(line) = &mut line {
            line.facts.is_encrypted = self.is_encrypted;
            line.facts.reading = began.map_or(line.facts.reading, |began| started - began);
        }
        Observed { port: self.port, started, line }
    }

    fn count_panic(&self) {
        book::with(|book| book.counts.panics.add(1));
        tracing::error!(
            "The connection of {} to port {} ended by a panic: this is a bug, please report it with the lines before",
            self.peer,
            self.port
        );
    }
}

impl Drop for Accepted {
    fn drop(&mut self) {
        self.counts.closed.add(1);
        if std::thread::panicking() {
            self.count_panic();
        }
    }
}

/// One request of a connection that goes on without it. Dropped with it: a panic is counted, as that of a connection is.
pub(crate) struct Watched(pub(crate) Arc<Origin>);

impl Drop for Watched {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.accepted.count_panic();
        }
    }
}

impl Observed {
    /// The proxy itself answers, with so many bytes.
    pub(crate) fn answered(self, why: Why, bytes: usize) {
        self.answered_with(why, why.status(), bytes);
    }

    /// The same, where a rule has chosen the status.
    pub(crate) fn answered_with(self, why: Why, status: u16, bytes: usize) {
        let Observed { port, started, line } = self;
        book::with(|book| {
            count_answer(book, port, why, status);
            book.frontend(port).moved(0, u64::try_from(bytes).unwrap_or(u64::MAX));
            if let Some(mut line) = line {
                let facts = &mut line.facts;
                (facts.status, facts.termination) = (status, why.termination());
                facts.response_bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
                (facts.duration, facts.ended) = (started.elapsed(), SystemTime::now());
                book.log(&line);
            }
        });
    }

    /// It is forwarded to `backend`.
    pub(crate) fn forwarded(self, backend: &Backend) -> Session {
        Session::begin(self, backend)
    }
}

/// Counts an answer of the proxy, by its reason and, with the status that the client got, among the responses of the port.
pub(super) fn count_answer(book: &mut Book, port: u16, why: Why, status: u16) {
    book.counts.answers[why.place()].add(1);
    count_class(&book.frontend(port).responses, status);
}
