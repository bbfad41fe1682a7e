//! Names to addresses, by DNS, asked when a request needs them and never more than once a second for one name.
//!
//! The last good addresses are kept whatever DNS says later: a dead, slow or empty DNS takes nobody's service away.
//! Docker gives its records ten minutes to live while tasks come and go each second, so time-to-live is not looked at.
//! Not here: choosing among addresses (`balance`).

mod lookup;

pub use lookup::BadResolver;

use crate::balance::Turn;
use arc_swap::ArcSwap;
use lookup::Lookup;
use model::service::Dial;
use rustc_hash::FxHashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, timeout, timeout_at};

/// Addresses younger than this are used without asking again.
const FRESH: Duration = Duration::from_secs(1);
/// Addresses older than this are waited for, not only asked for in passing.
const OLD: Duration = Duration::from_secs(10);
/// The longest wait of a request for an answer of DNS.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Resolves names for requests, and for the program. One for the process; clones share it.
#[derive(Clone)]
pub struct Resolver {
    lookup: Arc<Lookup>,
    asks: mpsc::UnboundedSender<Arc<Host>>,
    hosts: Arc<Mutex<FxHashMap<Dial, Weak<Host>>>>,
}

/// A host that is dialled, and its addresses as they are known. Outlives every snapshot that names it.
#[derive(Debug)]
pub(crate) struct Host {
    dial: Dial,
    known: ArcSwap<Known>,
    /// Whose turn it is; kept here so that a change of the world begins no round anew.
    pub(crate) turn: Turn,
    /// An answer is on its way.
    asked: AtomicBool,
    answered: Notify,
    asks: mpsc::UnboundedSender<Arc<Host>>,
}

/// What is known of a host.
#[derive(Debug, Default)]
struct Known {
    addresses: Arc<[IpAddr]>,
    /// When DNS last answered, whatever it said; never for an address that needs no DNS.
    at: Option<Instant>,
}

impl Resolver {
    /// A resolver that asks `name_servers`, or those of the system's resolv.conf if there are none. Its task runs on the current runtime.
    pub fn start(name_servers: &[std::net::SocketAddr]) -> Result<Resolver, BadResolver> {
        let lookup = Arc::new(Lookup::new(name_servers)?);
        let (asks, asked) = mpsc::unbounded_channel();
        tokio::spawn(answer(Arc::clone(&lookup), asked));
        Ok(Resolver { lookup, asks, hosts: Arc::default() })
    }

    /// The addresses of `name` now, for the program's own use; the error is for an operator.
    pub async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, String> {
        self.lookup.one(name).await
    }

    /// The host of a backend; the same one for every backend that dials it.
    pub(crate) fn host(&self, dial: &Dial) -> Arc<Host> {
        // Only the writer of the control side takes this lock, so waiting for it is no matter.
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = hosts.get(dial).and_then(Weak::upgrade) {
            return host;
        }
        if hosts.len() > 64 && hosts.len() == hosts.capacity() {
            hosts.retain(|_, host| host.strong_count() > 0);
        }
        let host = Arc::new(Host::new(dial.clone(), self.asks.clone()));
        hosts.insert(dial.clone(), Arc::downgrade(&host));
        host
    }
}

impl Host {
    fn new(dial: Dial, asks: mpsc::UnboundedSender<Arc<Host>>) -> Host {
        let literal = dial.host().trim_matches(['[', ']']).parse::<IpAddr>().ok();
        let known = Known { addresses: literal.into_iter().collect(), at: None };
        Host {
            dial,
            known: ArcSwap::from_pointee(known),
            turn: Turn::default(),
            asked: AtomicBool::new(false),
            answered: Notify::new(),
            asks,
        }
    }

