//! `/v1/docker-flow-proxy/reload`: what is live is always what is configured, so this is for a proxy that may have missed something: it asks
//! its listeners for all services at once and takes their lists over.
//!
//! Not here: asking listeners (`follow`).

use super::reply::Reply;
use super::{Api, log_request};
use crate::follow::{NoList, causes};
use crate::status::ListenerNote;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

const TIMEOUT: Duration = Duration::from_secs(5);
/// A question that was under way, and the one that is waited for.
const LONGEST_SYNC: Duration = Duration::from_secs(12);

/// The reply comes when the lists are live. A listener that gives none is no failure: what is served is served on, and a warning says so. With
/// `fromListener=true` every listener is also told to notify all of its receivers again, and that it must take.
pub(super) async fn handle(State(api): State<Arc<Api>>, uri: Uri) -> Reply {
    log_request(&uri);
    let from_listener = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).any(|(name, value)| {
        name.eq_ignore_ascii_case("fromListener")
            && ["true", "1", "t", "on"].contains(&value.to_ascii_lowercase().as_str())
    });
    if from_listener {
        if let Some(beside) = &api.beside {
            beside.notify_all();
        }
        for listener in &api.listeners {
            let asked = listener.call(&api.client, "notify-services", api.token.as_ref());
            let asked = asked.timeout(TIMEOUT).send().await;
            if let Some(why) = not_taken(asked) {
                return Reply::failed(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    format!("listener {listener} did not take the request to notify again: {why}"),
                );
            }
        }
    }
    let Some(resync) = &api.resync else { return Reply::ok("") };
    match timeout(LONGEST_SYNC, resync.now()).await {
        Ok(Some(notes)) => Reply::ok("").and_warn(notes.iter().filter_map(silence).collect()),
        _ => Reply::ok("").and_warn(vec!["the listeners are still being asked for all services".to_owned()]),
    }
}

/// Why a listener did not do what it was asked for; `None`: it does.
fn not_taken(asked: reqwest::Result<reqwest::Response>) -> Option<String> {
    match asked.map(|reply| reply.status()) {
        Ok(StatusCode::UNAUTHORIZED) => Some(NoList::NeedsToken.to_string()),
        Ok(status) => (!status.is_success()).then(|| format!("it answers {status}")),
        Err(error) => Some(causes(&error.without_url())),
    }
}

/// Why a listener gave no list.
fn silence(note: &ListenerNote) -> Option<String> {
    let ListenerNote { address, error, .. } = note;
    error.as_ref().map(|error| format!("listener {address} gives no list of services: {error}"))
}
