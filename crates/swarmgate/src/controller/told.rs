//! Which refusals the log has said: each once for a service, and again only after it was another or gone.
//!
//! Not here: the refusals themselves, which replies and the status show for as long as they hold (`model::catalog::Quarantine`).

use model::ServiceName;
use model::catalog::Quarantine;
use std::collections::{BTreeMap, BTreeSet};

/// More are not remembered: then all are forgotten, and told once more.
const MOST: usize = 10_000;

/// What was told last of each service.
#[derive(Default)]
pub(super) struct Told {
    reasons: BTreeMap<ServiceName, String>,
    /// Reasons that concern nobody: a call without a usable name.
    nameless: BTreeSet<String>,
}

impl Told {
    /// Whether this was not told of the service yet. It is from now on.
    pub(super) fn is_news(&mut self, service: Option<&ServiceName>, reason: &str) -> bool {
        if self.reasons.len() + self.nameless.len() >= MOST {
            *self = Told::default();
        }
        let Some(service) = service else { return self.nameless.insert(reason.to_owned()) };
        if self.reasons.get(service).is_some_and(|told| told == reason) {
            return false;
        }
        self.reasons.insert(service.clone(), reason.to_owned());
        true
    }

    /// These were accepted, or removed.
    pub(super) fn forget<'n>(&mut self, services: impl Iterator<Item = &'n ServiceName>) {
        if !self.reasons.is_empty() {
            services.for_each(|service| drop(self.reasons.remove(service)));
        }
    }

    /// Forgets who left a list without ever having been accepted. A full quarantine does not know them all.
    pub(super) fn keep_only(&mut self, refused: &Quarantine) {
        if !self.reasons.is_empty() && !refused.is_full() {
            self.reasons.retain(|service, _| refused.get(service).is_some());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ServiceName {
        ServiceName::parse(text).expect("a name")
    }

    #[test]
    fn a_reason_is_told_again_only_after_it_was_another_or_the_service_was_accepted() {
        let (mut told, web) = (Told::default(), name("web"));
        let mut is_news = |reason: &str| told.is_news(Some(&web), reason);
        assert_eq!(["a", "a", "b", "a", "a"].map(&mut is_news), [true, false, true, true, false]);
        assert!(told.is_news(Some(&name("other")), "a"), "each service has its own");
        told.forget([&web].into_iter());
        assert!(told.is_news(Some(&web), "a"));
        told.keep_only(&Quarantine::default());
        assert!(told.is_news(Some(&web), "a"));
    }

    #[test]
    fn what_concerns_no_service_is_told_once_and_the_memory_has_an_end() {
        let mut told = Told::default();
        assert_eq!([told.is_news(None, "a"), told.is_news(None, "a")], [true, false]);
        for number in 0..3 * MOST {
            assert!(told.is_news(Some(&name(&format!("web-{number}"))), "a"));
            assert!(told.reasons.len() + told.nameless.len() <= MOST);
        }
    }
}
