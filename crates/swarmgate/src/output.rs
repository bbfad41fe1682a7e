//! Standard output for the program's own log: whole lines, written by one thread, so that nobody who logs waits for the reader.
//!
//! Where the reader is too slow, lines are dropped and counted.
//! Not here: what is logged, and the access log (`proxy::observe`), which shares the output line by line.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Lines that may wait.
const QUEUE: usize = 1024;
/// How long the last lines may take on their way out.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Of the whole process, as is its output.
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// Takes whole lines. Clones write to the same output.
#[derive(Clone)]
pub struct Output(SyncSender<Message>);

enum Message {
    Line(Vec<u8>),
    /// Everything before it was written once this is dropped.
    Flush(#[allow(dead_code, reason = "it is dropped, not read")] SyncSender<()>),
}

/// Sends what the program logs to standard output from here on; a `filter` that is none is `info`.
pub fn start_log(filter: &str) -> io::Result<Output> {
    let output = Output::start(io::stdout())?;
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_target(false).with_writer(output.clone()).init();
    Ok(output)
}

/// Lines that were lost since the program started.
pub fn dropped_lines() -> u64 {
    DROPPED.load(Ordering::Relaxed)
}

impl Output {
    /// Writes to `output` from a thread of its own.
    pub fn start(output: impl Write + Send + 'static) -> io::Result<Output> {
        let (queue, messages) = sync_channel(QUEUE);
        std::thread::Builder::new().name("log".to_owned()).spawn(move || write(output, &messages))?;
        Ok(Output(queue))
    }

    /// Waits until all lines so far were written, though not long for a reader that does not read.
    pub fn flush(&self) {
        let (written, wait) = sync_channel(0);
        if self.0.try_send(Message::Flush(written)).is_ok() {
            let _ = wait.recv_timeout(LAST_LINES);
        }
    }
}

fn write(mut output: impl Write, messages: &Receiver<Message>) {
    while let Ok(message) = messages.recv() {
        match message {
            Message::Line(line) => {
                if output.write_all(&line).and_then(|()| output.flush()).is_err() {
                    DROPPED.fetch_add(1, Ordering::Relaxed);
                }
            }
            Message::Flush(written) => drop(written),
        }
    }
}

impl Write for Output {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.0.try_send(Message::Line(line.to_vec())).is_err() {
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Output {
    type Writer = Output;

    fn make_writer(&self) -> Output {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn lines_come_out_whole_and_in_order() {
        let (mut reader, writer) = io::pipe().unwrap();
        let mut output = Output::start(writer).unwrap();
        for line in ["one\n", "two\n"] {
            output.write_all(line.as_bytes()).unwrap();
        }
        output.flush();
        drop(output);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "one\ntwo\n");
    }

    #[test]
    fn a_reader_that_does_not_read_makes_nobody_wait() {
        let (reader, writer) = io::pipe().unwrap();
        let mut output = Output::start(writer).unwrap();
        let before = dropped_lines();
        let line = [b'x'; 4096];
        for _ in 0..2 * QUEUE {
            output.write_all(&line).unwrap();
        }
        assert!(dropped_lines() > before);
        output.flush();
        drop(reader);
    }
}
