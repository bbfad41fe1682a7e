//! Docker's overlay network, which may know no way to a task: after nodes were cut off the Engines tell each other late, or not at all,
//! where an address is.
//!
//! That is believed only of bare connections: one from another container of the same node fails, and one from a container beside the task is
//! taken. A proxy that fails where bare connections are made fails its scene, and so does a task that takes none.
//! Not here: the ways of the load that never ends (`ways`).

use super::{Stage, eventually, running, service};
use crate::{
    figures::figure,
    node::{docker, forwarding},
    talk::{Moment, Said, What},
    visitor::Visitor,
};
use anyhow::{Context, Result, bail, ensure};
use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

/// How long the Engines may take to tell each other of a new task. Of 490 ways that were missing half came back within 20 s, nine of ten
/// within 47 s, the last after 75 s.
const TOLD: Duration = Duration::from_secs(90);

/// Who does not reach a task within this time has no way to it.
const SURE: Duration = Duration::from_secs(3);

/// A way that took longer was not there when the task ran.
const LATE: Duration = Duration::from_secs(1);

impl Stage {
    /// Since when the only task of `service` runs, which it does since `ran`, and can be reached past the proxy from beside every replica.
    /// Where the network knows no way to it, it is deployed once more.
    ///
    /// # Errors
    /// When there is no way though the network knows one, or none after that either.
    pub(crate) fn is_reached(&mut self, service: &str, ran: Moment) -> Result<Moment> {
        match self.way(service)? {
            Ok(late) => Ok(late.map_or(ran, |reached| reached.max(ran))),
            Err(proof) => {
                figure(format!(
                    "the overlay knew no way to {service} within {TOLD:?}, so it is deployed again: {proof}"
                ));
                let ran = redeployed(self.manager()?, service)?;
                let late = self.way(service)?.map_err(|proof| anyhow::anyhow!("{service}, deployed again: {proof}"))?;
                Ok(late.map_or(ran, |reached| reached.max(ran)))
            }
        }
    }

    /// Since when everybody has a way to the only task of `service`, if that was late; or the proof that the network knows none from
    /// somewhere.
    fn way(&mut self, service: &str) -> Result<Result<Option<Moment>, String>> {
        let (manager, began, mut reached) = (self.manager()?, Moment::now(), Moment(0));
        let (task, there) = eventually("its address", || task_of(manager, service))?;
        let reach = |visitor: &mut Visitor| visitor.told(What::Reach { task: IpAddr::V4(task), limit: TOLD });
        let orders = self.visitors.iter_mut().map(reach).collect::<Result<Vec<_>>>()?;
        for (visitor, order) in self.visitors.iter_mut().zip(orders) {
            match visitor.says(order, TOLD + SURE)? {
                Said::At(at) => reached = reached.max(at),
                _ => return no_way(manager, visitor.node, (task, there)).map(Err),
            }
        }
        let took = reached.since(began);
        if took <= LATE {
            return Ok(Ok(None));
        }
        figure(format!("the overlay knew a way to {service} from every node only after {took:?}"));
        Ok(Ok(Some(reached)))
    }
}

/// Deploys a service of one task once more; since when the new task runs.
fn redeployed(manager: usize, service: &str) -> Result<Moment> {
    let before = Moment::now();
    docker(manager, &["service", "update", "--force", "--detach", "--quiet", service])?;
    eventually("its new task", || {
        let ran = service::running_since(manager, service, 1)?.into_iter().max().context("there is a task")?;
        ensure!(ran > before, "only the old one runs");
        Ok(ran)
    })
}

/// Where the only task of a service is: its address and its node.
fn task_of(manager: usize, service: &str) -> Result<(Ipv4Addr, usize)> {
    let (node, _) = running(manager, service)?.pop_first().context("no task runs")?;
    match service::addresses(manager, service)?.as_slice() {
        [IpAddr::V4(address)] => Ok((*address, node)),
        others => bail!("its addresses are {others:?}"),
    }
}

/// The proof that the network knows no way from `node` to a task on another, with the forwarding entries of both ways: mostly one of them is
/// missing, learnt or wrong, but not always.
///
/// # Errors
/// When another container on that node reaches the task, or one beside the task does not.
fn no_way(manager: usize, node: usize, (task, there): (Ipv4Addr, usize)) -> Result<String> {
    ensure!(node != there, "{task} is not reached from its own node {node}");
    let (far, address) = reaches(manager, node, task)?;
    ensure!(!far, "another container on node {node} reaches {task}, whoever is beside the proxy does not");
    let (near, _) = reaches(manager, there, task)?;
    ensure!(near, "not even a container on its own node {there} reaches {task}");
    let (to, back) = (forwarding(node, task)?, forwarding(there, address)?);
    Ok(format!(
        "another container on node {node} does not reach {task}, one on its own node {there} does; for it node {node} has the entry \
         {to:?}, and for the way back node {there} has {back:?}"
    ))
}

/// Whether a container of `everywhere` on `node` reaches a task past all proxies, and the address of that container.
fn reaches(manager: usize, node: usize, task: Ipv4Addr) -> Result<(bool, Ipv4Addr)> {
    let all = running(manager, "everywhere")?;
    let (_, container) = all.into_iter().find(|(place, _)| *place == node).context("nobody else is on that node")?;
    let mut beside = Visitor::beside(node, &container)?;
    let order = beside.told(What::Reach { task: IpAddr::V4(task), limit: SURE })?;
    let reached = beside.moment(order, 2 * SURE).is_ok();
    let address = docker(node, &["inspect", "--format", "{{.NetworkSettings.Networks.proxy.IPAddress}}", &container])?;
    Ok((reached, address.trim().parse()?))
}
