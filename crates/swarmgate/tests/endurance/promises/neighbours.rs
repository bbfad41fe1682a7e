//! Services that do not resolve, refuse, or are deaf are asked all the time; a healthy one is as fast as without them.

use crate::dns::{FakeDns, Says};
use crate::harness::{Backend, Client, Deaf, Program, Run};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const BAD: u16 = 50;
const TRIES: usize = 3;
/// Requests that are measured at least.
const FEWEST: usize = 200;
/// What the bad ones may add to the 99th percentile of the healthy one.
const MOST_MORE: Duration = Duration::from_millis(100);

pub(crate) async fn slow_nobody(run: Run) -> anyhow::Result<String> {
    let measured = run.of(Duration::from_secs(2), Duration::from_secs(30));
    let dns = FakeDns::start().await;
    let backend = Backend::start().await?;
    let deaf = Deaf::on(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let proxy = Program::start(&[("RESOLVERS", &dns.address.to_string())]).await?;
    proxy
        .configure(&format!("serviceName=go&servicePath=/go&port={}&outboundHostname=127.0.0.1", backend.port()))
        .await?;
    for number in 0..BAD {
        proxy.configure(&bad(&dns, number, &deaf)).await?;
    }
    let alone = percentile(&run, &proxy, measured).await?;
    let mut noise = JoinSet::new();
    for number in 0..BAD {
        noise.spawn(ask_for_ever(proxy.address, number));
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut together = percentile(&run, &proxy, measured).await?;
    // Whatever else the machine does slows a try now and then; bad neighbours would slow all of them.
    for _ in 1..TRIES {
        if together >= alone + MOST_MORE {
            together = together.min(percentile(&run, &proxy, measured).await?);
        }
    }
    noise.abort_all();
    run.tally.lost_at_most(0)?;
    let figures =
        format!("99 of 100 within {alone:.1?} alone, {together:.1?} beside {BAD} bad services; {}", run.tally);
    anyhow::ensure!(together < alone + MOST_MORE, "{figures}");
    Ok(figures)
}

/// A service of one of five kinds.
fn bad(dns: &FakeDns, number: u16, deaf: &Deaf) -> String {
    let name = format!("bad{number}");
    let (says, port, host) = match number % 5 {
        0 => (Says::NoSuchName, 80, ""),
        1 => (Says::Silence, 80, ""),
        2 => (Says::Failure, 80, ""),
        // Nobody listens on the discard port.
        3 => (Says::NoSuchName, 9, "&outboundHostname=127.0.0.1"),
        _ => (Says::NoSuchName, deaf.address.port(), "&outboundHostname=127.0.0.1"),
    };
    dns.about(&name, says.clone());
    dns.about(&format!("tasks.{name}"), says);
    format!("serviceName={name}&servicePath=/{name}&port={port}{host}")
}

/// The 99th percentile of the healthy service's responses.
async fn percentile(run: &Run, proxy: &Program, time: Duration) -> anyhow::Result<Duration> {
    let (mut client, mut times) = (Client::of(proxy.address), Vec::new());
    let began = Instant::now();
    // A percentile of a few requests says nothing; a busy machine takes longer for enough of them.
    while began.elapsed() < time || (times.len() < FEWEST && began.elapsed() < 10 * time) {
        let asked = Instant::now();
        match client.ask(b"GET /go?id=2&bytes=10 HTTP/1.1\r\nHost: a\r\n\r\n").await {
            Ok(reply) if reply.status == 200 => run.tally.whole(asked.elapsed()),
            Ok(reply) => run.tally.lost(reply.status),
            Err(why) => run.tally.lost(why),
        }
        times.push(asked.elapsed());
        if times.len().is_multiple_of(50) {
            client.leave();
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    times.sort_unstable();
    anyhow::ensure!(times.len() >= FEWEST, "only {} requests in {:.0?}", times.len(), began.elapsed());
    Ok(times[times.len() * 99 / 100])
}

async fn ask_for_ever(address: SocketAddr, number: u16) {
    let mut client = Client::of(address);
    let request = format!("GET /bad{number} HTTP/1.1\r\nHost: a\r\n\r\n");
    loop {
        // It never goes well.
        let _ = client.ask(request.as_bytes()).await;
        client.leave();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
