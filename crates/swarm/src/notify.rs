//! Tells receivers, over HTTP, what is to be said, until each has accepted it or something newer is said.
//!
//! Each receiver is served on its own, and each thing that is said: one that is slow or refuses delays no other. A receiver that could
//! not be reached has probably forgotten everything by the time it answers again, so it is told everything again.
//! Not here: deciding what is to be said ([`crate::announce`]).

mod delivery;
mod looking;
mod reach;
mod target;

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::sync::Arc;

use model::catalog::ListenerId;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use tokio::sync::{Notify, watch};
use tokio::task::{self, JoinSet};
use tokio::time::Instant;
use tracing::{error, info};

use crate::announce::{Kind, Notification};
use crate::figures::Counts;
use crate::settings::{Pace, Settings};
use delivery::{Delivery, Sender};
use reach::Reach;
use target::Target;

/// Says to a proxy of this project whose list of services holds what is notified, so that it goes with that list should a removal be lost.
/// Docker Flow's proxy does not look at it.
const MARK: HeaderName = HeaderName::from_static("swarmgate-notification");

/// With this header a proxy of this project says that a refusal is its last word about what it was told: only something else, or a proxy that
/// has started anew, can be answered otherwise; where another service stood in the way, the proxy's own list takes it once that has gone. Docker Flow's says 400 also of what it accepts later.
pub const FINAL_REFUSAL: (&str, &str) = ("swarmgate-refusal", "final");

/// Owns all deliveries; dropping it cancels them.
pub(crate) struct Notifier {
    /// Those who are told of creations; their places are their numbers.
    created: Vec<Arc<Target>>,
    removed: Vec<Arc<Target>>,
    sender: Sender,
    still_true: watch::Sender<()>,
    /// A receiver is back.
    wanted: Arc<Notify>,
    /// What was said last about everything that is there.
    there: BTreeMap<String, Arc<Notification>>,
    /// What is under way about each thing. At most one notification, to each of its receivers: a newer one replaces it.
    under_way: HashMap<String, UnderWay>,
    /// Look for those who are told of creations, which is all that can be told again.
    _looking: JoinSet<()>,
}

/// Deliveries of one notification, each to another receiver.
#[derive(Default)]
struct UnderWay {
    deliveries: JoinSet<()>,
    /// The numbers of their receivers.
    to: HashMap<task::Id, usize>,
}

impl Notifier {
    /// For services. Addresses that cannot be used are logged and left out. Fails only if no HTTP client can be made.
    pub(crate) fn for_services(
        settings: &Settings,
        counts: &Arc<Counts>,
        id: ListenerId,
    ) -> Result<Self, reqwest::Error> {
        let created = usable(Kind::ServiceCreated, &settings.create_urls, &settings.create_methods);
        let removed = usable(Kind::ServiceRemoved, &settings.remove_urls, &settings.remove_methods);
        Self::new(settings, counts, id, [created, removed])
    }

    /// For nodes, likewise.
    pub(crate) fn for_nodes(settings: &Settings, counts: &Arc<Counts>, id: ListenerId) -> Result<Self, reqwest::Error> {
        let created = usable(Kind::NodeCreated, &settings.create_node_urls, &[]);
        let removed = usable(Kind::NodeRemoved, &settings.remove_node_urls, &[]);
        Self::new(settings, counts, id, [created, removed])
    }

    fn new(
        settings: &Settings,
        counts: &Arc<Counts>,
        id: ListenerId,
        [created, removed]: [Vec<Target>; 2],
    ) -> Result<Self, reqwest::Error> {
        let (still_true, receiver) = watch::channel(());
        let wanted = Arc::new(Notify::new());
        let mut reaches = HashMap::new();
        let mut placed = |mut target: Target| {
            let reach = reaches.entry(target.authority());
            target.reach = Arc::clone(reach.or_insert_with_key(|authority| Arc::new(Reach::new(authority, &wanted))));
            Arc::new(target)
        };
        let created: Vec<_> = created.into_iter().map(&mut placed).collect();
        Ok(Notifier {
            _looking: looking_for(&created, &settings.pace),
            created,
            removed: removed.into_iter().map(&mut placed).collect(),
            sender: Sender {
                client: client(settings, id)?,
                retry: settings.retry,
                retry_interval: settings.retry_interval,
                still_true: receiver,
                counts: Arc::clone(counts),
            },
            still_true,
            wanted,
            there: BTreeMap::new(),
            under_way: HashMap::new(),
        })
    }

    /// Whether there is anybody to tell.
    pub(crate) fn has_receivers(&self) -> bool {
        !(self.created.is_empty() && self.removed.is_empty())
    }

