//! What scenes do to nodes, and how the Swarm sees it.

use super::{GRACE, Stage, eventually};
use crate::{
    node::{MANAGERS, cluster, docker_within},
    talk::{Lost, Moment},
};
use anyhow::{Context, Result, ensure};
use std::time::Duration;

impl Stage {
    /// Takes nodes away, by `off` or `cut`; when.
    ///
    /// # Errors
    /// When that fails.
    pub(crate) fn takes_away(&mut self, verb: &str, nodes: &[usize]) -> Result<Moment> {
        self.gather()?;
        // Whoever stands beside a replica on that node sees nothing that a client outside could see.
        self.visitors.retain(|visitor| !nodes.contains(&visitor.node));
        let now = Moment::now();
        self.harm.push(now);
        for &node in nodes {
            self.away.insert(node);
            cluster(verb, node)?;
        }
        self.load_both()?;
        Ok(now)
    }

    /// A node is given back what was taken, and is ready again.
    ///
    /// # Errors
    /// When it does not come to that.
    pub(crate) fn comes_back(&mut self, node: usize) -> Result<()> {
        match cluster("alive", node) {
            Ok(_) => cluster("heal", node)?,
            Err(_) => cluster("on", node)?,
        };
        self.away.remove(&node);
        eventually(&format!("node {node}"), || {
            let ready = self.node_states()?;
            ensure!(ready.contains(&format!("node-{node} Ready")), "{ready:?}");
            Ok(())
        })
    }

    /// A manager that is there.
    ///
    /// # Errors
    /// When none is.
    pub(crate) fn manager(&self) -> Result<usize> {
        MANAGERS.rev().find(|node| !self.away.contains(node)).context("all managers are away")
    }

    /// The manager that leads, once the managers that are there agree on one.
    ///
    /// # Errors
    /// When they do not.
    pub(crate) fn leader(&self) -> Result<usize> {
        let listed =
            docker_within(2, self.manager()?, &["node", "ls", "--format", "{{.Hostname}} {{.ManagerStatus}}"])?;
        let leader = listed.lines().find_map(|line| line.strip_suffix(" Leader")?.strip_prefix("node-")?.parse().ok());
        leader.filter(|leader| !self.away.contains(leader)).with_context(|| format!("no leader in {listed:?}"))
    }

    /// Waits until the managers that are there have a leader; when they had.
    ///
    /// # Errors
    /// When it does not come to that.
    pub(crate) fn elects(&self) -> Result<Moment> {
        eventually("a leader", || self.leader().map(|_| Moment::now()))
    }

    /// Waits until the Swarm says that a node is down.
    ///
    /// # Errors
    /// When it does not.
    pub(crate) fn sees_down(&self, node: usize) -> Result<Moment> {
        eventually(&format!("the end of node {node}"), || {
            let states = self.node_states()?;
            ensure!(states.contains(&format!("node-{node} Down")), "{states:?}");
            Ok(Moment::now())
        })
    }

    /// Whether a lost request is one that a lost node may take along.
    pub(super) fn is_excused(&self, lost: &Lost) -> bool {
        let near = |harm: &Moment| lost.began.plus(Duration::from_secs(1)) >= *harm && lost.began <= harm.plus(GRACE);
        self.harm.iter().any(near)
    }

    fn node_states(&self) -> Result<Vec<String>> {
        let listed = docker_within(5, self.manager()?, &["node", "ls", "--format", "{{.Hostname}} {{.Status}}"])?;
        Ok(listed.lines().map(str::to_owned).collect())
    }
}