    /// The addresses; empty if the name never resolved. Waits only where nothing usable is known.
    pub(crate) async fn addresses(self: &Arc<Self>) -> Arc<[IpAddr]> {
        let known = self.known.load();
        let age = known.at.map(|at| at.elapsed());
        match age {
            // An address needs no DNS; a name was never asked for.
            None if !known.addresses.is_empty() => return Arc::clone(&known.addresses),
            Some(age) if age < FRESH => return Arc::clone(&known.addresses),
            Some(age) if age < OLD && !known.addresses.is_empty() => {
                self.ask();
                return Arc::clone(&known.addresses);
            }
            _ => drop(known),
        }
        let answered = self.answered.notified();
        self.ask();
        let _ = timeout(LONGEST_WAIT, answered).await;
        Arc::clone(&self.known.load().addresses)
    }

    /// The addresses that DNS says now, waited for until then at most; those that are known where it says nothing.
    pub(crate) async fn addresses_anew(self: &Arc<Self>, until: Instant) -> Arc<[IpAddr]> {
        let answered = self.answered.notified();
        self.ask();
        if self.asked.load(Ordering::Acquire) {
            let _ = timeout_at(until, answered).await;
        }
        Arc::clone(&self.known.load().addresses)
    }

    /// Ends when DNS says that `ip` is none of its addresses any more; never for an address that needs no DNS.
    pub(crate) async fn loses(&self, ip: IpAddr) {
        loop {
            let answered = self.answered.notified();
            if !self.known.load().addresses.contains(&ip) {
                return;
            }
            answered.await;
        }
    }

    /// The addresses as they are known, however old.
    pub(crate) fn known(&self) -> Arc<[IpAddr]> {
        Arc::clone(&self.known.load().addresses)
    }

    /// How many addresses are known.
    pub(crate) fn count(&self) -> usize {
        self.known.load().addresses.len()
    }

    /// Asks DNS, unless an answer is on its way.
    pub(crate) fn ask(self: &Arc<Self>) {
        let needs_dns = self.known.load().at.is_some() || self.known.load().addresses.is_empty();
        if needs_dns && !self.asked.swap(true, Ordering::AcqRel) {
            // The receiver goes only with the process; then there is nobody to answer.
            let _ = self.asks.send(Arc::clone(self));
        }
    }

    /// Asks DNS if it never answered, so that the wait for several names is one wait.
    pub(crate) fn ask_unless_known(self: &Arc<Self>) {
        if self.known.load().at.is_none() {
            self.ask();
        }
    }

    /// Takes over an answer. No answer and an empty one keep the last good addresses.
    fn learn(&self, answer: Result<Vec<IpAddr>, String>) {
        let before = self.known.load_full();
        let addresses = match answer {
            Ok(mut found) if !found.is_empty() => {
                found.sort_unstable();
                self.tell_found(&before, &found);
                found.into()
            }
            other => {
                self.tell_lost(&before, other.err().unwrap_or_else(|| "no address".to_owned()));
                Arc::clone(&before.addresses)
            }
        };
        self.known.store(Arc::new(Known { addresses, at: Some(Instant::now()) }));
        self.asked.store(false, Ordering::Release);
        self.answered.notify_waiters();
    }

    fn tell_found(&self, before: &Known, found: &[IpAddr]) {
        if before.addresses.is_empty() && before.at.is_some() {
            tracing::info!("host {} resolves now, to {found:?}", self.dial.host());
        }
    }

    fn tell_lost(&self, before: &Known, reason: String) {
        if before.at.is_none() {
            let host = self.dial.host();
            tracing::warn!(
                "host {host} does not resolve ({reason}): its routes answer 503 until it does; is it on a network of the proxy?"
            );
        }
    }
}

/// Answers asks, each by itself, so that a slow name delays no other.
async fn answer(lookup: Arc<Lookup>, mut asked: mpsc::UnboundedReceiver<Arc<Host>>) {
    while let Some(host) = asked.recv().await {
        let lookup = Arc::clone(&lookup);
        tokio::spawn(async move { host.learn(lookup.host(&host.dial).await) });
    }
}

#[cfg(test)]
mod tests;
