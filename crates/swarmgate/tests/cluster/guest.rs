//! A process of this program in the network namespace of a replica of the proxy: it asks there what it is told to ask.
//!
//! It lives as long as its standard input. Not here: what the answers mean (`visitor`, `scenes`).

use crate::{
    clients::{Client, PATIENCE, Reply},
    stage::host_of,
    talk::{Lost, Moment, Order, Report, Said, Tally, What},
    ways::{self, Ways},
};
use anyhow::{Result, ensure};
use std::{
    collections::BTreeMap,
    io::{Write as _, stdin, stdout},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::{sync::mpsc, task::AbortHandle, time};

/// The first argument of a guest.
pub(crate) const GUEST: &str = "guest";

/// What a service of these tests says.
const HELLO: &[u8] = b"hello, world!\n";

/// How often a service that is not there yet is asked.
const LOOK: Duration = Duration::from_millis(20);

/// How long a client may rest and ask again on the same connection: shorter than a proxy waits for it.
const LONGEST_IDLE: Duration = Duration::from_secs(5);

/// Whoever waits for longer than this has left. A proxy looks for a server for five seconds and waits for its response for twenty:
/// between the two lies what a busy machine adds.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Requests of a load that may wait at the same time.
const MOST_WAITING: usize = 2000;

/// Requests from one tally to the next.
#[derive(Default)]
struct Epoch(Mutex<BTreeMap<String, Tally>>);

/// What the tasks of a guest share.
struct Guest {
    epoch: Mutex<Arc<Epoch>>,
    loads: Mutex<BTreeMap<String, AbortHandle>>,
}

/// Serves the orders on standard input until it ends.
pub(crate) fn run() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (told, mut orders) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in stdin().lines().map_while(Result::ok) {
            let order: Order = serde_json::from_str(&line).expect("the tests speak their own language");
            if told.send(order).is_err() {
                return;
            }
        }
    });
    runtime.block_on(async {
        let guest = Arc::new(Guest { epoch: Mutex::default(), loads: Mutex::default() });
        while let Some(order) = orders.recv().await {
            tokio::spawn(Arc::clone(&guest).obey(order));
        }
    });
    ExitCode::SUCCESS
}

impl Guest {
    async fn obey(self: Arc<Self>, Order { id, what }: Order) {
        let said = match what {
            What::Load { service, pause, tasks } => return self.begin(service, pause, tasks),
            What::Unload { service } => {
                if let Some(load) = lock(&self.loads).remove(&service) {
                    load.abort();
                }
                return;
            }
            What::Tally => Said::Tally(self.tally().await),
            What::First { service, limit } => match first(&service, limit).await {
                Ok(at) => Said::At(at),
                Err(why) => Said::Failed(format!("{why:#}")),
            },
            What::Reach { task, limit } => match ways::reach(task, limit).await {
                Ok(at) => Said::At(at),
                Err(why) => Said::Failed(format!("{why:#}")),
            },
            What::Get { port, path } => match get(&mut proxy(port), "localhost", &path).await {
                Ok(reply) => {
                    Said::Got { status: reply.status, body: String::from_utf8_lossy(&reply.body).into_owned() }
                }
                Err(why) => Said::Failed(format!("{why:#}")),
            },
        };
        let line = serde_json::to_string(&Report { id, said }).expect("a report is text");
        // Whoever does not listen any more has no use for it.
        let _ = writeln!(stdout(), "{line}");
    }

    fn begin(self: Arc<Self>, service: String, pause: Duration, tasks: Vec<IpAddr>) {
        let ways = Arc::new(Ways::default());
        let load = Arc::clone(&self).load(service.clone(), pause, Arc::clone(&ways));
        let load = tokio::spawn(async move { tokio::join!(load, ways.watch(&tasks)) });
        if let Some(before) = lock(&self.loads).insert(service, load.abort_handle()) {
            before.abort();
        }
    }

