//! A Swarm listener: what a proxy asks for all services.

use super::{Peer, soon};
use std::sync::{Arc, Mutex};
use swarmgate::addresses::ListenerAddress;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Answers `get-services` with a list, and counts.
pub(crate) struct FakeListener {
    pub(crate) address: ListenerAddress,
    answer: Arc<Mutex<String>>,
    asked: watch::Receiver<Vec<String>>,
}

impl FakeListener {
    /// One that answers 500 until it is told what to say.
    pub(crate) async fn start() -> FakeListener {
        let socket = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = socket.local_addr().expect("a bound socket").to_string();
        let address = ListenerAddress::parse(&address).expect("an address");
        let answer = Arc::new(Mutex::new(String::new()));
        let (paths, asked) = watch::channel(Vec::new());
        let listener = FakeListener { address, answer: Arc::clone(&answer), asked };
        listener.fails();
        tokio::spawn(async move {
            while let Ok((stream, _)) = socket.accept().await {
                serve(Peer::new(stream, "listener"), &answer, &paths).await;
            }
        });
        listener
    }

    /// Its list is this JSON, and may be pruned by.
    pub(crate) fn lists(&self, json: &str) {
        self.says("200 OK", "Swarmgate-List: complete\r\n", json);
    }

    /// Its list is this JSON, as Docker Flow's own listener says it.
    pub(crate) fn lists_some(&self, json: &str) {
        self.says("200 OK", "", json);
    }

    pub(crate) fn fails(&self) {
        self.says("500 Internal Server Error", "Swarmgate-List: complete\r\n", "[]");
    }

    fn says(&self, status: &str, field: &str, body: &str) {
        let length = body.len();
        let answer = format!("HTTP/1.1 {status}\r\n{field}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}");
        *self.answer.lock().expect("no panic") = answer;
    }

    /// Waits until what it says now has been taken over: the proxy asks again only then.
    pub(crate) async fn is_heard(&mut self) {
        let count = self.asked.borrow().len();
        soon("the proxy asking the listener", self.asked.wait_for(|asked| asked.len() >= count + 2))
            .await
            .expect("a listener");
    }

    /// The paths that were asked for.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.borrow().clone()
    }
}

async fn serve(mut caller: Peer, answer: &Mutex<String>, paths: &watch::Sender<Vec<String>>) {
    let head = caller.receives_head().await;
    let answer = answer.lock().expect("no panic").clone();
    paths.send_modify(|paths| paths.extend(head.split(' ').nth(1).map(str::to_owned)));
    caller.send(answer).await;
}
