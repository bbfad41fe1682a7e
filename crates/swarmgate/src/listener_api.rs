//! The listener's own API: what Docker Flow Swarm Listener answered, and a mark that the list is complete.
//!
//! Not here: following the Swarm (the crate `swarm`).

mod failures;
mod metrics;
mod tasks;

pub use metrics::markdown;

use crate::api::elsewhere;
use crate::api::token::{self, Guard};
use crate::bearer::Bearer;
use crate::follow::COMPLETE;
use crate::peers::NOTIFIED_BY;
use axum::extract::{FromRef, State};
use axum::http::{StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Json, Router};
use failures::Failures;
use model::Params;
use model::haproxy::Secrets;
use model::params::shown;
use std::collections::BTreeMap;
use std::sync::Arc;
use swarm::Listener;

/// The version of Prometheus' text format.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What all calls share.
#[derive(Clone)]
pub struct Shared {
    listener: Listener,
    failures: Arc<Failures>,
    /// Whether the passwords and keys that services bring are in their list. One without them is for people: it does not say that it is complete.
    secrets: Secrets,
}

/// The API of a listener that has a port of its own. Everybody may ask for services with what they bring, as in Docker Flow, whose proxy can show
/// no token; where there is one, only who bears it.
pub fn router(listener: Listener, token: Option<Bearer>) -> Router {
    let shared = Shared::of(listener, Secrets::Shown);
    let delicate = match token {
        Some(token) => {
            delicate(shared.clone()).route_layer(from_fn_with_state(Guard::telling_once(token), token::guard))
        }
        None => delicate(shared.clone()),
    };
    let metrics = Router::new().route("/metrics", any(show_metrics)).with_state(shared.clone());
    routes(shared).merge(delicate).merge(metrics).fallback(elsewhere)
}

/// The paths that may be asked by whoever may ask the proxy, for any method. `/metrics` is not among them: a proxy beside it has it already.
pub fn routes(shared: Shared) -> Router {
    Router::new()
        .route("/v1/docker-flow-swarm-listener/get-nodes", any(get_nodes))
        .route("/v1/docker-flow-swarm-listener/get-tasks", any(tasks::get_tasks))
        .route("/v1/docker-flow-swarm-listener/ping", any(ping))
        .with_state(shared)
}

/// The paths that show what services bring, or have something done.
pub fn delicate(shared: Shared) -> Router {
    Router::new()
        .route("/v1/docker-flow-swarm-listener/get-services", any(get_services))
        .route("/v1/docker-flow-swarm-listener/notify-services", any(notify_services))
        .with_state(shared)
}

impl Shared {
    /// What the calls to this listener share.
    pub fn of(listener: Listener, secrets: Secrets) -> Shared {
        Shared { listener, failures: Arc::default(), secrets }
    }

    /// Has the listener notify all of its receivers again.
    pub fn notify_all(&self) {
        self.listener.notify_all();
    }

    /// All samples, in Prometheus' text format.
    pub fn metrics(&self) -> String {
        metrics::text(&self.listener.figures(), &self.failures)
    }
}

impl FromRef<Shared> for Listener {
    fn from_ref(shared: &Shared) -> Listener {
        shared.listener.clone()
    }
}

/// All services, as the parameters of `reconfigure`. A Docker that gives no list is an error, and the body an empty list as ever.
async fn get_services(State(shared): State<Shared>) -> Response {
    match shared.failures.services.note(shared.listener.services().await) {
        Some(services) if shared.secrets == Secrets::Masked => {
            maps(services.into_iter().map(masked).collect()).into_response()
        }
        Some(services) => {
            let id = shared.listener.id().to_string();
            ([COMPLETE], [(NOTIFIED_BY, id)], maps(services)).into_response()
        }
        None => no_list(),
    }
}

/// All nodes, also those that are down, as the parameters of their notifications.
async fn get_nodes(State(shared): State<Shared>) -> Response {
    match shared.failures.nodes.note(shared.listener.nodes().await) {
        Some(nodes) => maps(nodes).into_response(),
        None => no_list(),
    }
}

fn masked(params: Params) -> Params {
    params.iter().map(|(name, value)| (name, shown(name, value))).collect()
}

fn maps(all: Vec<Params>) -> Json<Vec<BTreeMap<String, String>>> {
    Json(all.into_iter().map(Params::into_iter).map(Iterator::collect).collect())
}

fn no_list() -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, [(header::CONTENT_TYPE, "application/json")], "[]").into_response()
}

/// The notifications follow on their own.
async fn notify_services(State(listener): State<Listener>) -> Response {
    listener.notify_all();
    ok().await
}

/// 200 whatever Docker does: the health check asks it, and a listener that is killed for its Docker's sake is of no more use than one that waits.
async fn ping(State(listener): State<Listener>) -> Response {
    if listener.figures().docker_answers {
        return ok().await;
    }
    let body = r#"{"Status":"OK","Message":"docker does not answer"}"#;
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

async fn show_metrics(State(shared): State<Shared>) -> Response {
    ([(header::CONTENT_TYPE, METRICS_TYPE)], shared.metrics()).into_response()
}

async fn ok() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], r#"{"Status":"OK"}"#).into_response()
}
