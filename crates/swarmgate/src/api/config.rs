//! `/v1/docker-flow-proxy/config`: what is configured, as a haproxy.cfg or as JSON.
//!
//! Not here: the text (`model::haproxy`).

use super::reply::json;
use super::{Api, services};
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use model::haproxy::Globals;
use std::sync::Arc;

/// Docker Flow's type is `text/html`, and labels are in the text: a browser that looks at it runs nothing of them.
const BROWSER_SAFE: [(HeaderName, &str); 3] = [
    (header::CONTENT_TYPE, "text/html"),
    (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// `type=json`, in any case of letters, for JSON; anything else for text.
pub(super) async fn handle(State(api): State<Arc<Api>>, uri: Uri) -> Response {
    let world = api.controller.cell().world();
    let wants_json = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        .any(|(name, value)| name == "type" && value.eq_ignore_ascii_case("json"));
    if wants_json {
        return json(StatusCode::OK, &services::all(world.snapshot(), api.controller.context()));
    }
    let certificates = world.tls().certificates().iter().map(|certificate| certificate.path().to_owned()).collect();
    let globals = Globals { certificates, ..api.globals.clone() };
    let text = model::haproxy::render(world.snapshot(), &globals);
    (BROWSER_SAFE, text).into_response()
}
