//! R3: what one client can make the proxy do. While it tries, others are answered within a second, and the real program, a process of its own,
//! takes at most 64 MiB more; most attempts end with the connection.
//!
//! Not here: what is malformed (`conformance`, `smuggling`).

mod bombs;
mod frames;
mod silence;
mod windows;

use crate::client::Client;
use crate::endurance::harness::{self, Program, Usage};
use crate::frame::{Frame, PREFACE, kind, settings, settings_ack};
use crate::hpack::Block;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

/// KiB that a proxy may take beside what it had.
const MOST_MEMORY: u64 = 64 * 1024;
/// The longest that anybody else waits. The promise is a second, and is held to that where the program is optimised (`scripts/test endurance`); a
/// debug build that shares its processors with a hundred other tests is a few times slower.
const MOST_WAIT: Duration = if cfg!(debug_assertions) { Duration::from_secs(5) } else { Duration::from_secs(1) };
/// How long an attempt may go on.
const MOST_TIME: Duration = Duration::from_secs(5);

/// A proxy under attack, and its server.
struct Scene {
    program: Program,
    before: Usage,
    neighbours: Neighbours,
}

/// Two clients who only want to be served.
struct Neighbours {
    stop: Arc<AtomicBool>,
    thread: thread::JoinHandle<(Duration, usize)>,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug)]
struct Ended {
    /// Frames that were written.
    frames: usize,
    /// The proxy has closed the connection.
    closed: bool,
    /// The reason it gave, if that arrived.
    code: Option<u32>,
}

impl Scene {
    async fn new(variables: &[(&str, &str)]) -> Scene {
        let server = serve();
        let program = Program::start(variables).await.expect("a proxy");
        let port = server.port();
        let query = format!("serviceName=go&servicePath=/&port={port}&outboundHostname=127.0.0.1");
        program.configure(&query).await.expect("a service");
        let neighbours = Neighbours::of(program.address);
        // Whatever a first request needs is there before it is measured.
        assert_eq!(Client::open(program.address).await.ask(1, Block::get("/big")).await.body.len(), BIG);
        let before = program.usage().expect("it runs");
        Scene { program, before, neighbours }
    }

    fn address(&self) -> SocketAddr {
        self.program.address
    }

    /// Connections of clients that the proxy counts as open.
    async fn open_connections(&self) -> usize {
        let open = harness::metric(self.program.api, "swarmgate_frontend_open_connections").await;
        usize::try_from(open.expect("the API answers")).expect("few connections")
    }

    /// All was well.
    fn ends_well(self) {
        let usage = self.program.usage().expect("it runs");
        let (slowest, answered) = self.neighbours.end();
        assert!(answered > 0, "the neighbours were answered");
        assert!(slowest < MOST_WAIT, "a neighbour waited {slowest:?}");
        let more = usage.peak.saturating_sub(self.before.resident);
        println!("{answered} neighbours, the slowest {slowest:?}; {:.1} MiB more", more as f64 / 1024.0);
        assert!(more <= MOST_MEMORY, "{more} KiB more");
    }
}

impl Neighbours {
    fn of(proxy: SocketAddr) -> Neighbours {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || runtime().block_on(neighbours(proxy, &stopped)));
        Neighbours { stop, thread }
    }

    /// The longest wait, and how many answers there were.
    fn end(self) -> (Duration, usize) {
        self.stop.store(true, Relaxed);
        self.thread.join().expect("every neighbour was answered")
    }
}

