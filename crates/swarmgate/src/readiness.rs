//! When a replica is ready to be given requests: once a listener's services were taken over, or when waiting longer would only keep it out of
//! service.
//!
//! Swarm kills a task that stays unhealthy, so a cluster without a listener must not be one without a proxy.
//! Not here: who asks listeners (`follow`), and the reply of the health check (`api`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// A replica that no listener answers is in service after this, with what it has.
pub const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The same where the services that were served before the start are known, and served. They are what a listener would list but for the last
/// changes, so waiting keeps a good replica out of service; this is long enough for a listener that is there.
pub const LONGEST_WAIT_WITH_STATE: Duration = Duration::from_secs(5);

/// Clones see the same.
#[derive(Clone)]
pub struct Readiness(Arc<Wait>);

struct Wait {
    /// A first list was taken over.
    over: AtomicBool,
    started: Instant,
    /// How long a listener is waited for; `None`: there is none.
    longest: Option<Duration>,
}

/// How it is about the first list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ready {
    /// There is no listener to wait for.
    Alone,
    /// It is waited for.
    NotYet,
    /// It was taken over.
    Whole,
    /// It was waited for long enough; the sentence is for an operator.
    Degraded(String),
}

impl Readiness {
    /// Begins to wait for a listener, so long at most; `None`: there is none.
    pub fn waiting(longest: Option<Duration>) -> Readiness {
        Readiness(Arc::new(Wait { over: AtomicBool::new(false), started: Instant::now(), longest }))
    }

    /// How it is now.
    pub fn now(&self) -> Ready {
        let Some(longest) = self.0.longest else { return Ready::Alone };
        match (self.has_list(), self.0.started.elapsed() >= longest) {
            (true, _) => Ready::Whole,
            (false, true) => Ready::Degraded(format!(
                "no listener has given a list of services since the start; after {} s this replica serves what it has",
                longest.as_secs()
            )),
            (false, false) => Ready::NotYet,
        }
    }

    /// Whether a first list was taken over.
    pub fn has_list(&self) -> bool {
        self.0.over.load(Ordering::Relaxed)
    }

    /// A first list was taken over.
    pub(crate) fn set(&self) {
        self.0.over.store(true, Ordering::Relaxed);
    }

    /// Waits as long as a listener is waited for, and says so if none has answered.
    pub(crate) async fn tell_late(self) {
        if let Some(longest) = self.0.longest {
            sleep_until(self.0.started + longest).await;
        }
        if let Ready::Degraded(reason) = self.now() {
            tracing::warn!("Ready, but degraded: {reason}");
        }
    }
}
