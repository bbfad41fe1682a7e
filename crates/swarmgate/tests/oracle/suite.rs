//! All cases, a few at a time, and what they come to.
//!
//! Not here: one case (`world`, `questions`).

use crate::ask::Ask;
use crate::case::{self, Case};
use crate::differences::{Compared, DIFFERENCES};
use crate::place::Networks;
use crate::process;
use crate::questions::questions;
use crate::random;
use crate::tls::Keys;
use crate::world::World;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Cases under way at once.
const AT_ONCE: usize = 4;
/// A server that takes this long is tried again and again before it is given up, and is asked few questions.
const SLOW: Duration = Duration::from_millis(900);
const FEW: usize = 3;

/// What became of a case, or of all.
#[derive(Default)]
struct Result {
    cases: usize,
    requests: usize,
    /// How often each meant difference was met.
    met: BTreeMap<&'static str, usize>,
    /// By their kind: how often, and the first one.
    faults: BTreeMap<String, (usize, String)>,
    /// The meant differences that were met in the cases made for them.
    shown: BTreeSet<&'static str>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_case_is_answered_as_haproxy_answers_it() {
    let Some(networks) = ready() else { return };
    let (networks, keys, turns) = (Arc::new(networks), Arc::new(Keys::new()), Arc::new(Semaphore::new(AT_ONCE)));
    let mut running = JoinSet::new();
    let only = only();
    for case in case::all().into_iter().filter(|case| only.as_ref().is_none_or(|only| case.name.contains(only))) {
        let (networks, keys, turns) = (Arc::clone(&networks), Arc::clone(&keys), Arc::clone(&turns));
        running.spawn(async move {
            let _turn = turns.acquire_owned().await.expect("nobody closes it");
            run(&case, &networks, &keys).await
        });
    }
    let mut all = Result::default();
    while let Some(result) = running.join_next().await {
        all.add(result.expect("a case does not panic"));
    }
    all.print();
    let faults: usize = all.faults.values().map(|(count, _)| count).sum();
    assert_eq!(faults, 0, "unexplained differences");
    if only.is_none() {
        let unseen = DIFFERENCES.iter().map(|difference| difference.name).filter(|name| !all.shown.contains(name));
        assert_eq!(unseen.collect::<Vec<_>>(), [""; 0], "each difference has a case that shows it");
    }
}

/// As many random worlds as `ORACLE_SECONDS` allow (10), from `ORACLE_SEED` on (1).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_worlds_are_answered_as_haproxy_answers_them() {
    let Some(networks) = ready() else { return };
    let (seconds, first) = (number("ORACLE_SECONDS").unwrap_or(10), number("ORACLE_SEED").unwrap_or(1));
    println!("ORACLE_SEED={first}, {seconds} s");
    let (networks, keys, next) = (Arc::new(networks), Arc::new(Keys::new()), Arc::new(AtomicU64::new(first)));
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut running = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (networks, keys, next) = (Arc::clone(&networks), Arc::clone(&keys), Arc::clone(&next));
        running.spawn(async move {
            let mut all = Result::default();
            while Instant::now() < end {
                all.add(run(&random::world(next.fetch_add(1, Ordering::Relaxed)), &networks, &keys).await);
            }
            all
        });
    }
    let mut all = Result::default();
    while let Some(result) = running.join_next().await {
        all.add(result.expect("a world does not panic"));
    }
    all.print();
    assert!(all.faults.is_empty(), "unexplained differences");
}

#[allow(clippy::disallowed_methods, reason = "for whoever wants more, or a seed again")]
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// A part of the names of the only cases to run.
#[allow(clippy::disallowed_methods, reason = "for whoever looks into one case")]
fn only() -> Option<String> {
    std::env::var("ORACLE_CASE").ok()
}

fn ready() -> Option<Networks> {
    let version = process::version();
    let networks = Networks::claim();
    match (version, networks) {
        (Some(version), Some(networks)) => {
            println!("{version}");
            Some(networks)
        }
        (None, _) => panic!("{} is not installed", process::HAPROXY),
        (_, None) => panic!("ports below 1024 cannot be bound"),
    }
}

async fn run(case: &Case, networks: &Networks, keys: &Arc<Keys>) -> Result {
    let mut result = Result { cases: 1, ..Result::default() };
    let world = match World::start(case, networks.next(), keys).await {
        Ok(world) => world,
        Err(said) => {
            result.fault(format!("HAProxy does not take {}", case.name), said);
            return result;
        }
    };
    for group in questions(case, &world.frontends) {
        ask_all(case, &world, &group, &mut result).await;
    }
    world.stop().await;
    result
}

/// Asks a group of questions; a few of them where its server takes long to be given up.
async fn ask_all(case: &Case, world: &World, group: &[Ask], result: &mut Result) {
    let (mut left, mut first) = (group.len(), true);
    for ask in group {
        if left == 0 {
            break;
        }
        let began = Instant::now();
        let [ours, haproxy] = world.ask(ask).await;
        if first && began.elapsed() > SLOW {
            left = FEW;
        }
        (left, first) = (left - 1, false);
        result.requests += ask.requests.len();
        let mut compared = Compared { case, ask, ours, haproxy };
        for name in compared.explain() {
            *result.met.entry(name).or_default() += 1;
            if case.name.strip_prefix("difference-") == Some(name) {
                result.shown.insert(name);
            }
        }
        if compared.ours != compared.haproxy {
            result.fault(compared.kind(), fault(case, ask, world, &compared));
        }
    }
}

fn fault(case: &Case, ask: &Ask, world: &World, compared: &Compared<'_>) -> String {
    let (name, text, config) = (&case.name, &case.text, &world.config);
    format!("{name}: {ask}\n ours:{}\n haproxy:{}\n\n{text}\n\n{config}", compared.ours, compared.haproxy)
}

impl Result {
    fn fault(&mut self, kind: String, text: String) {
        self.faults.entry(kind).or_insert((0, text)).0 += 1;
    }

    fn add(&mut self, other: Result) {
        self.cases += other.cases;
        self.requests += other.requests;
        for (kind, (count, text)) in other.faults {
            self.faults.entry(kind).or_insert((0, text)).0 += count;
        }
        self.shown.extend(other.shown);
        for (name, count) in other.met {
            *self.met.entry(name).or_default() += count;
        }
    }

    fn print(&self) {
        for (kind, (count, text)) in &self.faults {
            println!("{count} times: {kind}\nfor example {text}\n");
        }
        let faults: usize = self.faults.values().map(|(count, _)| count).sum();
        println!("{} cases, {} requests, {faults} unexplained differences", self.cases, self.requests);
        for difference in DIFFERENCES {
            println!("{:6} {}", self.met.get(difference.name).copied().unwrap_or(0), difference.name);
        }
    }
}
