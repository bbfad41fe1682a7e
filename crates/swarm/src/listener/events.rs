//! Follows Docker's events of services and nodes, and asks for a listing and a look at the tasks at each.
//!
//! What an event says is not read: it is a hint that the list may have changed.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tracing::{debug, info, warn};

use super::Shared;
use crate::backoff::Backoff;
use crate::docker::{DockerError, EventTime};
use crate::figures::Operation;

/// Never ends. A stream that breaks, or says nothing for `silence`, is opened again where it ended.
pub(super) async fn follow(shared: Arc<Shared>, silence: Duration) {
    info!("Listening to Docker Service Events");
    info!("Listening to Docker Node Events");
    let mut follower = Follower { shared, silence, since: EventTime::now(), backoff: Backoff::new(), is_cut: false };
    loop {
        let Err(error) = follower.follow_one_stream().await else { continue };
        follower.cut(&error);
        sleep(follower.backoff.lengthen()).await;
    }
}

struct Follower {
    shared: Arc<Shared>,
    silence: Duration,
    /// The newest event that was seen, or the start. Docker tells what came after it when a stream is opened.
    since: EventTime,
    backoff: Backoff,
    /// The last stream broke and none has worked since: said once, not at every try.
    is_cut: bool,
}

impl Follower {
    /// Ends well when the stream was silent for so long that it may be dead, which looks the same as a quiet Swarm.
    async fn follow_one_stream(&mut self) -> Result<(), DockerError> {
        let mut events = self.shared.engine.events(self.since).await?;
        self.shared.counts.streams.add();
        loop {
            let Ok(event) = timeout(self.silence, events.next()).await else {
                self.works();
                return Ok(());
            };
            if let Some(time) = event? {
                self.works();
                self.since = self.since.max(time);
            }
            self.wake();
        }
    }

    fn works(&mut self) {
        self.backoff.reset();
        self.is_cut = false;
    }

    /// Whatever happened meanwhile may have been forgotten by Docker too, if it was restarted: the list tells.
    fn cut(&mut self, error: &DockerError) {
        self.shared.counts.failed(Operation::Events);
        if self.is_cut {
            debug!("{error}");
        } else {
            warn!("{error}, Restarting docker event stream");
        }
        self.is_cut = true;
        self.wake();
    }

    fn wake(&self) {
        self.shared.wake.notify_one();
        self.shared.stir.notify_one();
        self.shared.inspect.notify_one();
    }
}
