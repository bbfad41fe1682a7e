//! Announces nodes as they come, change and go: those that Docker lists and has not lost.
//!
//! Not here: looking at them ([`super::tasks`] does), and deciding what to say ([`crate::announce`]).

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::time::{Instant, sleep_until};

use super::Shared;
use crate::announce::LastSaid;
use crate::node::Node;
use crate::notify::Notifier;
use crate::settings::Settings;

/// Ends with the listener.
pub(super) async fn announce(shared: Arc<Shared>, mut notifier: Notifier, settings: Settings) {
    let mut said = LastSaid::<Node>::new(settings.pace.announce_interval);
    let mut observations = shared.observation.subscribe();
    loop {
        let seen = observations.borrow_and_update().clone();
        let now = Instant::now();
        let mut next = now + settings.reconcile_interval;
        if let Some(seen) = seen {
            let there = seen.nodes.iter().filter(|(_, node)| !node.is_down);
            let there: BTreeMap<_, _> = there.map(|(id, node)| (id.clone(), node.clone())).collect();
            let announcement = said.announce(&there, now);
            for notification in &announcement.notifications {
                notifier.tell(notification).await;
            }
            notifier.confirm();
            next = announcement.due.map_or(next, |due| due.min(next));
        }
        tokio::select! {
            changed = observations.changed() => if changed.is_err() { return },
            () = notifier.is_wanted() => {}
            () = sleep_until(next) => {}
        }
    }
}
