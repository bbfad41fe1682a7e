//! The index over rules: first by host, then by path, then the few candidates in order.
//!
//! A request looks into the rules of every host pattern that matches it, and there into the rules of every path pattern that does;
//! a host or path that is compared in another way than by its start, end, labels or as a whole is asked one by one.
//! Not here: what a rule's other conditions are (`route::rule`).

use super::head::RequestHead;
use super::host::HostPattern;
use super::path::{Indexable, PathPattern};
use super::rule::Rule;
use super::trie::Trie;
use rustc_hash::FxHashMap;

/// Rules in order, indexed.
#[derive(Debug, Default)]
pub(super) struct RuleIndex {
    rules: Vec<Rule>,
    any_host: PathIndex,
    exact: FxHashMap<Box<[u8]>, PathIndex>,
    /// Starts of hosts.
    starts: Trie<PathIndex>,
    /// Ends of hosts, their bytes reversed.
    ends: Trie<PathIndex>,
    /// Runs of whole labels.
    labels: FxHashMap<Box<[u8]>, PathIndex>,
    /// Hosts that no index serves.
    others: Vec<(HostPattern, PathIndex)>,
}

/// The rules of one host pattern, by path.
#[derive(Debug, Default)]
struct PathIndex {
    any: Ranks,
    exact: FxHashMap<Box<[u8]>, Ranks>,
    starts: Trie<Ranks>,
    /// Rules with a path that no index serves.
    others: Ranks,
}

/// Ranks in order. Mostly there is one, which needs no room of its own.
#[derive(Debug, Default)]
struct Ranks {
    first: Option<u32>,
    rest: Vec<u32>,
}

/// The best candidate so far in one search.
struct Search<'s> {
    rules: &'s [Rule],
    head: &'s RequestHead<'s>,
    best: Option<u32>,
}

impl RuleIndex {
    /// Adds a rule behind all others; returns its rank.
    pub(super) fn push(&mut self, rule: Rule) -> usize {
        let rank = u32::try_from(self.rules.len()).expect("a table of four billion rules does not fit in memory");
        if rule.hosts().is_empty() {
            self.any_host.add(rank, rule.paths());
        }
        for host in rule.hosts() {
            self.host(host).add(rank, rule.paths());
        }
        self.rules.push(rule);
        rank as usize
    }

    pub(super) fn rule(&self, rank: usize) -> Option<&Rule> {
        self.rules.get(rank)
    }

    pub(super) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rank of the first rule that holds. `host` is the normalised host of `head`.
    pub(super) fn find(&self, head: &RequestHead<'_>, host: Option<&[u8]>) -> Option<usize> {
        if self.rules.is_empty() {
            return None;
        }
        let mut search = Search { rules: &self.rules, head, best: None };
        self.any_host.search(&mut search);
        if let Some(host) = host {
            self.search_host(host, &mut search);
        }
        search.best.map(|rank| rank as usize)
    }

    fn search_host(&self, host: &[u8], search: &mut Search<'_>) {
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
        for (pattern, paths) in &self.others {
            if pattern.matches(host) {
                paths.search(search);
            }
        }
    }

    /// The rules of a host pattern, made if it is new.
    fn host(&mut self, pattern: &HostPattern) -> &mut PathIndex {
        match pattern {
            HostPattern::Exact(text) => self.exact.entry(text.as_bytes().into()).or_default(),
            HostPattern::Prefix(text) => self.starts.entry(text.as_bytes()),
            HostPattern::Suffix(text) => {
                let reversed: Vec<u8> = text.bytes().rev().collect();
                self.ends.entry(&reversed)
            }
            HostPattern::Labels(text) if is_plain_run(text) => self.labels.entry(text.as_bytes().into()).or_default(),
            HostPattern::Labels(_) | HostPattern::Substring(_) | HostPattern::Regex(_) => self.other(pattern),
        }
    }

    fn other(&mut self, pattern: &HostPattern) -> &mut PathIndex {
        let place = self.others.iter().position(|(known, _)| known == pattern).unwrap_or_else(|| {
            self.others.push((pattern.clone(), PathIndex::default()));
            self.others.len() - 1
        });
        &mut self.others[place].1
    }
}

impl PathIndex {
    fn add(&mut self, rank: u32, paths: &[PathPattern]) {
        if paths.is_empty() {
            self.any.add(rank);
        }
        for path in paths {
            match path.indexable() {
                Indexable::Exact(text) => self.exact.entry(text.as_bytes().into()).or_default().add(rank),
                Indexable::Prefix(text) => self.starts.entry(text.as_bytes()).add(rank),
                Indexable::No => self.others.add(rank),
            }
        }
    }

    fn search(&self, search: &mut Search<'_>) {
        search.consider(&self.any);
        if let Some(ranks) = self.exact.get(search.head.path) {
            search.consider(ranks);
        }
        self.starts.visit(search.head.path, |ranks| search.consider(ranks));
        search.consider_others(&self.others);
    }
}

impl Search<'_> {
    /// Takes the first of `ranks` that holds, if it comes before the best one. Host and path are known to match.
    fn consider(&mut self, ranks: &Ranks) {
        self.take_first(ranks, |rule, head| rule.rest_holds(head));
    }

    /// The same for rules whose path is not known to match.
    fn consider_others(&mut self, ranks: &Ranks) {
        self.take_first(ranks, |rule, head| rule.rest_holds(head) && rule.path_holds(head.path));
    }

    fn take_first(&mut self, ranks: &Ranks, holds: impl Fn(&Rule, &RequestHead<'_>) -> bool) {
        let before_best = |rank: &u32| self.best.is_none_or(|best| *rank < best);
        let first = ranks.iter().take_while(before_best).find(|rank| holds(&self.rules[*rank as usize], self.head));
        self.best = first.or(self.best);
    }
}

impl Ranks {
    /// Adds a rank that is higher than all others. A rule with the same path twice is one candidate.
    fn add(&mut self, rank: u32) {
        match self.first {
            None => self.first = Some(rank),
            Some(_) if self.iter().next_back() == Some(rank) => {}
            Some(_) => self.rest.push(rank),
        }
    }

    fn iter(&self) -> impl DoubleEndedIterator<Item = u32> {
        self.first.into_iter().chain(self.rest.iter().copied())
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
