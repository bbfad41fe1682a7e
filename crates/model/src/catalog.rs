//! All services, and what may happen to them. A service is judged alone: a refused one leaves the catalog as it was.
//!
//! Not here: routes (`route`), and who sends the commands (the program).

mod command;
mod digest;
mod listener_id;
mod quarantine;

pub use command::{Applied, Change, Command, List, Saved, Source};
pub use digest::Digest;
pub use listener_id::ListenerId;
pub use quarantine::{Quarantine, Quarantined};

use crate::params::Params;
use crate::service::{Context, Parsed, Refused, Service, ServiceName, parse};
use crate::tcp;
use crate::trie::Trie;
use listener_id::Listeners;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Removed names that are remembered until the next list: far more than can go while one is asked for.
const MOST_REMEMBERED: usize = 4096;

/// All services by name. A clone shares all of them, and costs nothing by their number.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    services: Trie<Entry>,
    /// When services were removed by a call, so that a list asked for earlier does not bring them back.
    removed: Arc<BTreeMap<ServiceName, Tick>>,
    /// Whose lists were taken over.
    listeners: Listeners,
    /// Services whose last version was refused.
    quarantine: Quarantine,
    /// What was known before the start and cannot be taken now, until something newer is said of it.
    withheld: Arc<BTreeMap<ServiceName, Saved>>,
    digest: Digest,
    /// Grows when there is something else to keep: see [`Catalog::edition`].
    edition: u64,
    now: Tick,
}

#[derive(Clone, Debug)]
struct Entry {
    service: Arc<Service>,
    source: Source,
    digest: Digest,
    /// When a call last spoke of it.
    touched: Tick,
}

/// The catalog's own time: it grows with every command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tick(u64);

/// Refuses a service, or lets it in.
pub type Judge<'j> = &'j mut dyn FnMut(&Service) -> Result<(), Refused>;

/// A service in an earlier catalog and in a later one.
#[derive(Clone, Copy, Debug)]
pub struct Versions<'c> {
    /// Then; `None` if it is new.
    pub before: Option<&'c Arc<Service>>,
    /// Now; `None` if it is gone.
    pub now: Option<&'c Arc<Service>>,
}

impl Catalog {
    /// Carries out a command; on an error nothing has changed.
    pub fn apply(&mut self, command: Command, context: &Context) -> Result<Applied, Refused> {
        self.apply_if(command, context, &mut |_| Ok(()))
    }

    /// The same, where `judge` may refuse a service for a reason the model cannot see, such as a port that another program has.
    /// It is asked about each service by itself, last, and before the service takes the place of its earlier version.
    pub fn apply_if(&mut self, command: Command, context: &Context, judge: Judge<'_>) -> Result<Applied, Refused> {
        self.now.0 += 1;
        match command {
            Command::Configure(params) => self.take(&params, context, Source::Api, judge),
            Command::Notify(params, by) => {
                let source = if self.listeners.contains(by) { Source::List } else { Source::Api };
                self.take(&params, context, source, judge)
            }
            Command::Declare(params) => {
                let context = Context { https_only: false, ..context.clone() };
                self.take(&params, &context, Source::Environment, judge)
            }
            Command::Remove(name) => {
                let mut applied = Applied::default();
                self.quarantine.release(&name);
                self.forget_withheld(|withheld, _| *withheld == name);
                applied.changes.push((name.clone(), self.remove(&name)));
                Ok(applied)
            }
            Command::Reconcile(list) => Ok(self.reconcile(&list, context, judge)),
            Command::Restore(services) => Ok(self.restore(&services, context, judge)),
        }
    }

    /// The catalog's present time, for a list that is about to be asked for.
    pub fn now(&self) -> Tick {
        self.now
    }

    /// All services, by name.
    pub fn services(&self) -> impl Iterator<Item = &Arc<Service>> {
        self.services.iter().map(|entry| &entry.service)
    }

    /// The same with where each is known from.
    pub fn sources(&self) -> impl Iterator<Item = (&Arc<Service>, Source)> {
        self.services.iter().map(|entry| (&entry.service, entry.source))
    }

    /// Services whose last version was refused; an earlier one may be among the services.
    pub fn quarantine(&self) -> &Quarantine {
        &self.quarantine
    }

