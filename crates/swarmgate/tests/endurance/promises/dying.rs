//! R7: one of two servers dies, answers no connection, or halts; its clients do not notice.

use crate::dns::FakeDns;
use crate::harness::{Ask, Backend, Deaf, Load, Program, Run, Server, Tally, until};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Clients that POST; each has at most one request in flight.
const POSTING: u64 = 3;
/// A server is out of rotation after this.
const OUT: Duration = Duration::from_secs(1);
/// A server that is back is used again after this: the longest pause of one that failed, and some time to notice.
const BACK: Duration = Duration::from_secs(12);
const STANDSTILL: Duration = Duration::from_secs(60);

/// How many answers came from each of two servers.
#[derive(Default)]
struct Shares([AtomicU64; 2]);

impl Shares {
    fn count(&self, by: &str) {
        match by {
            "127.0.0.2" => self.0[0].fetch_add(1, Relaxed),
            _ => self.0[1].fetch_add(1, Relaxed),
        };
    }

    fn of(&self, server: usize) -> u64 {
        self.0[server].load(Relaxed)
    }
}

/// A proxy with the service `go`, whose tasks are two addresses on one port.
struct Stage {
    proxy: Program,
    servers: [SocketAddr; 2],
    shares: Arc<Shares>,
    /// It ends with this value.
    _dns: FakeDns,
}

impl Stage {
    async fn set(variables: &[(&str, &str)]) -> anyhow::Result<Stage> {
        let dns = FakeDns::start().await;
        dns.resolves("tasks.go", &[2, 3]);
        let resolver = dns.address.to_string();
        let all: Vec<_> = [("RESOLVERS", resolver.as_str())].into_iter().chain(variables.iter().copied()).collect();
        let proxy = Program::start(&all).await?;
        let port = port_of_both()?;
        proxy.configure(&format!("serviceName=go&servicePath=/go&port={port}")).await?;
        let servers = [2, 3].map(|last| SocketAddr::from(([127, 0, 0, last], port)));
        Ok(Stage { proxy, servers, shares: Arc::default(), _dns: dns })
    }

    fn load(&self, run: &Run) -> Load {
        let shares = Arc::clone(&self.shares);
        Load::watched(run, self.proxy.address, "/go", None, move |reply| shares.count(&reply.by))
    }

    /// How often a thread of the proxy gave the server up.
    fn given_up(&self, server: usize) -> usize {
        let address = self.servers[server].to_string();
        let lines = self.proxy.log_lines();
        lines.iter().filter(|line| line.contains("cannot be reached") && line.contains(&address)).count()
    }
}

/// A port that is free on both servers' addresses.
fn port_of_both() -> anyhow::Result<u16> {
    for _ in 0..20 {
        let one = TcpListener::bind(("127.0.0.2", 0))?;
        let port = one.local_addr()?.port();
        if TcpListener::bind(("127.0.0.3", port)).is_ok() {
            return Ok(port);
        }
    }
    anyhow::bail!("no port is free on two addresses")
}

pub(crate) async fn killed(run: Run) -> anyhow::Result<String> {
    let rounds = run.of(2, 20);
    let stage = Stage::set(&[]).await?;
    let mut servers = [Some(Server::start(stage.servers[0]).await?), Some(Server::start(stage.servers[1]).await?)];
    let posts = Run { tally: Arc::new(Tally::default()), ..run.clone() };
    let gets = stage.load(&run).clients(6, Ask::Get).clients(2, Ask::Fresh);
    let posting = stage.load(&posts).clients(2, Ask::Post(100)).clients(1, Ask::Post(65_536));
    let (mut out, mut back) = (Duration::ZERO, Duration::ZERO);
    for round in 0..rounds {
        let victim = round % 2;
        let before = run.tally.answered();
        until(STANDSTILL, "requests go on", || run.tally.answered() > before + 500).await?;
        let (given_up, lost) = (stage.given_up(victim), posts.tally.losses());
        servers[victim].take().expect("it was started").kill();
        out = out.max(until(OUT, "a dead server is out of rotation", || stage.given_up(victim) > given_up).await?);
        let before = run.tally.answered();
        until(STANDSTILL, "requests go on", || run.tally.answered() > before + 500).await?;
        let cut = posts.tally.losses() - lost;
        anyhow::ensure!(cut <= POSTING, "a kill cost {cut} POSTs of {POSTING} in flight");
        servers[victim] = Some(Server::start(stage.servers[victim]).await?);
        let share = stage.shares.of(victim);
        back = back.max(until(BACK, "a server that is back is used", || stage.shares.of(victim) > share + 10).await?);
        run.tally.stage(format!("{} of {rounds} kills; POSTs: {}", round + 1, posts.tally));
    }
    gets.stop().await?;
    posting.stop().await?;
    run.tally.lost_at_most(0)?;
    let slowest = run.tally.slowest();
    Ok(format!("GETs: {}; out after {out:.0?}, back after {back:.1?}, slowest GET {slowest:.0?}", run.tally))
}

pub(crate) async fn deaf(run: Run) -> anyhow::Result<String> {
    let stage = Stage::set(&[]).await?;
    let _server = Backend::on(stage.servers[0]).await?;
    let _deaf = Deaf::on(stage.servers[1]).await?;
    let load = stage.load(&run).clients(6, Ask::Get).clients(2, Ask::Fresh).clients(2, Ask::Post(1000));
    tokio::time::sleep(run.of(Duration::from_secs(4), Duration::from_secs(40))).await;
    load.stop().await?;
    run.tally.lost_at_most(0)?;
    let slowest = run.tally.slowest();
    anyhow::ensure!(slowest < Duration::from_secs(2), "a request waited {slowest:.1?} for a deaf server");
    Ok(format!("{}, slowest {slowest:.1?}", run.tally))
}

/// The kernel goes on taking connections for a halted process: only its silence shows.
pub(crate) async fn halted(run: Run) -> anyhow::Result<String> {
    let clients = 8;
    let stage = Stage::set(&[("TIMEOUT_SERVER", "1")]).await?;
    let servers = [Server::start(stage.servers[0]).await?, Server::start(stage.servers[1]).await?];
    let load = stage.load(&run).clients(clients, Ask::Get);
    until(STANDSTILL, "requests go on", || run.tally.answered() > 500).await?;
    servers[1].halt()?;
    let share = stage.shares.of(0);
    tokio::time::sleep(run.of(Duration::from_secs(5), Duration::from_secs(30))).await;
    let (lost, answered) = (run.tally.losses(), stage.shares.of(0) - share);
    servers[1].resume()?;
    let share = stage.shares.of(1);
    let back = until(BACK, "a server that goes on is used", || stage.shares.of(1) > share + 10).await?;
    load.stop().await?;
    // Those in flight when it halts, and then one now and then that finds out whether it is back.
    let most = 2 * clients as u64;
    anyhow::ensure!(
        lost <= most,
        "{lost} requests waited for a halted server while {answered} were answered: {}",
        run.tally
    );
    Ok(format!("{lost} requests waited for a halted server while {answered} were answered; back after {back:.1?}"))
}
