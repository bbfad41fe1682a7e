//! Names to addresses: the tasks of a Swarm's service where a listener tells them, else DNS, asked when a request needs it and never
//! more than once a second for one name.
//!
//! The last good addresses are kept whatever DNS says later: a dead, slow or empty DNS takes nobody's service away.
//! Docker gives its records ten minutes to live while tasks come and go each second, so time-to-live is not looked at.
//! Not here: choosing among addresses (`balance`), and asking a listener for tasks (the program).

mod host;
mod lookup;

pub(crate) use host::Host;
pub use lookup::BadResolver;

use host::Said;
use lookup::Lookup;
use model::service::Dial;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::mpsc;

/// Resolves names for requests, and for the program. One for the process; clones share it.
#[derive(Clone)]
pub struct Resolver {
    lookup: Arc<Lookup>,
    asks: mpsc::UnboundedSender<Arc<Host>>,
    book: Arc<Mutex<Book>>,
}

/// Where the tasks of a service are that may get requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownTasks {
    /// One address of each task, in a network that this proxy is attached to. Empty without a reason beside it: no task is running.
    pub addresses: Vec<IpAddr>,
    /// Why none of the tasks that run can be reached from here; DNS is asked for the service then.
    pub unreachable: Option<String>,
}

/// What is known of the addresses of a host, for an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Nobody needed them yet.
    NotAsked,
    /// These are dialled.
    Reached {
        /// In order; never empty.
        addresses: Vec<IpAddr>,
        /// Who said so.
        by: ReachedBy,
    },
    /// None is known.
    Unreachable {
        /// Half a sentence that says why.
        reason: String,
    },
}

/// Where addresses come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReachedBy {
    /// A listener told where the tasks run.
    Tasks,
    /// DNS was asked.
    Dns,
    /// The host is an address.
    Literal,
}

/// What only the control side writes and reads, so that waiting for its lock is no matter.
#[derive(Default)]
struct Book {
    hosts: FxHashMap<Dial, Weak<Host>>,
    /// Where tasks run, by service; `None`: nobody says.
    tasks: Option<BTreeMap<String, KnownTasks>>,
}

impl Resolver {
    /// A resolver that asks `name_servers`, or those of the system's resolv.conf if there are none. Its task runs on the current runtime.
    pub fn start(name_servers: &[std::net::SocketAddr]) -> Result<Resolver, BadResolver> {
        let lookup = Arc::new(Lookup::new(name_servers)?);
        let (asks, asked) = mpsc::unbounded_channel();
        tokio::spawn(answer(Arc::clone(&lookup), asked));
        Ok(Resolver { lookup, asks, book: Arc::default() })
    }

    /// The addresses of `name` now, for the program's own use; the error is for an operator.
    pub async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, String> {
        self.lookup.one(name).await
    }

    /// Takes over where the tasks of services run. A service that is dialled by its name is dialled there from now on, and nowhere if none
    /// of its tasks runs; DNS is asked only for those that are not in the list. Virtual addresses and hosts outside are not touched.
    pub fn tasks_are(&self, tasks: BTreeMap<String, KnownTasks>) {
        self.take_tasks(Some(tasks));
    }

    /// Nobody knows where tasks run, or not any more: DNS is asked, and the last good addresses are kept until it answers.
    pub fn tasks_are_unknown(&self) {
        self.take_tasks(None);
    }

    /// What is known of the addresses of a host.
    pub fn reach(&self, dial: &Dial) -> Reach {
        let host = self.book().hosts.get(dial).and_then(Weak::upgrade);
        host.map_or(Reach::NotAsked, |host| host.reach())
    }

    /// The host of a backend; the same one for every backend that dials it.
    pub(crate) fn host(&self, dial: &Dial) -> Arc<Host> {
        let mut book = self.book();
        let Book { hosts, tasks } = &mut *book;
        if let Some(host) = hosts.get(dial).and_then(Weak::upgrade) {
            return host;
        }
        if hosts.len() > 64 && hosts.len() == hosts.capacity() {
            hosts.retain(|_, host| host.strong_count() > 0);
        }
        let host = Arc::new(Host::new(dial.clone(), self.asks.clone()));
        host.take_tasks(said_of(dial, tasks.as_ref()));
        hosts.insert(dial.clone(), Arc::downgrade(&host));
        host
    }

    fn take_tasks(&self, tasks: Option<BTreeMap<String, KnownTasks>>) {
        let mut book = self.book();
        for (dial, host) in &book.hosts {
            if let Some(host) = host.upgrade() {
                host.take_tasks(said_of(dial, tasks.as_ref()));
            }
        }
        book.tasks = tasks;
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What counts for a host of the tasks that are known: those of the service that it names.
fn said_of<'t>(dial: &Dial, tasks: Option<&'t BTreeMap<String, KnownTasks>>) -> Said<'t> {
    match (dial, tasks) {
        (Dial::Service(name), Some(tasks)) => tasks.get(name).map_or(Said::OthersOnly, Said::Tasks),
        (Dial::Service(_), None) | (Dial::VirtualAddress(_) | Dial::Host(_), _) => Said::Nothing,
    }
}

/// Answers asks, each by itself, so that a slow name delays no other.
async fn answer(lookup: Arc<Lookup>, mut asked: mpsc::UnboundedReceiver<Arc<Host>>) {
    while let Some(host) = asked.recv().await {
        let lookup = Arc::clone(&lookup);
        tokio::spawn(async move { host.learn(lookup.host(host.dial()).await) });
    }
}

#[cfg(test)]
mod tests;
