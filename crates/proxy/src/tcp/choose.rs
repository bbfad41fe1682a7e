//! In which order the servers of a pool are tried for a connection.
//!
//! Not here: where addresses come from (`resolve`), and trying (`tcp::connect`).

use super::check::Probes;
use crate::health::Health;
use model::service::Balance;
use rustc_hash::{FxHashMap, FxHasher};
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many connections each server has, for those who choose the one with the fewest. Shared by all threads.
#[derive(Debug, Default)]
pub(crate) struct Loads(Mutex<FxHashMap<SocketAddr, usize>>);

/// One connection in the count; taken out when dropped.
#[derive(Debug)]
pub(crate) struct Load {
    loads: Arc<Loads>,
    address: SocketAddr,
}

impl Loads {
    pub(super) fn add(self: &Arc<Self>, address: SocketAddr) -> Load {
        *self.lock().entry(address).or_default() += 1;
        Load { loads: Arc::clone(self), address }
    }

    fn lock(&self) -> MutexGuard<'_, FxHashMap<SocketAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        let mut loads = self.loads.lock();
        if let Some(count) = loads.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                loads.remove(&self.address);
            }
        }
    }
}

/// The servers in the order in which they are tried. Those that fail come last: they are better than nobody.
pub(super) struct Choice<'c> {
    pub(super) balance: Balance,
    /// Grows with every connection.
    pub(super) turn: usize,
    pub(super) client: IpAddr,
    pub(super) loads: &'c Loads,
    pub(super) probes: &'c Probes,
    pub(super) health: &'c Health,
}

impl Choice<'_> {
    /// Puts `servers` in order.
    pub(super) fn sort(&self, servers: &mut [SocketAddr]) {
        let Some(start) = self.start().checked_rem(servers.len()) else { return };
        servers.rotate_left(start);
        if self.balance == Balance::LeastConnections {
            let loads = self.loads.lock();
            servers.sort_by_key(|address| loads.get(address).copied().unwrap_or_default());
        }
        let down = self.probes.down();
        servers.sort_by_key(|address| down.contains(address) || self.health.is_failing(*address));
    }

    /// The place of the server to begin with.
    fn start(&self) -> usize {
        match self.balance {
            Balance::RoundRobin | Balance::LeastConnections => self.turn,
            Balance::First => 0,
            Balance::Source => {
                let mut hasher = FxHasher::default();
                self.client.to_canonical().hash(&mut hasher);
                // The better bits are the upper ones.
                (hasher.finish() >> 33) as usize
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(count: u8) -> Vec<SocketAddr> {
        (1..=count).map(|last| SocketAddr::from(([10, 0, 0, last], 6379))).collect()
    }

    struct Given {
        loads: Arc<Loads>,
        probes: Probes,
        health: Health,
    }

    fn given() -> Given {
        Given { loads: Arc::default(), probes: Probes::default(), health: Health::default() }
    }

    impl Given {
        fn order(&self, balance: Balance, turn: usize, client: [u8; 4]) -> Vec<SocketAddr> {
            let mut servers = servers(3);
            let Given { loads, probes, health } = self;
            Choice { balance, turn, client: client.into(), loads, probes, health }.sort(&mut servers);
            servers
        }
    }

    #[test]
    fn servers_take_turns_and_the_next_one_stands_in() {
        let [one, two, three] = servers(3)[..] else { panic!("three") };
        let given = given();
        assert_eq!(given.order(Balance::RoundRobin, 0, [1, 1, 1, 1]), [one, two, three]);
        assert_eq!(given.order(Balance::RoundRobin, 1, [1, 1, 1, 1]), [two, three, one]);
        assert_eq!(given.order(Balance::RoundRobin, 5, [1, 1, 1, 1]), [three, one, two]);
        assert_eq!(given.order(Balance::First, 5, [1, 1, 1, 1]), [one, two, three]);
    }

    #[test]
    fn the_fewest_connections_win_until_they_end() {
        let [one, two, three] = servers(3)[..] else { panic!("three") };
        let given = given();
        let loads = [given.loads.add(one), given.loads.add(one), given.loads.add(two)];
        assert_eq!(given.order(Balance::LeastConnections, 0, [1, 1, 1, 1]), [three, two, one]);
        drop(loads);
        assert_eq!(given.order(Balance::LeastConnections, 0, [1, 1, 1, 1]), [one, two, three]);
    }

    #[test]
    fn a_client_keeps_its_server_and_clients_are_spread() {
        let given = given();
        let first = |last: u8, turn| given.order(Balance::Source, turn, [192, 0, 2, last])[0];
        let mut counts = FxHashMap::<_, usize>::default();
        for last in 0..=255 {
            assert_eq!(first(last, 1), first(last, 2));
            *counts.entry(first(last, 0)).or_default() += 1;
        }
        assert!(counts.len() == 3 && counts.values().all(|count| *count > 50), "{counts:?}");
    }

    #[test]
    fn servers_that_fail_come_last() {
        let [one, two, three] = servers(3)[..] else { panic!("three") };
        let given = given();
        given.probes.set_down([one].into_iter().collect());
        assert_eq!(given.order(Balance::RoundRobin, 0, [1, 1, 1, 1]), [two, three, one]);
        given.health.failed(two, &model::ServiceName::parse("go").unwrap());
        assert_eq!(given.order(Balance::First, 0, [1, 1, 1, 1]), [three, one, two]);
    }

    #[test]
    fn nobody_is_chosen_of_nobody() {
        let given = given();
        let mut none = Vec::new();
        let Given { loads, probes, health } = &given;
        let client = [1, 1, 1, 1].into();
        Choice { balance: Balance::Source, turn: 3, client, loads, probes, health }.sort(&mut none);
        assert!(none.is_empty());
    }
}
