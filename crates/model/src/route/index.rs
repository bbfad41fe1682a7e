//! The index over rules: first by host, then by path, then the few candidates in order.
//!
//! A request looks into the rules of every host pattern that matches it, and there into the rules of every path pattern that does;
//! a host or path that is compared in another way than by its start, end, labels or as a whole is asked one by one.
//! A clone shares all but what changes afterwards.
//! Not here: what a rule's other conditions are (`route::rule`).

mod cover;

use super::few::Few;
use super::head::RequestHead;
use super::host::HostPattern;
use super::path::Indexable;
use super::rule::Rule;
use crate::trie::Trie;
use std::sync::Arc;

/// Longer texts are asked one by one: the depth of a trie has a limit.
const LONGEST_KEY: usize = 1024;

/// Rules, or what they lead to (`R`), indexed.
#[derive(Clone, Debug)]
pub(super) struct RuleIndex<R> {
    any_host: PathIndex<R>,
    exact: Trie<PathIndex<R>>,
    /// Starts of hosts.
    starts: Trie<PathIndex<R>>,
    /// Ends of hosts, their bytes reversed.
    ends: Trie<PathIndex<R>>,
    /// Runs of whole labels.
    labels: Trie<PathIndex<R>>,
    /// Rules with a host that no index serves.
    others: Few<Arc<R>>,
}

/// The rules of one host pattern, by path.
#[derive(Clone, Debug)]
struct PathIndex<R> {
    any: Few<Arc<R>>,
    exact: Trie<Few<Arc<R>>>,
    starts: Trie<Few<Arc<R>>>,
    /// Rules with a path that no index serves.
    others: Few<Arc<R>>,
}

/// What is done to the rules of each host and path of a rule: it is added, or taken out.
type Change<R> = fn(&mut Few<Arc<R>>, &Arc<R>);

/// What a trie keeps, so that it keeps nothing that is empty.
trait Part: Clone + Default {
    fn is_empty(&self) -> bool;
}

/// The best candidate so far in one search.
struct Search<'i, 's, R> {
    head: &'s RequestHead<'s>,
    /// Normalised.
    host: Option<&'s [u8]>,
    best: Option<&'i R>,
}

impl<R: AsRef<Rule> + Clone + Ord> RuleIndex<R> {
    /// Adds a rule.
    pub(super) fn add(&mut self, rule: &Arc<R>) {
        self.change(rule, Few::add);
    }

    /// Takes a rule out.
    pub(super) fn take(&mut self, rule: &Arc<R>) {
        self.change(rule, Few::take);
    }

    fn change(&mut self, rule: &Arc<R>, change: Change<R>) {
        let hosts = (**rule).as_ref().hosts();
        if hosts.is_empty() {
            self.any_host.change(rule, change);
        }
        for host in hosts {
            let trie = match host {
                HostPattern::Exact(_) => &mut self.exact,
                HostPattern::Prefix(_) => &mut self.starts,
                HostPattern::Suffix(_) => &mut self.ends,
                HostPattern::Labels(text) if is_plain_run(text) => &mut self.labels,
                HostPattern::Labels(_) | HostPattern::Substring(_) | HostPattern::Regex(_) => {
                    change(&mut self.others, rule);
                    continue;
                }
            };
            let mut key = host.as_str().as_bytes().to_vec();
            if let HostPattern::Suffix(_) = host {
                key.reverse();
            }
            match key.len() {
                ..=LONGEST_KEY => update(trie, &key, |paths| paths.change(rule, change)),
                _ => change(&mut self.others, rule),
            }
        }
    }

    /// The first rule that holds. `host` is the normalised host of `head`.
    pub(super) fn find(&self, head: &RequestHead<'_>, host: Option<&[u8]>) -> Option<&R> {
        let mut search = Search { head, host, best: None };
        self.any_host.search(&mut search);
        if let Some(host) = host {
            self.search_host(host, &mut search);
        }
        search.best
    }

