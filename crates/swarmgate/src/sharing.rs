//! How new replicas get the certificates that the others have.
//!
//! Without a secret of the cluster, replicas send theirs to every address that appears in `tasks.<SERVICE_NAME>`: a replica need not ask, and nobody
//! who asks gets keys. With it, a new replica asks for them before it is ready, and shows the secret.
//! Not here: a certificate that is distributed to all replicas as it is put (`api::cert`), and who gets keys that asks (`api::certs`).

mod fetch;
mod send;

use crate::certificates::Certificates;
use crate::peers::Peers;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;

/// How often DNS is asked for replicas. A new one has its certificates well within two seconds.
const LOOK: Duration = Duration::from_millis(500);

/// How long DNS is left alone where it does not know the service: a proxy outside a Swarm.
const LONGEST_LOOK: Duration = Duration::from_secs(2);

/// Whether the other replicas were asked for their certificates once, where they are to be asked.
#[derive(Clone)]
pub struct Asked(Arc<AtomicBool>);

/// Starts to share certificates with all other replicas, as one of `tasks`.
pub fn start(tasks: &mut JoinSet<()>, peers: Peers, certificates: Certificates) -> Asked {
    let by_secret = peers.secret().is_some();
    let asked = Asked(Arc::new(AtomicBool::new(!by_secret)));
    match by_secret {
        true => tasks.spawn(fetch::run(peers, certificates, asked.clone())),
        false => tasks.spawn(send::run(peers, certificates)),
    };
    asked
}

impl Asked {
    /// Whether they were.
    pub fn is_over(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
