//! R6: while services and certificates come, change and go, no request is lost, whatever way its client has of asking.

use crate::harness::{Ask, Authority, Backend, Greeting, Http2, Load, Program, Run, Shaken, Target, Tls, until};
use std::time::Duration;

/// Nothing stands still for longer between two changes.
const STANDSTILL: Duration = Duration::from_secs(60);
/// Whom clients with TLS ask for.
const HOST: &str = "hot.test";

/// The proxy and what is behind and before it.
struct Stage {
    proxy: Program,
    ports: [u16; 2],
    authority: Authority,
    /// Looks which certificate is served.
    looking: Tls,
}

pub(crate) async fn lose_no_request(run: Run) -> anyhow::Result<String> {
    let (requests, changes) = run.of((10_000, 40), (100_000, 200));
    let backends = [Backend::start().await?, Backend::start().await?];
    let stage = Stage::set(backends.each_ref().map(Backend::port)).await?;
    let greet = |greeting| stage.authority.clients(HOST, greeting);
    let ways = [greet(Greeting::Whole)?, greet(Greeting::Resumed)?, greet(Greeting::Old)?];
    let encrypted = |tls: &Tls| Target::encrypted(stage.proxy.tls, tls);
    let connection = Http2::open(&encrypted(&greet(Greeting::Http2)?)).await?;
    let began = std::time::Instant::now();

    let load = Load::new(&run, stage.proxy.address, "/hot", Some(requests)).clients(6, Ask::Get).clients(3, Ask::Fresh);
    let load = load.clients(2, Ask::Pipelined).clients(1, Ask::Post(100)).clients(1, Ask::Post(65_536));
    let load = load.clients(1, Ask::Chunked(5_000));
    let load = load.over(encrypted(&ways[0])).clients(2, Ask::Get).clients(1, Ask::Fresh).clients(1, Ask::Post(5_000));
    let load = load.over(encrypted(&ways[1])).clients(1, Ask::Fresh).clients(1, Ask::Chunked(5_000));
    let load = load.over(encrypted(&ways[2])).clients(1, Ask::Fresh).clients(1, Ask::Pipelined);
    let load = load.streams(&connection, 4, Ask::Get).streams(&connection, 1, Ask::Post(100));
    let load = load.streams(&connection, 1, Ask::Post(65_536)).streams(&connection, 1, Ask::Chunked(5_000));

    let pieces = run.of(20, 100);
    let slow = Load::new(&run, stage.proxy.address, "/hot", None).clients(2, Ask::Download(pieces));
    let slow = slow.clients(2, Ask::Upload(pieces)).over(encrypted(&ways[0]));
    let slow = slow.clients(1, Ask::Download(pieces)).clients(1, Ask::Upload(pieces));
    let slow = slow.streams(&connection, 1, Ask::Download(pieces)).streams(&connection, 1, Ask::Upload(pieces));

    for change in 1..=changes {
        let due = change * requests / (changes + 1);
        until(STANDSTILL, "requests go on", || run.tally.answered() + run.tally.losses() >= due).await?;
        stage.make(change).await?;
        run.tally.stage(format!("{change} of {changes} changes"));
    }
    load.done().await?;
    let took = began.elapsed();
    slow.stop().await?;
    run.tally.lost_at_most(0)?;
    connection.is_open().await?;
    let answered = run.tally.answered();
    anyhow::ensure!(answered > requests, "{answered} of more than {requests} are accounted for");
    let shaken: Shaken = ways.iter().map(Tls::shaken).sum();
    anyhow::ensure!(shaken.resumed > 0 && shaken.resumed < shaken.all, "{shaken}");
    let rate = answered as f64 / took.as_secs_f64();
    Ok(format!("{}, {shaken}, {rate:.0} requests/s, slow ones of {} s included", run.tally, pieces / 10))
}

impl Stage {
    async fn set(ports: [u16; 2]) -> anyhow::Result<Stage> {
        let (proxy, authority) = (Program::start(&[]).await?, Authority::new()?);
        let looking = authority.clients(HOST, Greeting::Whole)?;
        let stage = Stage { proxy, ports, authority, looking };
        stage.proxy.configure(&hot(0, ports)).await?;
        stage.certify().await?;
        Ok(stage)
    }

    /// Each fourth change is one of the service that is asked, each fourth one of its certificate; between them another service comes and
    /// goes.
    async fn make(&self, change: u64) -> anyhow::Result<()> {
        match change % 4 {
            0 => self.proxy.configure(&hot(change / 4, self.ports)).await,
            1 => {
                // One before it and one behind it in the table, on hosts and paths that lie around those of the hot one.
                let port = self.ports[0];
                let query = format!(
                    "serviceName=a{change}&servicePath=/hot/{change}/x,/h&port={port}&outboundHostname=127.0.0.1"
                );
                self.proxy.configure(&query).await
            }
            2 => self.proxy.change(&format!("/remove?serviceName=a{}", change - 1)).await,
            _ => self.certify().await,
        }
    }

    /// A new certificate, which the next client gets.
    async fn certify(&self) -> anyhow::Result<()> {
        let new = self.authority.certificate(HOST)?;
        self.proxy.put_certificate("hot.pem", &new).await?;
        let served = self.looking.certificate_of(self.proxy.tls).await?;
        anyhow::ensure!(served == new.der, "after the reply another certificate is served");
        Ok(())
    }
}

/// The hot service, each time with other parameters; every other time on another server.
fn hot(version: u64, ports: [u16; 2]) -> String {
    let port = ports[usize::try_from(version % 2).expect("below 2")];
    let more = match version % 5 {
        0 => String::new(),
        1 => format!("&timeoutServer={}", 20 + version),
        2 => format!("&addReqHeader=X-Version%20{version}"),
        3 => "&connectionMode=http-server-close".to_owned(),
        _ => format!("&servicePath=/hot,/also/{version}&addResHeader=X-Version%20{version}"),
    };
    let path = if more.contains("servicePath") { "" } else { "&servicePath=/hot" };
    format!("serviceName=hot&port={port}&outboundHostname=127.0.0.1{path}{more}")
}
