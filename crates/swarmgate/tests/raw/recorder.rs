//! A server that answers every request with 200 and remembers each byte it got, whoever sent it.
//!
//! It reads requests in its own simple way, so that it can disagree with the proxy.
//! Not here: servers that answer in other ways (`script`).

use std::collections::HashSet;
use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use crate::case::position;
use crate::wire::{Pieces, send};

/// One thing a server saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// A whole request.
    Request(Vec<u8>),
    /// A part of one, and then the end of the connection.
    Part(Vec<u8>),
}

#[derive(Default)]
struct Memory {
    seen: Vec<Seen>,
    /// Connections that are open.
    open: usize,
    /// Who has connected.
    accepted: HashSet<SocketAddr>,
}

/// The server.
pub(crate) struct Recorder {
    pub(crate) address: SocketAddr,
    memory: Arc<(Mutex<Memory>, Condvar)>,
}

impl Recorder {
    pub(crate) fn start() -> Recorder {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let memory = Arc::<(Mutex<Memory>, Condvar)>::default();
        let shared = Arc::clone(&memory);
        thread::spawn(move || {
            while let Ok((stream, peer)) = listener.accept() {
                let shared = Arc::clone(&shared);
                change(&shared, |memory| {
                    memory.open += 1;
                    memory.accepted.insert(peer);
                });
                thread::spawn(move || {
                    serve(stream, &shared);
                    change(&shared, |memory| memory.open -= 1);
                });
            }
        });
        Recorder { address, memory }
    }

    /// Waits until all that was sent has been read: `last`, a part of the last request, was seen, and at most `most_open` connections
    /// are still open; in any case no longer than `patience`. Forgets and returns what was seen.
    pub(crate) fn take(&self, last: &str, most_open: usize, patience: Duration) -> Vec<Seen> {
        let is_last = |seen: &Seen| matches!(seen, Seen::Request(bytes) if position(bytes, last.as_bytes()).is_some());
        self.wait(patience, |memory| memory.seen.iter().any(is_last));
        // Connections are accepted in their order: once this one is, all before it are.
        let barrier = TcpStream::connect(self.address).expect("the recorder listens");
        let own = barrier.local_addr().expect("a connected socket");
        drop(barrier);
        self.wait(patience, |memory| memory.accepted.contains(&own) && memory.open <= most_open);
        std::mem::take(&mut self.lock().seen)
    }

    fn wait(&self, patience: Duration, until: impl Fn(&Memory) -> bool) {
        let waited = self.memory.1.wait_timeout_while(self.lock(), patience, |memory| !until(memory));
        drop(waited.expect("no thread of the recorder panics"));
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.memory.0.lock().expect("no thread of the recorder panics")
    }
}

fn change(shared: &(Mutex<Memory>, Condvar), change: impl FnOnce(&mut Memory)) {
    let mut memory = shared.0.lock().expect("no thread of the recorder panics");
    change(&mut memory);
    drop(memory);
    shared.1.notify_all();
}

fn serve(stream: TcpStream, shared: &(Mutex<Memory>, Condvar)) {
    let mut reader = Reader::new(stream);
    loop {
        match reader.request() {
            Ok(request) => {
                let answer: &[u8] = match request.starts_with(b"HEAD ") {
                    true => b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n",
                    false => b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
                };
                change(shared, |memory| memory.seen.push(Seen::Request(request)));
                if !send(&mut reader.stream, answer, Pieces::Whole) {
                    return;
                }
            }
            Err(part) if part.is_empty() => return,
            Err(part) => return change(shared, |memory| memory.seen.push(Seen::Part(part))),
        }
    }
}

/// Reads requests off a connection, without much thought.
pub(crate) struct Reader {
    pub(crate) stream: TcpStream,
    buffered: Vec<u8>,
    /// How much of it was read as a request so far.
    read: usize,
}

impl Reader {
    pub(crate) fn new(stream: TcpStream) -> Reader {
        stream.set_nodelay(true).expect("a TCP socket");
        Reader { stream, buffered: Vec::new(), read: 0 }
    }

    /// The next request with its body; what there was of it if the connection ended.
    fn request(&mut self) -> Result<Vec<u8>, Vec<u8>> {
        match self.head().and_then(|head| self.body(&head)) {
            Some(()) => Ok(self.taken()),
            None => Err(std::mem::take(&mut self.buffered)),
        }
    }

    /// The next head. Its bytes stay in the buffer.
    pub(crate) fn head(&mut self) -> Option<String> {
        let start = self.read;
        self.until(b"\r\n\r\n")?;
        Some(String::from_utf8_lossy(&self.buffered[start..self.read]).into_owned())
    }

    /// The body that belongs to it.
    pub(crate) fn body(&mut self, head: &str) -> Option<()> {
        let head = head.to_lowercase();
        let field = |name: &str| head.split("\r\n").find_map(|line| line.strip_prefix(name)).map(str::trim);
        if field("transfer-encoding:").is_some_and(|coding| coding.contains("chunked")) {
            while self.chunk()? {}
            // Trailers, and the empty line behind them.
            while self.line()? != b"\r\n" {}
            return Some(());
        }
        self.bytes(field("content-length:").and_then(|length| length.parse().ok()).unwrap_or(0))
    }

    /// Forgets what was read and returns it.
    pub(crate) fn taken(&mut self) -> Vec<u8> {
        let rest = self.buffered.split_off(std::mem::take(&mut self.read));
        std::mem::replace(&mut self.buffered, rest)
    }

    /// One chunk; whether another one follows.
    fn chunk(&mut self) -> Option<bool> {
        let line = self.line()?;
        let size = String::from_utf8_lossy(&line).split(';').next().map(|size| size.trim().to_owned());
        let size = usize::from_str_radix(&size.unwrap_or_default(), 16).ok()?;
        if size == 0 {
            return Some(false);
        }
        self.bytes(size.checked_add(2)?)?;
        Some(true)
    }

    fn line(&mut self) -> Option<Vec<u8>> {
        let start = self.read;
        self.until(b"\r\n")?;
        Some(self.buffered[start..self.read].to_vec())
    }

    fn until(&mut self, end: &[u8]) -> Option<()> {
        loop {
            if let Some(at) = position(&self.buffered[self.read..], end) {
                self.read += at + end.len();
                return Some(());
            }
            self.fill()?;
        }
    }

    fn bytes(&mut self, count: usize) -> Option<()> {
        while self.buffered.len() - self.read < count {
            self.fill()?;
        }
        self.read += count;
        Some(())
    }

    fn fill(&mut self) -> Option<()> {
        let mut room = [0; 16 * 1024];
        let count = self.stream.read(&mut room).ok().filter(|count| *count > 0)?;
        self.buffered.extend_from_slice(&room[..count]);
        Some(())
    }
}
