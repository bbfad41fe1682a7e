//! R12: many clients that do nothing, and many that send slowly, cost little memory each, and all of them are served.

use crate::harness::{Authority, Backend, Client, Greeting, Http2, Program, Run, Target, pattern};
use anyhow::Context as _;
use std::time::Duration;
use tokio::task::JoinSet;

/// KiB of the whole proxy in the long form.
const MOST: u64 = 128 * 1024;
/// KiB for each connection: 128 MiB divided by 11,000 of them, less the program itself.
const MOST_EACH: f64 = 10.0;
/// KiB for each idle connection over TLS, and for one of HTTP/2, of a build that is not optimised.
const MOST_ENCRYPTED: f64 = 24.0;
const MOST_HTTP2: f64 = 48.0;
const LENGTH: usize = 64 * 1024;
const PIECES: usize = 16;

pub(crate) async fn stays_small(run: Run) -> anyhow::Result<String> {
    let (idle, uploads) = run.of((2_000, 200), (10_000, 1_000));
    let needed = idle + 2 * uploads + 500;
    anyhow::ensure!(run.descriptors >= needed, "{needed} descriptors are needed, and {} is the limit", run.descriptors);
    let backend = Backend::start().await?;
    let proxy = patient(&backend).await?;
    let base = proxy.usage()?;
    let mut clients = Vec::new();
    for number in 0..idle {
        let mut client = Client::of(proxy.address);
        get(&run, &mut client, number as u64).await;
        clients.push(client);
        run.tally.stage(format!("{number} of {idle} idle clients"));
    }
    let with_idle = proxy.usage()?;
    let mut uploading = JoinSet::new();
    for number in 0..uploads {
        uploading.spawn(upload(run.clone(), Client::of(proxy.address), number as u64));
    }
    while uploading.join_next().await.is_some() {
        run.tally.stage(format!("{} of {uploads} uploads go on", uploading.len()));
    }
    let after = proxy.usage()?;
    for (number, client) in clients.iter_mut().enumerate() {
        anyhow::ensure!(client.connect().await.is_ok());
        get(&run, client, number as u64).await;
    }
    run.tally.lost_at_most(0)?;
    let peak = proxy.usage()?.peak.max(after.peak);
    let each = (peak - base.resident) as f64 / (idle + uploads) as f64;
    let of_idle = (with_idle.resident.saturating_sub(base.resident)) as f64 / idle as f64;
    let figures = format!(
        "{idle} idle and {uploads} slow uploads: peak {:.1} MiB, base {:.1} MiB; {of_idle:.1} KiB an idle one, {each:.1} KiB each",
        peak as f64 / 1024.0,
        base.resident as f64 / 1024.0,
    );
    anyhow::ensure!(each < MOST_EACH, "{figures}");
    anyhow::ensure!(peak < MOST, "{figures}");
    Ok(figures)
}

/// Clients over TLS that have asked once and do nothing more: so many with HTTP/1.1, and a quarter of them with HTTP/2.
pub(crate) async fn stays_small_over_tls(run: Run) -> anyhow::Result<String> {
    let idle = run.of(500, 5_000);
    let needed = 2 * idle + 500;
    anyhow::ensure!(run.descriptors >= needed, "{needed} descriptors are needed, and {} is the limit", run.descriptors);
    let backend = Backend::start().await?;
    let proxy = patient(&backend).await?;
    let authority = Authority::new()?;
    proxy.put_certificate("go.pem", &authority.certificate("go.test")?).await?;
    let target = |greeting| anyhow::Ok(Target::encrypted(proxy.tls, &authority.clients("go.test", greeting)?));
    let (one, other) = (target(Greeting::Whole)?, target(Greeting::Http2)?);
    // What the first handshakes need stays; it is nobody's in particular.
    get(&run, &mut Client::of(one.clone()), 0).await;
    let base = proxy.usage()?.resident;
    let mut clients = Vec::new();
    for number in 0..idle {
        let mut client = Client::of(one.clone());
        get(&run, &mut client, number as u64).await;
        clients.push(client);
        run.tally.stage(format!("{number} of {idle} idle clients"));
    }
    let with_first = proxy.usage()?.resident;
    let mut connections = Vec::new();
    for number in 0..idle / 4 {
        let connection = Http2::open(&other).await?;
        let reply = connection.ask("/go?bytes=100", None).await;
        anyhow::ensure!(reply.is_ok_and(|reply| reply.status == 200), "HTTP/2 client {number} is not served");
        connections.push(connection);
    }
    let with_all = proxy.usage()?.resident;
    for (number, client) in clients.iter_mut().enumerate() {
        get(&run, client, number as u64).await;
    }
    for connection in &connections {
        connection.is_open().await?;
    }
    run.tally.lost_at_most(0)?;
    let each = |more: u64, less: u64, count: usize| more.saturating_sub(less) as f64 / count as f64;
    let (http1, http2) = (each(with_first, base, idle), each(with_all, with_first, idle / 4));
    let figures =
        format!("{http1:.1} KiB each of {idle} idle over TLS, {http2:.1} KiB each of {} over HTTP/2", idle / 4);
    anyhow::ensure!(http1 < MOST_ENCRYPTED && http2 < MOST_HTTP2, "{figures}");
    Ok(figures)
}

/// A proxy whose clients may be idle, in front of this server.
async fn patient(backend: &Backend) -> anyhow::Result<Program> {
    let variables = [("TIMEOUT_HTTP_KEEP_ALIVE", "600"), ("TIMEOUT_HTTP_REQUEST", "60")];
    let proxy = Program::start(&variables).await?;
    let service = format!("serviceName=go&servicePath=/go&port={}&outboundHostname=127.0.0.1", backend.port());
    proxy.configure(&service).await?;
    Ok(proxy)
}

async fn get(run: &Run, client: &mut Client, id: u64) {
    let request = format!("GET /go?id={id}&bytes=100 HTTP/1.1\r\nHost: a\r\n\r\n");
    match client.ask(request.as_bytes()).await {
        Ok(reply) if reply.body == pattern(id, 100) => run.tally.whole(Duration::ZERO),
        Ok(reply) => run.tally.lost(format!("idle client {id}: {}", reply.status)),
        Err(why) => run.tally.lost(format!("idle client {id}: {why}")),
    }
}

async fn upload(run: Run, client: Client, id: u64) {
    match upload_slowly(&run, client, id).await {
        Ok(()) => run.tally.whole(Duration::ZERO),
        Err(why) => run.tally.lost(format!("upload {id}: {why:#}")),
    }
}

async fn upload_slowly(run: &Run, mut client: Client, id: u64) -> anyhow::Result<()> {
    let lost = |loss: crate::harness::Loss| anyhow::anyhow!("{loss}");
    let body = pattern(id, LENGTH);
    let head = format!("POST /go?id={id} HTTP/1.1\r\nHost: a\r\nContent-Length: {LENGTH}\r\n\r\n");
    client.send(head.as_bytes()).await.map_err(lost).context("its head")?;
    for piece in body.chunks(LENGTH / PIECES) {
        client.send(piece).await.map_err(lost)?;
        tokio::time::sleep(run.of(Duration::from_millis(150), Duration::from_secs(1))).await;
    }
    let reply = client.reply().await.map_err(lost)?;
    anyhow::ensure!(reply.status == 200 && reply.body == body, "{} with {} bytes", reply.status, reply.body.len());
    Ok(())
}
