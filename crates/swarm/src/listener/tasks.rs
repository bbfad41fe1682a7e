//! Looks at tasks and nodes, again and again, and publishes which tasks may get new requests.
//!
//! Docker tells no events about tasks: what it tells about services and nodes, and each new list of services, starts a series of
//! quick looks ([`rhythm`](super::rhythm)). A failed look changes nothing, until what is known has become too old to rely on.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use tracing::{debug, info, warn};

use super::Shared;
use super::rhythm::Rhythm;
use crate::backoff::Backoff;
use crate::docker::DockerError;
use crate::figures::Operation;
use crate::observation::{Motion, Observation};
use crate::settings::Settings;
use crate::task_list::TaskList;

pub(super) struct Watcher {
    shared: Arc<Shared>,
    rhythm: Rhythm,
    backoff: Backoff,
    /// How long a look counts.
    lifetime: Duration,
    /// The last one that Docker answered; before it, the start.
    looked: Instant,
    /// What is known has become too old, and that was told.
    is_lost: bool,
}

impl Watcher {
    pub(super) fn new(shared: Arc<Shared>, settings: &Settings) -> Self {
        Watcher {
            shared,
            rhythm: Rhythm::new(settings.pace.tasks_step, settings.reconcile_interval),
            backoff: Backoff::new(),
            lifetime: settings.pace.tasks_lifetime,
            looked: Instant::now(),
            is_lost: false,
        }
    }

    /// Never ends.
    pub(super) async fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        let (mut services, mut remarks) = (shared.services.subscribe(), shared.remarks.subscribe());
        loop {
            let began = Instant::now();
            let look = self.look().await;
            let took = began.elapsed();
            let Some(motion) = look else {
                sleep(self.backoff.lengthen()).await;
                continue;
            };
            let (rest, wait) = self.rhythm.after(motion, took, Instant::now());
            sleep(rest).await;
            tokio::select! {
                () = shared.stir.notified() => self.rhythm.hint(Instant::now()),
                Ok(()) = services.changed() => {
                    self.publish();
                    self.rhythm.hint(Instant::now());
                }
                Ok(()) = remarks.changed() => { self.publish(); }
                () = sleep_until(began + took + wait) => {}
            }
        }
    }

    /// One look. None if Docker did not answer.
    async fn look(&mut self) -> Option<Motion> {
        let shared = Arc::clone(&self.shared);
        let look = list(&shared);
        tokio::pin!(look);
        let expiry = self.looked + self.lifetime;
        let answer = match timeout_at(expiry, &mut look).await {
            Ok(answer) => answer,
            Err(_) => {
                self.lose();
                look.await
            }
        };
        match answer {
            Ok(observation) => Some(self.take(observation)),
            Err(error) => {
                debug!("tasks cannot be listed: {error}");
                shared.counts.failed(Operation::ListTasks);
                if Instant::now() >= expiry {
                    self.lose();
                }
                None
            }
        }
    }

    fn take(&mut self, observation: Observation) -> Motion {
        self.looked = Instant::now();
        self.shared.counts.tasks_listed();
        self.backoff.reset();
        if std::mem::take(&mut self.is_lost) {
            info!("Docker lists tasks again");
        }
        let before = self.shared.observation.borrow().clone();
        let observation = Arc::new(match before {
            Some(before) => observation.following(&before),
            None => observation,
        });
        let is_new = self.shared.observation.send_if_modified(|known| {
            let is_new = known.as_ref() != Some(&observation);
            *known = Some(observation);
            is_new
        });
        if is_new {
            self.rhythm.progress();
            if self.shared.node_info.is_some() {
                self.shared.wake.notify_one();
            }
        }
        self.publish()
    }

    /// The list of what is known by now, if it differs from the last.
    fn publish(&self) -> Motion {
        let services = self.shared.services.borrow().clone();
        let observation = self.shared.observation.borrow().clone();
        let (Some(services), Some(observation)) = (services, observation) else { return Motion::Starting };
        let motion = observation.motion(&services);
        if self.is_lost {
            return motion;
        }
        let list = TaskList::new(&services, &observation, &self.shared.remarks.borrow());
        self.shared.task_list.send_if_modified(|known| {
            let is_new = known.as_deref() != Some(&list);
            if is_new {
                *known = Some(Arc::new(list));
            }
            is_new
        });
        motion
    }

    /// Nobody may rely any more on what is known: tasks may have come and gone meanwhile.
    fn lose(&mut self) {
        if !self.is_lost {
            warn!("Docker has listed no tasks for {} s; proxies look their servers up in DNS", self.lifetime.as_secs());
        }
        self.is_lost = true;
        self.shared.task_list.send_if_modified(|known| known.take().is_some());
    }
}

/// Nodes after tasks: a task is never on a node that is not known yet.
async fn list(shared: &Shared) -> Result<Observation, DockerError> {
    let tasks = shared.engine.tasks().await?;
    let nodes = shared.engine.nodes().await?;
    Ok(Observation::new(tasks, nodes))
}
