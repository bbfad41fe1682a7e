//! Lists that could not be given to callers: each is counted, and a lasting reason is logged once.
//!
//! Every proxy asks again and again, and a Swarm may be without a leader for minutes. Not here: what callers are told then.

use crate::silence::Silence;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use swarm::DockerError;
use tracing::{info, warn};

/// The failures of each kind of list.
pub(super) struct Failures {
    pub(super) services: Lists,
    pub(super) nodes: Lists,
}

/// One kind of list.
pub(super) struct Lists {
    /// The call that asks for it.
    call: &'static str,
    failed: AtomicU64,
    /// Why there is none, as far as that was logged.
    silence: Mutex<Silence>,
}

impl Default for Failures {
    fn default() -> Failures {
        Failures { services: Lists::of("get-services"), nodes: Lists::of("get-nodes") }
    }
}

impl Lists {
    fn of(call: &'static str) -> Lists {
        Lists { call, failed: AtomicU64::default(), silence: Mutex::default() }
    }

    /// How many there were not.
    pub(super) fn count(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// The list, if there is one. Logs what is new about that.
    pub(super) fn note<L>(&self, list: Result<L, DockerError>) -> Option<L> {
        match list {
            Ok(list) => {
                if self.silence().is_over() {
                    info!("{}: Docker answers again", self.call);
                }
                Some(list)
            }
            Err(error) => {
                self.failed.fetch_add(1, Ordering::Relaxed);
                if self.silence().is_news(error.to_string()) {
                    warn!("{}: {error}", self.call);
                }
                None
            }
        }
    }

    fn silence(&self) -> MutexGuard<'_, Silence> {
        self.silence.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn because(reason: &str) -> DockerError {
        DockerError::BadHost(reason.to_owned())
    }

    #[test]
    fn each_failure_counts() {
        let lists = Lists::of("get-nodes");
        for number in 0..100 {
            assert_eq!(lists.note::<()>(Err(because(&number.to_string()))), None);
        }
        assert_eq!(lists.count(), 100);
        assert_eq!((lists.note(Ok(1)), lists.count(), lists.silence().is_over()), (Some(1), 100, false));
    }
}
