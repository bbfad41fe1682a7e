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
const MOST_AT_ONCE: usize = 512;
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
        let reached = |address, answers| {
            if answers {
                health.reached(address);
            }
        };
        probe_all(health.unreachable(), LONGEST, reached).await;
        probing.forget_unwanted(health);
    }
}

/// Tries whether the servers take a connection, each within `limit`, and says so of each as soon as it is known.
pub(crate) async fn probe_all(
    servers: impl IntoIterator<Item = SocketAddr>,
    limit: Duration,
    mut say: impl FnMut(SocketAddr, bool),
) {
    let mut probes = JoinSet::new();
    let mut servers = servers.into_iter();
    loop {
        while probes.len() < MOST_AT_ONCE {
            let Some(address) = servers.next() else { break };
            probes.spawn(async move {
                let connected = timeout(limit, TcpStream::connect(address)).await;
                (address, matches!(connected, Ok(Ok(_))))
            });
        }
        match probes.join_next().await {
            Some(Ok((address, answers))) => say(address, answers),
            Some(Err(_)) => {}
            None => return,
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::{TcpListener, TcpSocket};

    #[tokio::test]
    async fn bug_a_server_that_was_back_waited_for_the_probes_of_all_that_were_not() {
        let back = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let halted = TcpSocket::new_v4().unwrap();
        halted.bind(([127, 0, 0, 1], 0).into()).unwrap();
        // Its queue has room for one.
        let halted = halted.listen(0).unwrap();
        let servers = [&halted, &back].map(|server| server.local_addr().unwrap());
        let _first = TcpStream::connect(servers[0]).await.unwrap();
        let (say, mut said) = tokio::sync::mpsc::unbounded_channel();
        let probes = tokio::spawn(async move {
            let say = |address, answers| say.send((address, answers)).unwrap();
            probe_all(servers, Duration::from_secs(60), say).await;
        });
        assert_eq!(said.recv().await, Some((servers[1], true)));
        assert!(!probes.is_finished(), "the other one is still waited for");
        probes.abort();
    }
}
