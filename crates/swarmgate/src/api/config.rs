//! `/v1/docker-flow-proxy/config`: what is configured, as a haproxy.cfg or as JSON.
//!
//! Not here: the text (`model::haproxy`).

use super::reply::json;
use super::{Api, services};
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// `type=json`, in any case of letters, for JSON; anything else for text.
pub(super) async fn handle(State(api): State<Arc<Api>>, uri: Uri) -> Response {
    let world = api.controller.cell().world();
    let wants_json = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        .any(|(name, value)| name == "type" && value.eq_ignore_ascii_case("json"));
    if wants_json {
        return json(StatusCode::OK, &services::all(world.snapshot(), api.controller.context()));
    }
    let text = model::haproxy::render(world.snapshot(), &api.globals);
    ([(header::CONTENT_TYPE, "text/html")], text).into_response()
}
