//! What to say, given what was last said and what is true now. Pure: no clock, no socket, no log.
//!
//! Not here: whether a receiver has heard it. [`crate::notify`] goes on until it has, or until something newer is said.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use model::Params;
use tokio::time::Instant;

use crate::service::Service;

/// One thing to say about one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notification {
    pub(crate) kind: Kind,
    pub(crate) service: String,
    pub(crate) params: Params,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Also said when a service has changed.
    Created,
    Removed,
}

/// What follows from one listing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Announcement {
    pub(crate) notifications: Vec<Notification>,
    /// When something that is held back now may be said; listing again then finds what is true by then.
    pub(crate) due: Option<Instant>,
}

/// What was last said about every service that anything was said about.
pub(crate) struct LastSaid {
    services: BTreeMap<String, Said>,
    /// The least time between two notifications about one service, so that one that flaps cannot flood receivers.
    interval: Duration,
}

struct Said {
    /// The service as it was told. None after a removal, kept for the interval.
    service: Option<Service>,
    at: Instant,
    /// It has to be said again although nothing changed, because somebody asked.
    again: bool,
}

impl LastSaid {
    pub(crate) fn new(interval: Duration) -> Self {
        LastSaid { services: BTreeMap::new(), interval }
    }

    /// Every service that is still there will be said once more.
    pub(crate) fn say_all_again(&mut self) {
        for said in self.services.values_mut() {
            said.again = true;
        }
    }

    /// What to say when `now` are the services in Docker's list, remembered as said `at` this moment.
    ///
    /// New and changed services are created, vanished ones removed, all others left alone. A service that was last spoken of
    /// less than the interval ago is held back until it has passed.
    pub(crate) fn announce(&mut self, now: &BTreeMap<String, Service>, at: Instant) -> Announcement {
        let mut announcement = Announcement::default();
        for service in now.values() {
            self.announce_present(service, at, &mut announcement);
        }
        let vanished: Vec<String> = self.services.keys().filter(|name| !now.contains_key(*name)).cloned().collect();
        for name in vanished {
            self.announce_vanished(&name, at, &mut announcement);
        }
        announcement
    }

    fn announce_present(&mut self, listed: &Service, at: Instant, announcement: &mut Announcement) {
        let mut service = listed;
        if let Some(said) = self.services.get_mut(&listed.name) {
            if let Some(told) = said.service.as_mut() {
                let is_known = is_older(listed, told) || is_same(listed, told);
                if is_known && !said.again {
                    told.version_index = told.version_index.max(listed.version_index);
                    return;
                }
                if is_older(listed, told) {
                    service = told;
                }
            }
            let quiet_until = said.at + self.interval;
            if at < quiet_until {
                announcement.hold(quiet_until);
                return;
            }
        }
        let service = service.clone();
        announcement.say(Kind::Created, &service.name, service.params.clone());
        self.services.insert(service.name.clone(), Said { service: Some(service), at, again: false });
    }

    fn announce_vanished(&mut self, name: &str, at: Instant, announcement: &mut Announcement) {
        let Some(said) = self.services.get_mut(name) else { return };
        let quiet_until = said.at + self.interval;
        match &said.service {
            Some(_) if at < quiet_until => announcement.hold(quiet_until),
            Some(told) => {
                announcement.say(Kind::Removed, name, told.removal_params());
                *said = Said { service: None, at, again: false };
            }
            None if at < quiet_until => {}
            None => {
                self.services.remove(name);
            }
        }
    }
}

impl Announcement {
    fn say(&mut self, kind: Kind, service: &str, params: Params) {
        self.notifications.push(Notification { kind, service: service.to_owned(), params });
    }

    fn hold(&mut self, until: Instant) {
        self.due = Some(self.due.map_or(until, |due| due.min(until)));
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Created => "service created",
            Kind::Removed => "service removed",
        })
    }
}

/// A listing may be older than what is known already, for instance from a manager that lost touch with the others. Versions
/// compare within one service only: another identifier is another service, and Docker lists it because it exists.
fn is_older(listed: &Service, told: &Service) -> bool {
    listed.id == told.id && listed.version_index < told.version_index
}

/// A service that was created again is told again even with the same parameters: its addresses are new.
fn is_same(listed: &Service, told: &Service) -> bool {
    listed.id == told.id && listed.params == told.params
}

#[cfg(test)]
mod tests;