/// One speaks HTTP/1.1, the other HTTP/2; both keep their connections.
async fn neighbours(proxy: SocketAddr, stop: &AtomicBool) -> (Duration, usize) {
    let (mut slowest, mut answered) = (Duration::ZERO, 0);
    let mut plain = crate::it::harness::Peer::connect(proxy).await;
    let mut other = Client::open(proxy).await;
    let mut stream = 1;
    loop {
        let began = Instant::now();
        plain.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!(plain.reply().await.status(), 200);
        slowest = slowest.max(began.elapsed());
        let began = Instant::now();
        assert_eq!(other.ask(stream, Block::get("/2")).await.status, 200);
        slowest = slowest.max(began.elapsed());
        (stream, answered) = (stream + 2, answered + 2);
        if stop.load(Relaxed) {
            return (slowest, answered);
        }
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Sends its preface and then what `next` gives, a few frames at a time, until the proxy has had enough, `most` frames are sent, or it
/// takes nothing more. Reads what comes meanwhile if it `listens`, else at the end.
async fn attack(
    proxy: SocketAddr,
    first: &[(u16, u32)],
    listens: bool,
    most: usize,
    mut next: impl FnMut(u32) -> Vec<u8>,
) -> Ended {
    let stream = TcpStream::connect(proxy).await.expect("a proxy that listens");
    let (read, mut write) = stream.into_split();
    let may_listen = Arc::new(Notify::new());
    let mut reading = tokio::spawn(listen(read, Arc::clone(&may_listen)));
    if listens {
        may_listen.notify_one();
    }
    let mut frames = 0;
    let began = Instant::now();
    let mut bytes = [PREFACE, &settings(first), &settings_ack()].concat();
    let mut number = 0;
    while frames < most && began.elapsed() < MOST_TIME && !reading.is_finished() {
        while bytes.len() < 16 * 1024 && frames < most {
            let more = next(number);
            frames += Frames(&more).count();
            bytes.extend(more);
            number += 1;
        }
        let written = tokio::time::timeout(Duration::from_secs(1), write.write_all(&bytes)).await;
        if !matches!(written, Ok(Ok(()))) {
            break;
        }
        bytes.clear();
        // The reader runs on this thread too.
        tokio::task::yield_now().await;
    }
    may_listen.notify_one();
    let code = tokio::time::timeout(MOST_TIME, &mut reading).await;
    reading.abort();
    Ended { frames, closed: code.is_ok(), code: code.ok().and_then(|code| code.expect("it does not panic")) }
}

/// Reads to the end, once it may; the code of the last GOAWAY.
async fn listen(mut read: OwnedReadHalf, may: Arc<Notify>) -> Option<u32> {
    may.notified().await;
    let (mut code, mut buffered, mut taken) = (None, Vec::new(), 0);
    while read.read_buf(&mut buffered).await.is_ok_and(|count| count > 0) {
        while let Some(frame) = Frame::take(&mut buffered, &mut taken) {
            if frame.kind == kind::GOAWAY {
                code = Some(frame.number(4));
            }
        }
    }
    code
}

/// The lengths of frames in bytes.
struct Frames<'b>(&'b [u8]);

impl Iterator for Frames<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let head = self.0.get(..3)?;
        let length = 9 + (usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]));
        self.0 = self.0.get(length..).unwrap_or_default();
        Some(length)
    }
}

/// The body of `/big`.
const BIG: usize = 1024 * 1024;

static LARGE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {BIG}\r\n\r\n");
    [head.as_bytes(), &[b'x'; BIG]].concat()
});

/// A server in a thread of its own: `/big` is large, `/held` is never answered, everything else says `hi`. What follows a head is read and
/// forgotten.
fn serve() -> SocketAddr {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.set_nonblocking(true).expect("a socket");
    let address = listener.local_addr().expect("a bound socket");
    thread::spawn(move || {
        runtime().block_on(async {
            let listener = TcpListener::from_std(listener).expect("a socket");
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream));
            }
        });
    });
    address
}

async fn answer(mut stream: TcpStream) {
    let (mut buffered, mut room) = (Vec::new(), vec![0; 64 * 1024]);
    loop {
        let Some(end) = crate::case::position(&buffered, b"\r\n\r\n") else {
            match stream.read(&mut room).await {
                Ok(count @ 1..) => buffered.extend_from_slice(&room[..count]),
                _ => return,
            }
            continue;
        };
        let sent = match buffered.starts_with(b"GET /big ") {
            true => stream.write_all(&LARGE).await,
            false if !buffered.starts_with(b"GET ") || buffered.starts_with(b"GET /held ") => loop {
                if !matches!(stream.read(&mut room).await, Ok(1..)) {
                    return;
                }
            },
            false => stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").await,
        };
        if sent.is_err() {
            return;
        }
        buffered.drain(..end + 4);
    }
}
