//! `/v1/docker-flow-proxy/reload`: nothing needs reloading here; the listeners can be asked to notify again.
//!
//! Not here: the regular questions to listeners (`follow`).

use super::reply::Reply;
use super::{Api, log_request};
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use std::sync::Arc;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(5);

/// With `fromListener=true` every listener is asked; their notifications come on their own. What is live is always what is configured,
/// so without it there is nothing to do.
pub(super) async fn handle(State(api): State<Arc<Api>>, uri: Uri) -> Reply {
    log_request(&uri);
    let from_listener = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).any(|(name, value)| {
        name.eq_ignore_ascii_case("fromListener")
            && ["true", "1", "t", "on"].contains(&value.to_ascii_lowercase().as_str())
    });
    if from_listener {
        for listener in &api.listeners {
            let asked = api.client.get(listener.url("notify-services")).timeout(TIMEOUT).send().await;
            if !asked.as_ref().is_ok_and(|reply| reply.status().is_success()) {
                return Reply::failed(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    format!("listener {listener} did not take the request to notify again"),
                );
            }
        }
    }
    Reply::ok("")
}