    /// Starts to tell all receivers. What was still under way about the same thing is cancelled first.
    pub(crate) async fn tell(&mut self, notification: &Notification) {
        if let Some(mut superseded) = self.under_way.remove(&notification.key) {
            superseded.deliveries.shutdown().await;
        }
        let notification = Arc::new(notification.clone());
        let targets = if notification.kind.is_creation() {
            self.there.insert(notification.key.clone(), Arc::clone(&notification));
            &self.created
        } else {
            self.there.remove(&notification.key);
            &self.removed
        };
        let mut under_way = UnderWay::default();
        for (number, target) in targets.iter().enumerate() {
            under_way.start(number, Delivery::new(&notification, Arc::clone(target), self.sender.clone()).run());
        }
        self.under_way.insert(notification.key.clone(), under_way);
    }

    /// Everything said is still true: failed deliveries get another try, finished ones are forgotten, and who is back is told
    /// everything.
    pub(crate) fn confirm(&mut self) {
        self.still_true.send_replace(());
        self.under_way.retain(|_, under_way| under_way.is_going_on());
        let now = Instant::now();
        let back: Vec<_> = self.created.iter().map(|target| target.reach.takes_all_again(now)).collect();
        for number in (0..back.len()).filter(|number| back[*number]) {
            self.tell_all_again(number);
        }
        self.created.iter().zip(back).filter(|(_, back)| *back).for_each(|(target, _)| target.reach.told_all(now));
    }

    /// Ready when there is somebody to tell everything again, with [`Notifier::confirm`].
    pub(crate) async fn is_wanted(&self) {
        self.wanted.notified().await;
    }

    /// What is under way to it anyhow is not told twice.
    fn tell_all_again(&mut self, number: usize) {
        let target = &self.created[number];
        info!("{} can be reached again and is told everything", target.reach.authority());
        for (key, notification) in &self.there {
            let under_way = self.under_way.entry(key.clone()).or_default();
            if !under_way.is_told(number) {
                under_way.start(number, Delivery::new(notification, Arc::clone(target), self.sender.clone()).run());
            }
        }
    }
}

impl UnderWay {
    fn start(&mut self, number: usize, delivery: impl Future<Output = ()> + Send + 'static) {
        let id = self.deliveries.spawn(delivery).id();
        self.to.insert(id, number);
    }

    fn is_told(&self, number: usize) -> bool {
        self.to.values().any(|other| *other == number)
    }

    /// Forgets what has ended, also by a panic, which only a bug can make it do.
    fn is_going_on(&mut self) -> bool {
        while let Some(ended) = self.deliveries.try_join_next_with_id() {
            let id = match ended {
                Ok((id, ())) => id,
                Err(panic) => {
                    error!("a notification ended by a panic");
                    panic.id()
                }
            };
            self.to.remove(&id);
        }
        !self.deliveries.is_empty()
    }
}

/// One for each host and port.
fn looking_for(created: &[Arc<Target>], pace: &Pace) -> JoinSet<()> {
    let reaches: HashMap<_, _> = created.iter().map(|target| (target.authority(), &target.reach)).collect();
    let look = |reach| looking::look_for(Arc::clone(reach), pace.receiver_pause, pace.connect_timeout);
    reaches.into_values().map(look).collect()
}

fn usable(what: Kind, urls: &[String], methods: &[String]) -> Vec<Target> {
    let mut targets = Vec::new();
    for target in Target::all(urls, methods) {
        match target {
            Ok(target) => targets.push(target),
            Err(problem) => error!("{what} notifications: {problem}; it is left out"),
        }
    }
    targets
}

/// Every request has its own connection: behind a service's name the addresses change, and a few requests a minute gain
/// nothing from keeping connections. Proxies from the environment are not asked.
fn client(settings: &Settings, id: ListenerId) -> Result<reqwest::Client, reqwest::Error> {
    let mark = HeaderValue::try_from(id.to_string()).expect("digits are a value");
    let always = settings.authorization.iter().map(|value| (AUTHORIZATION, value.clone())).chain([(MARK, mark)]);
    reqwest::Client::builder()
        .no_proxy()
        .pool_max_idle_per_host(0)
        .connect_timeout(settings.pace.connect_timeout)
        .timeout(settings.pace.request_timeout)
        .user_agent("swarmgate")
        .default_headers(always.collect())
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};

    #[tokio::test]
    async fn bug_a_delivery_that_panicked_hid_that_others_had_ended() {
        let mut under_way = UnderWay::default();
        under_way.start(0, pending());
        under_way.start(1, async { panic!("as a test wants") });
        under_way.start(2, ready(()));
        task::yield_now().await;
        assert!(under_way.is_going_on());
        assert_eq!([0, 1, 2].map(|number| under_way.is_told(number)), [true, false, false]);
    }
}
