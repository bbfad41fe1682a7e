//! Runs the cases of a family against a proxy and holds what happened against their verdicts.
//!
//! Not here: the cases (`requests`, `responses`), and proxies of others (`peers`).

use std::net::SocketAddr;
use std::time::Duration;

use crate::case::{ClientGets, RequestCase, ResponseCase, position, with_address};
use crate::it::harness::TestProxy;
use crate::recorder::{Recorder, Seen};
use crate::script::{HONEST, Script};
use crate::wire::{Client, End, Pieces, Transcript, show};

/// The longest silence of a proxy that has something to do.
const PATIENCE: Duration = Duration::from_secs(10);

/// A proxy under test, and how long it may be silent.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) patience: Duration,
    /// It is known to keep at most one connection to its server here, so that one can wait until all others have ended.
    pub(crate) keeps_one: bool,
}

/// What was seen of a case on both sides.
#[derive(Debug)]
pub(crate) struct Observed {
    pub(crate) transcript: Transcript,
    /// What the server saw of it, if all of that could be waited for.
    pub(crate) seen: Vec<Seen>,
}

/// What was seen of a hostile server's words.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) transcript: Transcript,
    /// The server's connection was used for the innocent request.
    pub(crate) kept: bool,
    /// What another client got afterwards.
    pub(crate) next: Transcript,
}

/// Every case of a family of hostile clients.
pub(crate) async fn requests(cases: Vec<RequestCase>) {
    let recorder = Recorder::start();
    let (_proxy, target) = proxy_of(recorder.address).await;
    let mut wrong = Vec::new();
    for case in &cases {
        for pieces in [Pieces::Whole, Pieces::Bytes] {
            let observed = observe(target, &recorder, case, pieces);
            if let Err(why) = check_request(case, &observed) {
                wrong.push(format!("{} ({pieces:?})\n  sent: {}\n  {why}", case.name, show(&case.bytes)));
            }
        }
    }
    report(&wrong, cases.len());
}

/// Every case of a family of hostile servers.
pub(crate) async fn responses(cases: Vec<ResponseCase>) {
    let script = Script::start();
    let (_proxy, target) = proxy_of(script.address).await;
    let mut wrong = Vec::new();
    for case in &cases {
        for pieces in [Pieces::Whole, Pieces::Bytes] {
            let heard = hear(target, &script, case, pieces);
            if let Err(why) = check_response(case, pieces, &heard) {
                wrong.push(format!("{} ({pieces:?})\n  server: {}\n  {why}", case.name, show(&case.says)));
            }
        }
    }
    report(&wrong, cases.len());
}

/// A proxy whose every path leads to this server.
pub(crate) async fn proxy_of(server: SocketAddr) -> (TestProxy, Target) {
    let proxy = TestProxy::start().await;
    let port = server.port();
    proxy.configure(&format!("serviceName=go&servicePath=/&port={port}&outboundHostname=127.0.0.1")).await;
    let target = Target { address: proxy.address(), patience: PATIENCE, keeps_one: true };
    (proxy, target)
}

/// Sends a case's bytes with an innocent request behind them, and then a request of another client, whose arrival means that the
/// server has seen all there is.
pub(crate) fn observe(target: Target, recorder: &Recorder, case: &RequestCase, pieces: Pieces) -> Observed {
    let mut bytes = case.bytes.clone();
    if !case.ends {
        bytes.extend_from_slice(innocent("innocent").as_bytes());
    }
    let client = Client::send(target.address, &bytes, pieces);
    if case.ends {
        client.end();
    }
    let transcript = client.read_to_end(target.patience, |_| {});
    ask(target, "sentinel");
    let most_open = if target.keeps_one { 1 } else { usize::MAX };
    let seen = recorder.take("GET /sentinel", most_open, target.patience);
    Observed { transcript, seen }
}

/// Lets the server say its words, and then lets another client ask.
pub(crate) fn hear(target: Target, script: &Script, case: &ResponseCase, pieces: Pieces) -> Heard {
    script.play(case, pieces);
    let bytes = [&case.request[..], innocent("innocent").as_bytes()].concat();
    let client = Client::send(target.address, &bytes, Pieces::Whole);
    let transcript = client.read_to_end(target.patience, |read| {
        if position(read, b"\r\n\r\n").is_some() {
            script.go_on();
        }
    });
    let kept_by_client = script.was_kept();
    script.say_unasked(&case.later);
    let next = ask(target, "sentinel");
    Heard { transcript, kept: kept_by_client || script.was_kept(), next }
}

