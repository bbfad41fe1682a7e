//! Choosing a server among the addresses of a backend: in turn, failing ones last; or the one that a client stays with.
//!
//! Not here: where addresses come from (`resolve`) and which ones fail (`health`).

mod sticky;

pub use sticky::SessionKey;
pub(crate) use sticky::Stickiness;

use crate::health::Health;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Whose turn it is. Shared by all threads, so that servers get equal shares whatever thread a client is on.
#[derive(Debug, Default)]
pub(crate) struct Turn(AtomicUsize);

impl Turn {
    /// A number that grows with every call, for whoever puts servers in order by itself.
    pub(crate) fn next(&self) -> usize {
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    /// The next server that was not tried yet; one that fails only if there is no other.
    pub(crate) fn pick(
        &self,
        addresses: &[IpAddr],
        port: u16,
        tried: &[SocketAddr],
        health: &Health,
    ) -> Option<SocketAddr> {
        let turn = if addresses.len() > 1 { self.0.fetch_add(1, Ordering::Relaxed) } else { 0 };
        let in_turn = || {
            let (before, from) = addresses.split_at(turn.checked_rem(addresses.len()).unwrap_or(0));
            let addresses = from.iter().chain(before).map(|ip| SocketAddr::new(*ip, port));
            addresses.filter(|address| !tried.contains(address))
        };
        in_turn().find(|address| !health.is_failing(*address)).or_else(|| in_turn().next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(count: u8) -> Vec<IpAddr> {
        (1..=count).map(|last| IpAddr::from([127, 0, 0, last])).collect()
    }

    #[test]
    fn servers_are_picked_in_turn_and_each_gets_its_share() {
        let (turn, addresses, health) = (Turn::default(), addresses(5), Health::default());
        let mut counts = [0; 5];
        for _ in 0..100 {
            let picked = turn.pick(&addresses, 80, &[], &health).unwrap();
            counts[addresses.iter().position(|ip| *ip == picked.ip()).unwrap()] += 1;
        }
        assert_eq!(counts, [20; 5]);
    }

    #[test]
    fn a_failing_server_is_picked_only_if_there_is_no_other() {
        let (turn, addresses, health) = (Turn::default(), addresses(2), Health::default());
        let server = |last: usize| SocketAddr::new(addresses[last], 81);
        health.failed(server(0), &model::ServiceName::parse("go").unwrap());
        assert!((0..4).all(|_| turn.pick(&addresses, 81, &[], &health) == Some(server(1))));
        assert_eq!(turn.pick(&addresses, 81, &[server(1)], &health), Some(server(0)));
        assert_eq!(turn.pick(&addresses, 81, &[server(0), server(1)], &health), None);
        assert_eq!(turn.pick(&[], 81, &[], &health), None);
    }
}
