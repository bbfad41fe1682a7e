//! R14: 500 services created in a row are all routed. They go and come again and again: the listener's memory stays flat, and afterwards
//! nobody is busy.
//!
//! The real listener follows a fake Docker Engine and tells the real proxy. Not here: what it says of each service (the tests of `swarm`).

use crate::dns::FakeDns;
use crate::docker::FakeDocker;
use crate::harness::{Backend, Client, Folder, PATIENCE, Program, Run, SwarmListener, free_port, metric, pattern};
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};
use tokio::time::interval;

const SERVICES: usize = 500;
/// Between two changes, so that they do not all come in one listing.
const PAUSE: Duration = Duration::from_millis(1);
/// Between two looks whether it is so.
const LOOK: Duration = Duration::from_millis(5);
/// KiB that the listener may grow by after the second round.
const MOST_GROWTH: u64 = 2 * 1024;
/// A part of a processor that is next to nothing. Reading the list of all tasks now and then costs a debug build several times as much.
const MOST_BUSY: f64 = if cfg!(debug_assertions) { 0.1 } else { 0.05 };
/// After so long all is done that follows from a change: for seconds it is looked for new tasks more often.
const CALM: Duration = Duration::from_secs(10);

/// A Swarm, its listener, and a proxy in front of its tasks. One service, `stays`, gets what no other gets.
struct Stage {
    docker: FakeDocker,
    listener: SwarmListener,
    proxy: Program,
    /// Every task: it answers on all addresses of loopback, and says on which.
    tasks: Backend,
    _dns: FakeDns,
    _folder: Folder,
}

pub(crate) async fn come_and_go(run: Run) -> anyhow::Result<String> {
    let (rounds, window) = run.of((3, Duration::from_secs(2)), (20, Duration::from_secs(30)));
    let stage = Stage::set().await?;
    let before = stage.listener.usage()?.resident;
    let (mut routed, mut resident) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        if round > 1 {
            stage.remove().await?;
        }
        routed.push(stage.create(round).await?);
        resident.push(stage.listener.usage()?.resident);
        run.tally.stage(format!("{round} of {rounds} rounds"));
    }
    let told = stage.everything_is_told(rounds).await?;
    let memory = flat(before, &resident)?;
    let proxy = mib(stage.proxy.usage()?.resident);
    let (began, busy) = stage.falls_idle(window).await?;
    let (first, slowest) = (routed[0], routed.iter().max().copied().unwrap_or_default());
    let [of_listener, of_proxy] = busy.map(|busy| busy * 100.0);
    Ok(format!(
        "{SERVICES} routed {first:.1?} after the last was created, {slowest:.1?} at most in {rounds} rounds, {told} changes told; \
         {memory}; proxy {proxy:.1} MiB; then in {window:?} from {began:.1} s on: listener {of_listener:.1} %, proxy {of_proxy:.1} % of a processor"
    ))
}

