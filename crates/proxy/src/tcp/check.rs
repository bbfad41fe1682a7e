//! Active checks (`checkTcp`): every two seconds a connection to each server of the services that ask for it.
//!
//! One task for the process; what it finds, all threads see. HAProxy's `check` with its defaults: every 2 s, down after three failures
//! in a row, up after two successes.
//! Not here: what connections of clients tell, and the probes themselves (`health`), and choosing a server (`tcp::choose`).

use crate::health::probe_all;
use crate::worker::Shared;
use arc_swap::{ArcSwap, Guard};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

const EVERY: Duration = Duration::from_secs(2);
/// A server that has not answered by the next check has failed this one.
const LONGEST: Duration = EVERY;
const FALL: u8 = 3;
const RISE: u8 = 2;

/// What the checks found.
#[derive(Debug, Default)]
pub(crate) struct Probes {
    down: ArcSwap<FxHashSet<SocketAddr>>,
}

/// One server's latest checks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Course {
    down: bool,
    /// Checks in a row that speak against `down`.
    against: u8,
}

impl Probes {
    /// The servers that are down.
    pub(crate) fn down(&self) -> Guard<Arc<FxHashSet<SocketAddr>>> {
        self.down.load()
    }

    pub(super) fn set_down(&self, down: FxHashSet<SocketAddr>) {
        if **self.down.load() != down {
            self.down.store(Arc::new(down));
        }
    }
}

/// Checks for ever.
pub(crate) async fn run(shared: Arc<Shared>) {
    let mut courses: FxHashMap<SocketAddr, Course> = FxHashMap::default();
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let servers = servers(&shared).await;
        // Whoever is not asked about any more begins anew when it comes back.
        courses.retain(|address, _| servers.contains(address));
        shared.probes.set_down(down(&courses));
        // Of each at once: the slowest keeps nobody else waiting.
        let take = |address, answers| {
            let course = courses.entry(address).or_default();
            if course.takes(answers) {
                tell(address, course.down);
                shared.probes.set_down(down(&courses));
            }
        };
        probe_all(servers, LONGEST, take).await;
    }
}

fn down(courses: &FxHashMap<SocketAddr, Course>) -> FxHashSet<SocketAddr> {
    courses.iter().filter(|(_, course)| course.down).map(|(address, _)| *address).collect()
}

/// The servers of all services that ask for checks.
async fn servers(shared: &Shared) -> BTreeSet<SocketAddr> {
    let mut servers = BTreeSet::new();
    let world = shared.world.world();
    let checked: Vec<_> = world.tcp().upstreams().filter(|upstream| upstream.backend.check).map(Arc::clone).collect();
    drop(world);
    checked.iter().for_each(|upstream| upstream.ask_unless_known());
    for upstream in checked {
        servers.extend(upstream.servers(shared).await);
    }
    servers
}

fn tell(address: SocketAddr, down: bool) {
    match down {
        true => tracing::warn!("Server {address} is down: it answered none of {FALL} checks; it is passed over"),
        false => tracing::info!("Server {address} is up: it answers checks again"),
    }
}

impl Course {
    /// Takes in one check. Whether the server is down or up is another now than before.
    fn takes(&mut self, answers: bool) -> bool {
        if answers != self.down {
            self.against = 0;
            return false;
        }
        self.against += 1;
        let turns = self.against >= if self.down { RISE } else { FALL };
        if turns {
            *self = Course { down: !self.down, against: 0 };
        }
        turns
    }
}

#[cfg(test)]
mod tests {
    use super::Course;

    #[test]
    fn a_server_is_down_after_three_failures_in_a_row_and_up_after_two_successes() {
        let mut course = Course::default();
        let states: Vec<_> = [false, false, true, false, false, false, true, false, true, true, false]
            .into_iter()
            .map(|answers| {
                course.takes(answers);
                course.down
            })
            .collect();
        assert_eq!(states, [false, false, false, false, false, true, true, true, true, false, false]);
    }
}
