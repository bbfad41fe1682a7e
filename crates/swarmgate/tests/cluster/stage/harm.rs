//! What scenes do to nodes, and how the Swarm sees it.

use super::{GRACE, Stage, eventually, service::running};
use crate::{
    node::{MANAGERS, cluster, docker_within},
    talk::{Lost, Moment, Tally},
};
use anyhow::{Context, Result, ensure};

/// What was done to a node in a scene.
pub(super) struct Harm {
    pub(super) node: usize,
    at: Moment,
    /// Whether it is cut off some time later, rather than at once.
    fades: bool,
}

impl Stage {
    /// Takes nodes away, by `off` or `cut`; when.
    ///
    /// # Errors
    /// When that fails.
    pub(crate) fn takes_away(&mut self, verb: &str, nodes: &[usize]) -> Result<Moment> {
        let now = self.harms(nodes)?;
        for &node in nodes {
            self.away.insert(node);
            cluster(verb, node)?;
        }
        Ok(now)
    }

    /// From now on nodes may take along what is under way to them, and nobody asks from beside them; when that is.
    ///
    /// # Errors
    /// When a visitor is gone already.
    pub(crate) fn harms(&mut self, nodes: &[usize]) -> Result<Moment> {
        self.records(nodes, false)
    }

    /// The same for a node whose daemon is away: its containers go on, and the daemons of the others forget the way to them, at a
    /// moment that nobody tells.
    ///
    /// # Errors
    /// When a visitor is gone already.
    pub(crate) fn fades(&mut self, node: usize) -> Result<Moment> {
        self.records(&[node], true)
    }

    fn records(&mut self, nodes: &[usize], fades: bool) -> Result<Moment> {
        self.gather()?;
        // Whoever stands beside a replica on that node sees nothing that a client outside could see.
        self.visitors.retain(|visitor| !nodes.contains(&visitor.node));
        self.load_all()?;
        let now = Moment::now();
        println!("  {now}: harm to nodes {nodes:?}");
        self.harm.extend(nodes.iter().map(|&node| Harm { node, at: now, fades }));
        Ok(now)
    }

    /// A node is given back what was taken, and is ready again.
    ///
    /// # Errors
    /// When it does not come to that.
    pub(crate) fn comes_back(&mut self, node: usize) -> Result<()> {
        match cluster("alive", node) {
            Ok(_) => self.heals(node)?,
            Err(_) => {
                cluster("on", node)?;
                self.away.remove(&node);
            }
        }
        self.sees(node, "Ready").map(|_| ())
    }

    /// A node that was cut off is reached again. What the Swarm has given up there ends now, and is harmed once more.
    ///
    /// # Errors
    /// When a visitor is gone.
    pub(crate) fn heals(&mut self, node: usize) -> Result<()> {
        self.harms(&[node])?;
        self.away.remove(&node);
        cluster("heal", node).map(|_| ())
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
        self.leader_as_seen_by(self.manager()?)
    }

    /// The same from one of them.
    ///
    /// # Errors
    /// When it knows of none.
    pub(crate) fn leader_as_seen_by(&self, manager: usize) -> Result<usize> {
        let listed = docker_within(2, manager, &["node", "ls", "--format", "{{.Hostname}} {{.ManagerStatus}}"])?;
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

    /// Waits until the Swarm says that a node is `Ready`, or `Down`; when it did.
    ///
    /// # Errors
    /// When it does not.
    pub(crate) fn sees(&self, node: usize, state: &str) -> Result<Moment> {
        eventually(&format!("node {node} to be {state}"), || {
            let states = self.node_states()?;
            ensure!(states.contains(&format!("node-{node} {state}")), "{states:?}");
            Ok(Moment::now())
        })
    }

    /// The node of the listener, and its container.
    ///
    /// # Errors
    /// When none runs.
    pub(crate) fn listener(&self) -> Result<(usize, String)> {
        running(self.manager()?, "swarm-listener")?.pop_first().context("no listener runs")
    }

    /// Takes out the lost requests that a harmed node may take along; how many.
    pub(super) fn excuses(&self, tally: &mut Tally) -> usize {
        let all = tally.lost.len();
        for harm in &self.harm {
            let ended = |lost: &Lost| harm.at.since(lost.began) <= GRACE && lost.began.since(harm.at) <= GRACE;
            let first = tally.lost.iter().map(|lost| lost.began).filter(|began| *began >= harm.at).min();
            let faded = |lost: &Lost| harm.fades && first.is_some_and(|first| lost.began.since(first) <= GRACE);
            tally.lost.retain(|lost| !ended(lost) && !faded(lost));
        }
        all - tally.lost.len()
    }

    fn node_states(&self) -> Result<Vec<String>> {
        let listed = docker_within(5, self.manager()?, &["node", "ls", "--format", "{{.Hostname}} {{.Status}}"])?;
        Ok(listed.lines().map(str::to_owned).collect())
    }
}
