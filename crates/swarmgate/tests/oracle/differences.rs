//! The differences that are meant: where our answer is not HAProxy's, and why. Each is taken out of a comparison where it applies; what
//! is left is a fault. The list is a section of docs/migration.md.
//!
//! Not here: things that mean the same however they are written (`outcome`).

mod list;

pub(crate) use list::DIFFERENCES;

use crate::ask::Ask;
use crate::case::Case;
use crate::outcome::Outcome;

/// One of them.
pub(crate) struct Difference {
    /// The name, which begins that of its case: `difference-<name>`.
    pub(crate) name: &'static str,
    /// What differs, and why, for an operator.
    pub(crate) reason: &'static str,
    /// Takes the difference out of both sides where it applies, and nothing else.
    pub(crate) take_out: fn(&mut Compared<'_>),
}

/// Both answers to one ask.
pub(crate) struct Compared<'c> {
    pub(crate) case: &'c Case,
    pub(crate) ask: &'c Ask,
    pub(crate) ours: Outcome,
    pub(crate) haproxy: Outcome,
}

impl Compared<'_> {
    /// Takes out what is meant, and names it; the rest must be the same.
    pub(crate) fn explain(&mut self) -> Vec<&'static str> {
        let mut names = Vec::new();
        for difference in DIFFERENCES {
            if self.ours == self.haproxy {
                break;
            }
            let before = (self.ours.clone(), self.haproxy.clone());
            (difference.take_out)(self);
            if (&before.0, &before.1) != (&self.ours, &self.haproxy) {
                names.push(difference.name);
            }
        }
        names
    }

    /// What differs, in a few words, so that faults of one cause are shown once.
    pub(crate) fn kind(&self) -> String {
        let (ours, haproxy) = (&self.ours, &self.haproxy);
        let mut kinds = Vec::new();
        if ours.failure != haproxy.failure {
            kinds.push(format!("failure {:?} / {:?}", ours.failure, haproxy.failure));
        }
        for (what, ours, haproxy) in
            [("requests", &ours.forwarded, &haproxy.forwarded), ("answers", &ours.answers, &haproxy.answers)]
        {
            if ours.len() != haproxy.len() {
                kinds.push(format!("{} / {} {what}", ours.len(), haproxy.len()));
            }
            kinds.extend(ours.iter().zip(haproxy).flat_map(|(ours, haproxy)| ours.differs(haproxy)));
        }
        kinds.dedup();
        kinds.join(", ")
    }
}
