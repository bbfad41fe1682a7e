//! A fake Docker Engine: versions, lists of services, tasks and nodes, a stream of events, and the ways in which they fail.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::http::{Stream, closed, read_request, write_answer};

pub(crate) struct FakeDocker {
    host: String,
    socket: Option<PathBuf>,
    shared: Arc<Shared>,
    opened: UnboundedReceiver<String>,
    closed: UnboundedReceiver<()>,
    listings: watch::Receiver<usize>,
    tasks: JoinSet<()>,
}

/// How lists are answered.
#[derive(Clone, Copy)]
pub(crate) enum Listing {
    Whole,
    NoLeader,
    Truncated,
    Garbage,
    Silence,
    /// Calls of this path are answered with this, and others as they should be.
    Wrong(&'static str, &'static str),
    /// The next list of labelled services is empty.
    EmptyOnce,
}

struct Shared {
    swarm: Mutex<Swarm>,
    opened: UnboundedSender<String>,
    closed: UnboundedSender<()>,
    /// How many listings of labelled services were answered, or left unanswered.
    listings: watch::Sender<usize>,
    /// Number of events, and of cuts; a stream looks for news when it changes.
    news: watch::Sender<(usize, usize)>,
}

struct Swarm {
    api_version: String,
    services: BTreeMap<String, Value>,
    /// By the name of their service.
    tasks: BTreeMap<String, Vec<Value>>,
    nodes: BTreeMap<String, Value>,
    /// All requests without their queries.
    calls: BTreeSet<String>,
    index: u64,
    events: Vec<Event>,
    is_mute: bool,
    listing: Listing,
}

#[derive(Clone)]
struct Event {
    nanos: u128,
    line: String,
}

pub(crate) type Labels<'a> = &'a [(&'a str, &'a str)];

impl FakeDocker {
    /// On a Unix socket.
    pub(crate) fn start() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("fake-docker-{}-{}.sock", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let socket = std::env::temp_dir().join(name);
        let mut docker = Self::at(format!("unix://{}", socket.display()), Some(socket));
        docker.comes_up();
        docker
    }

