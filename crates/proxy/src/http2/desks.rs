//! Tasks that answer the requests of one HTTP/2 connection. One that has answered waits for the next request: what a task costs to make is
//! paid once for many requests, and its buffers and its timer serve them all.
//!
//! Not here: what an answer is (`connection`).

use super::head;
use super::response::Response;
use super::stream::{Reading, Stream};
use crate::http1::Malformed;
use h2::RecvStream;
use h2::server::SendResponse;
use http::{Method, Request};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Tasks that may wait for more work. A connection that was busy once holds no more than these.
const MOST_WAITING: usize = 16;

/// A request that nobody has looked at.
pub(crate) struct Job {
    pub(super) request: Request<RecvStream>,
    pub(super) respond: SendResponse<bytes::Bytes>,
}

impl Job {
    /// The stream, and its head written into `head`, or why there is none.
    pub(crate) fn open(self, head: &mut Vec<u8>) -> (Stream, Result<(), Malformed>) {
        let Job { request, respond } = self;
        let ended = request.body().is_end_stream();
        let written = head::write(&request, ended, head);
        let reading = match written {
            _ if ended => Reading::Ended,
            Ok(true) => Reading::Plain,
            _ => Reading::Chunked,
        };
        let response = Response::new(request.method() == Method::HEAD, respond);
        (Stream::new(request.into_body(), reading, response), written.map(|_| ()))
    }
}

/// The connection's end: gives out requests. Dropped with the connection, it sends the waiting tasks home.
pub(super) struct Desks(Jobs);

/// The end of the tasks.
#[derive(Clone, Default)]
pub(crate) struct Jobs(Arc<Mutex<Queue>>);

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    /// Tasks that wait, each once. The last one to wait is the first to be called: its memory is the warmest.
    waiting: Vec<Waker>,
    closed: bool,
}

impl Desks {
    pub(super) fn new() -> Desks {
        Desks(Jobs::default())
    }

    /// Gives a request to a task that waits, or to one that `open` starts.
    pub(super) fn give(&self, job: Job, open: impl FnOnce(Jobs)) {
        let mut queue = self.0.lock();
        queue.jobs.push_back(job);
        let waiting = queue.waiting.pop();
        drop(queue);
        match waiting {
            Some(waker) => waker.wake(),
            None => open(self.0.clone()),
        }
    }
}

impl Drop for Desks {
    fn drop(&mut self) {
        let mut queue = self.0.lock();
        queue.closed = true;
        let waiting = std::mem::take(&mut queue.waiting);
        drop(queue);
        waiting.into_iter().for_each(Waker::wake);
    }
}

impl Jobs {
    /// The next request; `None`: enough others wait for it, or none will come.
    pub(crate) async fn next(&self) -> Option<Job> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Option<Job>> {
        let mut queue = self.lock();
        // A timer of an earlier request may wake a task that nobody called. It must not stay on the list while it works, nor be on it twice:
        // whoever is called next has to be somebody who waits.
        queue.waiting.retain(|waker| !waker.will_wake(cx.waker()));
        if let Some(job) = queue.jobs.pop_front() {
            return Poll::Ready(Some(job));
        }
        if queue.closed || queue.waiting.len() >= MOST_WAITING {
            return Poll::Ready(None);
        }
        queue.waiting.push(cx.waker().clone());
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nothing can panic while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
