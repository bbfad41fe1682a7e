//! R10: a mixed load with changes, errors and clients that leave anywhere goes on; in the end nothing is left of it.

use crate::harness::{Ask, Backend, Client, Load, Program, Run, Usage, until};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// KiB of memory that may be more at the end than after the first third: the allocator's own ups and downs.
const MOST_GROWTH: u64 = 4 * 1024;
/// Connections to servers that may be kept for a minute.
const POOLED: usize = 60;
/// After this no connection to a server is kept.
const POOL_IS_EMPTY: Duration = Duration::from_secs(75);

pub(crate) async fn leaves_nothing(run: Run) -> anyhow::Result<String> {
    let time = run.of(Duration::from_secs(9), run.soak);
    let backend = Backend::start().await?;
    let proxy = Program::start(&[]).await?;
    let service = |name: &str, more: &str| {
        format!("serviceName={name}&servicePath=/{name}&port={}&outboundHostname=127.0.0.1{more}", backend.port())
    };
    proxy.configure(&service("go", "")).await?;
    let base = proxy.usage()?;
    let load = Load::new(&run, proxy.address, "/go", None).paced(Duration::from_millis(10));
    let load = load.clients(4, Ask::Get).clients(2, Ask::Fresh).clients(1, Ask::Pipelined).clients(1, Ask::Post(1000));
    let load = load.clients(1, Ask::Post(65_536)).clients(1, Ask::Chunked(5000)).clients(1, Ask::Upload(5));
    let mut rude = JoinSet::new();
    for number in 1..=4 {
        rude.spawn(be_rude(proxy.address, Chance(number)));
    }
    let (began, mut samples, mut change) = (Instant::now(), Vec::new(), 0_u64);
    while began.elapsed() < time {
        change += 1;
        proxy.configure(&service("go", &format!("&timeoutServer={}", 20 + change % 7))).await?;
        proxy.configure(&service(&format!("o{}", change % 20), "")).await?;
        proxy.change(&format!("/remove?serviceName=o{}", (change + 10) % 20)).await?;
        let usage = proxy.usage()?;
        samples.push((began.elapsed(), usage));
        let changes = 3 * change;
        run.tally.stage(format!("{changes} changes, {} KiB, {} descriptors", usage.resident, usage.descriptors));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    rude.abort_all();
    load.stop().await?;
    run.tally.lost_at_most(0)?;
    let most = if run.long { base.descriptors + 2 } else { base.descriptors + POOLED };
    let limit = run.of(Duration::from_secs(10), POOL_IS_EMPTY);
    let back =
        until(limit, "descriptors are given back", || proxy.usage().is_ok_and(|usage| usage.descriptors <= most));
    let back = back.await?;
    verdict(&run, base, &samples, proxy.usage()?, back)
}

fn verdict(
    run: &Run,
    base: Usage,
    samples: &[(Duration, Usage)],
    end: Usage,
    back: Duration,
) -> anyhow::Result<String> {
    let settled = &samples[samples.len() / 3..];
    let (first, last) = (settled[0].1.resident, settled[settled.len() - 1].1.resident);
    // The slope of a few seconds says nothing of an hour.
    let slope = match run.long {
        true => format!(" (slope {:.2} MiB/h)", slope(settled) * 3600.0 / 1024.0),
        false => String::new(),
    };
    let figures = format!(
        "{}; memory {} KiB at first, {first} after a third, {last} in the end{slope}; descriptors {} and {} ({back:.1?} later)",
        run.tally, base.resident, base.descriptors, end.descriptors
    );
    anyhow::ensure!(last <= first + MOST_GROWTH, "{figures}");
    Ok(figures)
}

/// KiB a second, by least squares.
fn slope(samples: &[(Duration, Usage)]) -> f64 {
    let count = samples.len() as f64;
    let points: Vec<_> = samples.iter().map(|(at, usage)| (at.as_secs_f64(), usage.resident as f64)).collect();
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / count, y + point.1 / count));
    let (over, under) = points
        .iter()
        .fold((0.0, 0.0), |(over, under), point| (over + (point.0 - x) * (point.1 - y), under + (point.0 - x).powi(2)));
    over / under
}

/// A generator that anybody can follow: xorshift.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).expect("below a usize")
    }
}

/// Asks for what goes wrong, and leaves in the middle of anything.
async fn be_rude(address: SocketAddr, mut chance: Chance) {
    const REQUESTS: [&str; 6] = [
        "GET /go?bytes=100000&pieces=10&pause=20 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /go?reset=1 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /go?bytes=500&half=1 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /go?hang=1 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /go HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello",
        "POST /go HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nrubbish\r\n",
    ];
    loop {
        let request = REQUESTS[chance.below(REQUESTS.len())].as_bytes();
        let whole = chance.below(2) == 0;
        let request = if whole { request } else { &request[..1 + chance.below(request.len())] };
        let mut client = Client::of(address);
        let asking = async {
            client.send(request).await?;
            client.reply().await
        };
        // Whatever comes of it, nobody waits for it.
        let _ = tokio::time::timeout(Duration::from_millis(20 + chance.below(100) as u64), asking).await;
        if chance.below(2) == 0 && client.connect().await.is_ok() {
            let _ = client.wire().stream.set_zero_linger();
        }
    }
}
