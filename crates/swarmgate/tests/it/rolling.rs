//! Rolling updates under load: the list of tasks leads, and no request is lost.

use crate::harness::{FakeListener, Peer, TestProxy, free_port, ok, soon};
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Clients; each has one request at a time on a connection that it keeps.
const CLIENTS: usize = 8;

/// A task of the service. It answers until it is told to stop, and then finishes what it has, as a well-made server does.
struct Server {
    stop: watch::Sender<bool>,
    connections: JoinSet<()>,
}

impl Server {
    async fn start(last: u8, port: u16) -> Server {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, last], port))).await.expect("a free port");
        let stop = watch::Sender::new(false);
        let mut connections = JoinSet::new();
        connections.spawn(accept(listener, stop.subscribe()));
        Server { stop, connections }
    }

    async fn stops(mut self) {
        self.stop.send_replace(true);
        soon("the end of a server", async { while self.connections.join_next().await.is_some() {} }).await;
    }
}

async fn accept(listener: TcpListener, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Ok((stream, _)) = listener.accept() => {
                let stop = stop.clone();
                connections.spawn(answer(Peer::new(stream, "server"), stop));
            }
            () = is_told(&mut stop) => break,
        }
    }
    while connections.join_next().await.is_some() {}
}

async fn answer(mut client: Peer, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            head = client.next_head() => match head {
                Some(_) => client.send(ok("hi")).await,
                None => return,
            },
            () = is_told(&mut stop) => return,
        }
    }
}

/// To stop, or that whoever would say so is gone.
async fn is_told(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Clients that ask without a pause, by these methods in turn. Each lost request ends the test.
struct Load {
    clients: JoinSet<()>,
    /// How many requests of each client were answered.
    answered: watch::Sender<[usize; CLIENTS]>,
    stop: watch::Sender<bool>,
}

impl Load {
    fn start(proxy: &TestProxy, methods: &[&'static str]) -> Load {
        let (answered, stop) = (watch::Sender::new([0; CLIENTS]), watch::Sender::new(false));
        let mut clients = JoinSet::new();
        for place in 0..CLIENTS {
            let (address, answered, stop) = (proxy.address(), answered.clone(), stop.subscribe());
            let method = methods[place % methods.len()];
            let request = format!("{method} /demo HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
            clients.spawn(async move {
                let mut client = Peer::connect(address).await;
                while !*stop.borrow() {
                    client.send(&request).await;
                    assert_eq!(client.reply().await.status(), 200, "{method} after {:?}", *answered.borrow());
                    answered.send_modify(|answered| answered[place] += 1);
                }
            });
        }
        Load { clients, answered, stop }
    }

    /// Every client has begun a request after this was called, and got its answer.
    async fn goes_on(&self) {
        let mut answered = self.answered.subscribe();
        let before = *answered.borrow_and_update();
        let all_went_on = |now: &[usize; CLIENTS]| now.iter().zip(&before).all(|(now, before)| *now >= before + 2);
        soon("two answers for each client", answered.wait_for(all_went_on)).await.expect("clients");
    }

    /// The number of requests; none was lost.
    async fn ends(mut self) -> usize {
        self.stop.send_replace(true);
        while let Some(client) = soon("the end of a client", self.clients.join_next()).await {
            client.expect("every request is answered");
        }
        self.answered.borrow().iter().sum()
    }
}

/// A proxy with the service `go` on `/demo`, whose tasks a listener tells.
async fn stage() -> (TestProxy, FakeListener, u16) {
    let listener = FakeListener::start().await;
    // It tells tasks from the first question on.
    listener.tasks_are(&[]);
    let address = listener.address.clone();
    let proxy = TestProxy::with(&[], |settings| settings.listeners = vec![address]).await;
    let port = free_port();
    proxy.configure(&format!("serviceName=go&servicePath=/demo&port={port}")).await;
    (proxy, listener, port)
}

async fn tells(listener: &FakeListener, last: &[u8]) {
    listener.tasks_are(&[("go", last)]);
    listener.tasks_are_known().await;
}

#[tokio::test]
async fn r15_four_tasks_are_replaced_one_by_one_and_nothing_is_lost() {
    let (proxy, listener, port) = stage().await;
    let mut tasks = Vec::new();
    for last in 2..6 {
        tasks.push((last, Server::start(last, port).await));
    }
    let told = |tasks: &[(u8, Server)]| tasks.iter().map(|(last, _)| *last).collect::<Vec<_>>();
    tells(&listener, &told(&tasks)).await;
    let load = Load::start(&proxy, &["GET", "POST"]);
    for last in 6..14 {
        load.goes_on().await;
        // Every other one starts before the old one stops.
        let early = if last % 2 == 0 { Some(Server::start(last, port).await) } else { None };
        let (_, old) = tasks.remove(0);
        tells(&listener, &told(&tasks)).await;
        load.goes_on().await;
        old.stops().await;
        let new = if let Some(early) = early { early } else { Server::start(last, port).await };
        tasks.push((last, new));
        tells(&listener, &told(&tasks)).await;
    }
    load.goes_on().await;
    assert!(load.ends().await > 8 * CLIENTS);
}

#[tokio::test]
async fn r15_the_only_task_is_replaced_and_its_requests_wait_for_the_next_one() {
    let (proxy, listener, port) = stage().await;
    let first = Server::start(2, port).await;
    tells(&listener, &[2]).await;
    let load = Load::start(&proxy, &["GET"]);
    load.goes_on().await;
    let mut old = first;
    for last in 3..6 {
        tells(&listener, &[]).await;
        // Whoever has chosen it before that finds it gone, and chooses again.
        old.stops().await;
        old = Server::start(last, port).await;
        tells(&listener, &[last]).await;
        load.goes_on().await;
    }
    load.ends().await;
}