    /// What was known before the start and was refused then, until something newer is said of it: it is known still, though not served.
    pub fn withheld(&self) -> impl Iterator<Item = &Saved> {
        self.withheld.values()
    }

    /// What all replicas that serve the same have in common: made of the services' parameters, and not of where and when they came from.
    /// Costs nothing by their number.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// A number that grows when a service, or where one is known from, is another: then what is kept of the catalog is out of date.
    pub fn edition(&self) -> u64 {
        self.edition
    }

    /// One service.
    pub fn service(&self, name: &ServiceName) -> Option<&Arc<Service>> {
        self.entry(name).map(|entry| &entry.service)
    }

    /// The services that are not the same as in `before`, by name. What both catalogs share costs nothing.
    pub fn changes_since<'c>(&'c self, before: &'c Catalog) -> Vec<Versions<'c>> {
        let mut changes = Vec::new();
        self.services.compare(&before.services, &mut |before, now| {
            let (before, now) = (before.map(|entry| &entry.service), now.map(|entry| &entry.service));
            let same = before.zip(now).is_some_and(|(before, now)| Arc::ptr_eq(before, now));
            if !same {
                changes.push(Versions { before, now });
            }
        });
        changes
    }

    fn entry(&self, name: &ServiceName) -> Option<&Entry> {
        self.services.get(name.as_str().as_bytes())
    }

    /// Judges and takes one version of a service, and remembers what became of it.
    fn take(
        &mut self,
        params: &Params,
        context: &Context,
        source: Source,
        judge: Judge<'_>,
    ) -> Result<Applied, Refused> {
        let result = self.configure(params, context, source, judge);
        let Some(name) = name_of(params) else { return result };
        self.forget_withheld(|withheld, _| *withheld == name);
        match &result {
            Ok(_) => self.quarantine.release(&name),
            Err(refused) => self.quarantine.hold(&name, &refused.explained(), source, self.now),
        }
        result.map_err(|refused| Refused { service: Some(name), ..refused })
    }

    fn configure(
        &mut self,
        params: &Params,
        context: &Context,
        source: Source,
        judge: Judge<'_>,
    ) -> Result<Applied, Refused> {
        // What is for others is not judged: they may understand what this proxy does not.
        if let Some(name) = name_of(params).filter(|_| !context.takes(params)) {
            return Ok(self.leave_to_others(name));
        }
        let Parsed { service, warnings } = parse(params, context)?;
        let name = service.name.clone();
        let change = if service.replicas == Some(0) {
            self.remove(&name)
        } else {
            tcp::check(self, &service, context)?;
            judge(&service)?;
            self.put(service, source)
        };
        let warnings = warnings.into_iter().map(|warning| (name.clone(), warning)).collect();
        Ok(Applied { changes: vec![(name, change)], warnings, refused: Vec::new() })
    }

    /// A service of another instance. One that was taken, and now names another, has moved there.
    fn leave_to_others(&mut self, name: ServiceName) -> Applied {
        let change = match self.remove(&name) {
            Change::Unknown => Change::Elsewhere,
            change => change,
        };
        Applied { changes: vec![(name, change)], ..Applied::default() }
    }

    fn put(&mut self, service: Service, source: Source) -> Change {
        if self.removed.contains_key(&service.name) {
            Arc::make_mut(&mut self.removed).remove(&service.name);
        }
        let known = self.entry(&service.name).cloned();
        let change = match &known {
            None => Change::Added,
            Some(known) if says_the_same(&known.service.params, &service.params) => Change::Unchanged,
            Some(_) => Change::Replaced,
        };
        // What a call says of a listed service is gone with the list; what the environment describes never is.
        let known_from = known.as_ref().map(|known| known.source);
        let kept = known_from.filter(|known| *known != Source::Api && source != Source::Environment);
        let source = kept.unwrap_or(source);
        if change != Change::Unchanged || known_from != Some(source) {
            self.edition += 1;
        }
        let entry = match known.filter(|_| change == Change::Unchanged) {
            Some(known) => Entry { source, touched: self.now, ..known },
            None => {
                Entry { digest: Digest::of(&service.params), service: Arc::new(service), source, touched: self.now }
            }
        };
        self.insert(entry);
        change
    }

