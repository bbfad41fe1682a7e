//! `/v1/docker-flow-proxy/reconfigure`: adds a service, or replaces all that was said about it.
//!
//! Not here: judging the parameters (`model::service`).

use super::query::{Pairs, wants_distribution};
use super::reply::Reply;
use super::{Api, distribute, echo, log_request};
use crate::certificates::service;
use crate::findings;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use model::Params;
use model::catalog::{Applied, Command, ListenerId};
use model::service::{Refusal, Refused};
use std::sync::Arc;
use tokio::task::spawn_blocking;

pub(super) async fn handle(
    State(api): State<Arc<Api>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Reply {
    log_request(&uri);
    let pairs = Pairs::read(&uri, &headers, &body);
    let params = pairs.params();
    let reply = configure(&api, &params, pairs.notified_by).await;
    if !wants_distribution(&params) || reply.is_failure() {
        return reply;
    }
    distribute(&api, reply, &method, uri.path(), pairs).await
}

/// Applies the change here. The reply echoes the service and comes when it is live.
async fn configure(api: &Api, params: &Params, notified_by: Option<ListenerId>) -> Reply {
    let mut reply = match unresolvable(api, params).await {
        Some(reason) => Reply::failed(StatusCode::INTERNAL_SERVER_ERROR, reason),
        None => apply(api, params, notified_by).await,
    };
    reply.service_name = params.get_any_case("serviceName").unwrap_or_default().to_owned();
    reply.fields = echo::as_sent(params, api.controller.context());
    reply
}

async fn apply(api: &Api, params: &Params, notified_by: Option<ListenerId>) -> Reply {
    let command = match notified_by {
        Some(id) => Command::Notify(params.clone(), id),
        None => Command::Configure(params.clone()),
    };
    match api.controller.command(command).await {
        Ok(Ok(done)) => {
            let mut reply = Reply::ok("");
            reply.warnings = done.applied.warnings.iter().map(|(_, warning)| warning.to_string()).collect();
            reply.warnings.extend(service::keep(&api.certificates, &api.controller, &done.applied, false).await);
            reply.warnings.extend(findings(api, &done.applied).await);
            reply
        }
        Ok(Err(refused)) => {
            let mut reply = Reply::refused(status(&refused), refused.message);
            reply.warnings.extend(refused.advice);
            reply
        }
        Err(stopping) => Reply::failed(StatusCode::SERVICE_UNAVAILABLE, stopping.to_string()),
    }
}

/// Routes of the service that get no request, and those of others that no longer do because of it.
async fn findings(api: &Api, applied: &Applied) -> Vec<String> {
    // What is cloned shares the table and the services, and holds nothing else of the world.
    let (routes, services) = {
        let world = api.controller.cell().world();
        let snapshot = world.snapshot();
        let services = applied.changes.iter().filter_map(|(name, _)| snapshot.catalog.service(name).cloned());
        (snapshot.routes.clone(), services.collect::<Vec<_>>())
    };
    // This thread answers all other calls, and names for requests.
    let found = spawn_blocking(move || services.iter().flat_map(|service| findings::about(&routes, service)).collect());
    found.await.unwrap_or_else(|ended| vec![format!("the routes could not be looked through: {ended}")])
}

/// Why the host of the first destination has no address, where it is to have one (`SKIP_ADDRESS_VALIDATION=false`). Asked before the writer
/// gets the change, so that no other change waits for DNS. Services that are refused, removed or for others anyway are not asked for.
async fn unresolvable(api: &Api, params: &Params) -> Option<String> {
    let (resolver, context) = (api.validator.as_ref()?, api.controller.context());
    let service = model::service::parse(params, context).ok().filter(|_| context.takes(params))?.service;
    let host = service.destinations.first().filter(|_| service.replicas != Some(0))?.dial.host();
    let reason = match resolver.addresses(host).await {
        Ok(addresses) if !addresses.is_empty() => return None,
        Ok(_) => "DNS knows no address of it".to_owned(),
        Err(reason) => reason,
    };
    Some(format!("service `{}`: {host} does not resolve: {reason}", service.name))
}

/// 409 tells a listener to stop trying: the same call will not do better. Docker Flow's listener tries again on anything else; ours knows such
/// a refusal whatever its status is.
fn status(refused: &Refused) -> StatusCode {
    match refused.kind {
        Refusal::Incomplete => StatusCode::BAD_REQUEST,
        Refusal::Unusable => StatusCode::CONFLICT,
    }
}
