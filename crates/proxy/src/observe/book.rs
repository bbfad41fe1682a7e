//! A thread's own counters, found by port, backend and server without a lock.
//!
//! A group of counters is made when it is first needed and announced to the control side once, over a queue that never waits.
//! Not here: what is counted when (`client`, `session`).

use super::access_log::{Line, Outbox};
use super::counts::{BackendCounts, FrontendCounts, ServerCounts, ThreadCounts};
use super::ledger::Fresh;
use model::Backend;
use model::log_format::Capture;
use model::service::ServiceName;
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Sender, channel};

thread_local! {
    static BOOK: RefCell<Book> = RefCell::new(Book::detached());
}

/// All counters of one thread, and the lines that it has not handed over yet.
pub(super) struct Book {
    announce: Sender<Fresh>,
    pub(super) counts: Arc<ThreadCounts>,
    frontends: FxHashMap<u16, Arc<FrontendCounts>>,
    /// With the service that each belonged to.
    backends: FxHashMap<Arc<str>, (ServiceName, Counted)>,
    /// By the backend's number and the address.
    servers: FxHashMap<(u32, SocketAddr), Arc<ServerCounts>>,
    /// The number of the next backend.
    next: u32,
    /// `None`: there is no access log.
    outbox: Option<Outbox>,
}

/// A backend's counters on this thread.
#[derive(Clone)]
pub(super) struct Counted {
    /// Tells its servers from those of other backends.
    number: u32,
    pub(super) counts: Arc<BackendCounts>,
}

/// Lends this thread's book. Does nothing on a thread that is about to end.
pub(super) fn with(change: impl FnOnce(&mut Book)) {
    let _ = BOOK.try_with(|book| change(&mut book.borrow_mut()));
}

/// Asks this thread's book, or a new one on a thread that is about to end.
pub(super) fn ask<T>(question: impl Fn(&mut Book) -> T) -> T {
    let answer = BOOK.try_with(|book| question(&mut book.borrow_mut()));
    answer.unwrap_or_else(|_| question(&mut Book::detached()))
}

impl Book {
    pub(super) fn new(announce: Sender<Fresh>, counts: Arc<ThreadCounts>, outbox: Option<Outbox>) -> Book {
        let (frontends, backends, servers) = Default::default();
        Book { announce, counts, frontends, backends, servers, next: 0, outbox }
    }

    /// One that nobody reads.
    pub(super) fn detached() -> Book {
        Book::new(channel().0, Arc::default(), None)
    }

    /// Makes `book` this thread's; the last lines of the one before are handed over.
    pub(super) fn replace(book: Book) {
        let before = BOOK.replace(book);
        drop(before);
    }

    pub(super) fn frontend(&mut self, port: u16) -> &Arc<FrontendCounts> {
        let announce = &self.announce;
        self.frontends.entry(port).or_insert_with(|| {
            let counts = Arc::default();
            // A control side that is gone reads nothing.
            let _ = announce.send(Fresh::Frontend(port, Arc::clone(&counts)));
            counts
        })
    }

    /// The counters of a backend; new ones if it is new, was forgotten, or belongs to another service now.
    pub(super) fn backend(&mut self, backend: &Backend) -> Counted {
        if let Some((service, counted)) = self.backends.get(&backend.name)
            && *service == backend.service
            && !counted.counts.retired.is_set()
        {
            return counted.clone();
        }
        let counted = Counted { number: self.next, counts: Arc::default() };
        self.next = self.next.wrapping_add(1);
        let (name, service) = (&backend.name, &backend.service);
        let _ = self.announce.send(Fresh::Backend(Arc::clone(name), service.clone(), Arc::clone(&counted.counts)));
        self.backends.insert(Arc::clone(name), (service.clone(), counted.clone()));
        counted
    }

    pub(super) fn server(&mut self, backend: &Backend, counted: &Counted, address: SocketAddr) -> Arc<ServerCounts> {
        let key = (counted.number, address);
        if let Some(counts) = self.servers.get(&key).filter(|counts| !counts.retired.is_set()) {
            return Arc::clone(counts);
        }
        let counts = Arc::default();
        let _ = self.announce.send(Fresh::Server(Arc::clone(&backend.name), address, Arc::clone(&counts)));
        self.servers.insert(key, Arc::clone(&counts));
        counts
    }

    /// Drops the counters that the control side has forgotten, if there are any.
    pub(super) fn sweep(&mut self) {
        if !self.counts.sweep_due.swap(false, Ordering::Relaxed) {
            return;
        }
        self.backends.retain(|_, (_, counted)| !counted.counts.retired.is_set());
        self.servers.retain(|_, counts| !counts.retired.is_set());
    }

    /// The header fields that a line is to hold; `None`: no request is logged, so that nothing of it is worth keeping.
    pub(super) fn captures(&self) -> Option<&[Capture]> {
        self.outbox.as_ref().map(Outbox::captures)
    }

    pub(super) fn log(&mut self, line: &Line) {
        if let Some(outbox) = &mut self.outbox {
            outbox.push(line);
        }
    }

    /// How many backends and servers it has counters of.
    #[cfg(test)]
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.backends.len(), self.servers.len())
    }

    pub(super) fn flush(&mut self) {
        if let Some(outbox) = &mut self.outbox {
            outbox.flush();
        }
    }
}

impl Drop for Book {
    fn drop(&mut self) {
        self.flush();
    }
}
