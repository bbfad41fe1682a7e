//! Lists all services, announces what changed, and waits until there is a reason to do it again.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::{debug, error, info, warn};

use super::Shared;
use crate::announce::LastSaid;
use crate::backoff::Backoff;
use crate::docker::{DockerError, wire};
use crate::notify::Notifier;
use crate::service::Service;
use crate::settings::Settings;

/// How long the first announcement waits for tasks to be known.
const FIRST_LOOK: Duration = Duration::from_secs(3);

pub(super) struct Reconciler {
    shared: Arc<Shared>,
    said: LastSaid<Service>,
    notifier: Notifier,
    docker: Docker,
    backoff: Backoff,
    /// The longest time without a listing.
    interval: Duration,
    /// The shortest time between two.
    debounce: Duration,
}

/// How Docker answered last, so that a change is logged and a lasting state is not.
enum Docker {
    NeverAsked,
    Answers,
    Fails,
}

impl Reconciler {
    pub(super) fn new(shared: Arc<Shared>, notifier: Notifier, settings: &Settings) -> Self {
        Reconciler {
            shared,
            said: LastSaid::new(settings.pace.announce_interval),
            notifier,
            docker: Docker::NeverAsked,
            backoff: Backoff::new(),
            interval: settings.reconcile_interval,
            debounce: settings.pace.debounce,
        }
    }

    /// Never ends.
    pub(super) async fn run(mut self) {
        if self.shared.node_info.is_some() {
            self.wait_for_tasks().await;
        }
        loop {
            let next = self.reconcile().await;
            sleep(self.debounce).await;
            tokio::select! {
                () = self.shared.wake.notified() => {}
                () = self.notifier.is_wanted() => {}
                () = sleep_until(next) => {}
            }
        }
    }

    /// Where tasks are is told with their services, so they are to be known at the first announcement, unless Docker lists services only.
    async fn wait_for_tasks(&self) {
        let mut observations = self.shared.observation.subscribe();
        let _ = timeout(FIRST_LOOK, observations.wait_for(Option::is_some)).await;
    }

    /// Returns when to do it again at the latest.
    async fn reconcile(&mut self) -> Instant {
        if self.shared.say_all_again.swap(false, Ordering::AcqRel) {
            self.said.say_all_again();
        }
        match self.shared.list_services().await {
            Ok(listing) => {
                self.docker_answers();
                self.announce(listing).await
            }
            Err(error) => {
                self.docker_fails(&error);
                Instant::now() + self.backoff.lengthen()
            }
        }
    }

    async fn announce(&mut self, listing: Vec<wire::Service>) -> Instant {
        let services = Arc::new(self.shared.select(listing));
        self.shared.services.send_if_modified(|known| {
            let is_new = known.as_ref() != Some(&services);
            *known = Some(Arc::clone(&services));
            is_new
        });
        let now = Instant::now();
        let announcement = self.said.announce(&services, now);
        for notification in &announcement.notifications {
            self.notifier.tell(notification).await;
        }
        self.notifier.confirm();
        let next = now + self.interval;
        announcement.due.map_or(next, |due| due.min(next))
    }

    fn docker_answers(&mut self) {
        self.shared.counts.services_listed();
        match self.docker {
            Docker::NeverAsked => info!("Sending notifications for running services"),
            Docker::Fails => info!("Docker answers again; services are listed"),
            Docker::Answers => {}
        }
        self.docker = Docker::Answers;
        self.backoff.reset();
    }

    /// Before the first answer the settings are probably wrong; after it, Docker is probably restarting or without a leader.
    fn docker_fails(&mut self, error: &DockerError) {
        self.shared.counts.services_not_listed();
        match self.docker {
            Docker::NeverAsked => error!("services cannot be listed, trying until they can: {error}"),
            Docker::Answers => warn!("services cannot be listed, all stay as they are: {error}"),
            Docker::Fails => debug!("services still cannot be listed: {error}"),
        }
        self.docker = Docker::Fails;
    }
}
