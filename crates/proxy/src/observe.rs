//! What is counted and logged of every connection and request, at next to no cost.
//!
//! Each thread counts for itself, in words that only it writes, so that no instruction waits for another core; the control side adds
//! the threads up when it is asked. Lines of the access log leave a thread in batches and are written elsewhere.
//! Not here: showing figures (the program), and deciding what happens to a request.

mod access_log;
mod book;
mod client;
mod counts;
mod figures;
mod handshake;
mod ledger;
mod session;
mod why;

pub use access_log::{LogFormat, LogSettings, timestamp};
pub use figures::{AnswerFigures, BackendFigures, DURATION_BOUNDS, Durations, Figures, FrontendFigures, ServerFigures};

pub(crate) use client::{Accepted, Head, Observed, Watched, accept_failed, serves};
pub(crate) use handshake::{Handshake, shook_hands};
pub(crate) use session::Session;
pub(crate) use why::{Cut, Why};

use crate::world::Cell;
use access_log::AccessLog;
use book::Book;
use ledger::Ledger;
use model::tcp::TcpBackend;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, interval};

/// How often what nobody counts on any more is forgotten, and how often lost lines are told.
const TEND: Duration = Duration::from_secs(60);
/// The longest time between a request's end and its line in the log's queue.
const FLUSH: Duration = Duration::from_millis(500);

/// The control side's view of all threads. Clones see the same.
#[derive(Clone)]
pub struct Observer {
    ledger: Arc<Mutex<Ledger>>,
    log: Option<Arc<AccessLog>>,
}

impl Observer {
    /// Counts, and logs no request.
    pub fn new() -> Observer {
        Observer { ledger: Arc::default(), log: None }
    }

    /// Counts, and writes a line about each request to `output`, from a thread of its own that alone waits for it.
    pub fn with_access_log(settings: LogSettings, output: Box<dyn io::Write + Send>) -> io::Result<Observer> {
        let ledger = Arc::default();
        let log = AccessLog::start(settings, output, Arc::clone(&ledger))?;
        Ok(Observer { ledger, log: Some(Arc::new(log)) })
    }

    /// All figures now. Takes time with the number of backends that were ever used, and none of a request's.
    pub fn figures(&self) -> Figures {
        let mut figures = self.ledger().figures();
        if let Some(log) = &self.log {
            (figures.log_lines, figures.log_lines_dropped) = log.lines();
        }
        figures
    }

    /// Forgets vanished backends and servers from time to time, and tells of lost lines at most once a minute; never ends.
    pub async fn tend(self, cell: Cell) {
        let mut ticks = interval(TEND);
        let mut told = 0;
        loop {
            ticks.tick().await;
            let world = cell.world();
            let snapshot = world.snapshot();
            let tcp = snapshot.tcp.frontends().iter().flat_map(|frontend| &frontend.backends).map(TcpBackend::first);
            let routed = snapshot.routes.backends().iter().map(|backend| &**backend);
            let names = routed.chain(tcp).map(|backend| &*backend.name).collect();
            self.ledger().forget(&names, Instant::now());
            let dropped = self.log.as_ref().map_or(0, |log| log.lines().1);
            if dropped > told {
                tracing::warn!("{} lines of the access log were lost: its reader is too slow", dropped - told);
                told = dropped;
            }
        }
    }

    /// Writes what is left of the access log, for at most `limit`; no thread may count any more. A reader that does not read loses it.
    pub fn close(&self, limit: Duration) {
        if let Some(log) = &self.log {
            log.close(limit);
        }
    }

    /// The current thread counts for this observer from here on, until [`leave`].
    pub(crate) fn enter(&self) {
        let (announce, counts) = self.ledger().join();
        Book::replace(Book::new(announce, counts, self.log.as_ref().and_then(|log| log.outbox())));
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Observer {
    fn default() -> Self {
        Observer::new()
    }
}

/// Hands over the last lines of this thread, once all its connections are gone.
pub(crate) fn leave() {
    Book::replace(Book::detached());
}

/// Drops what the control side has forgotten. Each thread calls this now and then.
pub(crate) fn sweep() {
    book::with(Book::sweep);
}

/// Hands lines to the writer, so that none waits for its batch to fill; never ends.
pub(crate) async fn flush_often() {
    let mut ticks = interval(FLUSH);
    loop {
        ticks.tick().await;
        book::with(Book::flush);
    }
}

#[cfg(test)]
mod tests;
