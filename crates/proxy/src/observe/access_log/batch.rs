//! Lines on their way from a thread to the writer: many in two pieces of memory.
//!
//! Not here: the queue between them (`access_log`).

use super::Lines;
use super::line::{Entry, Facts, Line};
use model::log_format::Capture;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

/// A batch is full with so many lines, or
const MOST_LINES: usize = 256;
/// so many bytes of their text.
const MOST_TEXT: usize = 64 * 1024;

/// Lines in the order in which they ended.
#[derive(Default)]
pub(super) struct Batch {
    /// Each with the end of its text.
    lines: Vec<(Facts, usize)>,
    text: Vec<u8>,
}

/// A thread's end of the queue.
pub(in crate::observe) struct Outbox {
    queue: SyncSender<Batch>,
    counts: Arc<Lines>,
    errors_only: bool,
    captures: Arc<[Capture]>,
    batch: Batch,
}

impl Batch {
    pub(super) fn lines(&self) -> u64 {
        u64::try_from(self.lines.len()).unwrap_or(u64::MAX)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.lines.iter().scan(0, |start, (facts, end)| {
            let text = &self.text[*start..*end];
            *start = *end;
            Some(Entry::new(facts, text))
        })
    }

    fn push(&mut self, line: &Line) {
        self.text.extend_from_slice(&line.text);
        self.lines.push((line.facts, self.text.len()));
    }

    fn is_full(&self) -> bool {
        self.lines.len() >= MOST_LINES || self.text.len() >= MOST_TEXT
    }

    fn clear(&mut self) {
        self.lines.clear();
        self.text.clear();
    }
}

impl Outbox {
    pub(super) fn new(
        queue: SyncSender<Batch>,
        counts: Arc<Lines>,
        errors_only: bool,
        captures: Arc<[Capture]>,
    ) -> Outbox {
        Outbox { queue, counts, errors_only, captures, batch: Batch::default() }
    }

    /// The header fields that a line is to hold.
    pub(in crate::observe) fn captures(&self) -> &[Capture] {
        &self.captures
    }

    /// Adds a line; a full batch is handed over, or dropped where the writer cannot keep up.
    pub(in crate::observe) fn push(&mut self, line: &Line) {
        if self.errors_only && !line.facts.is_error() {
            return;
        }
        self.batch.push(line);
        if self.batch.is_full() {
            self.flush();
        }
    }

    /// Hands over what there is.
    pub(in crate::observe) fn flush(&mut self) {
        if self.batch.lines.is_empty() {
            return;
        }
        if let Some(mut refused) = self.counts.hand_over(&self.queue, std::mem::take(&mut self.batch)) {
            // Its room is good for the next lines.
            refused.clear();
            self.batch = refused;
        }
    }
}
