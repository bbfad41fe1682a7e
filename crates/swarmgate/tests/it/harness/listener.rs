//! A Swarm listener: what a proxy asks for all services, and for their tasks.

use super::{PATIENCE, Peer, soon};
use std::sync::{Arc, Mutex};
use swarmgate::addresses::ListenerAddress;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Answers `get-services` with a list, and counts. It knows nothing of `get-tasks` until it is told, as Docker Flow's own.
pub(crate) struct FakeListener {
    pub(crate) address: ListenerAddress,
    answer: Arc<Mutex<String>>,
    asked: watch::Receiver<Vec<String>>,
    tasks: Arc<Tasks>,
}

/// What it says of tasks.
struct Tasks {
    /// The number of the list, and the answer.
    said: watch::Sender<(u64, String)>,
    /// The questions.
    asked: watch::Sender<Vec<String>>,
}

impl FakeListener {
    /// One that answers 500 until it is told what to say.
    pub(crate) async fn start() -> FakeListener {
        let socket = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = socket.local_addr().expect("a bound socket").to_string();
        let address = ListenerAddress::parse(&address).expect("an address");
        let answer = Arc::new(Mutex::new(String::new()));
        let (paths, asked) = watch::channel(Vec::new());
        let tasks = Arc::new(Tasks { said: watch::Sender::default(), asked: watch::Sender::default() });
        let listener = FakeListener { address, answer: Arc::clone(&answer), asked, tasks: Arc::clone(&tasks) };
        listener.fails();
        listener.answers_about_tasks("404 Not Found", "");
        tokio::spawn(async move {
            while let Ok((stream, _)) = socket.accept().await {
                let mut caller = Peer::new(stream, "listener");
                let Some(head) = caller.next_head().await else { continue };
                if head.contains("/get-tasks") {
                    tokio::spawn(serve_tasks(caller, head, Arc::clone(&tasks)));
                } else {
                    serve(caller, &head, &answer, &paths).await;
                }
            }
        });
        listener
    }

    /// These services have tasks at 127.0.0.`last`, on a network `loop` that the proxy is on too.
    pub(crate) fn tasks_are(&self, services: &[(&str, &[u8])]) {
        let task =
            |last: &u8| format!(r#"{{"node":"n","addresses":[{{"network":"loop","address":"127.0.0.{last}"}}]}}"#);
        let service = |(name, tasks): &(&str, &[u8])| {
            let tasks = tasks.iter().map(task).collect::<Vec<_>>().join(",");
            format!(r#"{{"serviceName":"{name}","networks":["loop"],"wanted":null,"tasks":[{tasks}]}}"#)
        };
        self.tasks_are_services(&services.iter().map(service).collect::<Vec<_>>().join(","));
    }

    /// Its list of tasks has these services.
    pub(crate) fn tasks_are_services(&self, services: &str) {
        let version = self.tasks.said.borrow().0 + 1;
        let networks = r#"[{"name":"loop","subnets":["127.0.0.0/8"]},{"name":"far","subnets":["198.51.100.0/24"]}]"#;
        let body = format!(r#"{{"version":"{version}","networks":{networks},"services":[{services}],"remarks":[]}}"#);
        self.answers_about_tasks("200 OK", &body);
    }

    /// It answers this to whoever asks for tasks.
    pub(crate) fn answers_about_tasks(&self, status: &str, body: &str) {
        let length = body.len();
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
        self.tasks.said.send_modify(|said| *said = (said.0 + 1, answer));
    }

    /// Waits until what it says of tasks now has been taken over: the proxy asks for what comes after it only then.
    pub(crate) async fn tasks_are_known(&self) {
        let after = format!("after={}&", self.tasks.said.borrow().0);
        let mut asked = self.tasks.asked.subscribe();
        let is_known = asked.wait_for(|asked| asked.last().is_some_and(|path| path.contains(&after)));
        soon("the proxy taking over the tasks", is_known).await.expect("a listener");
    }

    /// Waits until it was asked for tasks `count` times more.
    pub(crate) async fn is_asked_for_tasks(&self, count: usize) {
        let mut asked = self.tasks.asked.subscribe();
        let count = asked.borrow_and_update().len() + count;
        soon("a question for tasks", asked.wait_for(|asked| asked.len() >= count)).await.expect("a listener");
    }

    /// Its list is this JSON, and may be pruned by.
    pub(crate) fn lists(&self, json: &str) {
        self.says("200 OK", "Swarmgate-List: complete\r\n", json);
    }

    /// Its list is empty and may not be pruned by, and it says who it is.
    pub(crate) fn says_who_it_is(&self, id: &str) {
        self.says("200 OK", &format!("Swarmgate-Notification: {id}\r\n"), "[]");
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

    /// Waits until it was asked so often.
    pub(crate) async fn is_asked(&mut self, times: usize) {
        let asked = self.asked.wait_for(|asked| asked.len() >= times);
        soon("the proxy asking the listener", asked).await.expect("a listener");
    }

    /// The paths that were asked for.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.borrow().clone()
    }
}

async fn serve(mut caller: Peer, head: &str, answer: &Mutex<String>, paths: &watch::Sender<Vec<String>>) {
    let answer = answer.lock().expect("no panic").clone();
    paths.send_modify(|paths| paths.extend(head.split(' ').nth(1).map(str::to_owned)));
    caller.send(answer).await;
}

/// Holds a question whose answer is known until it changes; it is long in patience.
async fn serve_tasks(mut caller: Peer, head: String, tasks: Arc<Tasks>) {
    let path = head.split(' ').nth(1).unwrap_or_default();
    tasks.asked.send_modify(|asked| asked.push(path.to_owned()));
    let mut said = tasks.said.subscribe();
    let changed = said.wait_for(|said| !path.contains(&format!("after={}&", said.0)));
    let Ok(Ok((_, answer))) = tokio::time::timeout(PATIENCE, changed).await.map(|said| said.map(|said| said.clone()))
    else {
        return;
    };
    // Whoever asked may have given up.
    caller.can_send(answer).await;
}
