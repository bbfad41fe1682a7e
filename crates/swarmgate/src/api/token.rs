//! The token that changes need (`DFP_API_TOKEN`): whoever calls without it is told so, and nothing of the call is read.
//!
//! Not here: comparing tokens (`bearer`), and keys, which only replicas get (`api::certs`).

use super::Api;
use super::reply::Reply;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::SocketAddr;
use std::sync::Arc;

const NEEDS_TOKEN: &str = "Changes need the proxy's DFP_API_TOKEN, as `Authorization: Bearer <token>`";

/// Lets a call pass that bears the token, and every call where there is none.
pub(super) async fn guard(
    State(api): State<Arc<Api>>,
    ConnectInfo(caller): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    if api.token.as_ref().is_none_or(|token| token.is_borne_by(request.headers())) {
        return next.run(request).await;
    }
    tracing::warn!("Refused: {} of {caller} does not bear the DFP_API_TOKEN", request.uri().path());
    let mut response = Reply::failed(StatusCode::UNAUTHORIZED, NEEDS_TOKEN).into_response();
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}
