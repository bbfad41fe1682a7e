//! Clients that ask until they are told to stop, each in its own way, and a tally of what became of it.

use super::client::{Client, Loss, Reply};
use super::{Run, Tally, pattern};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Requests sent together by a client that pipelines.
const PIPELINED: u64 = 8;

/// What a client asks for, again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// A GET on a connection that is kept.
    Get,
    /// A GET on a connection of its own.
    Fresh,
    /// Several GETs at once.
    Pipelined,
    /// A POST with a body of so many bytes.
    Post(usize),
    /// The same in chunks.
    Chunked(usize),
    /// A response that comes in so many pieces, a tenth of a second apart.
    Download(usize),
    /// A body that is sent so.
    Upload(usize),
}

/// Clients of one service.
pub(crate) struct Load {
    shared: Arc<Shared>,
    clients: JoinSet<()>,
}

struct Shared {
    address: SocketAddr,
    path: String,
    /// The number of the next request.
    next: AtomicU64,
    /// Requests with this number and higher are not sent.
    end: AtomicU64,
    stopped: AtomicBool,
    tally: Arc<Tally>,
    /// Told of every whole response: who answered.
    seen: Box<dyn Fn(&Reply) + Send + Sync>,
}

impl Load {
    /// `count` requests below `path`, or as many as come until it is stopped.
    pub(crate) fn new(run: &Run, address: SocketAddr, path: &str, count: Option<u64>) -> Load {
        Load::watched(run, address, path, count, |_| {})
    }

    /// The same; `seen` is shown every whole response.
    pub(crate) fn watched(
        run: &Run,
        address: SocketAddr,
        path: &str,
        count: Option<u64>,
        seen: impl Fn(&Reply) + Send + Sync + 'static,
    ) -> Load {
        let shared = Shared {
            address,
            path: path.to_owned(),
            next: AtomicU64::new(0),
            end: AtomicU64::new(count.unwrap_or(u64::MAX)),
            stopped: AtomicBool::new(false),
            tally: Arc::clone(&run.tally),
            seen: Box::new(seen),
        };
        Load { shared: Arc::new(shared), clients: JoinSet::new() }
    }

    /// So many more clients that ask like this.
    pub(crate) fn clients(mut self, count: usize, ask: Ask) -> Load {
        for _ in 0..count {
            self.clients.spawn(Asking { shared: Arc::clone(&self.shared), ask }.run());
        }
        self
    }

    /// No request is sent any more; ends when all have had their responses.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.shared.stopped.store(true, Relaxed);
        self.done().await
    }

    /// Ends when all requests have had their responses.
    pub(crate) async fn done(mut self) -> anyhow::Result<()> {
        while let Some(client) = self.clients.join_next().await {
            client?;
        }
        Ok(())
    }
}

/// One client.
struct Asking {
    shared: Arc<Shared>,
    ask: Ask,
}

impl Asking {
    async fn run(self) {
        let mut client = Client::of(self.shared.address);
        while let Some(id) = self.shared.number() {
            let began = Instant::now();
            match self.ask_once(&mut client, id).await {
                Ok(()) => self.shared.tally.whole(began.elapsed()),
                Err(why) => {
                    self.shared.tally.lost(format!("{:?} {id}: {why}", self.ask));
                    // A client that fails at once does not try a thousand times a second.
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
            if self.ask == Ask::Fresh {
                client.leave();
            }
        }
    }

    async fn ask_once(&self, client: &mut Client, id: u64) -> Result<(), String> {
        match self.ask {
            Ask::Get | Ask::Fresh => self.get(client, id, 1).await,
            Ask::Download(pieces) => self.get(client, id, pieces).await,
            Ask::Pipelined => self.pipelined(client, id).await,
            Ask::Post(length) => self.post(client, id, pattern(id, length)).await,
            Ask::Chunked(length) => self.chunked(client, id, &pattern(id, length), 3, Duration::ZERO).await,
            Ask::Upload(pieces) => {
                let pause = Duration::from_millis(100);
                self.chunked(client, id, &pattern(id, 40_000), pieces, pause).await
            }
        }
    }

    async fn get(&self, client: &mut Client, id: u64, pieces: usize) -> Result<(), String> {
        let length = if pieces > 1 { 40_000 } else { length_of(id) };
        let request = self.head("GET", &format!("id={id}&bytes={length}&pieces={pieces}&pause=100"), "");
        let reply = ask(client, request.as_bytes()).await?;
        self.shared.judge(&reply, &pattern(id, length))
    }

    async fn pipelined(&self, client: &mut Client, id: u64) -> Result<(), String> {
        let query = |part: u64| format!("id={}&bytes={}&part={part}", id + part, length_of(id + part));
        let requests: String = (0..PIPELINED).map(|part| self.head("GET", &query(part), "")).collect();
        client.connect().await.map_err(|loss| loss.to_string())?;
        client.wire().send(requests.as_bytes()).await.map_err(|error| error.to_string())?;
        for part in 0..PIPELINED {
            let reply = client.reply().await.map_err(|loss| format!("part {part}: {loss}"))?;
            self.shared.judge(&reply, &pattern(id + part, length_of(id + part)))?;
            // What was sent behind the last request of a connection was never taken; it may be sent again.
            if reply.last {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn post(&self, client: &mut Client, id: u64, body: Vec<u8>) -> Result<(), String> {
        let head = self.head("POST", &format!("id={id}"), &format!("Content-Length: {}\r\n", body.len()));
        let reply = ask(client, &[head.as_bytes(), &body].concat()).await?;
        self.shared.judge(&reply, &body)
    }

    async fn chunked(
        &self,
        client: &mut Client,
        id: u64,
        body: &[u8],
        pieces: usize,
        pause: Duration,
    ) -> Result<(), String> {
        client.connect().await.map_err(|loss| loss.to_string())?;
        let mut bytes = self.head("POST", &format!("id={id}"), "Transfer-Encoding: chunked\r\n").into_bytes();
        for piece in body.chunks(body.len().div_ceil(pieces).max(1)) {
            bytes.extend([format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat());
            client.wire().send(&bytes).await.map_err(|error| format!("sending: {error}"))?;
            bytes.clear();
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
        }
        let reply = ask(client, b"0\r\n\r\n").await?;
        self.shared.judge(&reply, body)
    }

    fn head(&self, method: &str, query: &str, fields: &str) -> String {
        format!("{method} {}?{query} HTTP/1.1\r\nHost: a\r\n{fields}\r\n", self.shared.path)
    }
}

impl Shared {
    fn number(&self) -> Option<u64> {
        let number = || self.next.fetch_add(1, Relaxed);
        (!self.stopped.load(Relaxed)).then(number).filter(|number| *number < self.end.load(Relaxed))
    }

    fn judge(&self, reply: &Reply, expected: &[u8]) -> Result<(), String> {
        if reply.status != 200 || reply.body != expected {
            let same = if reply.body == expected { "the right" } else { "another" };
            return Err(format!("{} with {same} body of {} bytes", reply.status, reply.body.len()));
        }
        (self.seen)(reply);
        Ok(())
    }
}

async fn ask(client: &mut Client, request: &[u8]) -> Result<Reply, String> {
    client.ask(request).await.map_err(|loss: Loss| loss.to_string())
}

/// Mostly small, some large.
fn length_of(id: u64) -> usize {
    [10, 100, 1000, 20_000][usize::try_from(id * 7 / 5 % 4).expect("below 4")]
}