    pub(crate) async fn start_on_tcp() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let mut docker = Self::at(format!("tcp://{}", listener.local_addr().expect("bound")), None);
        let shared = Arc::clone(&docker.shared);
        docker.tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        docker
    }

    pub(crate) async fn start_on_tls(acceptor: TlsAcceptor) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let mut docker = Self::at(format!("tcp://{}", listener.local_addr().expect("bound")), None);
        let shared = Arc::clone(&docker.shared);
        docker.tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, shared) = (acceptor.clone(), Arc::clone(&shared));
                connections.spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serve(stream, shared).await;
                    }
                });
            }
        });
        docker
    }

    fn at(host: String, socket: Option<PathBuf>) -> Self {
        let (opened_sender, opened) = unbounded_channel();
        let (closed_sender, closed) = unbounded_channel();
        let (listings_sender, listings) = watch::channel(0);
        let swarm = Swarm {
            api_version: "1.41".to_owned(),
            services: BTreeMap::new(),
            tasks: BTreeMap::new(),
            nodes: BTreeMap::new(),
            calls: BTreeSet::new(),
            index: 10,
            events: Vec::new(),
            is_mute: false,
            listing: Listing::Whole,
        };
        let shared = Shared {
            swarm: Mutex::new(swarm),
            opened: opened_sender,
            closed: closed_sender,
            listings: listings_sender,
            news: watch::channel((0, 0)).0,
        };
        FakeDocker { host, socket, shared: Arc::new(shared), opened, closed, listings, tasks: JoinSet::new() }
    }

    pub(crate) fn host(&self) -> String {
        self.host.clone()
    }

    /// Speaks this version of the API and no other.
    pub(crate) fn speaks(&self, version: &str) {
        version.clone_into(&mut self.swarm().api_version);
    }

    /// What was asked for by now, without queries.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.swarm().calls.iter().cloned().collect()
    }

    /// Kills the daemon: every connection breaks and the socket is gone.
    pub(crate) async fn goes_down(&mut self) {
        self.tasks.shutdown().await;
        std::fs::remove_file(self.socket.as_ref().expect("on a socket")).expect("the socket was there");
    }

    /// The same Swarm again.
    pub(crate) fn comes_up(&mut self) {
        let listener = UnixListener::bind(self.socket.as_ref().expect("on a socket")).expect("a free path");
        let shared = Arc::clone(&self.shared);
        self.tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&shared)));
            }
        });
    }

    /// Creates a service with one replica, or gives an existing one these labels, and tells it as an event.
    pub(crate) fn sets(&self, name: &str, labels: Labels) {
        self.sets_with_mode(name, labels, json!({ "Replicated": { "Replicas": 1 } }));
    }

    pub(crate) fn sets_with_mode(&self, name: &str, labels: Labels, mode: Value) {
        self.sets_spec(name, labels, mode, &[]);
    }

    /// The same with labels that are on the containers.
    pub(crate) fn sets_on_containers(&self, name: &str, labels: Labels) {
        self.sets_spec(name, &[], json!({ "Global": {} }), labels);
    }

    fn sets_spec(&self, name: &str, labels: Labels, mode: Value, of_containers: Labels) {
        let labels: BTreeMap<&str, &str> = labels.iter().copied().collect();
        let of_containers: BTreeMap<&str, &str> = of_containers.iter().copied().collect();
        let mut swarm = self.swarm();
        swarm.index += 1;
        let index = swarm.index;
        let id = match swarm.services.get(name) {
            Some(service) => service["ID"].clone(),
            None => json!(format!("id{index}")),
        };
        let template = json!({ "ContainerSpec": { "Labels": of_containers } });
        let spec = json!({ "Name": name, "Labels": labels, "Mode": mode, "TaskTemplate": template });
        let service = json!({ "ID": id, "Version": { "Index": index }, "Spec": spec });
        swarm.services.insert(name.to_owned(), service);
        self.tells(swarm, "update", name);
    }

    /// These are the tasks that the service is to have: node, state, and address on the network `proxy`. No event tells.
    pub(crate) fn runs(&self, service: &str, tasks: &[(&str, &str, &str)]) {
        self.runs_on("10.0.1.0/24", service, tasks);
    }

    /// The same where that network has other addresses.
    pub(crate) fn runs_on(&self, subnet: &str, service: &str, tasks: &[(&str, &str, &str)]) {
        let mut swarm = self.swarm();
        let id = swarm.services[service]["ID"].clone();
        let task = |(node, state, address): &(&str, &str, &str)| {
            let network = json!({
                "Spec": { "Name": "proxy" }, "IPAMOptions": { "Configs": [{ "Subnet": subnet }] },
            });
            json!({
                "ID": format!("task-at-{address}"), "ServiceID": id, "NodeID": node, "DesiredState": "running",
                "Status": { "State": state },
                "NetworksAttachments": [{ "Network": network, "Addresses": [format!("{address}/24")] }],
            })
        };
        let tasks = tasks.iter().map(task).collect();
        swarm.tasks.insert(service.to_owned(), tasks);
    }

    /// A node of this name is there, in this state (`ready`, `down`), and that is told as an event.
    pub(crate) fn has_node(&self, name: &str, state: &str) {
        let mut swarm = self.swarm();
        swarm.index += 1;
        let node = json!({
            "ID": name, "Version": { "Index": swarm.index },
            "Spec": { "Role": "worker", "Availability": "active", "Labels": {} },
            "Description": { "Hostname": format!("host-{name}"), "Engine": {} },
            "Status": { "State": state, "Addr": "10.0.0.7" },
        });
        swarm.nodes.insert(name.to_owned(), node);
        self.tells(swarm, "update", name);
    }

    pub(crate) fn loses_node(&self, name: &str) {
        let mut swarm = self.swarm();
        swarm.nodes.remove(name).expect("a node to remove");
        self.tells(swarm, "remove", name);
    }

    pub(crate) fn removes(&self, name: &str) {
        let mut swarm = self.swarm();
        swarm.services.remove(name).expect("a service to remove");
        swarm.tasks.remove(name);
        self.tells(swarm, "remove", name);
    }

    /// From now on changes make no event.
    pub(crate) fn falls_mute(&self) {
        self.swarm().is_mute = true;
    }

    /// Something that is no event, among the events.
    pub(crate) fn babbles(&self, line: &str) {
        self.writes(self.swarm(), |_| line.to_owned());
    }

    /// An event about nothing.
    pub(crate) fn hints(&self) {
        self.tells(self.swarm(), "update", "nothing");
    }

    pub(crate) fn lists(&self, listing: Listing) {
        self.swarm().listing = listing;
    }

    /// Ends all streams of events, politely; [`FakeDocker::goes_down`] breaks them.
    pub(crate) fn cuts_events(&self) {
        self.shared.news.send_modify(|news| news.1 += 1);
    }

    /// Waits for a stream of events to be opened; returns its query.
    pub(crate) async fn events_opened(&mut self) -> String {
        crate::soon("a stream of events", self.opened.recv()).await.expect("the fake lives")
    }

    /// Waits for a client to close its stream of events.
    pub(crate) async fn events_closed(&mut self) {
        crate::soon("the end of a stream", self.closed.recv()).await.expect("the fake lives");
    }

    /// What a stream opened after the last event has to ask for.
    pub(crate) fn since_last_event(&self) -> String {
        let next = self.swarm().events.last().expect("an event").nanos + 1;
        format!("since={}.{:09}", next / 1_000_000_000, next % 1_000_000_000)
    }

    /// Waits for this many more listings.
    pub(crate) async fn is_listed(&mut self, times: usize) {
        let wanted = *self.listings.borrow() + times;
        crate::soon("a listing", self.listings.wait_for(|count| *count >= wanted)).await.expect("the fake lives");
    }

    /// Everything is listed a few times more, so that what follows from the last event has happened.
    pub(crate) async fn is_heard_out(&mut self) {
        for _ in 0..3 {
            self.hints();
            self.is_listed(1).await;
        }
    }

    pub(crate) fn listings(&self) -> usize {
        *self.listings.borrow()
    }

    fn swarm(&self) -> MutexGuard<'_, Swarm> {
        self.shared.swarm.lock().expect("no test panics with it")
    }

    fn tells(&self, swarm: MutexGuard<'_, Swarm>, action: &str, name: &str) {
        if swarm.is_mute {
            return;
        }
        let actor = json!({ "ID": "id", "Attributes": { "name": name } });
        let event = |nanos| {
            json!({
                "Type": "service", "Action": action, "Actor": actor, "scope": "swarm",
                "time": nanos / 1_000_000_000, "timeNano": nanos,
            })
        };
        self.writes(swarm, |nanos| event(nanos).to_string());
    }

    /// One more line in the stream of events, with this moment in it.
    fn writes(&self, mut swarm: MutexGuard<'_, Swarm>, line: impl FnOnce(u128) -> String) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos();
        let nanos = swarm.events.last().map_or(now, |last| now.max(last.nanos + 1));
        swarm.events.push(Event { nanos, line: format!("{}\n", line(nanos)) });
        drop(swarm);
        self.shared.news.send_modify(|news| news.0 += 1);
    }
}

