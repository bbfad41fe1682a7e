//! The access log: from a thread's record of a request to a line on the output, without any thread that serves waiting for it.
//!
//! A thread gathers records, and hands them over many at a time through a bounded queue. One thread formats and writes. Where it cannot
//! keep up, records are dropped and counted.
//! Not here: how lines look (`json`, `haproxy`, `format`).

mod batch;
mod date;
mod format;
mod haproxy;
mod json;
mod line;

pub use date::timestamp;

pub(super) use batch::Outbox;
pub(super) use line::{Facts, Line};

use super::ledger::Ledger;
use batch::Batch;
use format::Frame;
use line::Kind;
use model::log_format::{Capture, Format};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Batches that may wait for the writer: about 4 MiB at most.
const QUEUE: usize = 32;

/// What is logged, and how it looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// How a line looks.
    pub format: LogFormat,
    /// Leaves out what went well: no 5xx, no retry, no abort (HAProxy's `option dontlog-normal`).
    pub errors_only: bool,
    /// How a request looks in HAProxy's format, if not as `option httplog` has it.
    pub http: Option<Format>,
    /// How a connection looks there, if not as `option tcplog` has it.
    pub tcp: Option<Format>,
    /// The header fields of requests that are shown.
    pub captures: Arc<[Capture]>,
}

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// A JSON object; the path without its query.
    Json,
    /// HAProxy's `option httplog` and `option tcplog`; the target with its query, as there.
    Haproxy,
}

/// The queue and its writer.
pub(super) struct AccessLog {
    errors_only: bool,
    captures: Arc<[Capture]>,
    /// `None` once it is closed.
    queue: Mutex<Option<SyncSender<Batch>>>,
    counts: Arc<Lines>,
    /// Disconnected when the writer has ended.
    ended: Mutex<Receiver<()>>,
}

/// Lines that were written, and those that were lost. Counted by many threads, though seldom.
#[derive(Debug, Default)]
pub(super) struct Lines {
    written: AtomicU64,
    dropped: AtomicU64,
}

/// The one thread that waits for the output.
struct Writer {
    settings: LogSettings,
    output: Box<dyn io::Write + Send>,
    ledger: Arc<Mutex<Ledger>>,
    counts: Arc<Lines>,
    /// So many were formatted.
    lines: u64,
}

impl LogSettings {
    /// Lines of this format about everything, as they are by themselves.
    pub fn new(format: LogFormat) -> LogSettings {
        LogSettings { format, errors_only: false, http: None, tcp: None, captures: Arc::default() }
    }
}

impl AccessLog {
    pub(super) fn start(
        settings: LogSettings,
        output: Box<dyn io::Write + Send>,
        ledger: Arc<Mutex<Ledger>>,
    ) -> io::Result<AccessLog> {
        let (queue, batches) = sync_channel(QUEUE);
        let (running, ended) = channel();
        let counts = Arc::<Lines>::default();
        let (errors_only, captures) = (settings.errors_only, Arc::clone(&settings.captures));
        let writer = Writer { settings, output, ledger, counts: Arc::clone(&counts), lines: 0 };
        std::thread::Builder::new().name("access-log".to_owned()).spawn(move || {
            writer.run(&batches);
            drop(running);
        })?;
        Ok(AccessLog { errors_only, captures, queue: Mutex::new(Some(queue)), counts, ended: Mutex::new(ended) })
    }

    /// A way into the queue for one more thread; `None` once the log is closed.
    pub(super) fn outbox(&self) -> Option<Outbox> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        Some(Outbox::new(queue, Arc::clone(&self.counts), self.errors_only, Arc::clone(&self.captures)))
    }

    /// Lines that were written, and those that were lost.
    pub(super) fn lines(&self) -> (u64, u64) {
        (self.counts.written.load(Ordering::Relaxed), self.counts.dropped.load(Ordering::Relaxed))
    }

    /// Ends the writer once it has written what waits, and waits for that at most `limit`.
    pub(super) fn close(&self, limit: Duration) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        // Either the writer has dropped its end, or the reader of the output is given up.
        let _ = ended.recv_timeout(limit);
    }
}

impl Lines {
    fn hand_over(&self, queue: &SyncSender<Batch>, batch: Batch) -> Option<Batch> {
        match queue.try_send(batch) {
            Ok(()) => None,
            Err(TrySendError::Full(batch) | TrySendError::Disconnected(batch)) => {
                self.dropped.fetch_add(batch.lines(), Ordering::Relaxed);
                Some(batch)
            }
        }
    }
}

impl Writer {
    fn run(mut self, batches: &Receiver<Batch>) {
        let mut text = String::new();
        while let Ok(batch) = batches.recv() {
            text.clear();
            self.format(&batch, &mut text);
            let count = match self.output.write_all(text.as_bytes()).and_then(|()| self.output.flush()) {
                Ok(()) => &self.counts.written,
                // The output is gone; another log cannot be written either.
                Err(_) => &self.counts.dropped,
            };
            count.fetch_add(batch.lines(), Ordering::Relaxed);
        }
    }

    fn format(&mut self, batch: &Batch, text: &mut String) {
        let settings = &self.settings;
        match settings.format {
            LogFormat::Json => batch.entries().for_each(|entry| json::write(entry, &settings.captures, text)),
            LogFormat::Haproxy => {
                let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
                let open = ledger.open();
                for entry in batch.entries() {
                    self.lines += 1;
                    let format = if entry.facts.kind == Kind::Tcp { &settings.tcp } else { &settings.http };
                    match format {
                        None => haproxy::write(entry, &open, &settings.captures, text),
                        Some(format) => {
                            let frame = Frame { open: &open, captures: &settings.captures, lines: self.lines };
                            format::write(format, entry, frame, text);
                        }
                    }
                }
            }
        }
    }
}
