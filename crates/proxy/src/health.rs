//! Which servers refused or ignored a connection, or left a request without an answer. What one thread finds out, all know.
//!
//! A server that cannot be reached is passed over until a probe reaches it (`health::probe`), so no request pays for finding out. One that
//! takes connections and answers nothing can only be found out by a request: one at a time is sent to it now and then.
//! Where nothing fails, and that is nearly always, all this costs a look at one flag.
//! Not here: active checks that a service asks for (`tcp::check`), and choosing a server (`balance`).

mod probe;

pub(crate) use probe::{probe_all, run};

use arc_swap::ArcSwap;
use model::ServiceName;
use rustc_hash::FxHashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// How long a server that answers nothing is passed over after its first failure; doubled by each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// A server that has failed for longer than this is not being replaced but broken: nobody waits for the next one.
const HOPE: Duration = Duration::from_secs(10);

/// What is known of servers that fail. One for a data plane.
#[derive(Debug, Default)]
pub(crate) struct Health {
    /// Whether any does. Whoever sees it too late meets one failure more.
    any: AtomicBool,
    failing: ArcSwap<Failures>,
    /// Held by whoever changes it.
    changing: Mutex<()>,
    /// There is somebody to probe.
    begun: Notify,
}

/// The servers that take no connection, for an operator. Looking changes nothing.
#[derive(Clone, Debug)]
pub struct ServersDown(Arc<Health>);

type Failures = FxHashMap<SocketAddr, Arc<Failing>>;

#[derive(Debug)]
struct Failing {
    how: How,
    since: Instant,
    /// When the next request may find out; not looked at while it is probed.
    until: Instant,
    pause: Duration,
    /// Somebody would have asked it since this was last looked at.
    wanted: AtomicBool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// It refuses connections, or ignores them.
    Unreachable,
    /// It takes them, but not the TLS that is asked of it.
    NoTls,
    /// It takes connections and says nothing, as a halted process does: a connection proves nothing, only an answer does.
    Silent,
}

impl Health {
    /// Whether `address` should be passed over if another server can be had.
    pub(crate) fn is_failing(&self, address: SocketAddr) -> bool {
        self.any.load(Ordering::Relaxed) && self.would_ask(address, |failing| !failing.takes_requests())
    }

    /// Whether no connection to `address` was made of late, so that those that were kept are as good as gone.
    pub(crate) fn is_unreachable(&self, address: SocketAddr) -> bool {
        self.any.load(Ordering::Relaxed) && self.would_ask(address, |failing| failing.how == How::Unreachable)
    }

    /// Whether `address` has failed for so long that it is of no use to wait for whoever replaces it.
    pub(crate) fn is_hopeless(&self, address: SocketAddr) -> bool {
        self.any.load(Ordering::Relaxed) && self.would_ask(address, |failing| failing.since.elapsed() >= HOPE)
    }

    /// The same for who looks on and would ask nobody.
    fn is_known_unreachable(&self, address: SocketAddr) -> bool {
        self.failing.load().get(&address).is_some_and(|failing| failing.how == How::Unreachable)
    }

    /// Those that no connection can be made to.
    fn unreachable(&self) -> Vec<SocketAddr> {
        let failing = self.failing.load();
        failing.iter().filter(|(_, failing)| failing.how == How::Unreachable).map(|(address, _)| *address).collect()
    }

    #[cold]
    fn would_ask(&self, address: SocketAddr, is: impl Fn(&Failing) -> bool) -> bool {
        self.failing.load().get(&address).is_some_and(|failing| {
            failing.wanted.store(true, Ordering::Relaxed);
            is(failing)
        })
    }

