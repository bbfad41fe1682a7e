//! Findings: routes that never get what they ask for, because another one is asked first and takes all of it.
//!
//! Docker Flow's order (aclName, not the longest path first) and its paths, which are starts of texts and not of segments, surprise
//! people: `/digital` of one service takes all that `/digitalproduct` of another asks for. Such routes are taken as they are, and told.
//! What is told is certain. What is not told may be hidden all the same: by several rules together, or by a regular expression.
//! Not here: what implies what (`route::claim`), the words (`finding::words`), and whom to tell (the program).

mod words;

use super::budget::Budget;
use super::claim::Claim;
use super::host::HostPattern;
use super::path::PathPattern;
use super::rule::{Rule, RuleKind};
use super::{Route, RouteTable};
use crate::service::{Service, ServiceName};
use std::collections::BTreeSet;
use words::Words;

/// Findings of a whole table; who has more has one cause for all of them.
const MOST: usize = 1000;
/// Services behind a changed one that are named in one answer.
const MOST_BEHIND: usize = 10;
/// Places of the index that are looked at for them: about a tenth of a millisecond.
const MOST_LOOKED_AT: u32 = 2000;
/// Comparisons for one answer: some milliseconds.
const MOST_COMPARED: u64 = 200_000;

/// Hosts and paths of a service that no request reaches, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Whose they are.
    pub service: ServiceName,
    /// Who gets the requests: another service, or an earlier destination of the same one.
    pub by: ServiceName,
    /// The parameter and its value, those that take its requests, why, and the ways out. Holds no secret.
    pub text: String,
}

/// What of a rule is another's: each of these paths at each of these hosts.
struct Hidden<'t> {
    rule: &'t Rule,
    by: &'t Rule,
    paths: Vec<&'t PathPattern>,
    hosts: Vec<&'t HostPattern>,
    /// The first of its claims, and the one that takes it.
    example: (Claim<'t>, Claim<'t>),
}

impl RouteTable {
    /// All findings, at most 1000, in the order of the services' rules. Costs some microseconds a rule: nothing for a thread that serves.
    pub fn findings(&self) -> Vec<Finding> {
        let redirects = self.redirects().filter(|rule| rule.kind() == RuleKind::RedirectFromDomain);
        let rules = redirects.chain(self.rules().map(|(rule, _)| rule));
        let budget = Budget::unlimited();
        each_once(rules.flat_map(|rule| self.findings_of(rule, &budget)).take(MOST))
    }

    /// The findings that name this service: what of it is hidden, and then what it hides of the services behind it. Of those only the
    /// ones that are found at once, at most ten; of rules with very many hosts and paths not all is found. It must be one of the table's.
    pub fn findings_about(&self, service: &Service) -> Vec<Finding> {
        let Some(compiled) = self.services.get(super::rule::Order::of(service).as_bytes()) else { return Vec::new() };
        let own =
            || compiled.redirects.iter().map(|rule| &**rule).chain(compiled.routes.iter().map(|route| &route.rule));
        let (mut left, budget) = (MOST_LOOKED_AT, Budget::of(MOST_COMPARED));
        // What is hidden of it comes first, also where the budget does not go far.
        let hidden: Vec<_> = own().flat_map(|rule| self.findings_of(rule, &budget)).collect();
        let mut behind: Vec<_> = own().flat_map(|rule| self.behind(rule, &mut left, &budget)).collect();
        behind.sort_by_key(|rule| (rule.kind() != RuleKind::RedirectFromDomain, *rule));
        behind.dedup_by(|one, another| is_same(one, another));
        let hides = |finding: &Finding| finding.by == service.name && finding.service != service.name;
        let behind = behind.into_iter().filter(|rule| rule.service().name != service.name);
        let behind = behind.flat_map(|rule| self.findings_of(rule, &budget)).filter(hides).take(MOST_BEHIND);
        each_once(hidden.into_iter().chain(behind))
    }

