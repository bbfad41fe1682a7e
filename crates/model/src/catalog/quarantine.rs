//! Services whose last version was refused, each with the reason, until the matter is settled.
//!
//! Not here: judging a service (`service::parse`), and its last good version, which stays in the catalog.

use super::{Source, Tick};
use crate::service::ServiceName;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Refused services that are remembered: more are told of in the log only.
const MOST: usize = 4096;

/// Refused services by name. A clone shares all of them.
#[derive(Clone, Debug, Default)]
pub struct Quarantine(Arc<BTreeMap<ServiceName, Quarantined>>);

/// A version of a service that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// Why, as the caller was told.
    pub reason: String,
    /// Who brought it.
    pub source: Source,
    /// When it was refused first for this reason.
    since: Tick,
}

impl Quarantine {
    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&ServiceName, &Quarantined)> {
        self.0.iter()
    }

    /// What is wrong with the last version of a service.
    pub fn get(&self, name: &ServiceName) -> Option<&Quarantined> {
        self.0.get(name)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether more may be refused than are known of here.
    pub fn is_full(&self) -> bool {
        self.0.len() >= MOST
    }

    /// Whether this is `other` itself, not only one with the same services.
    pub fn is(&self, other: &Quarantine) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(super) fn hold(&mut self, name: &ServiceName, reason: &str, source: Source, now: Tick) {
        let known = self.0.get(name);
        // A list comes again every few seconds, and its bad services with it.
        let is_news = known.is_none_or(|known| known.reason != reason || known.source != source);
        if is_news && (known.is_some() || self.0.len() < MOST) {
            let held = Quarantined { reason: reason.to_owned(), source, since: now };
            Arc::make_mut(&mut self.0).insert(name.clone(), held);
        }
    }

    pub(super) fn release(&mut self, name: &ServiceName) {
        if self.0.contains_key(name) {
            Arc::make_mut(&mut self.0).remove(name);
        }
    }

    /// Forgets what listeners brought, and what a complete list, asked for at `asked`, no longer holds.
    pub(super) fn prune(&mut self, listed: &BTreeSet<&ServiceName>, asked: Tick) {
        let gone = |(name, held): (&ServiceName, &Quarantined)| {
            held.source == Source::List && held.since <= asked && !listed.contains(name)
        };
        if self.0.iter().any(gone) {
            Arc::make_mut(&mut self.0).retain(|name, held| !gone((name, held)));
        }
    }
}
