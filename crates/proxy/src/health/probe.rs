//! Probes: a bare connection now and then to each server that cannot be reached, so that no request has to find out.
//!
//! One task for a data plane. Not here: what failing means (`health`), and the checks that a service asks for (`tcp::check`).

use super::{Failures, Health};
use crate::worker::Shared;
use rustc_hash::FxHashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

/// Between two probes of a server.
const EVERY: Duration = Duration::from_secs(1);
/// A probe that has no answer by then has failed.
const LONGEST: Duration = Duration::from_secs(1);
/// Servers that are probed at the same time.
const MOST_AT_ONCE: usize = 64;
/// A server that nobody would have asked for so long may not exist any more, and is forgotten.
const UNWANTED: Duration = Duration::from_secs(60);

/// When each failing server was last wanted.
#[derive(Default)]
pub(super) struct Probing(FxHashMap<SocketAddr, Instant>);

/// Probes for ever; waits while nobody fails.
pub(crate) async fn run(shared: Arc<Shared>) {
    let health = &shared.health;
    let mut probing = Probing::default();
    loop {
        if !health.any.load(Ordering::Relaxed) {
            health.begun.notified().await;
        }
        sleep(EVERY).await;
        for (address, _) in probe_all(health.unreachable(), LONGEST).await.into_iter().filter(|(_, answers)| *answers) {
            health.reached(address);
        }
        probing.forget_unwanted(health);
    }
}

/// Which of the servers take a connection, each within `limit`.
pub(crate) async fn probe_all(
    servers: impl IntoIterator<Item = SocketAddr>,
    limit: Duration,
) -> Vec<(SocketAddr, bool)> {
    let mut answers = Vec::new();
    let mut probes = JoinSet::new();
    for address in servers {
        if probes.len() >= MOST_AT_ONCE {
            answers.extend(probes.join_next().await.and_then(Result::ok));
        }
        probes.spawn(async move {
            let connected = timeout(limit, TcpStream::connect(address)).await;
            (address, matches!(connected, Ok(Ok(_))))
        });
    }
    while let Some(answer) = probes.join_next().await {
        answers.extend(answer.ok());
    }
    answers
}

impl Probing {
    /// Forgets those that nobody wanted for long.
    pub(super) fn forget_unwanted(&mut self, health: &Health) {
        let (now, failing) = (Instant::now(), health.failing.load());
        let failing: &Failures = &failing;
        self.0.retain(|address, _| failing.contains_key(address));
        for (address, failing) in failing {
            let last = self.0.entry(*address).or_insert(now);
            if failing.wanted.swap(false, Ordering::Relaxed) {
                *last = now;
            } else if now.duration_since(*last) > UNWANTED {
                health.forget(*address, |_| true);
            }
        }
    }
}
