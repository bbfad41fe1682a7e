//! A host that is dialled: its addresses as they are known, and how long a request waits where they are not.
//!
//! Not here: asking DNS (`resolve::lookup`), and who says where tasks run (`resolve`).

use super::{KnownTasks, Reach, ReachedBy};
use crate::balance::Turn;
use arc_swap::ArcSwap;
use model::service::Dial;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, timeout, timeout_at};

/// Addresses younger than this are used without asking again.
pub(super) const FRESH: Duration = Duration::from_secs(1);
/// Addresses older than this are waited for, not only asked for in passing.
pub(super) const OLD: Duration = Duration::from_secs(10);
/// The longest wait of a request for an answer of DNS.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// The longest wait of a request for a service's next task. HAProxy tries a server that refuses again for three seconds before it answers 503.
pub(super) const NEXT_TASK: Duration = Duration::from_secs(1);
/// A service without a task for longer than this is not being updated but stopped: nobody waits for its next one.
pub(super) const HOPE: Duration = Duration::from_secs(10);
/// Requests that wait for a task of one service at the same time; whoever comes then is told at once that there is none.
const MOST_WAITING: usize = 1000;

/// A host that is dialled, and its addresses as they are known. Outlives every snapshot that names it.
#[derive(Debug)]
pub(crate) struct Host {
    dial: Dial,
    known: ArcSwap<Known>,
    /// When it was first dialled.
    since: Instant,
    /// Held by whoever replaces what is known: answers of DNS and lists of tasks come from different threads.
    writing: Mutex<()>,
    /// Whose turn it is; kept here so that a change of the world begins no round anew.
    pub(crate) turn: Turn,
    /// An answer is on its way.
    pub(super) asked: AtomicBool,
    /// What is known may have changed.
    pub(super) answered: Notify,
    /// Requests that wait for a task.
    waiting: AtomicUsize,
    asks: mpsc::UnboundedSender<Arc<Host>>,
}

/// What is known of a host.
#[derive(Clone, Debug, PartialEq)]
struct Known {
    addresses: Arc<[IpAddr]>,
    by: By,
    /// Why none of the service's tasks can be reached from here, as a listener says.
    unreachable: Option<String>,
    /// A listener tells where tasks run, and does not name this service, or not yet.
    is_unlisted: bool,
    /// What DNS said when it gave no address.
    failure: Option<String>,
}

/// What a listener says of a service's tasks.
#[derive(Clone, Copy)]
pub(super) enum Said<'t> {
    /// Nothing: there is none that does, or it is not a service of the Swarm that is dialled.
    Nothing,
    /// It tells of others only.
    OthersOnly,
    /// These are they.
    Tasks(&'t KnownTasks),
}

/// Who said it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum By {
    /// Nobody yet.
    Nobody,
    /// It is an address.
    Literal,
    /// DNS, which last answered then, whatever it said.
    Dns(Instant),
    /// A listener, which has said the same since then.
    Tasks(Instant),
}

/// A request that waits for a task, in the count of those.
struct Waiting<'h>(&'h AtomicUsize);

impl Host {
    pub(super) fn new(dial: Dial, asks: mpsc::UnboundedSender<Arc<Host>>) -> Host {
        let literal = dial.host().trim_matches(['[', ']']).parse::<IpAddr>().ok();
        let by = if literal.is_some() { By::Literal } else { By::Nobody };
        let known = Known {
            addresses: literal.into_iter().collect(),
            by,
            unreachable: None,
            is_unlisted: false,
            failure: None,
        };
        Host {
            dial,
            known: ArcSwap::from_pointee(known),
            since: Instant::now(),
            writing: Mutex::default(),
            turn: Turn::default(),
            asked: AtomicBool::new(false),
            answered: Notify::new(),
            waiting: AtomicUsize::new(0),
            asks,
        }
    }

    pub(super) fn dial(&self) -> &Dial {
        &self.dial
    }

    /// The addresses; empty if the name never resolved, or none of the service's tasks runs. Waits only where nothing usable is known.
    pub(crate) async fn addresses(self: &Arc<Self>) -> Arc<[IpAddr]> {
        let usable = self.usable();
        if usable.is_none() {
            let answered = self.answered.notified();
            self.ask();
            // Whoever asked may have been answered by now, or a list of tasks may have come.
            if self.asked.load(Ordering::Acquire) {
                let _ = timeout(LONGEST_WAIT, answered).await;
            }
        }
        let known = usable.unwrap_or_else(|| self.known());
        match self.expects_tasks_since().filter(|_| known.is_empty()) {
            // In a box, as it is rare: every connection of a client has room for this future.
            Some(since) => {
                Box::pin(self.next_tasks(since, Instant::now() + NEXT_TASK, |known| !known.is_empty())).await
            }
            None => known,
        }
    }