    /// A connection to `address`, or an answer of it, is waited for, for at most `limit`. A server that answers nothing is tried by one
    /// request at a time: should it fail again, nobody else has waited for it. While others fail, this costs `address` a look and no lock.
    pub(crate) fn trying(&self, address: SocketAddr, limit: Duration) {
        let is_found_out_by_requests = |failing: &Failing| failing.how != How::Unreachable;
        if self.any.load(Ordering::Relaxed) && self.would_ask(address, is_found_out_by_requests) {
            self.change(address, |failing| {
                let failing = failing.filter(|failing| is_found_out_by_requests(failing))?;
                let until = failing.until.max(Instant::now() + limit.min(LONGEST_PAUSE));
                Some(Failing { until, ..failing.anew() })
            });
        }
    }

    /// A connection to `address`, for `service`, failed.
    pub(crate) fn failed(&self, address: SocketAddr, service: &ServiceName) {
        if !self.is_unreachable(address) {
            self.pass_over((address, service), How::Unreachable, "cannot be reached");
            self.begun.notify_one();
        }
    }

    /// A connection to `address` was made, and the TLS on it failed for the reason `why`.
    pub(crate) fn has_no_tls(&self, address: SocketAddr, service: &ServiceName, why: &str) {
        tracing::debug!("Service {service}: server {address}: {why}");
        self.pass_over((address, service), How::NoTls, &format!("cannot be used: {why}"));
    }

    /// A request to `address` had no byte of an answer in all the time that the server may take.
    pub(crate) fn said_nothing(&self, address: SocketAddr, service: &ServiceName) {
        self.pass_over((address, service), How::Silent, "does not answer");
    }

    fn pass_over(&self, (address, service): (SocketAddr, &ServiceName), how: How, what: &str) {
        self.change(address, |before| {
            let now = Instant::now();
            // An operator must learn why a server that starts up after all is still not used.
            if before.is_none_or(|before| how == How::NoTls && before.how != how) {
                tracing::warn!(
                    "Service {service}: server {address} {what}; requests go to the service's others, if it has any"
                );
            }
            let pause = before.map_or(FIRST_PAUSE, |before| (before.pause * 2).min(LONGEST_PAUSE));
            let since = before.map_or(now, |before| before.since);
            Some(Failing { how, since, until: now + pause, pause, wanted: AtomicBool::new(true) })
        });
    }

    /// A connection to `address` was made, with TLS if that is asked of it.
    pub(crate) fn connected(&self, address: SocketAddr) {
        self.recovered(address, "is reached again", |how| how != How::Silent);
    }

    /// A bare connection to `address` was made.
    fn reached(&self, address: SocketAddr) {
        self.recovered(address, "is reached again", |how| how == How::Unreachable);
    }

    /// A request to `address` was answered.
    pub(crate) fn answered(&self, address: SocketAddr) {
        self.recovered(address, "answers again", |_| true);
    }

    fn recovered(&self, address: SocketAddr, what: &str, has_recovered: impl Fn(How) -> bool) {
        if self.any.load(Ordering::Relaxed) && self.forget(address, has_recovered) {
            tracing::info!("Server {address} {what}");
        }
    }

    /// Takes `address` out if it fails in such a way; whether it did.
    fn forget(&self, address: SocketAddr, which: impl Fn(How) -> bool) -> bool {
        let failing = self.failing.load();
        if !failing.get(&address).is_some_and(|failing| which(failing.how)) {
            return false;
        }
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut failing = Failures::clone(&self.failing.load());
        let was_failing = failing.remove(&address).is_some();
        self.any.store(!failing.is_empty(), Ordering::Relaxed);
        self.failing.store(Arc::new(failing));
        was_failing
    }

    /// Replaces what is known of `address`, if `change` gives anything.
    fn change(&self, address: SocketAddr, change: impl FnOnce(Option<&Failing>) -> Option<Failing>) {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.failing.load();
        let Some(after) = change(before.get(&address).map(|failing| &**failing)) else { return };
        let mut failing = Failures::clone(&before);
        failing.insert(address, Arc::new(after));
        self.failing.store(Arc::new(failing));
        self.any.store(true, Ordering::Relaxed);
    }
}

impl ServersDown {
    pub(crate) fn of(health: &Arc<Health>) -> ServersDown {
        ServersDown(Arc::clone(health))
    }