    fn insert(&mut self, entry: Entry) {
        let (name, digest) = (entry.service.name.clone(), entry.digest);
        self.digest.add(digest);
        if let Some(before) = self.services.insert(name.as_str().as_bytes(), entry) {
            self.digest.take(before.digest);
        }
    }

    fn drop_entry(&mut self, name: &ServiceName) -> Change {
        let Some(entry) = self.services.remove(name.as_str().as_bytes()) else { return Change::Unknown };
        self.digest.take(entry.digest);
        self.edition += 1;
        Change::Removed
    }

    fn remove(&mut self, name: &ServiceName) -> Change {
        let removed = Arc::make_mut(&mut self.removed);
        removed.insert(name.clone(), self.now);
        if removed.len() > MOST_REMEMBERED {
            removed.pop_first();
        }
        self.drop_entry(name)
    }

    fn restore(&mut self, services: &[Saved], context: &Context, judge: Judge<'_>) -> Applied {
        let mut applied = Applied::default();
        for saved in services {
            match self.take(&saved.params, context, saved.source, judge) {
                Ok(one) => applied.merge(one),
                Err(refused) => {
                    applied.refused.push(refused);
                    // The reason may be over soon: a port that is still held, a file that is not there yet.
                    if let Some(name) = name_of(&saved.params) {
                        Arc::make_mut(&mut self.withheld).insert(name, saved.clone());
                        self.edition += 1;
                    }
                }
            }
        }
        applied
    }

    fn forget_withheld(&mut self, is_over: impl Fn(&ServiceName, &Saved) -> bool) {
        if self.withheld.iter().any(|(name, saved)| is_over(name, saved)) {
            Arc::make_mut(&mut self.withheld).retain(|name, saved| !is_over(name, saved));
            self.edition += 1;
        }
    }

    fn reconcile(&mut self, list: &List, context: &Context, judge: Judge<'_>) -> Applied {
        let mut applied = Applied::default();
        self.listeners.add(&list.from);
        // Who has left makes room first: a port of its may be wanted by another.
        if list.complete {
            let listed: Vec<_> = list.services.iter().filter_map(name_of).collect();
            self.prune(&listed, list.asked, &mut applied);
        }
        for params in &list.services {
            if name_of(params).is_some_and(|name| self.spoken_of_since(&name, list.asked)) {
                continue;
            }
            match self.take(params, context, Source::List, judge) {
                Ok(one) => applied.merge(one),
                Err(refused) => applied.refused.push(refused),
            }
        }
        if !self.removed.is_empty() {
            Arc::make_mut(&mut self.removed).retain(|_, tick| *tick > list.asked);
        }
        applied
    }

    /// Takes out what earlier lists brought and this complete one no longer holds.
    fn prune(&mut self, listed: &[ServiceName], asked: Tick, applied: &mut Applied) {
        let listed: BTreeSet<_> = listed.iter().collect();
        let gone = |entry: &&Entry| {
            entry.source == Source::List && !listed.contains(&entry.service.name) && entry.touched <= asked
        };
        let names: Vec<_> = self.services.iter().filter(gone).map(|entry| entry.service.name.clone()).collect();
        for name in names {
            let change = self.drop_entry(&name);
            applied.changes.push((name, change));
        }
        self.quarantine.prune(&listed, asked);
        self.forget_withheld(|name, saved| saved.source == Source::List && !listed.contains(name));
    }

    fn spoken_of_since(&self, name: &ServiceName, asked: Tick) -> bool {
        let touched = self.entry(name).map(|entry| entry.touched);
        touched.into_iter().chain(self.removed.get(name).copied()).any(|tick| tick > asked)
    }
}

fn name_of(params: &Params) -> Option<ServiceName> {
    params.get_any_case("serviceName").and_then(ServiceName::parse)
}

/// `distribute` says how a call travels, not what the service is: the replicas' copies of one call differ in it.
fn of_service((name, _): &(&str, &str)) -> bool {
    !name.eq_ignore_ascii_case("distribute")
}

fn says_the_same(known: &Params, params: &Params) -> bool {
    known.iter().filter(of_service).eq(params.iter().filter(of_service))
}

#[cfg(test)]
mod tests;
