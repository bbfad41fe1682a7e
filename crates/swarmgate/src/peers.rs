//! The other replicas of this proxy: who they are, and passing a change on to all of them.
//!
//! Not here: applying the change here, which comes first (`api`), and bringing certificates to new replicas (`sharing`).

use crate::bearer::Bearer;
use axum::body::Bytes;
use axum::http::{Method, header};
use model::catalog::ListenerId;
use proxy::{Resolver, is_own};
use reqwest::RequestBuilder;
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// The field in which a listener says who it is: with a notification, whose list holds what is notified; with a list, whose it is. Replicas
/// hand it on with the call. Docker Flow's listener does not send it.
pub const NOTIFIED_BY: &str = "swarmgate-notification";

/// What a replica may take to answer.
const TIMEOUT: Duration = Duration::from_secs(2);
/// How often DNS is asked who the replicas are.
const LOOK: Duration = Duration::from_secs(1);

/// All replicas of a proxy's service, by DNS.
#[derive(Clone)]
pub struct Peers {
    service_name: String,
    port: u16,
    resolver: Resolver,
    client: reqwest::Client,
    /// What replicas know each other by.
    secret: Option<Bearer>,
    /// What changes need.
    token: Option<Bearer>,
}

/// A call that every replica should get.
#[derive(Clone, Debug)]
pub struct Call<'c> {
    /// Its method.
    pub method: &'c Method,
    /// Its path.
    pub path: &'c str,
    /// Its query, decoded.
    pub query: &'c [(String, String)],
    /// Its body.
    pub body: Bytes,
    /// The listener whose notification it is.
    pub notified_by: Option<ListenerId>,
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
    #[error("Could not send distribute request to the following addresses: [{}]", .0.iter().map(|(ip, _)| ip.to_string()).collect::<Vec<_>>().join(" "))]
    Refused(Vec<(IpAddr, NotTaken)>),
}

/// Why a replica did not take a call; for the log.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// It could not be asked, or gave no answer. The query, which may hold secrets, is not in the text.
    #[error("{0}")]
    Unreachable(String),
    /// Its answer is longer than any should be.
    #[error("its answer has more than {0} bytes")]
    TooLong(usize),
    /// It answered that it did not.
    #[error("it answered {0}")]
    Refused(reqwest::StatusCode),
}

impl Peers {
    /// The replicas `tasks.<service_name>`, whose API is on `port`.
    pub fn new(service_name: String, port: u16, resolver: Resolver, client: reqwest::Client) -> Peers {
        Peers { service_name, port, resolver, client, secret: None, token: None }
    }

    /// The same, where replicas know each other by a secret, and changes need a token. All replicas have the same.
    #[must_use]
    pub fn with_secrets(self, secret: Option<Bearer>, token: Option<Bearer>) -> Peers {
        Peers { secret, token, ..self }
    }

    /// The name whose addresses are the replicas.
    pub fn name(&self) -> String {
        format!("tasks.{}", self.service_name)
    }

    /// The port of every replica's API.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What replicas know each other by; `None`: their addresses.
    pub fn secret(&self) -> Option<&Bearer> {
        self.secret.as_ref()
    }

    /// The addresses of all replicas, this one's too; the error is for an operator.
    pub async fn all(&self) -> Result<Vec<IpAddr>, String> {
        self.resolver.addresses(&format!("{}.", self.name())).await
    }

    /// Says every address that leads to a replica, the virtual one of their service too, and says it again when it changes; never ends.
    pub async fn tell_all(self, addresses: watch::Sender<Option<Arc<[IpAddr]>>>) {
        loop {
            let answer = self.all().await.unwrap_or_default();
            // No answer keeps the last good one; where there are no replicas, the name alone may be anybody's.
            if !answer.is_empty() {
                let shared = self.resolver.addresses(&self.service_name).await.unwrap_or_default();
                let all: BTreeSet<IpAddr> = answer.into_iter().chain(shared).map(|ip| ip.to_canonical()).collect();
                let all: Arc<[IpAddr]> = all.into_iter().collect();
                addresses.send_if_modified(|known| known.replace(Arc::clone(&all)).as_ref() != Some(&all));
            } else if addresses.borrow().is_none() {
                addresses.send_replace(Some(Arc::default()));
            }
            sleep(LOOK).await;
        }
    }

