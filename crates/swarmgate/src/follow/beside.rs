//! Following the listener that lives in this process: what it announces is handed to the writer as it comes, without HTTP.
//!
//! Only the newest is handed over, one service after the other, each once the one before is live: a slow writer delays the listener in nothing,
//! and a listener that ends, or hangs on Docker, leaves everything as it is. What the writer refuses is not said again before it changes.
//! Not here: asking for the whole list now and then, which heals what calls have changed (`follow`).

use crate::certificates::{Certificates, service};
use crate::controller::{Controller, Stopping};
use crate::readiness::Readiness;
use model::ServiceName;
use model::catalog::{Command, List, ListenerId, Tick};
use swarm::{Announced, News};

/// Hands over what a listener announces.
pub struct Beside {
    /// What the listener announces.
    pub announced: Announced,
    /// Who it is.
    pub id: ListenerId,
    /// The writer.
    pub controller: Controller,
    /// The owner of all certificates, also of those that services bring.
    pub certificates: Certificates,
    /// Set by the first list.
    pub readiness: Readiness,
}

impl Beside {
    /// Until the listener or the writer is gone.
    pub async fn run(mut self) {
        // What it announces before its first list is in the list too.
        let (services, from) = (Vec::new(), vec![self.id]);
        let nothing = List { services, complete: false, asked: Tick::default(), from };
        if self.controller.command(Command::Reconcile(nothing)).await.is_err() {
            return;
        }
        while let Some(news) = self.announced.next().await {
            let (is_first, count) = (news.is_first, news.changed.len());
            if self.hand_over(news).await.is_err() {
                return;
            }
            if is_first && !self.readiness.has_list() {
                tracing::info!("Ready: {count} services of this Swarm are taken over");
                self.readiness.set();
            }
        }
    }

    async fn hand_over(&self, news: News) -> Result<(), Stopping> {
        for params in news.changed {
            // The writer logs what it refuses; the service is in quarantine then.
            if let Ok(done) = self.controller.command(Command::Notify(params, self.id)).await? {
                service::keep(&self.certificates, &self.controller, &done.applied, true).await;
            }
        }
        for name in news.gone.iter().filter_map(|name| ServiceName::parse(name)) {
            let _ = self.controller.command(Command::Remove(name)).await?;
        }
        Ok(())
    }
}