    /// One request each `pause`, whether the ones before are answered or not.
    async fn load(self: Arc<Self>, service: String, pause: Duration, ways: Arc<Ways>) {
        let idle: Arc<Mutex<Vec<(Instant, Client)>>> = Arc::default();
        let mut tick = time::interval(pause);
        loop {
            tick.tick().await;
            let epoch = Arc::clone(&lock(&self.epoch));
            if Arc::strong_count(&idle) > MOST_WAITING {
                epoch.lost(&service, Moment::now(), format!("not sent: {MOST_WAITING} wait for their answers"));
                continue;
            }
            let (idle, service, ways) = (Arc::clone(&idle), service.clone(), Arc::clone(&ways));
            // A request of its own task ends by itself when the load does.
            tokio::spawn(async move {
                let fresh = lock(&idle).pop().filter(|(since, _)| since.elapsed() < LONGEST_IDLE);
                let mut client = fresh.map_or_else(|| proxy(80), |(_, client)| client);
                let (moment, began) = (Moment::now(), Instant::now());
                let answered = hello(&mut client, &service).await;
                let took = began.elapsed();
                let why = match answered {
                    Ok(()) if took < LONGEST_WAIT => None,
                    Ok(()) => Some(format!("answered only after {took:?}")),
                    Err(why) => Some(format!("{why:#} after {took:?}")),
                };
                match why {
                    None => epoch.whole(&service, took),
                    Some(_) if ways.were_missing(moment) => epoch.nowhere(&service),
                    Some(why) => epoch.lost(&service, moment, why),
                }
                lock(&idle).push((Instant::now(), client));
            });
        }
    }

    async fn tally(&self) -> Vec<Tally> {
        let epoch = std::mem::take(&mut *lock(&self.epoch));
        let deadline = Instant::now() + PATIENCE;
        // Each request that was sent holds its epoch.
        while Arc::strong_count(&epoch) > 1 && Instant::now() < deadline {
            time::sleep(LOOK).await;
        }
        let tallies = std::mem::take(&mut *lock(&epoch.0));
        tallies.into_iter().map(|(service, tally)| Tally { service, ..tally }).collect()
    }
}

impl Epoch {
    fn whole(&self, service: &str, took: Duration) {
        let mut hosts = lock(&self.0);
        let tally = hosts.entry(service.to_owned()).or_default();
        tally.whole += 1;
        tally.slowest = tally.slowest.max(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
    }

    fn nowhere(&self, service: &str) {
        lock(&self.0).entry(service.to_owned()).or_default().nowhere += 1;
    }

    fn lost(&self, service: &str, began: Moment, why: String) {
        lock(&self.0).entry(service.to_owned()).or_default().lost.push(Lost { began, why, replica: None });
    }
}

/// When `service` said hello for the first time.
async fn first(service: &str, limit: Duration) -> Result<Moment> {
    let (deadline, mut client) = (Instant::now() + limit, proxy(80));
    loop {
        match hello(&mut client, service).await {
            Ok(()) => return Ok(Moment::now()),
            Err(why) if Instant::now() > deadline => {
                return Err(why.context(format!("{service}: no hello within {limit:?}")));
            }
            Err(_) => time::sleep(LOOK).await,
        }
    }
}

async fn hello(client: &mut Client, service: &str) -> Result<()> {
    let reply = get(client, &host_of(service), "/demo/hello").await?;
    ensure!(reply.status == 200, "status {}", reply.status);
    ensure!(reply.body == HELLO, "{:?} instead of hello", String::from_utf8_lossy(&reply.body));
    Ok(())
}

async fn get(client: &mut Client, host: &str, path: &str) -> Result<Reply> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    client.ask(request.as_bytes()).await.map_err(|loss| anyhow::anyhow!("{loss}"))
}

/// The proxy of this namespace.
fn proxy(port: u16) -> Client {
    Client::of(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}

fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
