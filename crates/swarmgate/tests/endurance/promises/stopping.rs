//! R8: SIGTERM. What has begun and ends within the grace period is not cut, over HTTP/1.1, TLS or HTTP/2, and the proxy is gone in time.

use crate::harness::{Ask, Authority, Backend, Client, Greeting, Http2, Load, Program, Run, Target, until, within};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

pub(crate) async fn gently(run: Run) -> anyhow::Result<String> {
    let rounds = run.of(2, 20);
    let (mut between, mut longest) = (0, Duration::ZERO);
    for round in 1..=rounds {
        let stopped = stop_once(&run).await?;
        between += stopped.between;
        longest = longest.max(stopped.took);
        run.tally.lost_at_most(0)?;
        run.tally.stage(format!("{round} of {rounds} stops"));
    }
    Ok(format!(
        "{}, the longest in {longest:.1?}; {between} requests met the end of a connection that was idle when they were sent",
        run.tally
    ))
}

struct Stopped {
    took: Duration,
    between: u64,
}

async fn stop_once(run: &Run) -> anyhow::Result<Stopped> {
    let backend = Backend::start().await?;
    let mut proxy = Program::start(&[("DRAIN_SECONDS", "8")]).await?;
    proxy
        .configure(&format!("serviceName=go&servicePath=/go&port={}&outboundHostname=127.0.0.1", backend.port()))
        .await?;
    let load = Load::new(run, proxy.address, "/go", None).clients(4, Ask::Get).clients(2, Ask::Fresh);
    let load = load.clients(1, Ask::Pipelined).clients(1, Ask::Post(1000)).clients(1, Ask::Chunked(5000));
    let load = load.clients(3, Ask::Download(10)).clients(3, Ask::Upload(10));
    let load = encrypted(load, &proxy).await?;
    let before = run.tally.answered();
    until(Duration::from_secs(30), "requests go on", || run.tally.answered() > before + 300).await?;
    let early = Arc::new(AtomicU64::new(0));
    let watching = tokio::spawn(watch(proxy.address, proxy.api, Arc::clone(&early)));
    load.expect_the_end();
    let began = Instant::now();
    proxy.signal("TERM")?;
    let (status, _) = proxy.ends(Duration::from_secs(10)).await?;
    let took = began.elapsed();
    anyhow::ensure!(status.success(), "the proxy ended with {status}");
    let between = within(Duration::from_secs(10), "the clients' end", load.ended()).await??;
    watching.abort();
    let early = early.load(Relaxed);
    anyhow::ensure!(early == 0, "the health check succeeded {early} times after the port had closed");
    Ok(Stopped { took, between })
}

/// As many clients again that come over TLS, some of them on two connections of HTTP/2: one is busy to the end, one only with slow bodies.
async fn encrypted(load: Load, proxy: &Program) -> anyhow::Result<Load> {
    const HOST: &str = "go.test";
    let authority = Authority::new()?;
    proxy.put_certificate("go.pem", &authority.certificate(HOST)?).await?;
    let target = |greeting| anyhow::Ok(Target::encrypted(proxy.tls, &authority.clients(HOST, greeting)?));
    let connections = [Http2::open(&target(Greeting::Http2)?).await?, Http2::open(&target(Greeting::Http2)?).await?];
    let load = load.over(target(Greeting::Resumed)?).clients(2, Ask::Get).clients(2, Ask::Fresh);
    let load = load.clients(1, Ask::Post(1000)).clients(1, Ask::Download(10)).clients(1, Ask::Upload(10));
    let load = load.streams(&connections[0], 3, Ask::Get).streams(&connections[0], 1, Ask::Post(65_536));
    let load = load.streams(&connections[0], 1, Ask::Download(10)).streams(&connections[0], 1, Ask::Upload(10));
    Ok(load.streams(&connections[1], 2, Ask::Download(10)).streams(&connections[1], 2, Ask::Upload(10)))
}

/// Counts how often the health check succeeds although the port was closed before it was asked.
async fn watch(port: std::net::SocketAddr, api: std::net::SocketAddr, early: Arc<AtomicU64>) {
    loop {
        let is_closed = Client::of(port).connect().await.is_err();
        let asked = Client::of(api).ask(b"GET /v1/docker-flow-proxy/ping HTTP/1.1\r\nHost: proxy\r\n\r\n").await;
        if is_closed && asked.is_ok_and(|reply| reply.status == 200) {
            early.fetch_add(1, Relaxed);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A request that takes longer than the grace period is cut; idle connections end after a second.
pub(crate) async fn in_time(run: Run) -> anyhow::Result<String> {
    let grace = run.of(2, 8);
    let backend = Backend::start().await?;
    let mut proxy = Program::start(&[("DRAIN_SECONDS", &grace.to_string())]).await?;
    proxy
        .configure(&format!("serviceName=go&servicePath=/go&port={}&outboundHostname=127.0.0.1", backend.port()))
        .await?;
    let mut idle = Client::of(proxy.address);
    let reply = idle.ask(b"GET /go?bytes=1 HTTP/1.1\r\nHost: a\r\n\r\n").await;
    anyhow::ensure!(reply.is_ok_and(|reply| reply.status == 200), "no answer before the stop");
    let mut hanging = Client::of(proxy.address);
    anyhow::ensure!(hanging.send(b"GET /go?hang=1 HTTP/1.1\r\nHost: a\r\n\r\n").await.is_ok(), "no connection");
    // The server has the request once another one behind it has its answer.
    anyhow::ensure!(idle.ask(b"GET /go?bytes=1 HTTP/1.1\r\nHost: a\r\n\r\n").await.is_ok(), "no second answer");
    let began = Instant::now();
    proxy.signal("TERM")?;
    let left = within(Duration::from_millis(1500), "the end of an idle connection", idle.reply()).await?;
    anyhow::ensure!(left.is_err(), "an answer to nothing");
    let idle = began.elapsed();
    let cut = within(Duration::from_secs(grace + 1), "the cut of a request that lasts", hanging.reply()).await?;
    let cut_after = began.elapsed();
    anyhow::ensure!(cut.is_err() && cut_after >= Duration::from_secs(grace), "it was cut after {cut_after:.1?}");
    let (status, _) = proxy.ends(Duration::from_secs(2)).await?;
    anyhow::ensure!(status.success(), "the proxy ended with {status}");
    let took = began.elapsed();
    Ok(format!(
        "of {grace} s: idle ended after {idle:.1?}, a request that lasts after {cut_after:.1?}, the program after {took:.1?}"
    ))
}
