//! Looks through all services, also those that are not announced, for labels in the wrong place.
//!
//! That costs Docker the list of everything, so it is done at the start and after events, not often, and for no more than a
//! hundredth of the time.
//! Not here: what is wrong with a label ([`crate::labels`]).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tracing::{debug, warn};

use super::Shared;
use crate::labels;
use crate::task_list::Remark;

/// A look is followed by so many times the time it took without one.
const REST: u32 = 100;

/// Never ends. `pause` is the least time between two looks.
pub(super) async fn inspect(shared: Arc<Shared>, pause: Duration) {
    let mut told = BTreeSet::new();
    loop {
        let began = Instant::now();
        match shared.engine.services(None).await {
            Ok(services) => {
                let remarks = services.iter().filter_map(|service| labels::remark(service, &shared.selection));
                told = tell(&shared, told, remarks.collect());
            }
            Err(error) => {
                debug!("services cannot be looked through: {error}");
                shared.inspect.notify_one();
            }
        }
        sleep(pause.max(began.elapsed() * REST)).await;
        shared.inspect.notified().await;
    }
}

/// Logs what is new, and publishes all. Returns what is true now, so that a mistake that comes back is told again.
fn tell(shared: &Shared, told: BTreeSet<Remark>, now: BTreeSet<Remark>) -> BTreeSet<Remark> {
    for Remark { service_name, text } in now.difference(&told) {
        warn!("Service {}: {text}", service_name.escape_debug());
    }
    let remarks: Vec<_> = now.iter().cloned().collect();
    shared.remarks.send_if_modified(|known| {
        let is_new = *known != remarks;
        *known = remarks;
        is_new
    });
    now
}
