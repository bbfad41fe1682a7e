//! R13: whoever is slow is waited for exactly as long as the operator says, and told what went wrong.

use crate::harness::{Backend, Client, Deaf, Loss, Program, Run, within};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How exact a limit is.
const EXACT: Duration = Duration::from_secs(1);

/// The limits in seconds, as the variables name them.
#[derive(Clone, Copy)]
struct Limits {
    connect: u64,
    client: u64,
    server: u64,
    request: u64,
    keep_alive: u64,
}

/// What a client gets at the end of its wait.
type Got = Result<u16, Loss>;

pub(crate) async fn is_exact(run: Run) -> anyhow::Result<String> {
    let limits = run.of(
        Limits { connect: 1, client: 2, server: 2, request: 1, keep_alive: 2 },
        // The defaults.
        Limits { connect: 5, client: 20, server: 20, request: 5, keep_alive: 15 },
    );
    let (backend, deaf) = (Backend::start().await?, Deaf::on(SocketAddr::from(([127, 0, 0, 1], 0))).await?);
    let proxy = start(&run, limits).await?;
    let service =
        |name: &str, port| format!("serviceName={name}&servicePath=/{name}&port={port}&outboundHostname=127.0.0.1");
    proxy.configure(&service("go", backend.port())).await?;
    proxy.configure(&service("deaf", deaf.address.port())).await?;
    let mut cases = JoinSet::new();
    let mut case = |name, limit, expected, bytes: &'static [&'static [u8]], trickle| {
        let (client, run) = (Client::of(proxy.address), run.clone());
        cases.spawn(async move { judge(&run, name, limit, expected, wait(client, bytes, trickle, limit)).await });
    };
    case("a client that says nothing", limits.request, None, &[], b"");
    case("half a head", limits.request, Some(408), &[b"GET /go HTTP/1.1\r\n"], b"");
    case("a head that trickles in", limits.request, Some(408), &[b"GET /go HTTP/1.1\r\nX: "], b"x");
    case("an idle client", limits.keep_alive, None, &[GET, b""], b"");
    case("half a second head", limits.request, Some(408), &[GET, b"GET /go HTTP/1.1\r\n"], b"");
    case("a silent server", limits.server, Some(504), &[b"GET /go?hang=1 HTTP/1.1\r\nHost: a\r\n\r\n"], b"");
    case("a body that stops", limits.client, Some(408), &[POST], b"");
    case("a body that trickles in", limits.client, Some(408), &[POST], b"x");
    case(
        "a server that takes no connection",
        limits.connect,
        Some(503),
        &[b"GET /deaf HTTP/1.1\r\nHost: a\r\n\r\n"],
        b"",
    );
    while let Some(done) = cases.join_next().await {
        done?;
    }
    run.tally.lost_at_most(0)?;
    Ok(format!("{} cases, each exact to a second", run.tally.answered()))
}

const GET: &[u8] = b"GET /go?bytes=1 HTTP/1.1\r\nHost: a\r\n\r\n";
const POST: &[u8] = b"POST /go HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nhello";

async fn start(run: &Run, limits: Limits) -> anyhow::Result<Program> {
    let Limits { connect, client, server, request, keep_alive } = limits;
    let [connect, client, server, request, keep_alive] =
        [connect, client, server, request, keep_alive].map(|seconds| seconds.to_string());
    let variables = [
        ("TIMEOUT_CONNECT", connect.as_str()),
        ("TIMEOUT_CLIENT", &client),
        ("TIMEOUT_SERVER", &server),
        ("TIMEOUT_HTTP_REQUEST", &request),
        ("TIMEOUT_HTTP_KEEP_ALIVE", &keep_alive),
    ];
    Program::start(if run.long { &[] } else { &variables }).await
}

/// Sends each part behind the response to the one before, then a byte now and then; what came in the end, and after how long.
async fn wait(mut client: Client, parts: &[&[u8]], trickle: &'static [u8], limit: u64) -> (Got, Duration) {
    if let Err(loss) = client.connect().await {
        return (Err(loss), Duration::ZERO);
    }
    let mut began = Instant::now();
    for (number, part) in parts.iter().enumerate() {
        if number > 0
            && let Err(loss) = client.reply().await
        {
            return (Err(loss), began.elapsed());
        }
        began = Instant::now();
        if let Err(loss) = client.send(part).await {
            return (Err(loss), began.elapsed());
        }
    }
    let longest = Duration::from_secs(3 * limit);
    while !trickle.is_empty() && began.elapsed() < longest {
        match within(Duration::from_millis(100), "an answer", client.wire().is_answered()).await {
            Ok(_) => break,
            // It may be refused by now; the answer is there then.
            Err(_) => drop(client.wire().send(trickle).await),
        }
    }
    let got = client.reply().await.map(|reply| reply.status);
    (got, began.elapsed())
}

async fn judge(run: &Run, name: &str, limit: u64, expected: Option<u16>, wait: impl Future<Output = (Got, Duration)>) {
    let (got, took) = wait.await;
    let limit = Duration::from_secs(limit);
    // The timer's own grain is a millisecond.
    let is_exact = took + Duration::from_millis(10) >= limit && took < limit + EXACT;
    match (&got, expected) {
        (Ok(status), Some(expected)) if *status == expected && is_exact => run.tally.whole(took),
        (Err(Loss::Between | Loss::Cut(_)), None) if is_exact => run.tally.whole(took),
        _ => run.tally.lost(format!("{name}: {got:?} after {took:.2?}, and {expected:?} after {limit:?} was promised")),
    }
}