    fn findings_of<'t>(&'t self, rule: &'t Rule, budget: &Budget) -> Vec<Finding> {
        self.hidden(rule, budget).iter().map(Hidden::finding).collect()
    }

    /// The claims of a rule that an earlier rule takes, together where they are told together.
    fn hidden<'t>(&'t self, rule: &'t Rule, budget: &Budget) -> Vec<Hidden<'t>> {
        let mut hidden: Vec<Hidden<'t>> = Vec::new();
        if !budget.spend(Claim::count_of(rule)) {
            return hidden;
        }
        for claim in Claim::of(rule) {
            let Some(by) = self.cover(&claim, budget) else { continue };
            let Some(example) = claim.implied_by(by).map(|wider| (claim, wider)) else { continue };
            let same = hidden.iter_mut().find(|known| is_same(known.by, by) && known.example.0.path == claim.path);
            match same {
                Some(known) => known.hosts.extend(claim.host),
                None => hidden.push(Hidden {
                    rule,
                    by,
                    paths: claim.path.into_iter().collect(),
                    hosts: claim.host.into_iter().collect(),
                    example,
                }),
            }
        }
        join(hidden)
    }

    /// The rule that takes all requests of a claim before its own rule is asked.
    fn cover(&self, claim: &Claim<'_>, budget: &Budget) -> Option<&Rule> {
        let target = |rule: &Rule| rule.destination().first_domain.clone();
        match claim.rule.kind() {
            RuleKind::Plain | RuleKind::Https => {
                let rules = || self.rules.cover(claim, Some(claim.rule), budget).map(Route::rule);
                self.redirects.cover(claim, None, budget).or_else(rules)
            }
            RuleKind::RedirectFromDomain => {
                let by = self.redirects.cover(claim, Some(claim.rule), budget);
                by.filter(|by| target(by) != target(claim.rule))
            }
            // Whoever redirects first, it is to the same place.
            RuleKind::RedirectWhenHttpProto | RuleKind::RedirectUnlessHttpsProto => None,
        }
    }

    /// Rules behind `by`, some claim of which it takes. Some more than once.
    fn behind<'t>(&'t self, by: &Rule, left: &mut u32, budget: &Budget) -> Vec<&'t Rule> {
        let mut behind = Vec::new();
        let takes = |rule: &Rule| {
            budget.spend(Claim::count_of(rule) * by.breadth()) && Claim::of(rule).iter().any(|claim| claim.implies(by))
        };
        let mut visit = |rule: &'t Rule| {
            if takes(rule) {
                behind.push(rule);
            }
        };
        match by.kind() {
            RuleKind::Plain | RuleKind::Https => {
                self.rules.covered(by, Some(by), left, |route| visit(&route.rule));
            }
            RuleKind::RedirectFromDomain => {
                self.redirects.covered(by, Some(by), left, |rule| visit(rule));
                self.rules.covered(by, None, left, |route| visit(&route.rule));
            }
            RuleKind::RedirectWhenHttpProto | RuleKind::RedirectUnlessHttpsProto => {}
        }
        behind
    }
}

impl Route {
    fn rule(&self) -> &Rule {
        &self.rule
    }
}

/// Several rules of a service may give rise to the same words.
fn each_once(findings: impl Iterator<Item = Finding>) -> Vec<Finding> {
    let mut told = BTreeSet::new();
    findings.filter(|finding| told.insert(finding.clone())).collect()
}

/// Rules are compared by their places, and a redirect may have the place of a route.
fn is_same(one: &Rule, another: &Rule) -> bool {
    one == another && one.kind() == another.kind()
}

/// Joins paths that are hidden by the same rule at the same hosts.
fn join(hidden: Vec<Hidden<'_>>) -> Vec<Hidden<'_>> {
    let mut joined: Vec<Hidden<'_>> = Vec::new();
    for one in hidden {
        match joined.iter_mut().find(|known| is_same(known.by, one.by) && known.hosts == one.hosts) {
            Some(known) => known.paths.extend(one.paths),
            None => joined.push(one),
        }
    }
    joined
}

impl Hidden<'_> {
    fn finding(&self) -> Finding {
        let text = Words { hidden: self }.to_string();
        Finding { service: self.rule.service().name.clone(), by: self.by.service().name.clone(), text }
    }
}

#[cfg(test)]
mod tests;
