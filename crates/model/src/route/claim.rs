//! Claims: what a rule asks for, one host and one path at a time, and whether another rule matches all of it.
//!
//! A rule matches what any of its claims does, so it never gets a request when each claim of it is another's already.
//! Not here: finding the other rule among thousands (`route::index::cover`), and telling people (`route::finding`).

use super::host::HostPattern;
use super::path::PathPattern;
use super::rule::{Rule, RuleKind};

/// Claims of one rule that are looked at: a service with hundreds of domains and paths has too many combinations of them.
const MOST_CLAIMS: usize = 1024;

/// A rule with one of its hosts and one of its paths.
#[derive(Clone, Copy)]
pub(super) struct Claim<'r> {
    pub(super) rule: &'r Rule,
    /// `None`: any host, or none.
    pub(super) host: Option<&'r HostPattern>,
    /// `None`: any path.
    pub(super) path: Option<&'r PathPattern>,
}

impl<'r> Claim<'r> {
    /// The claims of a rule.
    pub(super) fn of(rule: &'r Rule) -> Vec<Claim<'r>> {
        let (hosts, paths) = (each(rule.hosts()), each(rule.paths()));
        let all = paths.iter().flat_map(|path| hosts.iter().map(move |host| Claim { rule, host: *host, path: *path }));
        all.take(MOST_CLAIMS).collect()
    }

    /// How many there are of a rule.
    pub(super) fn count_of(rule: &Rule) -> usize {
        (rule.hosts().len().max(1) * rule.paths().len().max(1)).min(MOST_CLAIMS)
    }

    /// Whether every request that this claim matches is matched by `other`. A yes is certain.
    pub(super) fn implies(&self, other: &Rule) -> bool {
        self.implied_by(other).is_some()
    }

    /// The claim of `other` that matches every request that this one matches.
    pub(super) fn implied_by<'o>(&self, other: &'o Rule) -> Option<Claim<'o>> {
        let path = wider(self.path, other.paths(), PathPattern::implies)?;
        let host = wider(self.host, other.hosts(), HostPattern::implies)?;
        self.rest_implies(other).then_some(Claim { rule: other, host, path })
    }

    /// Whether all conditions of `other` but host and path hold wherever those of this rule do.
    fn rest_implies(&self, other: &Rule) -> bool {
        let port_holds = other.source_port().is_none_or(|port| self.rule.source_port() == Some(port));
        port_holds
            && match other.kind() {
                RuleKind::Plain => self.has_fields_of(other) && self.has_agents_of(other) && self.passes(other),
                RuleKind::Https => self.has_agents_of(other) && self.passes(other),
                RuleKind::RedirectFromDomain => true,
                // They ask for a field of the request, which no other rule does in the same way.
                RuleKind::RedirectWhenHttpProto | RuleKind::RedirectUnlessHttpsProto => false,
            }
    }

    fn has_fields_of(&self, other: &Rule) -> bool {
        let mine: &[_] = if self.rule.kind() == RuleKind::Plain { &self.rule.destination().headers } else { &[] };
        let has = |(name, value): &(String, String)| {
            mine.iter().any(|(mine, said)| mine.eq_ignore_ascii_case(name) && said == value)
        };
        other.destination().headers.iter().all(has)
    }

    fn has_agents_of(&self, other: &Rule) -> bool {
        let forwards = matches!(self.rule.kind(), RuleKind::Plain | RuleKind::Https);
        let mine: &[_] = if forwards { &self.rule.destination().agents } else { &[] };
        let theirs = &other.destination().agents;
        let is_wider = |agent: &String| theirs.iter().any(|wider| agent.contains(wider.as_str()));
        theirs.is_empty() || (!mine.is_empty() && mine.iter().all(is_wider))
    }

    /// Whether no path of this claim is one that `other` leaves out.
    fn passes(&self, other: &Rule) -> bool {
        let forwards = matches!(self.rule.kind(), RuleKind::Plain | RuleKind::Https);
        let left_out: &[_] = if forwards { &self.rule.destination().excluded_paths } else { &[] };
        other.destination().excluded_paths.iter().all(|excluded| {
            let apart = self.path.is_some_and(|path| path.excludes(excluded));
            apart || left_out.iter().any(|mine| excluded.implies(mine))
        })
    }
}

/// The patterns one by one, or the one that says nothing.
fn each<P>(patterns: &[P]) -> Vec<Option<&P>> {
    match patterns {
        [] => vec![None],
        patterns => patterns.iter().map(Some).collect(),
    }
}

/// The first of `patterns` that `pattern` implies; `Some(None)` if they ask for nothing.
fn wider<'o, P>(pattern: Option<&P>, patterns: &'o [P], implies: impl Fn(&P, &P) -> bool) -> Option<Option<&'o P>> {
    match patterns {
        [] => Some(None),
        patterns => patterns.iter().find(|other| pattern.is_some_and(|mine| implies(mine, other))).map(Some),
    }
}
