//! What to say, given what was last said and what is true now. Pure: no clock, no socket, no log.
//!
//! Not here: whether a receiver has heard it. [`crate::notify`] goes on until it has, or until something newer is said.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use model::Params;
use tokio::time::Instant;

use crate::node::Node;
use crate::service::Service;

/// One thing to say about one service or node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notification {
    pub(crate) kind: Kind,
    /// What it is about: the name of a service, the identifier of a node.
    pub(crate) key: String,
    pub(crate) params: Params,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Also said when it has changed.
    ServiceCreated,
    ServiceRemoved,
    /// Also said when it has changed.
    NodeCreated,
    NodeRemoved,
}

/// What is announced: it comes, changes and goes.
pub(crate) trait Announced: Clone {
    const CREATED: Kind;
    const REMOVED: Kind;
    /// What receivers know it by.
    fn key(&self) -> &str;
    /// Docker's identifier.
    fn id(&self) -> &str;
    /// Grows with every change.
    fn version_index(&self) -> u64;
    fn params(&self) -> &Params;
    fn removal_params(&self) -> Params;
    /// Whether receivers would hear nothing new.
    fn says_the_same_as(&self, other: &Self) -> bool {
        self.params() == other.params()
    }
}

/// What follows from one listing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Announcement {
    pub(crate) notifications: Vec<Notification>,
    /// When something that is held back now may be said; listing again then finds what is true by then.
    pub(crate) due: Option<Instant>,
}

/// What was last said about everything that anything was said about.
pub(crate) struct LastSaid<T> {
    said: BTreeMap<String, Said<T>>,
    /// The least time between two notifications about the same thing, so that one that flaps cannot flood receivers.
    interval: Duration,
}

struct Said<T> {
    /// As it was told. None after a removal, kept for the interval.
    told: Option<T>,
    /// The newest version that was listed, which may have changed nothing.
    version_index: u64,
    at: Instant,
    /// It has to be said again although nothing changed, because somebody asked.
    again: bool,
}

impl<T: Announced> LastSaid<T> {
    pub(crate) fn new(interval: Duration) -> Self {
        LastSaid { said: BTreeMap::new(), interval }
    }

    /// Everything that is still there will be said once more.
    pub(crate) fn say_all_again(&mut self) {
        for said in self.said.values_mut() {
            said.again = true;
        }
    }

    /// What to say when `now` is all that Docker lists, remembered as said `at` this moment.
    ///
    /// What is new or changed is created, what has vanished removed, all else left alone. What was last spoken of less than the
    /// interval ago is held back until it has passed.
    pub(crate) fn announce(&mut self, now: &BTreeMap<String, T>, at: Instant) -> Announcement {
        let mut announcement = Announcement::default();
        for listed in now.values() {
            self.announce_present(listed, at, &mut announcement);
        }
        let vanished: Vec<String> = self.said.keys().filter(|key| !now.contains_key(*key)).cloned().collect();
        for key in vanished {
            self.announce_vanished(&key, at, &mut announcement);
        }
        announcement
    }

    fn announce_present(&mut self, listed: &T, at: Instant, announcement: &mut Announcement) {
        let mut newest = listed;
        let mut version_index = listed.version_index();
        if let Some(said) = self.said.get_mut(listed.key()) {
            if let Some(told) = &said.told {
                let is_older = is_older(listed, told, said.version_index);
                if (is_older || is_same(listed, told)) && !said.again {
                    said.version_index = said.version_index.max(version_index);
                    return;
                }
                if is_older {
                    (newest, version_index) = (told, said.version_index);
                }
            }
            let quiet_until = said.at + self.interval;
            if at < quiet_until {
                announcement.hold(quiet_until);
                return;
            }
        }
        let told = newest.clone();
        announcement.say(T::CREATED, told.key(), told.params().clone());
        self.said.insert(told.key().to_owned(), Said { told: Some(told), version_index, at, again: false });
    }

    fn announce_vanished(&mut self, key: &str, at: Instant, announcement: &mut Announcement) {
        let Some(said) = self.said.get_mut(key) else { return };
        let quiet_until = said.at + self.interval;
        match &said.told {
            Some(_) if at < quiet_until => announcement.hold(quiet_until),
            Some(told) => {
                announcement.say(T::REMOVED, key, told.removal_params());
                *said = Said { told: None, version_index: 0, at, again: false };
            }
            None if at < quiet_until => {}
            None => {
                self.said.remove(key);
            }
        }
    }
}

impl Announcement {
    fn say(&mut self, kind: Kind, key: &str, params: Params) {
        self.notifications.push(Notification { kind, key: key.to_owned(), params });
    }

    fn hold(&mut self, until: Instant) {
        self.due = Some(self.due.map_or(until, |due| due.min(until)));
    }
}

impl Kind {
    /// Whether something is told to be there.
    pub(crate) fn is_creation(self) -> bool {
        matches!(self, Kind::ServiceCreated | Kind::NodeCreated)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::ServiceCreated => "service created",
            Kind::ServiceRemoved => "service removed",
            Kind::NodeCreated => "node created",
            Kind::NodeRemoved => "node removed",
        })
    }
}

impl Announced for Service {
    const CREATED: Kind = Kind::ServiceCreated;
    const REMOVED: Kind = Kind::ServiceRemoved;

    fn key(&self) -> &str {
        &self.name
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn version_index(&self) -> u64 {
        self.version_index
    }

    fn params(&self) -> &Params {
        &self.params
    }

    /// The same without what is told of tasks.
    fn removal_params(&self) -> Params {
        let mut params = self.params.clone();
        params.remove("replicas");
        params.remove("nodeInfo");
        params
    }
}

impl Announced for Node {
    const CREATED: Kind = Kind::NodeCreated;
    const REMOVED: Kind = Kind::NodeRemoved;

    fn key(&self) -> &str {
        &self.id
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn version_index(&self) -> u64 {
        self.version_index
    }

    fn params(&self) -> &Params {
        &self.params
    }

    /// Who it was, without what it was like.
    fn removal_params(&self) -> Params {
        let kept = ["id", "hostname", "address"];
        self.params.iter().filter(|(name, _)| kept.contains(name)).collect()
    }

    /// Docker counts versions of a node also when nothing has changed that anybody is told.
    fn says_the_same_as(&self, other: &Self) -> bool {
        let told = |node: &Self| {
            let mut params = node.params.clone();
            params.remove("versionIndex");
            params
        };
        told(self) == told(other)
    }
}

/// A listing may be older than what is known already, for instance from a manager that lost touch with the others. Versions
/// compare within one service only: another identifier is another service, and Docker lists it because it exists.
fn is_older<T: Announced>(listed: &T, told: &T, known: u64) -> bool {
    listed.id() == told.id() && listed.version_index() < known
}

/// A service that was created again is told again even with the same parameters: its addresses are new.
fn is_same<T: Announced>(listed: &T, told: &T) -> bool {
    listed.id() == told.id() && listed.says_the_same_as(told)
}

#[cfg(test)]
mod tests;
