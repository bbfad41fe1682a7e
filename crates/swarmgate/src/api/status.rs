//! `/v1/docker-flow-proxy/status`: how this replica is. Not of Docker Flow; anybody may ask, nothing secret is in it.
//!
//! Not here: what is in it (`status`).

use super::Api;
use super::query::{Pairs, is_denied};
use super::reply::json;
use crate::status::Depth;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use std::sync::Arc;

/// `services=false` leaves out all that there is by service, and `distribute=false` the other replicas, so that none of them is asked.
pub(super) async fn handle(State(api): State<Arc<Api>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let params = Pairs::read(&uri, &headers, &body).params();
    let depth = if is_denied(&params, "services") { Depth::Summary } else { Depth::Services };
    let compared = match is_denied(&params, "distribute") {
        true => None,
        false => Some(api.replicas.compare().await),
    };
    let status = api.status.clone();
    // Ten thousand services take a while, and this thread serves all other calls.
    let report = tokio::task::spawn_blocking(move || status.report(depth)).await.expect("a report does not panic");
    json(StatusCode::OK, &report.beside(compared))
}
