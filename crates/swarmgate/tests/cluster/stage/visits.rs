//! What the visitors do together.

use super::{
    HOSTS, PATIENCE, Service, Stage, eventually,
    service::{running, running_since},
};
use crate::{
    figures::figure,
    node::{NODES, docker},
    talk::{Moment, Tally, What},
    visitor::Visitor,
};
use anyhow::{Context, Result, bail, ensure};
use std::{collections::BTreeSet, time::Duration};

impl Stage {
    /// A visitor beside each replica of the proxy that is healthy: as many as there are nodes for them.
    ///
    /// # Errors
    /// When there are more or fewer replicas.
    pub(super) fn meet(&mut self) -> Result<()> {
        // What they saw counts, whoever has to go.
        self.gather()?;
        let manager = self.manager()?;
        let there: Vec<usize> = NODES.filter(|node| *node != 1 && !self.away.contains(node)).collect();
        // A container that runs may be one that the Swarm has given up already.
        let mut replicas = running(manager, "proxy")?;
        replicas.retain(|(node, _)| there.contains(node));
        ensure!(replicas.len() == there.len(), "replicas of the proxy: {replicas:?}");
        self.visitors.retain(|visitor| replicas.remove(&(visitor.node, visitor.container.clone())));
        for (node, container) in replicas {
            self.visitors.push(Visitor::beside(node, &container)?);
        }
        Ok(())
    }

    /// The visitors together ask for `service` so many times a second, from now on.
    ///
    /// # Errors
    /// When a visitor is gone.
    pub(crate) fn load(&mut self, service: &str, per_second: u32) -> Result<()> {
        let tasks = self.tasks.get(service).cloned().unwrap_or_default();
        // Each takes its turn.
        let pause = Duration::from_secs(1) / per_second * u32::try_from(self.visitors.len())?;
        for visitor in &mut self.visitors {
            visitor.told(What::Load { service: service.to_owned(), pause, tasks: tasks.clone() })?;
        }
        Ok(())
    }

    /// What became of all requests for `service`, which is asked for no more.
    ///
    /// # Errors
    /// When a visitor is gone.
    pub(crate) fn unload(&mut self, service: &str) -> Result<Tally> {
        for visitor in &mut self.visitors {
            visitor.told(What::Unload { service: service.to_owned() })?;
        }
        self.gather()?;
        self.tallies.remove(service).with_context(|| format!("nobody asked for {service}"))
    }

    /// Takes over what the visitors have counted.
    ///
    /// # Errors
    /// When a visitor is gone.
    pub(super) fn gather(&mut self) -> Result<()> {
        for visitor in &mut self.visitors {
            let replica = visitor.replica();
            for counted in visitor.tally()? {
                let tally = self.tallies.entry(counted.service).or_default();
                tally.whole += counted.whole;
                tally.slowest = tally.slowest.max(counted.slowest);
                tally.lost.extend(counted.lost.into_iter().map(|lost| lost.by(&replica)));
                tally.nowhere += counted.nowhere;
            }
        }
        Ok(())
    }

    /// When each visitor had its first hello from `service`.
    ///
    /// # Errors
    /// When one has none within `limit`.
    pub(crate) fn firsts(&mut self, service: &str, limit: Duration) -> Result<Vec<Moment>> {
        let orders = self.looks_for(service, limit)?;
        self.found(&orders, limit)
    }

    /// Every visitor begins to look for `service`; the numbers of their orders.
    ///
    /// # Errors
    /// When a visitor is gone.
    pub(crate) fn looks_for(&mut self, service: &str, limit: Duration) -> Result<Vec<u64>> {
        let first = |visitor: &mut Visitor| visitor.told(What::First { service: service.to_owned(), limit });
        self.visitors.iter_mut().map(first).collect()
    }

    /// When each visitor has found what it looks for. One whose replica Docker has ended meanwhile has nobody to ask, and is left out.
    ///
    /// # Errors
    /// When one has not.
    pub(crate) fn found(&mut self, orders: &[u64], limit: Duration) -> Result<Vec<Moment>> {
        // The visitors are told the limit too, and say why.
        let limit = limit + Duration::from_secs(35);
        let mut found = Vec::new();
        let looked = self.visitors.iter_mut().zip(orders);
        let looked: Vec<_> =
            looked.map(|(visitor, order)| (visitor.replica(), visitor.moment(*order, limit))).collect();
        for (replica, moment) in looked {
            match moment {
                Err(_) if self.is_ended(&replica)?.is_some() => {
                    figure(format!("the replica on node {} was ended by Docker and found nothing", replica.0));
                }
                moment => found.push(moment?),
            }
        }
        Ok(found)
    }

    /// Creates a service of one task, and removes it again; how long after its task ran and could be reached past the proxy, or after
    /// `since` if that is later, it answered through every replica.
    ///
    /// # Errors
    /// When it does not within `limit` of that.
    pub(crate) fn routes(&mut self, service: &str, since: Moment, limit: Duration) -> Result<Duration> {
        let orders = self.looks_for(service, 2 * PATIENCE)?;
        let manager = self.manager()?;
        Service::named(service).create(manager)?;
        let ran = eventually("its task", || running_since(manager, service, 1))?;
        let ran = ran.into_iter().max().context("there is a task")?.max(since);
        let reached = self.is_reached(service, ran)?;
        let last = self.found(&orders, 2 * PATIENCE)?.into_iter().max().context("there are visitors")?;
        let took = last.since(reached);
        ensure!(
            took <= limit,
            "{service} is there since {reached}, and answers through all only since {last}, {took:?} later"
        );
        docker(manager, &["service", "rm", service])?;
        Ok(took)
    }

    /// An error unless `count` tasks of a service run.
    ///
    /// # Errors
    /// When fewer do.
    pub(crate) fn tasks_run(&self, service: &str, count: usize) -> Result<Vec<Moment>> {
        running_since(self.manager()?, service, count)
    }

    /// Nobody asks for anything, until everybody assembles again.
    ///
    /// # Errors
    /// When a visitor is gone.
    pub(crate) fn falls_silent(&mut self) -> Result<()> {
        for visitor in &mut self.visitors {
            for service in HOSTS {
                visitor.told(What::Unload { service: service.to_owned() })?;
            }
        }
        Ok(())
    }

    /// The names of all backends that each replica has, which are the same.
    ///
    /// # Errors
    /// When they are not.
    pub(crate) fn backends(&mut self) -> Result<BTreeSet<String>> {
        let mut all: Option<BTreeSet<String>> = None;
        for visitor in &mut self.visitors {
            let config = visitor.api("config")?;
            let backends = config.lines().filter_map(|line| line.strip_prefix("backend ")).map(str::to_owned).collect();
            match &all {
                Some(others) if *others != backends => bail!("{visitor} has {backends:?}, others {others:?}"),
                _ => all = Some(backends),
            }
        }
        all.context("there are visitors")
    }

    /// The digest that every replica has of what it serves; nothing if they tell none.
    ///
    /// # Errors
    /// When they differ.
    pub(crate) fn digest(&mut self) -> Result<Option<String>> {
        let mut digests = BTreeSet::new();
        for visitor in &mut self.visitors {
            let Some(status) = visitor.status()? else { return Ok(None) };
            ensure!(status["Drift"] == false, "{visitor} sees drift: {status}");
            digests.insert(status["Digest"].as_str().context("a digest")?.to_owned());
        }
        ensure!(digests.len() == 1, "the replicas have {digests:?}");
        Ok(digests.pop_first())
    }
}