    /// The addresses if they need not be waited for; DNS is asked in passing once they are no longer fresh.
    pub(crate) fn usable(self: &Arc<Self>) -> Option<Arc<[IpAddr]>> {
        let known = self.known.load();
        let is_usable = match known.by {
            By::Tasks(_) | By::Literal => true,
            By::Dns(at) => {
                let age = at.elapsed();
                let is_usable = !known.addresses.is_empty() && age < OLD;
                if age >= FRESH && is_usable {
                    self.ask();
                }
                age < FRESH || is_usable
            }
            By::Nobody => false,
        };
        is_usable.then(|| Arc::clone(&known.addresses))
    }

    /// Since when a task is to come of which a listener will tell.
    fn expects_tasks_since(&self) -> Option<Instant> {
        let known = self.known.load();
        match known.by {
            By::Tasks(since) => Some(since),
            // The list that names a new service comes a little later than its route.
            By::Nobody | By::Dns(_) => known.is_unlisted.then_some(self.since),
            By::Literal => None,
        }
    }

    /// The addresses that DNS says now, or the next list of tasks, waited for until then at most; those that are known where nobody says
    /// anything new. Without `hope`, another list of tasks is not waited for.
    pub(crate) async fn addresses_anew(self: &Arc<Self>, until: Instant, hope: bool) -> Arc<[IpAddr]> {
        if let By::Tasks(since) = self.known.load().by {
            let before = self.known();
            let until = if hope { until } else { Instant::now() };
            return self.next_tasks(since, until, |known| *known != before).await;
        }
        let answered = self.answered.notified();
        self.ask();
        if self.asked.load(Ordering::Acquire) {
            let _ = timeout_at(until, answered).await;
        }
        self.known()
    }

    /// The addresses once they are `wanted` ones, or as they are at that time. A task that is replaced leaves its service without one for
    /// a moment, in which requests are better held than refused.
    async fn next_tasks(
        &self,
        since: Instant,
        until: Instant,
        wanted: impl Fn(&Arc<[IpAddr]>) -> bool,
    ) -> Arc<[IpAddr]> {
        let is_stopped = self.count() == 0 && since.elapsed() >= HOPE;
        let Some(_waiting) = Waiting::among(&self.waiting).filter(|_| !is_stopped) else { return self.known() };
        loop {
            let changed = self.answered.notified();
            let known = self.known();
            if wanted(&known) || timeout_at(until, changed).await.is_err() {
                return known;
            }
        }
    }

    /// Ends when `ip` is said to be none of its addresses any more; never for an address that needs no DNS.
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

    /// Asks DNS where it counts, unless an answer is on its way.
    pub(crate) fn ask(self: &Arc<Self>) {
        let needs_dns = matches!(self.known.load().by, By::Nobody | By::Dns(_));
        if needs_dns && !self.asked.swap(true, Ordering::AcqRel) {
            // The receiver goes only with the process; then there is nobody to answer.
            let _ = self.asks.send(Arc::clone(self));
        }
    }

    /// Asks DNS if it never answered, so that the wait for several names is one wait.
    pub(crate) fn ask_unless_known(self: &Arc<Self>) {
        if matches!(self.known.load().by, By::Nobody) {
            self.ask();
        }
    }

    /// What is known, for an operator.
    pub(super) fn reach(&self) -> Reach {
        let Known { addresses, by, unreachable, failure, .. } = &**self.known.load();
        let reached = |by| Reach::Reached { addresses: addresses.to_vec(), by };
        let unreachable = unreachable.clone();
        match by {
            By::Literal => reached(ReachedBy::Literal),
            By::Tasks(_) if !addresses.is_empty() => reached(ReachedBy::Tasks),
            By::Tasks(_) => Reach::Unreachable { reason: "none of its tasks is running".to_owned() },
            By::Dns(_) if !addresses.is_empty() => reached(ReachedBy::Dns),
            By::Dns(_) => {
                let failure = failure.as_deref().unwrap_or("no address");
                let reason = unreachable.unwrap_or_else(|| format!("{} does not resolve: {failure}", self.dial.host()));
                Reach::Unreachable { reason }
            }
            By::Nobody => unreachable.map_or(Reach::NotAsked, |reason| Reach::Unreachable { reason }),
        }
    }

