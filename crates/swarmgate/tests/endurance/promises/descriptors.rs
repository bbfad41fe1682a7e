//! R11: clients take all descriptors. Nothing spins, nothing floods the log, the control API answers, and all is well once they have left.

use crate::harness::{Backend, Client, Program, Run, until, within};
use std::time::{Duration, Instant};

const LIMIT: u32 = 200;
/// What 2 s without descriptors may cost of a processor.
const MOST_BUSY: Duration = Duration::from_millis(200);
const MOST_LINES: usize = 20;
const REQUEST: &[u8] = b"GET /go?bytes=10 HTTP/1.1\r\nHost: a\r\n\r\n";

pub(crate) async fn run_out(run: Run) -> anyhow::Result<String> {
    let backend = Backend::start().await?;
    // Its clients stay although they say nothing.
    let variables = [("TIMEOUT_HTTP_REQUEST", "600"), ("TIMEOUT_HTTP_KEEP_ALIVE", "600")];
    let proxy = Program::with_descriptors(Some(LIMIT), &variables).await?;
    proxy
        .configure(&format!("serviceName=go&servicePath=/go&port={}&outboundHostname=127.0.0.1", backend.port()))
        .await?;
    let mut early = Client::of(proxy.address);
    anyhow::ensure!(early.ask(REQUEST).await.is_ok(), "no answer before");
    let lines = proxy.log_lines().len();
    let mut crowd = Vec::new();
    for _ in 0..LIMIT + 100 {
        let mut client = Client::of(proxy.address);
        anyhow::ensure!(client.connect().await.is_ok(), "the kernel takes no connection");
        crowd.push(client);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut broken = Vec::new();
    let before = proxy.usage()?;
    tokio::time::sleep(run.of(Duration::from_secs(2), Duration::from_secs(20))).await;
    let after = proxy.usage()?;
    let busy = (after.busy - before.busy) / run.of(1, 10);
    if busy > MOST_BUSY {
        broken.push(format!("2 s without descriptors cost {busy:?}"));
    }
    run.tally.stage(format!("{} descriptors of {LIMIT}", after.descriptors));
    if !answers(&proxy).await {
        broken.push("the control API does not answer within 5 s".to_owned());
    }
    if !proxy.ping()? {
        broken.push("the health check fails".to_owned());
    }
    if !early.ask(REQUEST).await.is_ok_and(|reply| reply.status == 200) {
        broken.push("a client that was there before is not served".to_owned());
    }
    drop(crowd);
    let back = back(&proxy).await;
    if back > Duration::from_secs(6) {
        broken.push(format!("new clients were served only {back:.1?} after the crowd had left"));
    }
    let lines = proxy.log_lines().len() - lines;
    if lines > MOST_LINES {
        let last = proxy.log_lines().pop().unwrap_or_default();
        broken.push(format!("{lines} lines in the log, the last one: {last}"));
    }
    let figures = format!(
        "{} descriptors of {LIMIT}, 2 s cost {busy:?}, back after {back:.1?}, {lines} lines",
        after.descriptors
    );
    anyhow::ensure!(broken.is_empty(), "{figures}\n    {}", broken.join("\n    "));
    Ok(figures)
}

async fn answers(proxy: &Program) -> bool {
    let call = within(Duration::from_secs(5), "the API", proxy.call("/ping")).await;
    matches!(call, Ok(Ok(reply)) if reply.status == 200)
}

/// How long until a new client is served; at most 10 s.
async fn back(proxy: &Program) -> Duration {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(10) {
        let mut client = Client::of(proxy.address);
        let asked = within(Duration::from_secs(10), "an answer", client.ask(REQUEST)).await;
        if matches!(asked, Ok(Ok(reply)) if reply.status == 200) {
            break;
        }
        let _ = until(Duration::from_millis(20), "a pause", || false).await;
    }
    began.elapsed()
}