    fn search_host<'i>(&'i self, host: &[u8], search: &mut Search<'i, '_, R>) {
        if let Some(paths) = self.exact.get(host) {
            paths.search(search);
        }
        self.starts.visit(host, |paths| paths.search(search));
        if !self.ends.is_empty() {
            let reversed: Vec<u8> = host.iter().rev().copied().collect();
            self.ends.visit(&reversed, |paths| paths.search(search));
        }
        if !self.labels.is_empty() {
            for run in label_runs(host) {
                if let Some(paths) = self.labels.get(run) {
                    paths.search(search);
                }
            }
        }
        search.consider(&self.others, |rule, search| rule.path_holds(search.head.path) && rule.host_holds(search.host));
    }
}

impl<R: AsRef<Rule> + Clone + Ord> PathIndex<R> {
    fn change(&mut self, rule: &Arc<R>, change: Change<R>) {
        let paths = (**rule).as_ref().paths();
        if paths.is_empty() {
            change(&mut self.any, rule);
        }
        for path in paths {
            match path.indexable() {
                Indexable::Exact(text) if text.len() <= LONGEST_KEY => {
                    update(&mut self.exact, text.as_bytes(), |rules| change(rules, rule));
                }
                Indexable::Prefix(text) if text.len() <= LONGEST_KEY => {
                    update(&mut self.starts, text.as_bytes(), |rules| change(rules, rule));
                }
                _ => change(&mut self.others, rule),
            }
        }
    }

    fn search<'i>(&'i self, search: &mut Search<'i, '_, R>) {
        search.consider(&self.any, |_, _| true);
        if let Some(rules) = self.exact.get(search.head.path) {
            search.consider(rules, |_, _| true);
        }
        self.starts.visit(search.head.path, |rules| search.consider(rules, |_, _| true));
        search.consider(&self.others, |rule, search| rule.path_holds(search.head.path));
    }
}

impl<'i, R: AsRef<Rule> + Ord> Search<'i, '_, R> {
    /// Takes the first of `rules` that holds, if it comes before the best one; `holds` asks for what the index does not know yet.
    fn consider(&mut self, rules: &'i Few<Arc<R>>, holds: impl Fn(&Rule, &Self) -> bool) {
        for rule in rules.as_slice() {
            if self.best.is_some_and(|best| **rule >= *best) {
                return;
            }
            if (**rule).as_ref().rest_holds(self.head) && holds((**rule).as_ref(), self) {
                self.best = Some(rule);
                return;
            }
        }
    }
}

/// Changes what a trie keeps at `key`, which it keeps only if it is not empty.
fn update<P: Part>(trie: &mut Trie<P>, key: &[u8], mut change: impl FnMut(&mut P)) {
    trie.update(key, &mut |slot| {
        let part = slot.get_or_insert_default();
        change(part);
        if part.is_empty() {
            *slot = None;
        }
    });
}

impl<T: Clone> Part for Few<T> {
    fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }
}

impl<R: Clone> Part for PathIndex<R> {
    fn is_empty(&self) -> bool {
        self.any.is_empty() && self.exact.is_empty() && self.starts.is_empty() && self.others.is_empty()
    }
}

impl<R> Default for RuleIndex<R> {
    fn default() -> Self {
        RuleIndex {
            any_host: PathIndex::default(),
            exact: Trie::default(),
            starts: Trie::default(),
            ends: Trie::default(),
            labels: Trie::default(),
            others: Few::default(),
        }
    }
}

impl<R> Default for PathIndex<R> {
    fn default() -> Self {
        PathIndex { any: Few::default(), exact: Trie::default(), starts: Trie::default(), others: Few::default() }
    }
}

/// Whether a run of labels is looked up as it stands: no empty label at its ends, and no address with colons.
fn is_plain_run(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('.') && !text.ends_with('.') && !text.contains(':')
}

/// All runs of whole labels of a host: of `a.b.c`: `a`, `a.b`, `a.b.c`, `b`, `b.c`, `c`.
fn label_runs(host: &[u8]) -> impl Iterator<Item = &[u8]> {
    let starts = std::iter::once(0).chain(memchr::memchr_iter(b'.', host).map(|dot| dot + 1));
    starts.flat_map(move |start| {
        let ends = memchr::memchr_iter(b'.', &host[start..]).map(move |dot| start + dot).chain([host.len()]);
        ends.map(move |end| &host[start..end])
    })
}
