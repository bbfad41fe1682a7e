//! The index asked about rules instead of requests: which earlier rule takes all that a claim is about, and which rules come after one
//! that may take from them.
//!
//! Both look only where such a rule can stand, and judge it by its conditions: what is found is certain.
//! Not here: what implies what (`route::claim`), and what is said about it (`route::finding`).

use super::{PathIndex, RuleIndex, label_runs};
use crate::route::budget::Budget;
use crate::route::claim::Claim;
use crate::route::few::Few;
use crate::route::host::HostPattern;
use crate::route::path::{Indexable, PathMatcher, PathPattern};
use crate::route::rule::Rule;
use crate::trie::Trie;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Rules that are judged for one claim: thousands may stand at one path that differ in header fields only.
const MOST_JUDGED: u32 = 1000;

/// The search for the first rule that takes a claim.
struct Cover<'i, 'c, R> {
    claim: &'c Claim<'c>,
    /// Only what comes before it counts.
    end: Option<&'c Rule>,
    best: Option<&'i R>,
    left: u32,
    budget: &'c Budget,
}

/// The search for rules that a rule may take from.
struct Covered<'c, V> {
    by: &'c Rule,
    /// Only what comes behind it counts.
    after: Option<&'c Rule>,
    /// How many more places and rules are looked at.
    left: &'c mut u32,
    visit: V,
}

impl<R: AsRef<Rule> + Ord> RuleIndex<R> {
    /// The first rule before `end` that matches every request that `claim` does, as far as the budget goes.
    pub(in crate::route) fn cover(&self, claim: &Claim<'_>, end: Option<&Rule>, budget: &Budget) -> Option<&R> {
        let mut search = Cover { claim, end, best: None, left: MOST_JUDGED, budget };
        search.paths(&self.any_host);
        if let Some(host) = claim.host {
            self.cover_host(host, &mut search);
        }
        search.best
    }

    fn cover_host<'i>(&'i self, host: &HostPattern, search: &mut Cover<'i, '_, R>) {
        let text = host.as_str().as_bytes();
        if let Some(paths) = self.exact.get(text) {
            search.paths(paths);
        }
        self.starts.visit(text, |paths| search.paths(paths));
        let reversed: Vec<u8> = text.iter().rev().copied().collect();
        self.ends.visit(&reversed, |paths| search.paths(paths));
        if !self.labels.is_empty() {
            label_runs(text).filter_map(|run| self.labels.get(run)).for_each(|paths| search.paths(paths));
        }
        search.consider(&self.others);
    }

    /// Calls `visit` with the rules behind `after` that `by` may take requests from, until nothing is left of `left`, which is taken
    /// from for every place that is looked at. A rule may come more than once.
    pub(in crate::route) fn covered<'i>(
        &'i self,
        by: &Rule,
        after: Option<&Rule>,
        left: &mut u32,
        visit: impl FnMut(&'i Arc<R>),
    ) {
        let mut search = Covered { by, after, left, visit };
        // Where nothing is left, all that remains is not looked at.
        let _ = self.look_behind(&mut search);
    }

    fn look_behind<'i, V: FnMut(&'i Arc<R>)>(&'i self, search: &mut Covered<'_, V>) -> ControlFlow<()> {
        let hosts = search.by.hosts();
        if hosts.is_empty() {
            search.paths(&self.any_host)?;
            self.look_at_hosts(search)?;
        }
        for host in hosts {
            let text = host.as_str().as_bytes();
            match host {
                HostPattern::Exact(_) => {
                    self.exact.get(text).map_or(ControlFlow::Continue(()), |at| search.paths(at))?;
                }
                HostPattern::Prefix(_) => {
                    search.below(&self.exact, text)?;
                    search.below(&self.starts, text)?;
                }
                HostPattern::Suffix(_) if !text.is_empty() => {
                    search.below(&self.ends, &text.iter().rev().copied().collect::<Vec<_>>())?;
                    search.below(&self.exact, b"")?;
                }
                _ => self.look_at_hosts(search)?,
            }
        }
        search.few(&self.others)
    }

    fn look_at_hosts<'i, V: FnMut(&'i Arc<R>)>(&'i self, search: &mut Covered<'_, V>) -> ControlFlow<()> {
        [&self.exact, &self.starts, &self.ends, &self.labels].into_iter().try_for_each(|hosts| search.below(hosts, b""))
    }
}