/// An innocent request of a client of its own.
fn ask(target: Target, name: &str) -> Transcript {
    Client::send(target.address, innocent(name).as_bytes(), Pieces::Whole).read_to_end(target.patience, |_| {})
}

/// The last request of a connection.
fn innocent(name: &str) -> String {
    format!("GET /{name} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n")
}

fn check_request(case: &RequestCase, observed: &Observed) -> Result<(), String> {
    let Observed { transcript, seen } = observed;
    let verdict = &case.verdict;
    let is_served = verdict.then.is_none() && !case.ends;
    let mut statuses = vec![200; verdict.sees.len()];
    statuses.extend(verdict.then.or(is_served.then_some(200)));
    let mut sees: Vec<_> = verdict.sees.iter().cloned().map(Seen::Request).collect();
    let arrived = |name: &str| {
        let request = innocent(name).replace("Connection: close\r\n", "");
        Seen::Request(with_address(request.as_bytes()))
    };
    sees.extend(is_served.then(|| arrived("innocent")));
    sees.push(arrived("sentinel"));
    let (parts, whole): (Vec<Seen>, Vec<Seen>) = seen.iter().cloned().partition(|seen| matches!(seen, Seen::Part(_)));
    if transcript.statuses() != statuses || transcript.end != End::Closed {
        return Err(format!("expected {statuses:?} and an end, got {}", show_transcript(transcript)));
    }
    if whole != sees || (!parts.is_empty() && !verdict.broken_off) {
        return Err(format!("the server was to see {}\n  and saw {}", show_seen(&sees), show_seen(seen)));
    }
    Ok(())
}

fn check_response(case: &ResponseCase, pieces: Pieces, heard: &Heard) -> Result<(), String> {
    let Heard { transcript, kept, next } = heard;
    let last_answer = HONEST.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    if let Err(expected) = fits(&case.verdict, pieces, transcript, &last_answer) {
        return Err(format!("the client was to get {expected}\n  and got {}", show_transcript(transcript)));
    }
    if *kept != matches!(case.verdict, ClientGets::Exactly { kept: true, .. }) {
        return Err(format!("the server's connection was {}used again", if *kept { "" } else { "not " }));
    }
    if next.bytes != last_answer.as_bytes() {
        return Err(format!("the next client got {}", show_transcript(next)));
    }
    Ok(())
}

/// Whether the client got what it was to get; else what that is.
fn fits(verdict: &ClientGets, pieces: Pieces, got: &Transcript, last_answer: &str) -> Result<(), String> {
    let (fits, expected) = match verdict {
        ClientGets::BadGateway(before) => (is_bad_gateway(got, before), format!("{}, then 502", show(before))),
        // In one piece with its head, a body that is none is seen before anything was sent.
        ClientGets::BrokenOff(_) if pieces == Pieces::Whole && is_bad_gateway(got, b"") => (true, String::new()),
        ClientGets::BrokenOff(most) => {
            (most.starts_with(&got.bytes) && got.end == End::Reset, format!("at most {} and a reset", show(most)))
        }
        ClientGets::Exactly { bytes, goes_on, .. } => {
            let all = [&bytes[..], if *goes_on { last_answer.as_bytes() } else { &[] }].concat();
            (got.bytes == all && got.end == End::Closed, format!("{} and an end", show(&all)))
        }
    };
    if fits { Ok(()) } else { Err(expected) }
}

/// A 502 and an end, after at most `before`: what was not sent yet is left out.
fn is_bad_gateway(got: &Transcript, before: &[u8]) -> bool {
    let code = position(&got.bytes, b" 502 Bad Gateway\r\n");
    code.is_some_and(|code| before.starts_with(&got.bytes[..code - "HTTP/1.1".len()])) && got.end == End::Closed
}

fn show_transcript(transcript: &Transcript) -> String {
    format!("{} [{:?}]", show(&transcript.bytes), transcript.end)
}

fn show_seen(seen: &[Seen]) -> String {
    let lines = seen.iter().map(|seen| match seen {
        Seen::Request(bytes) => format!("\n    a request: {}", show(bytes)),
        Seen::Part(bytes) => format!("\n    a part: {}", show(bytes)),
    });
    lines.collect()
}

fn report(wrong: &[String], cases: usize) {
    let first: Vec<_> = wrong.iter().take(12).cloned().collect();
    assert!(wrong.is_empty(), "{} of {cases} cases, twice each, went wrong:\n\n{}\n", wrong.len(), first.join("\n\n"));
}
