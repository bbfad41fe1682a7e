//! All replicas side by side: what each of them serves, and whether one goes on serving something else.
//!
//! A replica that differs asks its listeners at once: most drift is a change that did not arrive, and is over before anybody is told of it.
//! Not here: who the replicas are (`peers`), and when a difference is drift (`drift`).

use super::drift::{Drift, SETTLED, Seen};
use super::{Depth, Report, Status};
use crate::follow::Resync;
use crate::peers::{NotTaken, Peers, body_of, taken};
use model::catalog::Digest;
use proxy::is_own;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Mutex as AsyncMutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// How often the others are looked at.
const LOOK: Duration = Duration::from_secs(10);
/// What other replicas are asked: no question of theirs in turn, and nothing by the number of services.
const QUESTION: &str = "/v1/docker-flow-proxy/status?distribute=false&services=false";
/// How long a comparison is told to whoever asks.
const REMEMBERED: Duration = Duration::from_secs(1);
/// The longest answer, in bytes.
const LONGEST_ANSWER: usize = 64 * 1024;

/// Compares this replica with all others. Clones share what they have seen.
#[derive(Clone)]
pub struct Replicas {
    peers: Peers,
    status: Status,
    /// Has the listeners asked, if there are any.
    resync: Resync,
    drift: Arc<Mutex<Drift>>,
    /// The last comparison, for those who ask while it is made or soon after it.
    last: Arc<AsyncMutex<Option<Remembered>>>,
}

/// A comparison that is good for another moment.
struct Remembered {
    comparison: Comparison,
    /// When it was over.
    at: Instant,
    /// What this replica served then.
    digest: Digest,
}

/// A replica beside the others.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ReplicaReport {
    /// Its address; the name that DNS was asked for where that is all there is.
    pub address: String,
    /// The number of its live world, which each replica counts for itself.
    pub generation: Option<u64>,
    /// Replicas that serve the same have the same.
    pub digest: Option<String>,
    /// Why it says nothing.
    pub error: Option<String>,
    /// Whether it serves something else than the replica that was asked, and goes on with it.
    pub drift: bool,
}

/// All replicas at one moment.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// In the order of their addresses, this one among them.
    pub replicas: Vec<ReplicaReport>,
    /// DNS does not know who they are: a proxy outside a Swarm, or one whose SERVICE_NAME is another.
    pub is_unknown: bool,
    /// One serves something else, and it cannot be said yet whether it goes on with it.
    is_open: bool,
}

/// What is read of another replica's status.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    generation: u64,
    digest: String,
    ready: bool,
}

impl Replicas {
    /// Compares `status` with all `peers`. Where there are listeners that are asked every `interval`, replicas may differ so long.
    pub fn new(peers: Peers, status: Status, resync: Resync, interval: Duration) -> Replicas {
        let drift = Arc::new(Mutex::new(Drift::new(interval + SETTLED)));
        Replicas { peers, status, resync, drift, last: Arc::default() }
    }

    /// All replicas now, or within the last second. However many ask, the others are asked once at a time: anybody may ask.
    pub async fn compare(&self) -> Comparison {
        let mut last = self.last.lock().await;
        let digest = self.status.controller.catalog().digest();
        if let Some(known) = last.as_ref().filter(|known| known.at.elapsed() < REMEMBERED && known.digest == digest) {
            return known.comparison.clone();
        }
        let comparison = self.look_closely().await;
        let digest = self.status.controller.catalog().digest();
        *last = Some(Remembered { comparison: comparison.clone(), at: Instant::now(), digest });
        comparison
    }

    /// Where one differs it is looked at twice, some two seconds apart: it may be in the middle of a change.
    async fn look_closely(&self) -> Comparison {
        let first = self.look().await;
        if !first.is_open {
            return first;
        }
        sleep(SETTLED).await;
        self.look().await
    }

    /// Looks again and again, heals what can be healed, and tells of drift when it begins and when it ends; never ends itself.
    pub async fn watch(self) {
        let mut drifting = BTreeSet::new();
        loop {
            sleep(LOOK).await;
            let mut seen = self.look().await;
            if seen.is_open || seen.drifts() {
                self.resync();
            }
            while seen.is_open {
                sleep(SETTLED).await;
                seen = self.look().await;
            }
            drifting = tell(&seen, &drifting);
            self.status.board.compared(&seen);
        }
    }

