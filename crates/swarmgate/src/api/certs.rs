//! `/v1/docker-flow-proxy/certs`: the certificates of this replica with their keys, for other replicas only.
//!
//! Not here: which certificates may be shared (`certificates`).

use super::Api;
use super::reply::json;
use crate::certificates::Shared;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use proxy::is_own;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::sync::Arc;

/// Docker Flow's object.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Certs {
    #[serde(default)]
    status: String,
    #[serde(default)]
    message: String,
    /// All certificates.
    #[serde(default)]
    pub certs: Option<Vec<Cert>>,
}

/// One certificate with its key.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Cert {
    #[serde(default)]
    service_port: String,
    /// The file's name.
    pub proxy_service_name: String,
    #[serde(default)]
    certs_dir: String,
    /// The PEM bundle.
    pub cert_content: String,
}

/// Fields that a proxy on the way adds; the data plane of this very program always adds the first.
const OF_PROXIES: [&str; 4] = ["x-forwarded-for", "x-forwarded-proto", "forwarded", "via"];

const NO_SECRET: &str = "Certificates are for replicas that bear the same DFP_CLUSTER_SECRET";

/// Everything for another replica, nothing for anybody else: 401 where there is a secret that the caller does not bear.
pub(super) async fn handle(
    State(api): State<Arc<Api>>,
    ConnectInfo(caller): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    let (code, status, message, certs) = match is_replica(&api, caller, &headers).await {
        true => (StatusCode::OK, "OK", "", api.certificates.shared().iter().filter_map(Cert::of).collect()),
        // A replica with another secret must know that it got nothing.
        false if api.peers.secret().is_some() => (StatusCode::UNAUTHORIZED, "NOK", NO_SECRET, Vec::new()),
        false => (StatusCode::OK, "OK", "", Vec::new()),
    };
    let certs = Certs { status: status.to_owned(), message: message.to_owned(), certs: Some(certs) };
    // Nothing on the way may keep a key.
    ([(header::CACHE_CONTROL, "no-store")], json(code, &certs)).into_response()
}

/// Whoever knows the cluster's secret, where there is one; else whoever calls from the address of another replica. This machine itself is none.
///
/// Replicas speak to each other without a proxy between. A call that came through one may be any client's: a service may name the replicas as its
/// servers, and then a replica passes on what the public port was asked.
async fn is_replica(api: &Api, caller: SocketAddr, headers: &HeaderMap) -> bool {
    if OF_PROXIES.iter().any(|field| headers.contains_key(*field)) {
        return false;
    }
    if let Some(secret) = api.peers.secret() {
        return secret.is_borne_by(headers);
    }
    let ip = caller.ip().to_canonical();
    !is_own(ip) && api.peers.all().await.is_ok_and(|replicas| replicas.contains(&ip))
}

impl Cert {
    fn of(shared: &Shared) -> Option<Cert> {
        Some(Cert {
            service_port: String::new(),
            proxy_service_name: shared.name.to_string(),
            // An old replica writes where this says.
            certs_dir: "/certs".to_owned(),
            cert_content: std::str::from_utf8(&shared.pem).ok()?.to_owned(),
        })
    }
}
