//! The listener: events are hints, the full list is the truth.
//!
//! One task lists all services, once at a time, when an event asks for it and now and then without one; what changed is
//! announced. Another looks at tasks and nodes and publishes which tasks may get requests. A third follows Docker's events and
//! wakes the others. Whatever Docker does, a failed listing changes nothing.

mod announced;
mod events;
mod inspect;
mod nodes;
mod reconcile;
mod rhythm;
mod tasks;

use std::collections::BTreeMap;
use std::future::Future;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use model::Params;
use model::catalog::ListenerId;
use tokio::sync::{Mutex, Notify, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::{info, warn};

use crate::docker::{DockerError, Engine, wire};
use crate::figures::{Counts, Figures};
use crate::node::Node;
use crate::node_info;
use crate::notify::Notifier;
use crate::observation::Observation;
use crate::service::{Selection, Service};
use crate::settings::{NodeInfo, Settings};
use crate::task_list::{Remark, TaskList};
pub use announced::{Announced, News};
use reconcile::Reconciler;
use tasks::Watcher;

/// A running listener. Clones are handles to the same one; it stops with the last of them.
#[derive(Clone)]
pub struct Listener {
    shared: Arc<Shared>,
    /// Its tasks hold no handle, so that dropping the last one ends them.
    tasks: Arc<Mutex<JoinSet<()>>>,
    /// Whether one of them has ended.
    ended: watch::Sender<bool>,
}

/// A listener cannot start with these settings.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The Docker host is not an address.
    #[error(transparent)]
    Docker(#[from] DockerError),
    /// The client for notifications cannot be made.
    #[error("no http client for notifications: {0}")]
    HttpClient(#[from] reqwest::Error),
}

/// What the handles and the tasks have in common.
struct Shared {
    id: ListenerId,
    engine: Engine,
    selection: Selection,
    /// Asks for a listing. Many wishes while one is under way are one wish.
    wake: Notify,
    /// Asks for a look at the tasks, likewise.
    stir: Notify,
    /// Asks for a look through the labels of all services, likewise.
    inspect: Notify,
    /// Asks that the next announcement repeats everything.
    say_all_again: AtomicBool,
    /// The services that count, by the name they are announced with; None before Docker's first list.
    services: watch::Sender<Option<Arc<BTreeMap<String, Service>>>>,
    /// Tasks and nodes as Docker listed them last.
    observation: watch::Sender<Option<Arc<Observation>>>,
    task_list: watch::Sender<Option<Arc<TaskList>>>,
    /// Whether services are announced with where their tasks are.
    node_info: Option<NodeInfo>,
    /// What is odd about labels.
    remarks: watch::Sender<Vec<Remark>>,
    counts: Arc<Counts>,
    /// How soon an empty list of services is looked at again.
    second_look: Duration,
}

impl Listener {
    /// Starts on the current tokio runtime, and panics outside of one.
    ///
    /// Docker need not answer yet: it is asked until it does. Receivers that cannot be used are logged and left out; with none
    /// left, the Swarm is followed all the same, for those who ask.
    ///
    /// # Errors
    ///
    /// The Docker host is not an address, or the certificates for it cannot be used.
    pub fn start(settings: Settings) -> Result<Self, StartError> {
        info!("Starting Swarm Listener");
        let engine = Engine::new(&settings.docker_host, settings.docker_tls.as_ref(), settings.pace.docker_timeout)?;
        let shared = Arc::new(Shared::new(engine, &settings));
        let notifier = Notifier::for_services(&settings, &shared.counts, shared.id)?;
        let nodes = Notifier::for_nodes(&settings, &shared.counts, shared.id)?;
        if !notifier.has_receivers() && !nodes.has_receivers() && !settings.is_heard_here {
            warn!("there is no address to send notifications to; only who asks is told of services");
        }
        let mut tasks = JoinSet::new();
        let ended = watch::Sender::new(false);
        tasks.spawn(telling_end(&ended, events::follow(Arc::clone(&shared), settings.pace.events_silence)));
        tasks.spawn(telling_end(&ended, Reconciler::new(Arc::clone(&shared), notifier, &settings).run()));
        tasks.spawn(telling_end(&ended, Watcher::new(Arc::clone(&shared), &settings).run()));
        tasks.spawn(telling_end(&ended, inspect::inspect(Arc::clone(&shared), settings.pace.inspect_pause)));
        if nodes.has_receivers() {
            tasks.spawn(telling_end(&ended, nodes::announce(Arc::clone(&shared), nodes, settings)));
        }
        Ok(Listener { shared, tasks: Arc::new(Mutex::new(tasks)), ended })
    }

    /// Who says what it says: its notifications bear it, and its list is to bear it too.
    pub fn id(&self) -> ListenerId {
        self.shared.id
    }

    /// What a create notification says about each service, asked from Docker now, in the order of `serviceName`.
    ///
    /// # Errors
    ///
    /// Docker gave no complete answer. That is never an empty list.
    pub async fn services(&self) -> Result<Vec<Params>, DockerError> {
        let listing = self.shared.list_services().await?;
        Ok(self.shared.select(listing).into_values().map(|service| service.params).collect())
    }

    /// What a create notification says about each node, also of those that are down, asked from Docker now, in the order of their
    /// identifiers.
    ///
    /// # Errors
    ///
    /// Docker gave no complete answer. That is never an empty list.
    pub async fn nodes(&self) -> Result<Vec<Params>, DockerError> {
        let listing = self.shared.engine.nodes().await?;
        let nodes = listing.into_iter().filter_map(Node::narrow).map(|node| (node.id, node.params));
        Ok(nodes.collect::<BTreeMap<_, _>>().into_values().collect())
    }

    /// The announced services, for whoever lives in this process: all of them once they are known, and from then on what changes.
    pub fn announced(&self) -> Announced {
        Announced::new(self.shared.services.subscribe())
    }

    /// Which tasks of the announced services may get new requests, always the newest. `None`: not known yet, or Docker has listed
    /// nothing for so long (15 s) that nobody may rely on what was known.
    pub fn task_list(&self) -> watch::Receiver<Option<Arc<TaskList>>> {
        self.shared.task_list.subscribe()
    }

    /// What has been counted by now, and how Docker answered last.
    pub fn figures(&self) -> Figures {
        let services = self.shared.services.borrow().as_ref().map_or(0, |services| services.len());
        let nodes = self.shared.observation.borrow().as_ref().map_or(0, |seen| seen.nodes.len());
        self.shared.counts.figures(services, nodes, self.shared.task_list.borrow().is_some())
    }

    /// Repeats the create notifications of all services, soon and not here.
    pub fn notify_all(&self) {
        self.shared.say_all_again.store(true, Ordering::Release);
        self.shared.wake.notify_one();
    }

    /// Ends when one of its tasks has ended, which only a bug can make it do, or [`Listener::stop`]. What it says is then of no use any more:
    /// it may stay as it is for ever.
    pub async fn ended(&self) {
        // The sender lives as long as this handle.
        let _ = self.ended.subscribe().wait_for(|has_ended| *has_ended).await;
    }

    /// Ends all tasks, cancels notifications that are under way, and returns when they are gone.
    pub async fn stop(&self) {
        self.tasks.lock().await.shutdown().await;
    }
}

/// The task, whose end is told however it comes: by a panic too.
fn telling_end<T: Future<Output = ()> + Send>(
    ended: &watch::Sender<bool>,
    task: T,
) -> impl Future<Output = ()> + Send + use<T> {
    let end = End(ended.clone());
    async move {
        let _end = end;
        task.await;
    }
}

/// Tells it when dropped.
struct End(watch::Sender<bool>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.send_replace(true);
    }
}

impl Shared {
    fn new(engine: Engine, settings: &Settings) -> Self {
        Shared {
            // Drawn and not made of the settings: listeners of two Swarms may have the same, down to the path of the socket.
            id: ListenerId::new(RandomState::new().hash_one(())),
            engine,
            selection: Selection::new(&settings.notify_label, &settings.service_name_prefix),
            wake: Notify::new(),
            stir: Notify::new(),
            inspect: Notify::new(),
            say_all_again: AtomicBool::new(false),
            services: watch::Sender::new(None),
            observation: watch::Sender::new(None),
            task_list: watch::Sender::new(None),
            node_info: settings.node_info,
            remarks: watch::Sender::new(Vec::new()),
            counts: Arc::default(),
            second_look: settings.pace.second_look,
        }
    }

    /// All services with the notify label. That there is none after there were some is believed when Docker says so twice: all routes
    /// would go with them.
    async fn list_services(&self) -> Result<Vec<wire::Service>, DockerError> {
        let filter = self.selection.filter();
        let listing = self.engine.services(Some(&filter)).await?;
        let is_known_otherwise = self.services.borrow().as_ref().is_some_and(|services| !services.is_empty());
        if !(listing.is_empty() && is_known_otherwise) {
            return Ok(listing);
        }
        sleep(self.second_look).await;
        self.engine.services(Some(&filter)).await
    }

    /// The services of a listing that count, with all that is told of them.
    fn select(&self, listing: Vec<wire::Service>) -> BTreeMap<String, Service> {
        let mut services = self.selection.select(listing);
        if let (Some(settings), Some(seen)) = (self.node_info, &*self.observation.borrow()) {
            node_info::add(&mut services, seen, settings);
        }
        services
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;
    use tokio::task::yield_now;

    #[tokio::test]
    async fn bug_nobody_noticed_that_a_task_of_the_listener_had_panicked() {
        let ended = watch::Sender::new(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(telling_end(&ended, pending()));
        yield_now().await;
        assert!(!*ended.borrow());
        tasks.spawn(telling_end(&ended, async { panic!("as a test wants") }));
        yield_now().await;
        assert!(*ended.borrow());
    }

    #[tokio::test]
    async fn a_listener_has_ended_when_it_is_stopped_and_not_before() {
        let nowhere = Settings { docker_host: "unix:///nowhere".to_owned(), ..Settings::default() };
        let listener = Listener::start(nowhere).expect("usable settings");
        assert!(!*listener.ended.borrow());
        listener.stop().await;
        listener.ended().await;
    }
}
