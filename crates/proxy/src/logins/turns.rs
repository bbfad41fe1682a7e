//! Whose password is found out next: everybody in turn, and each client in a queue of its own before that.
//!
//! One that guesses keeps its own queue long and nobody else's: where several clients wait, they have one turn each in the round. One that
//! waits alone has all turns, as behind a Swarm's ingress, where all clients have one address.
//! Not here: what is done in a turn (`logins`).

use rustc_hash::FxHashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How long a login waits for its turn.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Logins that may wait for their turn, or have it. Whoever comes then is sent away at once.
const MOST_WAITING: usize = 1000;
/// How many of those may be one client's, so that there are places for others.
const MOST_OF_ONE: usize = MOST_WAITING / 2;

/// Gives out turns.
pub(super) struct Turns {
    turns: Arc<Semaphore>,
    places: Arc<Semaphore>,
    /// Those who have a place.
    clients: Mutex<FxHashMap<IpAddr, Weak<Client>>>,
}

/// What a client has.
struct Client {
    places: Arc<Semaphore>,
    /// Its own queue; the first in it waits for the next turn among the first ones of all clients.
    queue: Semaphore,
}

/// A turn; it ends when this is dropped.
pub(super) struct Turn {
    _turn: OwnedSemaphorePermit,
    _places: [OwnedSemaphorePermit; 2],
    _client: Arc<Client>,
}

impl Turns {
    /// So many turns at a time.
    pub(super) fn new(turns: usize) -> Turns {
        Turns {
            turns: Arc::new(Semaphore::new(turns)),
            places: Arc::new(Semaphore::new(MOST_WAITING)),
            clients: Mutex::default(),
        }
    }

    /// A turn for a client at this address; `None`: there is no place for it, or its turn did not come in time.
    pub(super) async fn next(&self, address: IpAddr) -> Option<Turn> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let client = self.client(address);
        let own_place = Arc::clone(&client.places).try_acquire_owned().ok()?;
        let turn = timeout(LONGEST_WAIT, async {
            // Its own queue first, left with the turn: what waits for all is one for each client, so they go round.
            let _first = client.queue.acquire().await.ok()?;
            Arc::clone(&self.turns).acquire_owned().await.ok()
        })
        .await
        .ok()??;
        Some(Turn { _turn: turn, _places: [place, own_place], _client: client })
    }

    fn client(&self, address: IpAddr) -> Arc<Client> {
        let mut clients = self.clients();
        let address = network(address);
        if let Some(client) = clients.get(&address).and_then(Weak::upgrade) {
            return client;
        }
        if clients.len() >= MOST_WAITING {
            clients.retain(|_, client| client.strong_count() > 0);
        }
        let client = Arc::new(Client { places: Arc::new(Semaphore::new(MOST_OF_ONE)), queue: Semaphore::new(1) });
        clients.insert(address, Arc::downgrade(&client));
        client
    }

    /// Held for a look-up.
    fn clients(&self) -> MutexGuard<'_, FxHashMap<IpAddr, Weak<Client>>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn close(&self) {
        self.turns.close();
    }
}

/// Who counts as one client: an address, or the 64 bits of an IPv6 address that a network is given, as all the others are the client's to choose.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    fn client(last: u8) -> IpAddr {
        IpAddr::from([127, 0, 0, last])
    }

    #[tokio::test(start_paused = true)]
    async fn who_finds_no_place_or_no_turn_in_time_is_sent_away() {
        let turns = Turns::new(0);
        let begin = Instant::now();
        assert!(turns.next(client(1)).await.is_none());
        assert_eq!(begin.elapsed(), LONGEST_WAIT);
        let many: Vec<_> = (0..MOST_WAITING).map(|_| Arc::clone(&turns.places).try_acquire_owned()).collect();
        assert!(many.iter().all(Result::is_ok));
        assert!(turns.next(client(1)).await.is_none());
        assert_eq!(begin.elapsed(), LONGEST_WAIT, "at once");
    }

    #[tokio::test(start_paused = true)]
    async fn bug_one_client_that_guessed_kept_all_others_waiting() {
        let turns = Arc::new(Turns::new(1));
        let now = turns.next(client(1)).await;
        let guesses: Vec<_> = (0..2 * MOST_OF_ONE)
            .map(|_| {
                let turns = Arc::clone(&turns);
                tokio::spawn(async move { turns.next(client(1)).await.is_some() })
            })
            .collect();
        // Some are sent away at once, the others wait.
        while guesses.iter().filter(|guess| guess.is_finished()).count() < MOST_OF_ONE + 1 {
            tokio::task::yield_now().await;
        }
        let other = tokio::spawn({
            let turns = Arc::clone(&turns);
            async move { turns.next(client(2)).await }
        });
        tokio::task::yield_now().await;
        drop(now);
        let other = other.await.unwrap();
        assert!(other.is_some(), "it is next, whoever came before it");
        let mut answered = 0;
        drop(other);
        for guess in guesses {
            answered += usize::from(guess.await.unwrap());
        }
        assert_eq!(answered, MOST_OF_ONE - 1, "one client has its share of the places");
    }

    #[tokio::test(start_paused = true)]
    async fn bug_all_clients_behind_one_address_had_half_of_the_turns() {
        let turns = Arc::new(Turns::new(4));
        let mut all = Vec::new();
        for _ in 0..4 {
            all.push(turns.next(client(1)).await);
        }
        assert!(all.iter().all(Option::is_some), "nobody else waits");
        let waits = |last| {
            let turns = Arc::clone(&turns);
            tokio::spawn(async move { turns.next(client(last)).await })
        };
        let (guesses, other) = ([waits(1), waits(1), waits(1)], waits(2));
        tokio::task::yield_now().await;
        all.truncate(2);
        let _other = other.await.unwrap().expect("it has every second turn, whoever came before it");
        assert_eq!(guesses.iter().filter(|guess| guess.is_finished()).count(), 1);
    }

    #[test]
    fn addresses_that_one_client_may_choose_are_one_client() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        assert_eq!(network(address("2001:db8::1")), network(address("2001:db8::ffff:1")));
        assert_ne!(network(address("2001:db8::1")), network(address("2001:db8:0:1::1")));
        assert_eq!(network(address("::ffff:127.0.0.1")), client(1));
    }
}
