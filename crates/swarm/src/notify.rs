//! Tells receivers, over HTTP, what is to be said, until each has accepted it or something newer is said.
//!
//! Each receiver is served on its own, and each service: one that is slow or refuses delays no other.
//! Not here: deciding what is to be said ([`crate::announce`]).

mod delivery;
mod target;

use std::collections::HashMap;
use std::sync::Arc;

use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::error;

use crate::announce::{Kind, Notification};
use crate::settings::Settings;
use delivery::{Delivery, Sender};
use target::Target;

/// Says to a proxy of this project that the list of services holds what is notified, so that it goes with the list should a removal be lost.
/// Docker Flow's proxy does not look at it.
const MARK: (HeaderName, HeaderValue) =
    (HeaderName::from_static("swarmgate-notification"), HeaderValue::from_static("listener"));

/// Owns all deliveries; dropping it cancels them.
pub(crate) struct Notifier {
    created: Vec<Arc<Target>>,
    removed: Vec<Arc<Target>>,
    sender: Sender,
    still_true: watch::Sender<()>,
    /// What is under way about each service. At most one notification, to each of its receivers: a newer one replaces it.
    deliveries: HashMap<String, JoinSet<()>>,
}

impl Notifier {
    /// Addresses that cannot be used are logged and left out. Fails only if no HTTP client can be made.
    pub(crate) fn new(settings: &Settings) -> Result<Self, reqwest::Error> {
        let (still_true, receiver) = watch::channel(());
        let sender = Sender {
            client: client(settings)?,
            retry: settings.retry,
            retry_interval: settings.retry_interval,
            still_true: receiver,
        };
        Ok(Notifier {
            created: usable(Kind::Created, &settings.create_urls, &settings.create_methods),
            removed: usable(Kind::Removed, &settings.remove_urls, &settings.remove_methods),
            sender,
            still_true,
            deliveries: HashMap::new(),
        })
    }

    /// Whether there is anybody to tell.
    pub(crate) fn has_receivers(&self) -> bool {
        !(self.created.is_empty() && self.removed.is_empty())
    }

    /// Starts to tell all receivers. What was still under way about the same service is cancelled first.
    pub(crate) async fn tell(&mut self, notification: &Notification) {
        if let Some(mut superseded) = self.deliveries.remove(&notification.service) {
            superseded.shutdown().await;
        }
        let targets = match notification.kind {
            Kind::Created => &self.created,
            Kind::Removed => &self.removed,
        };
        let mut deliveries = JoinSet::new();
        for target in targets {
            deliveries.spawn(Delivery::new(notification, Arc::clone(target), self.sender.clone()).run());
        }
        self.deliveries.insert(notification.service.clone(), deliveries);
    }

    /// Everything said is still true: failed deliveries get another try, finished ones are forgotten.
    pub(crate) fn confirm(&mut self) {
        self.still_true.send_replace(());
        self.deliveries.retain(|_, deliveries| {
            while deliveries.try_join_next().is_some() {}
            !deliveries.is_empty()
        });
    }
}

fn usable(what: Kind, urls: &[String], methods: &[String]) -> Vec<Arc<Target>> {
    let mut targets = Vec::new();
    for target in Target::all(urls, methods) {
        match target {
            Ok(target) => targets.push(Arc::new(target)),
            Err(problem) => error!("{what} notifications: {problem}; it is left out"),
        }
    }
    targets
}

/// Every request has its own connection: behind a service's name the addresses change, and a few requests a minute gain
/// nothing from keeping connections. Proxies from the environment are not asked.
fn client(settings: &Settings) -> Result<reqwest::Client, reqwest::Error> {
    let always = settings.authorization.iter().map(|value| (AUTHORIZATION, value.clone())).chain([MARK]);
    reqwest::Client::builder()
        .no_proxy()
        .pool_max_idle_per_host(0)
        .connect_timeout(settings.pace.connect_timeout)
        .timeout(settings.pace.request_timeout)
        .user_agent("swarmgate")
        .default_headers(always.collect())
        .build()
}
