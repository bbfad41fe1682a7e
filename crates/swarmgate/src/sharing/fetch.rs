//! Asking the other replicas for their certificates.
//!
//! Not here: replicas that send theirs (`send`).

use super::{Asked, LONGEST_LOOK, LOOK};
use crate::api::{Cert, Certs};
use crate::certificates::{CertName, Certificates, NotStored, Outcome, Upload};
use crate::peers::{NotTaken, Peers, body_of, taken};
use axum::http::StatusCode;
use proxy::is_own;
use std::net::IpAddr;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// A replica is ready after this, with what it has got.
const LONGEST_FIRST_TRY: Duration = Duration::from_secs(5);
/// Replicas that are asked at one time: each may have a long list.
const AT_ONCE: usize = 2;
const LONGEST_RETRY: Duration = Duration::from_secs(5);
/// The longest list of certificates that is taken, in bytes.
const LONGEST_LIST: usize = 64 * 1024 * 1024;

#[derive(Debug, thiserror::Error)]
enum NoList {
    #[error("its DFP_CLUSTER_SECRET is another one, or one of both has none")]
    OtherSecret,
    #[error(transparent)]
    NotTaken(NotTaken),
    #[error("its list is not one: {0}")]
    Json(#[from] serde_json::Error),
}

/// Asks once before this replica is ready, and then until it is a member of its service and every other member has answered: what is distributed
/// from then on reaches it.
pub(super) async fn run(peers: Peers, certificates: Certificates, asked: Asked) {
    let mut told = Vec::new();
    let first = async {
        let others = peers.others().await.unwrap_or_default();
        fetch_all(&peers, &certificates, others, &mut told).await
    };
    if !matches!(timeout(LONGEST_FIRST_TRY, first).await, Ok(true)) {
        tracing::warn!("Not all other replicas have given their certificates; asking on");
    }
    asked.set();
    let mut retry = LOOK;
    loop {
        sleep(retry).await;
        let mut others = peers.all().await.unwrap_or_default();
        let all = others.len();
        others.retain(|ip| !is_own(*ip));
        let is_member = others.len() < all;
        if is_member && fetch_all(&peers, &certificates, others, &mut told).await {
            break;
        }
        retry = (retry * 2).min(if is_member { LONGEST_RETRY } else { LONGEST_LOOK });
    }
}

/// Asks the others, and takes over what is newer than ours. Whether all have answered. `told` are those whose silence was told.
async fn fetch_all(peers: &Peers, certificates: &Certificates, others: Vec<IpAddr>, told: &mut Vec<IpAddr>) -> bool {
    let (mut others, mut questions) = (others.into_iter(), JoinSet::new());
    let mut all = true;
    loop {
        for ip in others.by_ref().take(AT_ONCE - questions.len()) {
            let peers = peers.clone();
            questions.spawn(async move { (ip, fetch(&peers, ip).await) });
        }
        let Some(answer) = questions.join_next().await else { return all };
        match answer {
            Ok((ip, Ok(certs))) => take_over(certificates, ip, certs).await,
            Ok((ip, Err(error))) => {
                all = false;
                if !told.contains(&ip) {
                    tracing::warn!("Replica {ip} does not give its certificates: {error}");
                    told.push(ip);
                }
            }
            Err(_) => all = false,
        }
    }
}

impl From<NotTaken> for NoList {
    fn from(reason: NotTaken) -> NoList {
        match reason {
            NotTaken::Refused(StatusCode::UNAUTHORIZED) => NoList::OtherSecret,
            reason => NoList::NotTaken(reason),
        }
    }
}

async fn fetch(peers: &Peers, ip: IpAddr) -> Result<Vec<Cert>, NoList> {
    let reply = taken(peers.question(ip, "/v1/docker-flow-proxy/certs")).await?;
    let certs: Certs = serde_json::from_slice(&body_of(reply, LONGEST_LIST).await?)?;
    Ok(certs.certs.unwrap_or_default())
}

async fn take_over(certificates: &Certificates, ip: IpAddr, certs: Vec<Cert>) {
    let mut stored = 0;
    for Cert { proxy_service_name: name, cert_content: pem, .. } in certs {
        let Some(name) = CertName::parse(&name) else {
            tracing::warn!("Replica {ip} has a certificate whose name is none: {name:?}");
            continue;
        };
        match certificates.put(Upload { name, pem: pem.into_bytes().into(), only_newer: true, bringer: None }).await {
            Ok(Outcome::Stored) => stored += 1,
            Ok(Outcome::Kept) => {}
            Err(NotStored::Stopping(_)) => return,
            Err(error) => tracing::warn!("From replica {ip}: {error}"),
        }
    }
    if stored > 0 {
        tracing::info!("{stored} certificates of replica {ip} are taken over");
    }
}
