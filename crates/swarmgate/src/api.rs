//! The control API of the proxy: Docker Flow's paths, parameters, statuses and JSON, one verb a file.
//!
//! Not here: the listener's API (`listener_api`), and carrying out a command (`controller`).

mod cert;
mod certs;
mod config;
mod echo;
pub mod metrics;
mod query;
mod reconfigure;
mod reload;
mod remove;
mod reply;
mod services;
mod statistics;
mod status;
pub mod token;

pub use cert::{KEPT, ONLY_NEWER};
pub use certs::{Cert, Certs};

use crate::addresses::ListenerAddress;
use crate::bearer::Bearer;
use crate::certificates::Certificates;
use crate::controller::Controller;
use crate::follow::Resync;
use crate::listener_api;
use crate::peers::{Call, Peers};
use crate::readiness::Ready;
use crate::sharing::Asked;
use crate::statistics::Sources;
use crate::status::{Replicas, Status};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{Method, StatusCode, Uri, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, put};
use model::haproxy::Globals;
use proxy::Resolver;
use proxy::observe::Observer;
use query::Pairs;
use reply::Reply;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use token::Guard;
use tokio::time::Instant;

/// The longest form or certificate that is taken, in bytes.
const LONGEST_BODY: usize = 64 * 1024;

/// What the verbs need.
pub struct Api {
    /// The one writer.
    pub controller: Controller,
    /// The owner of all certificates.
    pub certificates: Certificates,
    /// All other replicas.
    pub peers: Peers,
    /// What changes need; `None`: nothing.
    pub token: Option<Bearer>,
    /// Whether the other replicas were asked for their certificates, where they are to be.
    pub asked: Asked,
    /// The API of the listener of this process, which is on the same port.
    pub beside: Option<listener_api::Shared>,
    /// Who is asked to notify again.
    pub listeners: Vec<ListenerAddress>,
    /// Has all who are followed asked for their lists at once; `None`: nobody is.
    pub resync: Option<Resync>,
    /// All replicas side by side.
    pub replicas: Replicas,
    /// Says whether a service's host resolves before the service is taken; `None`: nobody asks (`SKIP_ADDRESS_VALIDATION`).
    pub validator: Option<Resolver>,
    /// Asks them.
    pub client: reqwest::Client,
    /// How this replica is.
    pub status: Status,
    /// What the data plane counts.
    pub observer: Observer,
    /// The same in HAProxy's rows.
    pub statistics: Sources,
    /// When the program started.
    pub started: Instant,
    /// Whether the program was told to stop.
    pub stopping: Arc<AtomicBool>,
    /// What haproxy.cfg says about the proxy as a whole.
    pub globals: Globals,
}

impl Api {
    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}

/// All paths of the API. Any method will do, as in Docker Flow, but for certificates, which are put. Changes need the token, if there is one.
pub fn router(api: Arc<Api>) -> Router {
    let changes = Router::new()
        .route("/v1/docker-flow-proxy/reconfigure", any(reconfigure::handle))
        .route("/v1/docker-flow-proxy/remove", any(remove::handle))
        .route("/v1/docker-flow-proxy/cert", put(cert::handle))
        .route("/v1/docker-flow-proxy/reload", any(reload::handle))
        .route_layer(from_fn_with_state(Guard::new(api.token.clone()), token::guard));
    let questions = Router::new()
        .route("/v1/docker-flow-proxy/certs", any(certs::handle))
        .route("/v1/docker-flow-proxy/config", any(config::handle))
        .route("/v1/docker-flow-proxy/ping", any(ping))
        .route("/v1/docker-flow-proxy/status", any(status::handle))
        .route("/v1/docker-flow-proxy/successfulinitreload", any(successful_initial_reload))
        .route("/v1/docker-flow-proxy/metrics", any(statistics::handle))
        .route("/metrics", any(metrics::handle))
        .route("/v1/test", any(async || Reply::ok("Test v1")))
        .route("/v2/test", any(async || Reply::ok("Test v2")));
    let beside = beside_routes(&api);
    changes
        .merge(questions)
        .fallback(elsewhere)
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .with_state(api)
        .merge(beside)
}

/// The API of the listener of this process. It is on a port that others reach, and the only one who needs what it shows is in the process: what
/// is delicate of it needs the token, if there is one.
fn beside_routes(api: &Arc<Api>) -> Router {
    let Some(beside) = api.beside.clone() else { return Router::new() };
    let guard = from_fn_with_state(Guard::new(api.token.clone()), token::guard);
    listener_api::routes(beside.clone()).merge(listener_api::delicate(beside).route_layer(guard))
}

/// Health: 503 from the moment that the program is told to stop, so that whoever chooses among replicas leaves this one alone; and until the
/// other replicas were asked for their certificates.
async fn ping(State(api): State<Arc<Api>>) -> Reply {
    match (api.is_stopping(), api.asked.is_over()) {
        (true, _) => Reply::failed(StatusCode::SERVICE_UNAVAILABLE, "The proxy is stopping"),
        (false, false) => {
            Reply::failed(StatusCode::SERVICE_UNAVAILABLE, "The other replicas are asked for certificates")
        }
        (false, true) => Reply::ok(""),
    }
}

/// Readiness: 200 once a listener's services were taken over, or when waiting longer would only keep the replica out of service; 503 once it
/// is told to stop. Without a listener it is never ready in this sense, as in Docker Flow.
async fn successful_initial_reload(State(api): State<Arc<Api>>) -> StatusCode {
    if api.is_stopping() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let is_ready = matches!(api.status.readiness.now(), Ready::Whole | Ready::Degraded(_));
    if is_ready && api.asked.is_over() { StatusCode::OK } else { StatusCode::INTERNAL_SERVER_ERROR }
}

/// A path with doubled or trailing slashes is sent to the clean one; any other is not found.
pub async fn elsewhere(uri: Uri) -> Response {
    let clean = clean_path(uri.path());
    if clean == uri.path() {
        return (StatusCode::NOT_FOUND, "404 page not found\n").into_response();
    }
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, format!("{clean}{query}"))]).into_response()
}

fn clean_path(path: &str) -> String {
    let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
    format!("/{}", parts.join("/"))
}

/// Passes a change that is live here on to all other replicas. `reply` says what became of it here, and the result what did there.
async fn distribute(api: &Api, reply: Reply, method: &Method, path: &str, pairs: Pairs) -> Reply {
    let notified_by = pairs.notified_by;
    let call = Call { method, path, query: &pairs.into_all(), body: Bytes::new(), notified_by };
    match api.peers.distribute(call).await {
        Ok(()) => reply.with_message("Distributed to all instances"),
        Err(error) => reply.or_failed(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).and_warn(error.reasons()),
    }
}

/// The line that Docker Flow wrote for each call. Secrets are masked.
fn log_request(uri: &Uri) {
    let query = uri.query().map(|query| format!("?{}", query::masked(query))).unwrap_or_default();
    tracing::info!("Processing request {}{query}", uri.path());
}
