//! What is observed of one request, or one tunnel, on its way to a server and back.
//!
//! It is counted when it ends, in whatever way: a session that is dropped has ended.
//! Not here: requests that no server sees (`client`).

use super::access_log::{Facts, Line};
use super::book::{self, Counted};
use super::client::{Observed, count_answer};
use super::counts::{BackendCounts, ServerCounts, count_class};
use super::why::{Cut, Termination, Why};
use model::Backend;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// A request with a backend.
pub(crate) struct Session {
    port: u16,
    started: Instant,
    backend: Counted,
    server: Option<Arc<ServerCounts>>,
    /// Of the response that the client gets; 0: none yet.
    status: u16,
    /// `None`: nobody has said how it ended; then it was the proxy that ended it.
    termination: Option<Termination>,
    /// When the response was whole.
    finished: Option<Instant>,
    /// Connects that failed or broke, so far.
    failures: u32,
    request_bytes: u64,
    response_bytes: u64,
    /// Its response, or its switch to another protocol, was counted.
    is_counted: bool,
    /// `None`: nothing is logged.
    line: Option<Box<Line>>,
}

impl Session {
    pub(super) fn begin(observed: Observed, backend: &Backend) -> Session {
        let Observed { port, started, mut line } = observed;
        let counted = book::ask(|book| book.backend(backend));
        counted.counts.requests.add(1);
        if let Some(line) = &mut line {
            line.goes_to(backend);
        }
        Session {
            port,
            started,
            backend: counted,
            server: None,
            status: 0,
            termination: None,
            finished: None,
            failures: 0,
            request_bytes: 0,
            response_bytes: 0,
            is_counted: false,
            line,
        }
    }

    /// There is a connection to `address`: a kept one, or one that was just made.
    pub(crate) fn connected(&mut self, backend: &Backend, address: SocketAddr, is_kept: bool) {
        self.leave_server();
        let server = book::ask(|book| book.server(backend, &self.backend, address));
        server.requests.add(1);
        if !is_kept {
            self.counts().connects.add(1);
            server.connects.add(1);
            server.failing.store(false, Ordering::Relaxed);
        }
        self.server = Some(server);
        if let Some(line) = &mut self.line {
            line.facts.server = Some(address);
            line.facts.connected = Some(self.started.elapsed());
        }
    }

    /// A server could not be reached.
    pub(crate) fn connect_failed(&mut self, backend: &Backend, address: SocketAddr) {
        let server = book::ask(|book| book.server(backend, &self.backend, address));
        server.connect_failures.add(1);
        server.failing.store(true, Ordering::Relaxed);
        self.counts().connect_failures.add(1);
    }

    /// The server is given up, and another one tried if `goes_on`.
    pub(crate) fn retries(&mut self, goes_on: bool) {
        self.failures += u32::from(goes_on);
        self.counts().retries.add(u64::from(goes_on));
    }

    /// A kept connection was dead: the request is sent again on a new one if `goes_on`.
    pub(crate) fn repeats(&mut self, goes_on: bool) {
        self.failures += u32::from(goes_on);
        self.counts().repetitions.add(u64::from(goes_on));
    }

    /// So many more bytes were taken from the client, and given to it.
    pub(crate) fn moved(&mut self, request_bytes: u64, response_bytes: u64) {
        self.counts().request_bytes.add(request_bytes);
        self.counts().response_bytes.add(response_bytes);
        self.request_bytes += request_bytes;
        self.response_bytes += response_bytes;
    }

    /// The final head of the server's response has come; told again, it changes nothing.
    pub(crate) fn responded(&mut self, status: u16) {
        if std::mem::replace(&mut self.status, status) != 0 {
            return;
        }
        if let Some(line) = &mut self.line {
            line.facts.responded = Some(self.started.elapsed());
        }
    }

    /// From here on it is a tunnel: how long that lasts says nothing about the server.
    pub(crate) fn switched(&mut self) {
        self.termination = Some(Termination::NORMAL);
        self.count(self.started.elapsed());
    }

    /// The response is whole; returns the present time, so that nobody has to ask for it again.
    pub(crate) fn finished(&mut self) -> Instant {
        self.termination = Some(Termination::NORMAL);
        *self.finished.insert(Instant::now())
    }

    /// The proxy answers in place of a server.
    pub(crate) fn answered(&mut self, why: Why, bytes: usize) {
        self.status = why.status();
        self.termination = Some(why.termination());
        self.moved(0, u64::try_from(bytes).unwrap_or(u64::MAX));
        self.is_counted = true;
        self.counts().took(self.started.elapsed());
        count_class(&self.counts().responses, self.status);
        book::with(|book| count_answer(book, self.port, why, self.status));
    }

    /// The response is not whole, and nothing can be said about it to the client.
    pub(crate) fn cut(&mut self, cut: Cut) {
        let has_begun = self.status != 0 || self.is_counted;
        self.termination = Some(cut.termination(has_begun));
        self.counts().broken_off.add(u64::from(has_begun));
    }

    fn counts(&self) -> &BackendCounts {
        &self.backend.counts
    }

    fn count(&mut self, duration: Duration) {
        if std::mem::replace(&mut self.is_counted, true) {
            return;
        }
        self.counts().took(duration);
        count_class(&self.counts().responses, self.status);
        book::with(|book| count_class(&book.frontend(self.port).responses, self.status));
    }

    fn leave_server(&mut self) {
        if let Some(server) = self.server.take() {
            server.ended.add(1);
        }
    }

    fn complete(&self, facts: &mut Facts, duration: Duration) {
        facts.status = self.status;
        facts.termination = self.termination.unwrap_or(Termination::NORMAL);
        (facts.duration, facts.ended) = (duration, SystemTime::now());
        (facts.request_bytes, facts.response_bytes) = (self.request_bytes, self.response_bytes);
        facts.retries = self.failures;
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let duration = self.finished.unwrap_or_else(Instant::now) - self.started;
        if self.termination.is_none() {
            self.cut(Cut::Proxy);
        }
        self.count(duration);
        self.leave_server();
        self.counts().ended.add(1);
        let (port, request_bytes, response_bytes) = (self.port, self.request_bytes, self.response_bytes);
        book::with(|book| book.frontend(port).moved(request_bytes, response_bytes));
        if let Some(mut line) = self.line.take() {
            self.complete(&mut line.facts, duration);
            book::with(|book| book.log(&line));
        }
    }
}
