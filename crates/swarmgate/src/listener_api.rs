//! The listener's own API: what Docker Flow Swarm Listener answered, and a mark that the list is complete.
//!
//! Not here: following the Swarm (the crate `swarm`).

mod tasks;

use crate::api::elsewhere;
use crate::follow::COMPLETE;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Json, Router};
use model::Params;
use std::collections::BTreeMap;
use swarm::Listener;

/// The API of a listener that has a port of its own.
pub fn router(listener: Listener) -> Router {
    routes(listener).fallback(elsewhere)
}

/// All paths of the API, for any method.
pub fn routes(listener: Listener) -> Router {
    Router::new()
        .route("/v1/docker-flow-swarm-listener/get-services", any(get_services))
        .route("/v1/docker-flow-swarm-listener/get-tasks", any(tasks::get_tasks))
        .route("/v1/docker-flow-swarm-listener/notify-services", any(notify_services))
        .route("/v1/docker-flow-swarm-listener/ping", any(ok))
        .with_state(listener)
}

/// All services, as the parameters of `reconfigure`. A Docker that gives no list is an error, and the body an empty list as ever.
async fn get_services(State(listener): State<Listener>) -> Response {
    match listener.services().await {
        Ok(services) => {
            let services: Vec<BTreeMap<String, String>> =
                services.into_iter().map(Params::into_iter).map(Iterator::collect).collect();
            ([COMPLETE], Json(services)).into_response()
        }
        Err(error) => {
            tracing::warn!("get-services: {error}");
            (StatusCode::INTERNAL_SERVER_ERROR, [(header::CONTENT_TYPE, "application/json")], "[]").into_response()
        }
    }
}

/// The notifications follow on their own.
async fn notify_services(State(listener): State<Listener>) -> Response {
    listener.notify_all();
    ok().await
}

async fn ok() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], r#"{"Status":"OK"}"#).into_response()
}