    /// The addresses of all other replicas.
    pub async fn others(&self) -> Result<Vec<IpAddr>, String> {
        let mut addresses = self.all().await?;
        addresses.retain(|ip| !is_own(*ip));
        Ok(addresses)
    }

    /// A question to the replica `ip`, with the cluster's secret if there is one. `path_and_query` begins with `/`.
    pub fn question(&self, ip: IpAddr, path_and_query: &str) -> RequestBuilder {
        self.request(Method::GET, ip, path_and_query, self.secret.as_ref())
    }

    /// A change for the replica `ip`, with the token that changes need; where they need none, with the cluster's secret.
    pub fn change(&self, method: Method, ip: IpAddr, path_and_query: &str) -> RequestBuilder {
        self.request(method, ip, path_and_query, self.token.as_ref().or(self.secret.as_ref()))
    }

    fn request(&self, method: Method, ip: IpAddr, path_and_query: &str, bearer: Option<&Bearer>) -> RequestBuilder {
        let url = format!("http://{}{path_and_query}", SocketAddr::new(ip, self.port));
        let request = self.client.request(method, url).timeout(TIMEOUT);
        match bearer {
            Some(bearer) => request.header(header::AUTHORIZATION, bearer.authorization()),
            None => request,
        }
    }

    /// Sends the same call with `distribute=false` to all other replicas at once.
    pub async fn distribute(&self, call: Call<'_>) -> Result<(), NotDistributed> {
        let Ok(addresses) = self.others().await else {
            return Err(NotDistributed::Lookup(self.service_name.clone()));
        };
        let path_and_query = format!("{}?{}", call.path, not_distributed(call.query));
        let mut calls = JoinSet::new();
        for ip in addresses {
            tracing::info!("Sending distribution request to http://{}{}", SocketAddr::new(ip, self.port), call.path);
            let mut request = self.change(call.method.clone(), ip, &path_and_query).body(call.body.clone());
            if let Some(id) = call.notified_by {
                request = request.header(NOTIFIED_BY, id.to_string());
            }
            calls.spawn(async move { taken(request).await.map_err(|reason| (ip, reason)) });
        }
        let mut failed: Vec<_> = calls.join_all().await.into_iter().filter_map(Result::err).collect();
        failed.sort_unstable_by_key(|(ip, _)| *ip);
        for (ip, reason) in &failed {
            tracing::warn!("Replica {ip} did not take {}: {reason}", call.path);
        }
        if failed.is_empty() { Ok(()) } else { Err(NotDistributed::Refused(failed)) }
    }
}

impl NotDistributed {
    /// Why, replica by replica.
    pub fn reasons(&self) -> Vec<String> {
        match self {
            NotDistributed::Lookup(_) => Vec::new(),
            NotDistributed::Refused(failed) => {
                failed.iter().map(|(ip, reason)| format!("replica {ip}: {reason}")).collect()
            }
        }
    }
}

/// Sends a request; only a 2xx says that it was taken.
pub async fn taken(request: RequestBuilder) -> Result<reqwest::Response, NotTaken> {
    match request.send().await {
        Ok(reply) if reply.status().is_success() => Ok(reply),
        Ok(reply) => Err(NotTaken::Refused(reply.status())),
        Err(error) => Err(NotTaken::Unreachable(crate::follow::causes(&error.without_url()))),
    }
}

/// The body of a reply, of so many bytes at most.
pub async fn body_of(mut reply: reqwest::Response, longest: usize) -> Result<Vec<u8>, NotTaken> {
    let unreachable = |error: reqwest::Error| NotTaken::Unreachable(crate::follow::causes(&error.without_url()));
    let mut body = Vec::new();
    while let Some(part) = reply.chunk().await.map_err(unreachable)? {
        body.extend_from_slice(&part);
        if body.len() > longest {
            return Err(NotTaken::TooLong(longest));
        }
    }
    Ok(body)
}

/// The query sorted by name, with `distribute=false`. Values of one name stay in their order: which of them counts depends on it.
fn not_distributed(query: &[(String, String)]) -> String {
    let mut pairs: Vec<_> =
        query.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("distribute")).cloned().collect();
    pairs.push(("distribute".to_owned(), "false".to_owned()));
    pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}
