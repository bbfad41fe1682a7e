//! Clients that ask until they are told to stop, each in its own way, and a tally of what became of it.

mod streams;

use super::client::{Client, Loss, Reply};
use super::http2::Http2;
use super::target::Target;
use super::{Run, Tally, pattern};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Requests sent together by a client that pipelines.
const PIPELINED: u64 = 8;

/// Between two pieces of a slow body.
const SLOW: Duration = Duration::from_millis(100);

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
    /// Whom the next clients connect to.
    target: Target,
    shared: Arc<Shared>,
    clients: JoinSet<()>,
}

struct Shared {
    path: String,
    /// The number of the next request.
    next: AtomicU64,
    /// Requests with this number and higher are not sent.
    end: AtomicU64,
    stopped: AtomicBool,
    /// The proxy was told to stop: no connection, or the end of one between two requests, is what its clients expect now.
    leaving: AtomicBool,
    /// Connections that ended so under a request that was just sent.
    between: AtomicU64,
    /// How long each client waits between two requests.
    pause: Duration,
    tally: Arc<Tally>,
    /// Told of every whole response: who answered.
    seen: Box<dyn Fn(&Reply) + Send + Sync>,
}

impl Load {
    /// `count` requests below `path`, or as many as come until it is stopped.
    pub(crate) fn new(run: &Run, target: impl Into<Target>, path: &str, count: Option<u64>) -> Load {
        Load::watched(run, target, path, count, |_| {})
    }

    /// The same; `seen` is shown every whole response.
    pub(crate) fn watched(
        run: &Run,
        target: impl Into<Target>,
        path: &str,
        count: Option<u64>,
        seen: impl Fn(&Reply) + Send + Sync + 'static,
    ) -> Load {
        let shared = Shared {
            path: path.to_owned(),
            next: AtomicU64::new(0),
            end: AtomicU64::new(count.unwrap_or(u64::MAX)),
            stopped: AtomicBool::new(false),
            leaving: AtomicBool::new(false),
            between: AtomicU64::new(0),
            pause: Duration::ZERO,
            tally: Arc::clone(&run.tally),
            seen: Box::new(seen),
        };
        Load { target: target.into(), shared: Arc::new(shared), clients: JoinSet::new() }
    }

    /// Each client rests for so long after each response.
    ///
    /// # Panics
    /// Once there are clients.
    pub(crate) fn paced(mut self, pause: Duration) -> Load {
        Arc::get_mut(&mut self.shared).expect("no client has it yet").pause = pause;
        self
    }

    /// The proxy is about to stop: from now on a client leaves when it is told so.
    pub(crate) fn expect_the_end(&self) {
        self.shared.leaving.store(true, Relaxed);
    }

    /// Ends when all clients have left; how many requests were just sent when their idle connection ended.
    pub(crate) async fn ended(self) -> anyhow::Result<u64> {
        let shared = Arc::clone(&self.shared);
        self.done().await?;
        Ok(shared.between.load(Relaxed))
    }

    /// The clients that follow connect to `target`.
    pub(crate) fn over(self, target: impl Into<Target>) -> Load {
        Load { target: target.into(), ..self }
    }

    /// So many more clients that ask like this.
    pub(crate) fn clients(mut self, count: usize, ask: Ask) -> Load {
        for _ in 0..count {
            let client = Client::of(self.target.clone());
            self.clients.spawn(Asking { shared: Arc::clone(&self.shared), ask }.run(client));
        }
        self
    }

