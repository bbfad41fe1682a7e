//! Sending certificates to every new replica, until it has taken them or is gone.
//!
//! Not here: replicas that ask (`fetch`).

use super::{LONGEST_LOOK, LOOK};
use crate::api::{KEPT, ONLY_NEWER};
use crate::certificates::{Certificates, Shared};
use crate::peers::{NotTaken, Peers, body_of, taken};
use axum::http::Method;
use proxy::is_own;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::sleep;

/// Replicas that are sent to at one time.
const AT_ONCE: usize = 8;
const FIRST_RETRY: Duration = Duration::from_millis(250);
const LONGEST_RETRY: Duration = Duration::from_secs(2);
/// The longest reply that is looked at, in bytes.
const LONGEST_REPLY: usize = 64 * 1024;

/// Looks for new replicas until it is dropped. An address that leaves DNS and comes again is a new one.
pub(super) async fn run(peers: Peers, certificates: Certificates) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut known: BTreeMap<IpAddr, AbortHandle> = BTreeMap::new();
    let mut sending = JoinSet::new();
    let mut wait = LOOK;
    loop {
        match peers.all().await {
            Ok(addresses) => {
                wait = LOOK;
                let addresses = others(addresses);
                known.retain(|ip, sending| {
                    let stays = addresses.contains(ip);
                    if !stays {
                        sending.abort();
                    }
                    stays
                });
                for ip in addresses {
                    let send = || sending.spawn(send_all(peers.clone(), certificates.clone(), ip, Arc::clone(&places)));
                    known.entry(ip).or_insert_with(send);
                }
            }
            // Without an answer nobody is new, and nobody gone.
            Err(_) => wait = (wait * 2).min(LONGEST_LOOK),
        }
        while sending.try_join_next().is_some() {}
        sleep(wait).await;
    }
}

/// All replicas but this one. Without this one among them they are none of ours yet, or a foreign service has that name.
fn others(mut addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    let all = addresses.len();
    addresses.retain(|ip| !is_own(*ip));
    if addresses.len() == all {
        addresses.clear();
    }
    addresses
}

/// Sends everything that is here to one replica, again and again until it has taken it.
async fn send_all(peers: Peers, certificates: Certificates, ip: IpAddr, places: Arc<Semaphore>) {
    let (mut done, mut stored, mut retry) = (Vec::<Shared>::new(), 0, FIRST_RETRY);
    loop {
        let place = places.acquire().await.expect("it is never closed");
        let failed = send_rest(&peers, ip, &certificates.shared(), (&mut done, &mut stored)).await;
        drop(place);
        let Err(reason) = failed else { break };
        tracing::debug!("Replica {ip} does not take certificates yet: {reason}");
        sleep(retry).await;
        retry = (retry * 2).min(LONGEST_RETRY);
    }
    if stored > 0 {
        tracing::info!("Replica {ip} is new; it has taken {stored} certificates from here");
    }
}

/// Sends what is not among `done` yet. A failure is one that may pass; what the replica refuses for good is told.
async fn send_rest(
    peers: &Peers,
    ip: IpAddr,
    shared: &[Shared],
    (done, stored): (&mut Vec<Shared>, &mut usize),
) -> Result<(), NotTaken> {
    for certificate in shared {
        if done.iter().any(|done| done.name == certificate.name && Arc::ptr_eq(&done.pem, &certificate.pem)) {
            continue;
        }
        match send_one(peers, ip, certificate).await {
            Ok(was_stored) => *stored += usize::from(was_stored),
            Err(NotTaken::Refused(status)) if status.is_client_error() => {
                tracing::warn!("Replica {ip} refuses certificate {}: it answered {status}", certificate.name);
            }
            Err(reason) => return Err(reason),
        }
        done.push(certificate.clone());
    }
    Ok(())
}

/// Whether the replica stored it. One that knows what we ask for keeps its own unless ours is newer; Docker Flow's does not, and stores it.
async fn send_one(peers: &Peers, ip: IpAddr, certificate: &Shared) -> Result<bool, NotTaken> {
    let path = format!("/v1/docker-flow-proxy/cert?certName={}&distribute=false&{ONLY_NEWER}=true", certificate.name);
    let request = peers.change(Method::PUT, ip, &path).body(certificate.pem.to_vec());
    let reply = body_of(taken(request).await?, LONGEST_REPLY).await?;
    Ok(!String::from_utf8_lossy(&reply).contains(KEPT))
}