    /// Takes over what a listener says of the service's tasks. Where it says nothing, DNS counts, and until it answers the last good
    /// addresses.
    pub(super) fn take_tasks(&self, said: Said<'_>) {
        let _writing = self.writing();
        let before = self.known.load_full();
        let after = match (said, before.by) {
            (_, By::Literal) => return,
            (Said::Tasks(tasks), _) if tasks.unreachable.is_none() => before.with_tasks(&tasks.addresses),
            (said, by) => Known {
                by: match by {
                    By::Tasks(_) if before.addresses.is_empty() => By::Nobody,
                    By::Tasks(_) => By::Dns(Instant::now()),
                    by => by,
                },
                unreachable: if let Said::Tasks(tasks) = said { tasks.unreachable.clone() } else { None },
                is_unlisted: matches!(said, Said::OthersOnly),
                ..(*before).clone()
            },
        };
        if *before != after {
            self.tell_tasks(&before, &after);
            let is_answer = (&before.addresses, before.by) != (&after.addresses, after.by);
            self.known.store(Arc::new(after));
            // That others are listed is no answer for those who wait for DNS.
            if is_answer {
                self.answered.notify_waiters();
            }
        }
    }

    /// Takes over an answer of DNS. No answer and an empty one keep the last good addresses; where tasks are known meanwhile, they count.
    pub(super) fn learn(&self, answer: Result<Vec<IpAddr>, String>) {
        let writing = self.writing();
        let before = self.known.load_full();
        if !matches!(before.by, By::Tasks(_)) {
            let (addresses, failure) = match answer {
                Ok(mut found) if !found.is_empty() => {
                    found.sort_unstable();
                    self.tell_found(&before, &found);
                    (found.into(), None)
                }
                other => {
                    let failure = other.err().unwrap_or_else(|| "no address".to_owned());
                    self.tell_lost(&before, &failure);
                    (Arc::clone(&before.addresses), Some(failure))
                }
            };
            let by = By::Dns(Instant::now());
            self.known.store(Arc::new(Known { addresses, by, failure, ..(*before).clone() }));
        }
        drop(writing);
        self.asked.store(false, Ordering::Release);
        self.answered.notify_waiters();
    }

    fn writing(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell_tasks(&self, before: &Known, after: &Known) {
        let host = self.dial.host();
        if let Some(reason) =
            after.unreachable.as_deref().filter(|reason| before.unreachable.as_deref() != Some(reason))
        {
            tracing::warn!("No task of {host} can be reached: {reason}");
        }
        let (By::Tasks(_), By::Tasks(_)) = (before.by, after.by) else { return };
        match (before.addresses.is_empty(), after.addresses.is_empty()) {
            (false, true) => tracing::warn!("Service {host} has no running task: its routes answer 503 until one runs"),
            (true, false) => tracing::info!("Service {host} has running tasks, at {:?}", after.addresses),
            _ => {}
        }
    }

    fn tell_found(&self, before: &Known, found: &[IpAddr]) {
        if before.addresses.is_empty() && matches!(before.by, By::Dns(_)) {
            tracing::info!("host {} resolves now, to {found:?}", self.dial.host());
        }
    }

    fn tell_lost(&self, before: &Known, reason: &str) {
        if matches!(before.by, By::Nobody) {
            let host = self.dial.host();
            tracing::warn!(
                "host {host} does not resolve ({reason}): its routes answer 503 until it does; is it on a network of the proxy?"
            );
        }
    }
}

impl Known {
    /// The same once a listener has said where the tasks run.
    fn with_tasks(&self, tasks: &[IpAddr]) -> Known {
        let mut addresses = tasks.to_vec();
        addresses.sort_unstable();
        addresses.dedup();
        let by = match self.by {
            By::Tasks(since) if *self.addresses == *addresses => By::Tasks(since),
            _ => By::Tasks(Instant::now()),
        };
        Known { addresses: addresses.into(), by, unreachable: None, is_unlisted: false, failure: None }
    }
}

impl Waiting<'_> {
    fn among(count: &AtomicUsize) -> Option<Waiting<'_>> {
        // Counted before it is judged, so that it is taken back in any case.
        let waiting = (count.fetch_add(1, Ordering::Relaxed), Waiting(count));
        (waiting.0 < MOST_WAITING).then_some(waiting.1)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
