//! `/v1/docker-flow-proxy/remove`: takes a service out.
//!
//! Not here: what is logged when it is gone (`controller`).

use super::query::{Pairs, wants_distribution};
use super::reply::Reply;
use super::{Api, distribute, log_request};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use model::ServiceName;
use model::catalog::Command;
use std::sync::Arc;

/// Unknown services are no failure: whoever wants one gone has what it wants.
pub(super) async fn handle(
    State(api): State<Arc<Api>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Reply {
    log_request(&uri);
    tracing::info!("Processing remove request {}", uri.path());
    let pairs = Pairs::read(&uri, &headers, &body);
    let params = pairs.params();
    let Some(name) = params.get_any_case("serviceName") else {
        return Reply::failed(StatusCode::BAD_REQUEST, "The serviceName query is mandatory");
    };
    if let Some(service) = ServiceName::parse(name)
        && let Err(stopping) = api.controller.command(Command::Remove(service)).await
    {
        return Reply::failed(StatusCode::SERVICE_UNAVAILABLE, stopping.to_string());
    }
    let mut reply = Reply::ok("");
    name.clone_into(&mut reply.service_name);
    reply.fields.distribute = wants_distribution(&params);
    if !reply.fields.distribute {
        return reply;
    }
    distribute(&api, reply, &method, uri.path(), pairs).await
}