    /// Asks the listeners at once. Nobody waits for the answer: the next look shows whether it helped.
    fn resync(&self) {
        let resync = self.resync.clone();
        tokio::spawn(async move { resync.now().await });
    }

    async fn look(&self) -> Comparison {
        let addresses = match self.peers.all().await {
            Ok(addresses) => addresses,
            Err(error) => return Comparison::unknown(self.peers.name(), error),
        };
        let mut asked = JoinSet::new();
        for ip in addresses.iter().copied().filter(|ip| !is_own(*ip)) {
            let request = self.peers.question(ip, QUESTION);
            asked.spawn(async move { (ip, ask(request).await) });
        }
        let answers = asked.join_all().await;
        // What this one serves after the others have said what they serve: it may have changed meanwhile.
        let own = Answer::of(&self.status.report(Depth::Summary));
        let mut replicas = Vec::new();
        let is_open = self.judge(answers, &own, &mut replicas);
        let ours = addresses.into_iter().filter(|ip| is_own(*ip));
        replicas.extend(ours.map(|ip| (ip, own.report(ip, false))));
        replicas.sort_unstable_by_key(|(ip, _)| *ip);
        let replicas = replicas.into_iter().map(|(_, report)| report).collect();
        Comparison { replicas, is_unknown: false, is_open }
    }

    /// Adds a row for each answer. Whether it cannot be said yet of one whether it drifts.
    fn judge(
        &self,
        answers: Vec<(IpAddr, Result<Answer, NotTaken>)>,
        own: &Answer,
        rows: &mut Vec<(IpAddr, ReplicaReport)>,
    ) -> bool {
        let mut drift = self.drift.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut compared, mut is_open) = (Vec::new(), false);
        for (ip, answer) in answers {
            let report = match answer {
                Ok(answer) if own.ready && answer.ready => {
                    compared.push(ip);
                    let seen = drift.look(ip, &own.digest, &answer.digest, Instant::now());
                    is_open |= seen == Seen::Different;
                    answer.report(ip, seen == Seen::Drifting)
                }
                // One of them is still on its way.
                Ok(answer) => answer.report(ip, false),
                Err(error) => silent(ip.to_string(), error.to_string()),
            };
            rows.push((ip, report));
        }
        drift.keep(&compared);
        is_open
    }
}

impl Comparison {
    fn unknown(name: String, error: String) -> Comparison {
        Comparison { replicas: vec![silent(name, error)], is_unknown: true, is_open: false }
    }

    /// Whether one drifts.
    pub fn drifts(&self) -> bool {
        self.replicas.iter().any(|replica| replica.drift)
    }
}

impl Answer {
    fn of(report: &Report) -> Answer {
        Answer { generation: report.generation, digest: report.digest.clone(), ready: report.ready }
    }

    fn report(&self, ip: IpAddr, drift: bool) -> ReplicaReport {
        let (generation, digest) = (Some(self.generation), Some(self.digest.clone()));
        ReplicaReport { address: ip.to_string(), generation, digest, error: None, drift }
    }
}

fn silent(address: String, error: String) -> ReplicaReport {
    ReplicaReport { address, generation: None, digest: None, error: Some(error), drift: false }
}

async fn ask(request: reqwest::RequestBuilder) -> Result<Answer, NotTaken> {
    let body = body_of(taken(request).await?, LONGEST_ANSWER).await?;
    serde_json::from_slice(&body).map_err(|error| NotTaken::Unreachable(format!("its answer is not a status: {error}")))
}

/// One line for each replica that begins to drift or ends it; those that drift now.
fn tell(seen: &Comparison, before: &BTreeSet<String>) -> BTreeSet<String> {
    let drifting = seen.replicas.iter().filter(|replica| replica.drift);
    let drifting: BTreeSet<_> = drifting.map(|replica| replica.address.clone()).collect();
    for address in drifting.difference(before) {
        tracing::warn!(
            "Replica {address} serves something else than this one; GET /v1/docker-flow-proxy/status shows all replicas"
        );
    }
    for address in before.difference(&drifting) {
        tracing::info!("Replica {address} drifts no more, or is gone");
    }
    drifting
}
