//! The listener: events are hints, the full list is the truth.
//!
//! One task lists all services, once at a time, when an event asks for it and now and then without one; what changed is
//! announced. Another task follows Docker's events and wakes the first. Whatever Docker does, a failed listing changes nothing.

mod events;
mod reconcile;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use model::Params;
use tokio::sync::{Mutex, Notify};
use tokio::task::JoinSet;
use tracing::{info, warn};

use crate::docker::{DockerError, Engine};
use crate::notify::Notifier;
use crate::service::Selection;
use crate::settings::Settings;
use reconcile::Reconciler;

/// A running listener. Clones are handles to the same one; it stops with the last of them.
#[derive(Clone)]
pub struct Listener {
    shared: Arc<Shared>,
    /// Its tasks hold no handle, so that dropping the last one ends them.
    tasks: Arc<Mutex<JoinSet<()>>>,
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
    engine: Engine,
    selection: Selection,
    /// Asks for a listing. Many wishes while one is under way are one wish.
    wake: Notify,
    /// Asks that the next announcement repeats everything.
    say_all_again: AtomicBool,
}

impl Listener {
    /// Starts on the current tokio runtime, and panics outside of one.
    ///
    /// Docker need not answer yet: it is asked until it does. Receivers that cannot be used are logged and left out; with none
    /// left, nothing is watched, and [`Listener::services`] still answers.
    ///
    /// # Errors
    ///
    /// The Docker host is not an address.
    pub fn start(settings: Settings) -> Result<Self, StartError> {
        info!("Starting Swarm Listener");
        let shared = Arc::new(Shared {
            engine: Engine::new(&settings.docker_host, settings.pace.docker_timeout)?,
            selection: Selection::new(&settings.notify_label, &settings.service_name_prefix),
            wake: Notify::new(),
            say_all_again: AtomicBool::new(false),
        });
        let notifier = Notifier::new(&settings)?;
        let mut tasks = JoinSet::new();
        if notifier.has_receivers() {
            tasks.spawn(events::follow(Arc::clone(&shared), settings.pace.events_silence));
            tasks.spawn(Reconciler::new(Arc::clone(&shared), notifier, &settings).run());
        } else {
            warn!("there is no address to send notifications to; services are not watched");
        }
        Ok(Listener { shared, tasks: Arc::new(Mutex::new(tasks)) })
    }

    /// What a create notification says about each service, asked from Docker now, in the order of `serviceName`.
    ///
    /// # Errors
    ///
    /// Docker gave no complete answer. That is never an empty list.
    pub async fn services(&self) -> Result<Vec<Params>, DockerError> {
        let listing = self.shared.engine.services(&self.shared.selection.filter()).await?;
        Ok(self.shared.selection.select(listing).into_values().map(|service| service.params).collect())
    }

    /// Repeats the create notifications of all services, soon and not here.
    pub fn notify_all(&self) {
        self.shared.say_all_again.store(true, Ordering::Release);
        self.shared.wake.notify_one();
    }

    /// Ends all tasks, cancels notifications that are under way, and returns when they are gone.
    pub async fn stop(&self) {
        self.tasks.lock().await.shutdown().await;
    }
}