/// Says what the listener took before, and with all services in each round.
fn flat(before: u64, rounds: &[u64]) -> anyhow::Result<String> {
    let (first, second, last) = (rounds[0], rounds[1], rounds[rounds.len() - 1]);
    let [before, with, again, at_last] = [before, first, second, last].map(mib);
    let figures =
        format!("listener {before:.1} MiB before, {with:.1} with them, {again:.1} in round 2, {at_last:.1} at last");
    anyhow::ensure!(last <= second + MOST_GROWTH, "it grows: {figures}");
    Ok(figures)
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

impl Stage {
    async fn set() -> anyhow::Result<Stage> {
        let (mut docker, dns, folder) = (FakeDocker::start(), FakeDns::start().await, Folder::new("many")?);
        // An address that nobody else here listens on, so that the port stays free until the listener takes it.
        let api = (Ipv4Addr::new(127, 0, 9, 1), free_port()?.port()).into();
        // The proxy has no other replicas. Services have no names: the tasks that the listener tells are their servers.
        dns.resolves("tasks.proxy", &[1]);
        let variables = [("LISTENER_ADDRESS", &*format!("{api}")), ("RESOLVERS", &*dns.address.to_string())];
        let proxy = Program::start(&variables).await?;
        let listener = SwarmListener::start(api, &docker.host(), proxy.api, &folder.path("listener.log")).await?;
        docker.has_node("a", "ready");
        docker.events_opened().await;
        let tasks = Backend::on((Ipv4Addr::UNSPECIFIED, 0).into()).await?;
        let stage = Stage { docker, listener, proxy, tasks, _dns: dns, _folder: folder };
        stage.creates("stays", "/", Ipv4Addr::LOCALHOST);
        stage.no_other_answers().await?;
        Ok(stage)
    }

    /// Creates all, with their tasks at other addresses than in the round before; returns how long after it all are routed.
    async fn create(&self, round: usize) -> anyhow::Result<Duration> {
        let mut pace = interval(PAUSE);
        for number in 0..SERVICES {
            pace.tick().await;
            self.creates(&format!("s{number}"), &path(number), address(round, number));
        }
        self.all_answer(|number| address(round, number)).await
    }

    async fn remove(&self) -> anyhow::Result<()> {
        let mut pace = interval(PAUSE);
        for number in 0..SERVICES {
            pace.tick().await;
            self.docker.removes(&format!("s{number}"));
        }
        self.no_other_answers().await
    }

    async fn no_other_answers(&self) -> anyhow::Result<()> {
        self.all_answer(|_| Ipv4Addr::LOCALHOST).await.map(|_| ())
    }

    fn creates(&self, name: &str, path: &str, address: Ipv4Addr) {
        let port = self.tasks.port().to_string();
        let labels = [("com.df.notify", "true"), ("com.df.port", &*port), ("com.df.servicePath", path)];
        self.docker.sets(name, &labels);
        self.docker.runs_on("127.0.0.0/8", name, &[("a", "running", &address.to_string())]);
    }

    /// Asks for each service until the right task answers; returns how long that took.
    async fn all_answer(&self, task: impl Fn(usize) -> Ipv4Addr) -> anyhow::Result<Duration> {
        let (began, mut client) = (Instant::now(), Client::of(self.proxy.address));
        for number in 0..SERVICES {
            while let Some(said) = wrong(&mut client, &path(number), task(number)).await? {
                let (is_in_time, log) = (began.elapsed() < PATIENCE, || self.listener.log());
                anyhow::ensure!(is_in_time, "{said} after {PATIENCE:?}; the listener's log:\n{}", log());
                tokio::time::sleep(LOOK).await;
            }
        }
        Ok(began.elapsed())
    }

    /// Waits until all that is to be told is told; returns how much that was. The proxy also asks for all services every five seconds, which may
    /// save a few of the notifications.
    async fn everything_is_told(&self, rounds: usize) -> anyhow::Result<u64> {
        let (began, figure) = (Instant::now(), async |name| metric(self.listener.api, name).await);
        while figure("swarmgate_listener_notifications_pending").await? > 0 {
            anyhow::ensure!(began.elapsed() < PATIENCE, "the listener still has something to tell after {PATIENCE:?}");
            tokio::time::sleep(LOOK).await;
        }
        let failed = figure("swarmgate_listener_notifications_failed_total").await?;
        let told = figure("swarmgate_listener_notifications_sent_total").await?;
        let changes = (SERVICES * (2 * rounds - 1)) as u64;
        anyhow::ensure!(
            told > changes / 2 && failed == 0,
            "{told} of {changes} changes were told, {failed} tries failed"
        );
        Ok(told)
    }

    /// Looks until nobody was busy in a whole window; returns when that began, and how busy listener and proxy were in it.
    async fn falls_idle(&self, window: Duration) -> anyhow::Result<(f64, [f64; 2])> {
        let began = Instant::now();
        loop {
            let (after, busy) = (began.elapsed(), self.busy(window).await?);
            if busy.iter().all(|busy| *busy <= MOST_BUSY) {
                return Ok((after.as_secs_f64(), busy));
            }
            anyhow::ensure!(
                began.elapsed() < CALM,
                "{after:?} after the last change they take {busy:?} of a processor"
            );
        }
    }

    /// Which part of a processor the listener and the proxy take.
    async fn busy(&self, window: Duration) -> anyhow::Result<[f64; 2]> {
        let usages = || anyhow::Ok([self.listener.usage()?, self.proxy.usage()?]);
        let before = usages()?;
        tokio::time::sleep(window).await;
        let after = usages()?;
        let part = |place: usize| (after[place].busy - before[place].busy).as_secs_f64() / window.as_secs_f64();
        Ok([part(0), part(1)])
    }
}

/// What another one says than this task.
async fn wrong(client: &mut Client, path: &str, task: Ipv4Addr) -> anyhow::Result<Option<String>> {
    let request = format!("GET {path}?id=1&bytes=10 HTTP/1.1\r\nHost: a\r\n\r\n");
    let reply = client.ask(request.as_bytes()).await.map_err(|loss| anyhow::anyhow!("{path}: {loss}"))?;
    let is_right = reply.status == 200 && reply.by == task.to_string() && reply.body == pattern(1, 10);
    Ok((!is_right).then(|| format!("{path}: {} {}, not {task}", reply.status, reply.by)))
}

fn path(number: usize) -> String {
    format!("/s{number}-")
}

/// Where the task of a service is: somewhere else in each second round.
fn address(round: usize, number: usize) -> Ipv4Addr {
    let [.., high, low] = number.to_be_bytes();
    Ipv4Addr::new(127, if round.is_multiple_of(2) { 20 } else { 10 }, high, low)
}
