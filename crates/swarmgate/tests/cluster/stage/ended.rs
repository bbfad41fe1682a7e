//! Nodes that nobody harmed and whose tasks Docker ends all the same.
//!
//! A leader that is new may have lost sight of a node while nobody led, and then has every task there made again, a replica of the proxy
//! among them. Clients of a cluster have the other replicas then; a visitor has only its own, so what it lost by that is counted
//! apart. Only of a scene in which something was harmed, of a node whose own service has none of its tasks left, and of a replica
//! that ended in good order: one that fails or is killed is never excused. Not here: nodes that a scene has harmed (`harm`).

use super::{HOSTS, Stage, service::addresses};
use crate::{
    figures::figure,
    node::ended_well,
    talk::{Moment, Replica, Tally},
};
use anyhow::Result;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// How long a replica that is told to end may take: no connection to it is made from then on.
const STOPPING: Duration = Duration::from_secs(10);

impl Stage {
    /// Whether Docker has ended all tasks of `service` that were there when the scene began.
    ///
    /// # Errors
    /// When Docker does not say where its tasks are.
    pub(super) fn is_given_up(&self, service: &str) -> Result<bool> {
        let before = self.before.get(service).filter(|_| !self.harm.is_empty());
        let Some(before) = before else { return Ok(false) };
        let now = addresses(self.manager()?, service)?;
        Ok(!before.iter().any(|address| now.contains(address)))
    }

    /// When a replica ended that Docker has ended together with all tasks of its node.
    ///
    /// # Errors
    /// When Docker does not say what became of them.
    pub(super) fn is_ended(&self, (node, container): &Replica) -> Result<Option<Moment>> {
        if !self.is_given_up(HOSTS[*node])? {
            return Ok(None);
        }
        ended_well(*node, container)
    }

    /// Takes out the requests that were lost because Docker ended the replica that they were for; how many.
    ///
    /// # Errors
    /// When Docker does not say what became of it.
    pub(super) fn excuses_ended(&self, service: &str, tally: &mut Tally) -> Result<usize> {
        let all = tally.lost.len();
        let asked: BTreeSet<Replica> = tally.lost.iter().filter_map(|lost| lost.replica.clone()).collect();
        let mut ended = BTreeMap::new();
        for replica in asked {
            if let Some(at) = self.is_ended(&replica)? {
                ended.insert(replica, at.before(STOPPING));
            }
        }
        tally.lost.retain(|lost| {
            let told = lost.replica.as_ref().and_then(|replica| ended.get(replica));
            told.is_none_or(|told| lost.began < *told)
        });
        let excused = all - tally.lost.len();
        if excused > 0 {
            let nodes: Vec<usize> = ended.keys().map(|(node, _)| *node).collect();
            figure(format!(
                "Docker has ended the replicas on nodes {nodes:?} with all tasks there, though nobody harmed them: {excused} requests \
                 for {service} found none"
            ));
        }
        Ok(excused)
    }
}
