//! Lists that could not be given to callers: each is counted, and a lasting reason is logged once.
//!
//! Every proxy asks again and again, and a Swarm may be without a leader for minutes. Not here: what callers are told then.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use swarm::DockerError;
use tracing::{info, warn};

/// Reasons that are logged until there is a list again. Further ones would tell nothing new.
const MOST_REASONS: usize = 8;

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
    /// Why there is none, as far as that was logged. A Docker without a leader gives two reasons in turns.
    told: Mutex<BTreeSet<String>>,
}

impl Default for Failures {
    fn default() -> Failures {
        Failures { services: Lists::of("get-services"), nodes: Lists::of("get-nodes") }
    }
}

impl Lists {
    fn of(call: &'static str) -> Lists {
        Lists { call, failed: AtomicU64::default(), told: Mutex::default() }
    }

    /// How many there were not.
    pub(super) fn count(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// The list, if there is one. Logs what is new about that.
    pub(super) fn note<L>(&self, list: Result<L, DockerError>) -> Option<L> {
        match list {
            Ok(list) => {
                if self.is_over() {
                    info!("{}: Docker answers again", self.call);
                }
                Some(list)
            }
            Err(error) => {
                self.failed.fetch_add(1, Ordering::Relaxed);
                if self.is_news(&error) {
                    warn!("{}: {error}", self.call);
                }
                None
            }
        }
    }

    fn is_news(&self, error: &DockerError) -> bool {
        let mut told = self.told();
        told.len() < MOST_REASONS && told.insert(error.to_string())
    }

    fn is_over(&self) -> bool {
        !std::mem::take(&mut *self.told()).is_empty()
    }

    fn told(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn because(reason: &str) -> DockerError {
        DockerError::BadHost(reason.to_owned())
    }

    #[test]
    fn a_reason_is_news_until_there_is_a_list_again() {
        let lists = Lists::of("get-services");
        assert!(!lists.is_over());
        let news = ["no leader", "no leader", "too late", "no leader"].map(|reason| lists.is_news(&because(reason)));
        assert_eq!(news, [true, false, true, false]);
        assert!(lists.is_over());
        assert!(lists.is_news(&because("no leader")));
    }

    #[test]
    fn each_failure_counts_and_few_reasons_are_kept() {
        let lists = Lists::of("get-nodes");
        for number in 0..100 {
            assert_eq!(lists.note::<()>(Err(because(&number.to_string()))), None);
        }
        assert_eq!((lists.count(), lists.told().len()), (100, MOST_REASONS));
        assert_eq!((lists.note(Ok(1)), lists.count(), lists.is_over()), (Some(1), 100, false));
    }
}