    /// So many more that share a connection of HTTP/2. Each sends a request when its last one was answered; [`Ask::Fresh`] and
    /// [`Ask::Pipelined`] are not for them.
    pub(crate) fn streams(mut self, connection: &Http2, count: usize, ask: Ask) -> Load {
        for _ in 0..count {
            let asking = Asking { shared: Arc::clone(&self.shared), ask };
            self.clients.spawn(asking.run_on(connection.clone()));
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
    async fn run(self, mut client: Client) {
        while let Some(id) = self.shared.number() {
            let began = Instant::now();
            let asked = self.ask_once(&mut client, id).await;
            if !self.count(id, began, asked).await {
                return;
            }
            if self.ask == Ask::Fresh {
                client.leave();
            }
        }
    }

    /// Counts a request, and rests. Whether the client goes on.
    async fn count(&self, id: u64, began: Instant, asked: Result<(), Loss>) -> bool {
        match asked {
            Ok(()) => self.shared.tally.whole(began.elapsed()),
            Err(Loss::NotConnected(_)) if self.shared.leaving.load(Relaxed) => return false,
            Err(Loss::Between) if self.shared.leaving.load(Relaxed) => {
                self.shared.between.fetch_add(1, Relaxed);
                return false;
            }
            Err(why) => {
                self.shared.tally.lost(format!("{:?} {id}: {why}", self.ask));
                // A client that fails at once does not try a thousand times a second.
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        if !self.shared.pause.is_zero() {
            tokio::time::sleep(self.shared.pause).await;
        }
        true
    }

    async fn ask_once(&self, client: &mut Client, id: u64) -> Result<(), Loss> {
        match self.ask {
            Ask::Get | Ask::Fresh => self.get(client, id, 1).await,
            Ask::Download(pieces) => self.get(client, id, pieces).await,
            Ask::Pipelined => self.pipelined(client, id).await,
            Ask::Post(length) => self.post(client, id, pattern(id, length)).await,
            Ask::Chunked(length) => self.chunked(client, id, &pattern(id, length), 3).await,
            Ask::Upload(pieces) => self.chunked(client, id, &pattern(id, 40_000), pieces).await,
        }
    }

    async fn get(&self, client: &mut Client, id: u64, pieces: usize) -> Result<(), Loss> {
        let length = if pieces > 1 { 40_000 } else { length_of(id) };
        let request =
            self.head("GET", &format!("id={id}&bytes={length}&pieces={pieces}&pause={}", SLOW.as_millis()), "");
        let reply = client.ask(request.as_bytes()).await?;
        self.shared.judge(&reply, &pattern(id, length))
    }

    async fn pipelined(&self, client: &mut Client, id: u64) -> Result<(), Loss> {
        let query = |part: u64| format!("id={}&bytes={}&part={part}", id + part, length_of(id + part));
        let requests: String = (0..PIPELINED).map(|part| self.head("GET", &query(part), "")).collect();
        client.send(requests.as_bytes()).await?;
        for part in 0..PIPELINED {
            let reply = client.reply().await?;
            self.shared.judge(&reply, &pattern(id + part, length_of(id + part)))?;
            // What was sent behind the last request of a connection was never taken; it may be sent again.
            if reply.last {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn post(&self, client: &mut Client, id: u64, body: Vec<u8>) -> Result<(), Loss> {
        let head = self.head("POST", &format!("id={id}"), &format!("Content-Length: {}\r\n", body.len()));
        let reply = client.ask(&[head.as_bytes(), &body].concat()).await?;
        self.shared.judge(&reply, &body)
    }

    async fn chunked(&self, client: &mut Client, id: u64, body: &[u8], pieces: usize) -> Result<(), Loss> {
        let pause = if matches!(self.ask, Ask::Upload(_)) { SLOW } else { Duration::ZERO };
        let mut bytes = self.head("POST", &format!("id={id}"), "Transfer-Encoding: chunked\r\n").into_bytes();
        for piece in body.chunks(body.len().div_ceil(pieces).max(1)) {
            bytes.extend([format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat());
            client.send(&bytes).await?;
            bytes.clear();
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
        }
        let reply = client.ask(b"0\r\n\r\n").await?;
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

    fn judge(&self, reply: &Reply, expected: &[u8]) -> Result<(), Loss> {
        if reply.status != 200 || reply.body != expected {
            let same = if reply.body == expected { "the right" } else { "another" };
            return Err(Loss::Wrong(format!("{} with {same} body of {} bytes", reply.status, reply.body.len())));
        }
        (self.seen)(reply);
        Ok(())
    }
}

/// Mostly small, some large.
fn length_of(id: u64) -> usize {
    [10, 100, 1000, 20_000][usize::try_from(id * 7 / 5 % 4).expect("below 4")]
}
