//! The other replicas of this proxy: passing a change on to all of them.
//!
//! Not here: applying the change here, which comes first (`api`).

use crate::addresses::is_own;
use axum::http::Method;
use proxy::Resolver;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::task::JoinSet;

/// What a replica may take to answer.
const TIMEOUT: Duration = Duration::from_secs(2);

/// All replicas of a proxy's service, by DNS.
#[derive(Clone)]
pub struct Peers {
    service_name: String,
    port: u16,
    resolver: Resolver,
    client: reqwest::Client,
}

/// A change that did not reach all replicas. The messages are Docker Flow's: scripts look for them.
#[derive(Debug, thiserror::Error)]
pub enum NotDistributed {
    /// DNS does not know the service.
    #[error(
        "Could not perform DNS lookup for tasks.{0}. If the proxy is not called 'proxy', you must set SERVICE_NAME=<name-of-the-proxy> on the proxy service."
    )]
    Lookup(String),
    /// Some replicas did not take it.
    #[error("Could not send distribute request to the following addresses: [{}]", .0.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(" "))]
    Refused(Vec<IpAddr>),
}

impl Peers {
    /// The replicas `tasks.<service_name>`, whose API is on `port`.
    pub fn new(service_name: String, port: u16, resolver: Resolver, client: reqwest::Client) -> Peers {
        Peers { service_name, port, resolver, client }
    }

    /// Sends the same call with `distribute=false` to all other replicas at once.
    pub async fn distribute(
        &self,
        method: &Method,
        path: &str,
        query: &[(String, String)],
    ) -> Result<(), NotDistributed> {
        let name = &self.service_name;
        let Ok(addresses) = self.resolver.addresses(&format!("tasks.{name}.")).await else {
            return Err(NotDistributed::Lookup(name.clone()));
        };
        let mut calls = JoinSet::new();
        for ip in addresses.into_iter().filter(|ip| !is_own(*ip)) {
            let url = format!("http://{}{path}?{}", SocketAddr::new(ip, self.port), not_distributed(query));
            tracing::info!("Sending distribution request to http://{}{path}", SocketAddr::new(ip, self.port));
            let call = self.client.request(method.clone(), url).timeout(TIMEOUT).send();
            calls.spawn(
                async move { call.await.is_ok_and(|reply| reply.status().is_success()).then_some(()).ok_or(ip) },
            );
        }
        let mut failed: Vec<IpAddr> = calls.join_all().await.into_iter().filter_map(Result::err).collect();
        failed.sort_unstable();
        if failed.is_empty() { Ok(()) } else { Err(NotDistributed::Refused(failed)) }
    }
}

/// The query sorted by name, with `distribute=false`. Values of one name stay in their order: which of them counts depends on it.
fn not_distributed(query: &[(String, String)]) -> String {
    let mut pairs: Vec<_> =
        query.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("distribute")).cloned().collect();
    pairs.push(("distribute".to_owned(), "false".to_owned()));
    pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}
