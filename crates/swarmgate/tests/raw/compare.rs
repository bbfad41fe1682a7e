//! The same cases for HAProxy and nginx: a table of what they do otherwise.
//!
//! It judges nobody: it fails only when one of them cannot be run.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::thread;

use crate::case::position;
use crate::it::harness::TestProxy;
use crate::peers::{Peer, Program};
use crate::recorder::{Recorder, Seen};
use crate::run::{Heard, Observed, Target, hear, observe, proxy_of};
use crate::script::{HONEST, Script};
use crate::wire::{End, Pieces};
use crate::{requests, responses};

/// Cases made byte by byte are shown by a few.
const MOST_NAMES: usize = 40;

/// What became of a case. Two refusals are the same, whatever their status.
#[derive(Clone, Debug, Eq, PartialEq, Ord, PartialOrd)]
struct Outcome {
    /// What counts.
    kind: String,
    /// What is shown.
    words: String,
}

/// Three proxies, each with a server of its own.
struct Trio<S> {
    servers: [S; 3],
    targets: [Target; 3],
    /// Held, so that they run.
    _ours: TestProxy,
    _peers: [Peer; 2],
}

#[tokio::test]
#[ignore = "needs HAProxy and nginx"]
async fn haproxy_and_nginx() {
    println!("{}\n{}\n", Program::Haproxy.version(), Program::Nginx.version());
    println!("What a client gets, and how many whole requests the server saw of it. Only rows that differ.\n");
    let mut summary = Vec::new();
    let recorders = [Recorder::start(), Recorder::start(), Recorder::start()];
    let addresses = recorders.each_ref().map(|recorder| recorder.address);
    let trio = trio(recorders, addresses).await;
    for (family, cases) in requests::FAMILIES {
        let rows = cases().into_iter().map(|case| {
            let results = trio.ask_all(|target, server| of_client(&observe(target, server, &case, Pieces::Whole)));
            (case.name.clone(), results)
        });
        summary.push(table(family, rows.collect()));
    }
    let scripts = [Script::start(), Script::start(), Script::start()];
    let addresses = scripts.each_ref().map(|script| script.address);
    let trio = self::trio(scripts, addresses).await;
    for (family, cases) in responses::FAMILIES {
        let rows = cases().into_iter().map(|case| {
            let results = trio.ask_all(|target, server| of_server(&hear(target, server, &case, Pieces::Bytes)));
            (case.name.clone(), results)
        });
        summary.push(table(family, rows.collect()));
    }
    println!("\n{:60} {:>6} {:>8} {:>8}", "family", "cases", "haproxy", "nginx");
    summary.iter().for_each(|line| println!("{line}"));
}

async fn trio<S>(servers: [S; 3], addresses: [SocketAddr; 3]) -> Trio<S> {
    let (ours, target) = proxy_of(addresses[0]).await;
    let peers = [Program::Haproxy.start(addresses[1]), Program::Nginx.start(addresses[2])];
    let targets = [target, peers[0].target, peers[1].target];
    Trio { servers, targets, _ours: ours, _peers: peers }
}

impl<S: Sync> Trio<S> {
    /// All three at once: most of the time is waiting.
    fn ask_all(&self, ask: impl Fn(Target, &S) -> Outcome + Sync) -> [Outcome; 3] {
        let ask = &ask;
        thread::scope(|scope| {
            let asked = [0, 1, 2].map(|of| scope.spawn(move || ask(self.targets[of], &self.servers[of])));
            asked.map(|asked| asked.join().expect("nothing in it panics"))
        })
    }
}

/// Prints the rows that differ, and returns a line that counts them. Rows with the same three results are one.
fn table(family: &str, rows: Vec<(String, [Outcome; 3])>) -> String {
    let differs = |of: usize| rows.iter().filter(|(_, results)| results[of].kind != results[0].kind).count();
    let line = format!("{family:60} {:6} {:8} {:8}", rows.len(), differs(1), differs(2));
    let mut groups: BTreeMap<[&str; 3], Vec<&str>> = BTreeMap::new();
    for (name, results) in &rows {
        if results.iter().any(|result| result.kind != results[0].kind) {
            groups.entry(results.each_ref().map(|result| result.words.as_str())).or_default().push(name);
        }
    }
    println!("## {family}\n");
    for ([ours, haproxy, nginx], names) in groups {
        println!("swarmgate {ours} / haproxy {haproxy} / nginx {nginx}");
        names.iter().take(MOST_NAMES).for_each(|name| println!("    {name}"));
        if names.len() > MOST_NAMES {
            println!("    … and {} more", names.len() - MOST_NAMES);
        }
    }
    println!();
    line
}

fn of_client(observed: &Observed) -> Outcome {
    let is_hostile = |seen: &&Seen| matches!(seen, Seen::Request(bytes) if !is_ours(bytes));
    let whole = observed.seen.iter().filter(is_hostile).count();
    let innocent = observed.seen.iter().any(|seen| matches!(seen, Seen::Request(bytes) if starts(bytes, "innocent")));
    let refused = observed.transcript.statuses().into_iter().find(|status| *status >= 300);
    let (kind, words) = match (refused, innocent, observed.transcript.end) {
        (Some(status), ..) => ("refused", format!("{status}")),
        (None, true, _) => ("passes", "passes".to_owned()),
        (None, false, End::Silent) => ("waits", "waits".to_owned()),
        (None, false, _) if whole == 0 => ("refused", "closes".to_owned()),
        (None, false, _) => ("ends", "passes and ends".to_owned()),
    };
    let words = if whole == 0 { words } else { format!("{words} ({whole} seen)") };
    Outcome { kind: format!("{kind} {whole}"), words }
}

fn is_ours(bytes: &[u8]) -> bool {
    starts(bytes, "innocent") || starts(bytes, "sentinel")
}

fn starts(bytes: &[u8], name: &str) -> bool {
    bytes.starts_with(format!("GET /{name} HTTP/1.1\r\n").as_bytes())
}

fn of_server(heard: &Heard) -> Outcome {
    let Heard { transcript, next, .. } = heard;
    let statuses = transcript.statuses();
    let last = statuses.iter().copied().find(|status| *status >= 200);
    let served = position(&transcript.bytes, b"\r\n\r\nhonest").is_some();
    let (kind, mut words) = match (last, transcript.end, served) {
        _ if statuses.contains(&101) => ("switches", "101".to_owned()),
        (None, End::Silent, _) => ("waits", "waits".to_owned()),
        (None, ..) => ("refused", "closes".to_owned()),
        (Some(status @ (400 | 500..=504)), ..) => ("refused", format!("{status}")),
        (Some(status), _, true) => ("goes on", format!("{status}, goes on")),
        (Some(status), End::Reset, _) => ("broken off", format!("{status}, broken off")),
        (Some(status), End::Closed, _) => ("ends", format!("{status}, ends")),
        (Some(status), End::Silent, _) => ("waits", format!("{status}, waits")),
    };
    let mut kind = kind.to_owned();
    let honest = HONEST.split("\r\n\r\n").nth(1).unwrap_or_default();
    if !next.bytes.ends_with(honest.as_bytes()) {
        words.push_str(", and the next client gets something else");
        kind.push_str(" poisoned");
    }
    Outcome { kind, words }
}
