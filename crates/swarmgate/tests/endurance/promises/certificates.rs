//! R5 and R6: certificates are replaced, by callers and as files, while clients greet and ask. No handshake fails, no request is lost, and
//! whoever comes after a change gets the new one.

use crate::harness::{Ask, Authority, Backend, Bundle, Greeting, Http2, Load, Program, Run, Shaken, Target, Tls, soon};
use std::time::{Duration, Instant};

/// Whom clients ask for.
const HOST: &str = "hot.test";
/// A host beside it, for which nobody asks while its certificates change.
const OTHER: &str = "other.test";
/// Within this a file is live.
const FILE_IS_LIVE: Duration = Duration::from_secs(2);

/// The proxy, and clients that look which certificates it serves.
struct Stage {
    proxy: Program,
    authority: Authority,
    hot: Tls,
    other: Tls,
}

pub(crate) async fn lose_no_handshake(run: Run) -> anyhow::Result<String> {
    let changes = run.of(24, 200);
    let backend = Backend::start().await?;
    let stage = Stage::set(backend.port()).await?;
    let greet = |greeting| stage.authority.clients(HOST, greeting);
    let ways = [greet(Greeting::Whole)?, greet(Greeting::Resumed)?, greet(Greeting::Old)?];
    let encrypted = |tls: &Tls| Target::encrypted(stage.proxy.tls, tls);
    let connection = Http2::open(&encrypted(&greet(Greeting::Http2)?)).await?;

    let load = Load::new(&run, encrypted(&ways[0]), "/hot", None).clients(2, Ask::Get).clients(2, Ask::Fresh);
    let load = load.clients(1, Ask::Post(65_536)).clients(1, Ask::Download(10)).clients(1, Ask::Upload(10));
    let load = load.over(encrypted(&ways[1])).clients(2, Ask::Fresh).clients(1, Ask::Pipelined);
    let load = load.over(encrypted(&ways[2])).clients(1, Ask::Fresh).clients(1, Ask::Chunked(5_000));
    let load = load.streams(&connection, 3, Ask::Get).streams(&connection, 1, Ask::Post(65_536));
    let load = load.streams(&connection, 1, Ask::Chunked(5_000));
    let load = load.streams(&connection, 1, Ask::Download(10)).streams(&connection, 1, Ask::Upload(10));

    let mut slowest = Duration::ZERO;
    for change in 1..=changes {
        slowest = slowest.max(stage.make(change).await?);
        run.tally.stage(format!("{change} of {changes} changes"));
    }
    load.stop().await?;
    run.tally.lost_at_most(0)?;
    connection.is_open().await?;
    let shaken: Shaken = ways.iter().chain([&stage.hot, &stage.other]).map(Tls::shaken).sum();
    anyhow::ensure!(shaken.failed == 0 && shaken.resumed > 0, "{shaken}");
    Ok(format!("{}, {shaken}, a file was live after {slowest:.1?} at most", run.tally))
}

impl Stage {
    async fn set(port: u16) -> anyhow::Result<Stage> {
        let (proxy, authority) = (Program::start(&[]).await?, Authority::new()?);
        let looking = |name| authority.clients(name, Greeting::Whole);
        let (hot, other) = (looking(HOST)?, looking(OTHER)?);
        let stage = Stage { proxy, authority, hot, other };
        let query = format!("serviceName=hot&servicePath=/hot&port={port}&outboundHostname=127.0.0.1");
        stage.proxy.configure(&query).await?;
        stage.make(0).await?;
        Ok(stage)
    }

    /// Another certificate, by turns for one host and for another, brought by a caller and as a file. How long it took to be live as a file.
    async fn make(&self, change: u64) -> anyhow::Result<Duration> {
        match change % 4 {
            0 => self.put("hot.pem", HOST, &self.hot).await,
            1 => self.put("other.pem", OTHER, &self.other).await,
            2 => self.replace("hot.pem", HOST, &self.hot).await,
            _ => self.replace("other.pem", OTHER, &self.other).await,
        }
    }

    async fn put(&self, file: &str, host: &str, looking: &Tls) -> anyhow::Result<Duration> {
        let new = self.authority.certificate(host)?;
        self.proxy.put_certificate(file, &new).await?;
        anyhow::ensure!(self.serves(&new, looking).await?, "after the reply another certificate is served");
        Ok(Duration::ZERO)
    }

    async fn replace(&self, file: &str, host: &str, looking: &Tls) -> anyhow::Result<Duration> {
        let new = self.authority.certificate(host)?;
        let began = Instant::now();
        self.proxy.replace_certificate(file, &new)?;
        let served = async {
            while !self.serves(&new, looking).await? {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            anyhow::Ok(())
        };
        soon("the certificate of a file", served).await??;
        let took = began.elapsed();
        anyhow::ensure!(took <= FILE_IS_LIVE, "a file was live only after {took:.1?}");
        Ok(took)
    }

    async fn serves(&self, bundle: &Bundle, looking: &Tls) -> anyhow::Result<bool> {
        Ok(looking.certificate_of(self.proxy.tls).await? == bundle.der)
    }
}