    /// Whether the last tries to connect to `address`, by requests or by probes, have failed.
    pub fn has(&self, address: SocketAddr) -> bool {
        self.0.is_known_unreachable(address)
    }
}

impl Failing {
    fn takes_requests(&self) -> bool {
        self.how != How::Unreachable && Instant::now() >= self.until
    }

    fn anew(&self) -> Failing {
        let Failing { how, since, until, pause, .. } = *self;
        Failing { how, since, until, pause, wanted: AtomicBool::new(true) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn go() -> ServiceName {
        ServiceName::parse("go").expect("a name")
    }

    #[tokio::test(start_paused = true)]
    async fn an_unreachable_server_is_passed_over_until_it_is_reached() {
        let (health, address) = (Health::default(), SocketAddr::from(([127, 0, 0, 1], 1)));
        assert!(!health.is_failing(address));
        health.failed(address, &go());
        health.trying(address, Duration::from_secs(1));
        tokio::time::advance(HOPE).await;
        assert!(health.is_failing(address) && health.is_unreachable(address) && health.is_hopeless(address));
        assert!(!health.is_failing(SocketAddr::from(([127, 0, 0, 2], 1))));
        health.reached(address);
        assert!(!health.is_failing(address) && !health.any.load(Ordering::Relaxed));
    }

    #[tokio::test(start_paused = true)]
    async fn bug_a_halted_server_was_asked_by_everybody_because_it_took_connections() {
        let (health, address) = (Health::default(), SocketAddr::from(([127, 0, 0, 1], 2)));
        health.said_nothing(address, &go());
        health.connected(address);
        health.reached(address);
        assert!(health.is_failing(address));
        tokio::time::advance(Duration::from_millis(1001)).await;
        assert!(!health.is_failing(address), "one request finds out");
        health.trying(address, Duration::from_secs(20));
        assert!(health.is_failing(address), "and nobody else meanwhile");
        health.answered(address);
        assert!(!health.is_failing(address));
    }

    #[test]
    fn bug_one_server_that_failed_made_every_request_to_all_others_take_a_lock() {
        let (health, address) = (Arc::new(Health::default()), |last| SocketAddr::from(([127, 0, 0, last], 5)));
        health.failed(address(1), &go());
        let changing = health.changing.lock().unwrap();
        let (say, said) = std::sync::mpsc::channel();
        let requests = Arc::clone(&health);
        std::thread::spawn(move || {
            requests.trying(address(1), Duration::from_secs(1));
            requests.trying(address(2), Duration::from_secs(1));
            say.send(()).unwrap();
        });
        said.recv_timeout(Duration::from_secs(10)).expect("nobody waits for the lock");
        drop(changing);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_lacks_something_is_passed_over_for_longer_each_time() {
        let (health, address) = (Health::default(), SocketAddr::from(([127, 0, 0, 1], 3)));
        health.has_no_tls(address, &go(), "no TLS");
        health.reached(address);
        assert!(health.is_failing(address), "a bare connection proves nothing");
        tokio::time::advance(Duration::from_millis(1001)).await;
        assert!(!health.is_failing(address));
        health.has_no_tls(address, &go(), "no TLS");
        tokio::time::advance(Duration::from_millis(1001)).await;
        assert!(health.is_failing(address), "the second pause is two seconds");
        health.connected(address);
        assert!(!health.is_failing(address));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_is_wanted_by_nobody_is_forgotten() {
        let (health, address) = (Health::default(), SocketAddr::from(([127, 0, 0, 1], 4)));
        health.failed(address, &go());
        let mut probing = probe::Probing::default();
        for _ in 0..100 {
            tokio::time::advance(Duration::from_secs(30)).await;
            assert!(health.is_failing(address));
            probing.forget_unwanted(&health);
        }
        tokio::time::advance(Duration::from_secs(61)).await;
        probing.forget_unwanted(&health);
        assert!(!health.is_failing(address));
    }
}
