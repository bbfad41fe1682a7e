//! A fake proxy that hears notifications and answers as a test wants.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use crate::http::{closed, read_request, write_answer, write_answer_with};

/// Listens on a port of its own. Without other orders it accepts everything with 200.
pub(crate) struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    heard: UnboundedReceiver<String>,
    hung_up: UnboundedReceiver<()>,
    tasks: JoinSet<()>,
}

#[derive(Clone)]
pub(crate) enum Reply {
    Status(u16),
    /// 409 and this body.
    Conflict(&'static str),
    /// This status and body, as a proxy of this project refuses for good.
    Final(u16, &'static str),
    /// This status and body.
    Body(u16, &'static str),
    /// Reads the request and says nothing until the client has gone.
    Silence,
}

struct Shared {
    replies: Mutex<VecDeque<Reply>>,
    always: Mutex<Reply>,
    heard: UnboundedSender<String>,
    hung_up: UnboundedSender<()>,
    /// Requests under way now, and the most there ever were.
    busy: Mutex<(usize, usize)>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (heard_sender, heard) = unbounded_channel();
        let (hung_up_sender, hung_up) = unbounded_channel();
        let shared = Arc::new(Shared {
            replies: Mutex::default(),
            always: Mutex::new(Reply::Status(200)),
            heard: heard_sender,
            hung_up: hung_up_sender,
            busy: Mutex::default(),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&shared)));
        Receiver { address, shared, heard, hung_up, tasks }
    }

    /// Nobody listens any more.
    pub(crate) async fn goes_down(&mut self) {
        self.tasks.shutdown().await;
    }

    /// The same address again.
    pub(crate) async fn comes_up(&mut self) {
        let listener = TcpListener::bind(self.address).await.expect("the port is still free");
        self.tasks.spawn(accept(listener, Arc::clone(&self.shared)));
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// These replies come first, in this order.
    pub(crate) fn replies(&self, replies: impl IntoIterator<Item = Reply>) {
        self.shared.replies.lock().expect("no test panics with it").extend(replies);
    }

    /// This reply comes from now on, whenever no other is waiting.
    pub(crate) fn always_replies(&self, reply: Reply) {
        *self.shared.always.lock().expect("no test panics with it") = reply;
    }

    /// The next request: `GET /path?query`.
    pub(crate) async fn hears(&mut self) -> String {
        crate::soon("a notification", self.heard.recv()).await.expect("the receiver lives")
    }

    /// How many requests came until one with this in it did, which counts too.
    pub(crate) async fn hears_up_to(&mut self, last: &str) -> u32 {
        let mut count = 1;
        while !self.hears().await.contains(last) {
            count += 1;
        }
        count
    }

    /// Requests that arrived and that no test has asked for.
    pub(crate) fn unheard(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.heard.try_recv().ok()).collect()
    }

    /// A client gave up on a reply that never came.
    pub(crate) async fn is_hung_up_on(&mut self) {
        crate::soon("a hang-up", self.hung_up.recv()).await.expect("the receiver lives");
    }

    pub(crate) fn most_at_once(&self) -> usize {
        self.shared.busy.lock().expect("no test panics with it").1
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(serve(stream, Arc::clone(&shared)));
    }
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let Some(request) = read_request(&mut stream).await else { return };
    let reply = shared.next_reply();
    {
        let mut busy = shared.busy.lock().expect("no test panics with it");
        busy.0 += 1;
        busy.1 = busy.1.max(busy.0);
    }
    let _ = shared.heard.send(request);
    // Lets others be under way too, so that the most at once means something.
    tokio::task::yield_now().await;
    shared.busy.lock().expect("no test panics with it").0 -= 1;
    match reply {
        Reply::Status(status) => write_answer(&mut stream, status, "{}").await,
        Reply::Conflict(body) => write_answer(&mut stream, 409, body).await,
        Reply::Body(status, body) => write_answer(&mut stream, status, body).await,
        Reply::Final(status, body) => {
            let (name, value) = swarm::FINAL_REFUSAL;
            write_answer_with(&mut stream, status, &format!("{name}: {value}\r\n"), body).await;
        }
        Reply::Silence => {
            closed(&mut stream).await;
            let _ = shared.hung_up.send(());
        }
    }
}

impl Shared {
    fn next_reply(&self) -> Reply {
        let next = self.replies.lock().expect("no test panics with it").pop_front();
        next.unwrap_or_else(|| self.always.lock().expect("no test panics with it").clone())
    }
}
