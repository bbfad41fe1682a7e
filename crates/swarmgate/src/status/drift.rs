//! When a difference between replicas is drift, and not a change that is under way.
//!
//! Not here: asking replicas (`replicas`).

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;
use tokio::time::Instant;

/// A change reaches all replicas within this, where they are told of it.
pub(super) const SETTLED: Duration = Duration::from_secs(2);
/// Replicas of which one or the other always changes are still alike now and then.
const LONGEST_CHANGE: Duration = Duration::from_secs(60);

/// Replicas that serve something else than this one, and since when.
#[derive(Debug)]
pub(super) struct Drift {
    by_replica: BTreeMap<IpAddr, Difference>,
    /// How long two replicas may differ in the same way.
    patience: Duration,
}

#[derive(Debug)]
struct Difference {
    /// Since when they were never seen alike.
    began: Instant,
    /// What they serve: this one, and the other.
    digests: (String, String),
    /// Since when they serve that.
    since: Instant,
}

/// What is thought of a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// It serves the same.
    Alike,
    /// It serves something else, perhaps for a moment.
    Different,
    /// It serves something else, and goes on with it.
    Drifting,
}

impl Drift {
    /// `patience`: how long a change needs to reach every replica.
    pub(super) fn new(patience: Duration) -> Drift {
        Drift { by_replica: BTreeMap::new(), patience }
    }

    /// A look at the replica `ip`, which serves `theirs` while this one serves `ours`.
    pub(super) fn look(&mut self, ip: IpAddr, ours: &str, theirs: &str, now: Instant) -> Seen {
        if ours == theirs {
            self.by_replica.remove(&ip);
            return Seen::Alike;
        }
        let digests = (ours.to_owned(), theirs.to_owned());
        let known = self.by_replica.entry(ip).or_insert_with(|| Difference {
            began: now,
            digests: digests.clone(),
            since: now,
        });
        if known.digests != digests {
            (known.digests, known.since) = (digests, now);
        }
        let stays = now.duration_since(known.since) >= self.patience;
        let always = now.duration_since(known.began) >= LONGEST_CHANGE.max(self.patience);
        if stays || always { Seen::Drifting } else { Seen::Different }
    }

    /// Forgets replicas of which nothing can be said now.
    pub(super) fn keep(&mut self, seen: &[IpAddr]) {
        self.by_replica.retain(|ip, _| seen.contains(ip));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));

    /// Looks at moments in seconds, with what this replica and the other serve then.
    fn looks(looks: &[(u64, &str, &str)]) -> Vec<Seen> {
        let (mut drift, began) = (Drift::new(Duration::from_secs(5)), Instant::now());
        let at = |seconds: u64| began + Duration::from_secs(seconds);
        looks.iter().map(|(seconds, ours, theirs)| drift.look(ONE, ours, theirs, at(*seconds))).collect()
    }

    #[test]
    fn replicas_that_differ_in_the_same_way_for_longer_than_a_change_needs_drift() {
        use Seen::{Alike, Different, Drifting};
        assert_eq!(
            looks(&[(0, "a", "a"), (10, "a", "b"), (14, "a", "b"), (15, "a", "b")]),
            [Alike, Different, Different, Drifting]
        );
        assert_eq!(looks(&[(0, "a", "b"), (4, "a", "a"), (5, "a", "b")]), [Different, Alike, Different]);
    }

    #[test]
    fn changes_that_follow_each_other_are_no_drift_for_a_minute() {
        use Seen::{Different, Drifting};
        assert_eq!(looks(&[(0, "a", "b"), (4, "c", "b"), (8, "c", "d")]), [Different; 3]);
        assert_eq!(looks(&[(0, "a", "b"), (59, "c", "b"), (60, "c", "d")]), [Different, Different, Drifting]);
    }

    #[test]
    fn a_replica_that_was_gone_begins_anew() {
        let (mut drift, now) = (Drift::new(Duration::ZERO), Instant::now());
        assert_eq!(drift.look(ONE, "a", "b", now), Seen::Drifting);
        drift.patience = SETTLED;
        drift.keep(&[]);
        assert_eq!(drift.look(ONE, "a", "b", now + Duration::from_secs(1)), Seen::Different);
    }
}