impl Drop for FakeDocker {
    fn drop(&mut self) {
        if let Some(socket) = &self.socket {
            let _ = std::fs::remove_file(socket);
        }
    }
}

async fn serve(mut stream: impl Stream, shared: Arc<Shared>) {
    let Some(request) = read_request(&mut stream).await else { return };
    let target = request.strip_prefix("GET ").expect("the listener only reads");
    let (target, query) = target.split_once('?').unwrap_or((target, ""));
    let path = shared.takes_call(target);
    match path.as_str() {
        "/version" => {
            let version = shared.swarm.lock().expect("no test panics with it").api_version.clone();
            write_answer(&mut stream, 200, &json!({ "ApiVersion": version }).to_string()).await;
        }
        "/services" | "/tasks" | "/nodes" => list(stream, &path, query, &shared).await,
        "/events" => tell_events(stream, query, &shared).await,
        _ => {
            write_answer(&mut stream, 400, r#"{"message":"client version is too new, or the call unknown"}"#).await;
        }
    }
}

async fn list(mut stream: impl Stream, path: &str, query: &str, shared: &Shared) {
    let (list, listing) = {
        let mut swarm = shared.swarm.lock().expect("no test panics with it");
        let list = serde_json::to_string(&swarm.list(path, query)).expect("json");
        let is_labelled = path == "/services" && !query.is_empty();
        match swarm.listing {
            Listing::Wrong(wrong, body) if wrong == path => (body.to_owned(), Listing::Whole),
            Listing::EmptyOnce if is_labelled => {
                swarm.listing = Listing::Whole;
                ("[]".to_owned(), Listing::Whole)
            }
            Listing::Wrong(..) | Listing::EmptyOnce => (list, Listing::Whole),
            listing => (list, listing),
        }
    };
    match listing {
        Listing::Whole | Listing::Wrong(..) | Listing::EmptyOnce => write_answer(&mut stream, 200, &list).await,
        Listing::Truncated => write_answer(&mut stream, 200, &list[..list.len() / 2]).await,
        Listing::Garbage => write_answer(&mut stream, 200, "<html>").await,
        Listing::NoLeader => {
            let message = r#"{"message":"rpc error: The swarm does not have a leader. It's possible."}"#;
            write_answer(&mut stream, 500, message).await;
        }
        Listing::Silence => {}
    }
    if path == "/services" && !query.is_empty() {
        shared.listings.send_modify(|count| *count += 1);
    }
    if matches!(listing, Listing::Silence) {
        closed(&mut stream).await;
    }
}

impl Swarm {
    /// As Docker filters: the label is there, whatever its value.
    fn list(&self, path: &str, query: &str) -> Vec<&Value> {
        let labelled = |service: &&Value| !service["Spec"]["Labels"]["com.df.notify"].is_null();
        match (path, query) {
            ("/services", "filters=%7B%22label%22%3A%5B%22com.df.notify%22%5D%7D") => {
                self.services.values().filter(labelled).collect()
            }
            ("/services", "") => self.services.values().collect(),
            ("/tasks", "filters=%7B%22desired-state%22%3A%5B%22running%22%5D%7D") => {
                self.tasks.values().flatten().collect()
            }
            ("/nodes", "") => self.nodes.values().collect(),
            _ => panic!("{path}?{query} is not for a listener"),
        }
    }
}

async fn tell_events(mut stream: impl Stream, query: &str, shared: &Shared) {
    assert!(query.contains("filters=%7B%22type%22%3A%5B%22service%22%2C%22node%22%5D%7D"), "{query}");
    let since = query.split('&').find_map(|pair| pair.strip_prefix("since=")).expect("since");
    let mut told: u128 = since.replace('.', "").parse().expect("seconds and nanoseconds");
    let mut news = shared.news.subscribe();
    let cuts = news.borrow_and_update().1;
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
    let _ = shared.opened.send(query.to_owned());
    loop {
        for event in shared.events_since(told) {
            told = event.nanos + 1;
            let chunk = format!("{:x}\r\n{}\r\n", event.line.len(), event.line);
            let _ = stream.write_all(chunk.as_bytes()).await;
        }
        tokio::select! {
            _ = news.changed() => {}
            () = closed(&mut stream) => {
                let _ = shared.closed.send(());
                return;
            }
        }
        if news.borrow_and_update().1 > cuts {
            let _ = stream.write_all(b"0\r\n\r\n").await;
            return;
        }
    }
}

impl Shared {
    /// Remembers the call; returns its path without the version if that is spoken here.
    fn takes_call(&self, target: &str) -> String {
        let mut swarm = self.swarm.lock().expect("no test panics with it");
        swarm.calls.insert(format!("GET {target}"));
        let version = format!("/v{}", swarm.api_version);
        target.strip_prefix(&version).unwrap_or(target).to_owned()
    }

    fn events_since(&self, nanos: u128) -> Vec<Event> {
        let swarm = self.swarm.lock().expect("no test panics with it");
        swarm.events.iter().filter(|event| event.nanos >= nanos).cloned().collect()
    }
}