impl<'i, R: AsRef<Rule> + Ord> Cover<'i, '_, R> {
    fn paths(&mut self, paths: &'i PathIndex<R>) {
        self.consider(&paths.any);
        let Some(path) = self.claim.path else { return };
        let text = path.as_str().as_bytes();
        if let Some(rules) = paths.exact.get(text) {
            self.consider(rules);
        }
        paths.starts.visit(start(path), |rules| self.consider(rules));
        self.consider(&paths.others);
    }

    /// Takes the first of `rules` that the claim implies, if it comes before the best one.
    fn consider(&mut self, rules: &'i Few<Arc<R>>) {
        for rule in rules.as_slice() {
            let known: &Rule = (**rule).as_ref();
            let is_late = self.end.is_some_and(|end| known >= end) || self.best.is_some_and(|best| **rule >= *best);
            if is_late || self.left == 0 || !self.budget.spend(known.breadth()) {
                return;
            }
            self.left -= 1;
            if self.claim.implies(known) {
                self.best = Some(rule);
                return;
            }
        }
    }
}

impl<V> Covered<'_, V> {
    fn below<'i, R: AsRef<Rule>>(&mut self, hosts: &'i Trie<PathIndex<R>>, key: &[u8]) -> ControlFlow<()>
    where
        V: FnMut(&'i Arc<R>),
    {
        hosts.visit_below(key, &mut |paths| self.paths(paths))
    }

    fn paths<'i, R: AsRef<Rule>>(&mut self, paths: &'i PathIndex<R>) -> ControlFlow<()>
    where
        V: FnMut(&'i Arc<R>),
    {
        self.spend()?;
        let wanted = self.by.paths();
        if wanted.is_empty() {
            self.few(&paths.any)?;
        }
        for path in wanted {
            match path.indexable() {
                Indexable::Exact(text) => {
                    paths.exact.get(text.as_bytes()).map_or(ControlFlow::Continue(()), |rules| self.few(rules))?;
                }
                Indexable::Prefix(text) => self.rules_below(paths, text.as_bytes())?,
                Indexable::No => self.rules_below(paths, b"")?,
            }
        }
        match wanted.is_empty() {
            true => self.rules_below(paths, b""),
            false => self.few(&paths.others),
        }
    }

    fn rules_below<'i, R: AsRef<Rule>>(&mut self, paths: &'i PathIndex<R>, key: &[u8]) -> ControlFlow<()>
    where
        V: FnMut(&'i Arc<R>),
    {
        paths.starts.visit_below(key, &mut |rules| self.few(rules))?;
        paths.exact.visit_below(key, &mut |rules| self.few(rules))?;
        self.few(&paths.others)
    }

    fn few<'i, R: AsRef<Rule>>(&mut self, rules: &'i Few<Arc<R>>) -> ControlFlow<()>
    where
        V: FnMut(&'i Arc<R>),
    {
        self.spend()?;
        // The last ones first: those at the start are asked before the rule in question.
        for rule in rules.as_slice().iter().rev() {
            if self.after.is_some_and(|after| (**rule).as_ref() <= after) {
                break;
            }
            self.spend()?;
            (self.visit)(rule);
        }
        ControlFlow::Continue(())
    }

    fn spend(&mut self) -> ControlFlow<()> {
        match self.left.checked_sub(1) {
            Some(left) => {
                *self.left = left;
                ControlFlow::Continue(())
            }
            None => ControlFlow::Break(()),
        }
    }
}

/// The starts of paths that a pattern may imply stand on the way to this text: those of its own, or what every path but the empty one has.
fn start(path: &PathPattern) -> &[u8] {
    match path.kind().matcher {
        PathMatcher::Exact | PathMatcher::Prefix => path.as_str().as_bytes(),
        _ => b"/",
    }
}
