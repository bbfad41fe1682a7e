//! The token that changes need (`DFP_API_TOKEN`), and lists that show passwords: whoever calls without it is told so, and nothing of the call is
//! read.
//!
//! Not here: comparing tokens (`bearer`), and keys, which only replicas get (`api::certs`).

use super::reply::Reply;
use crate::bearer::Bearer;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::SocketAddr;

const CAME_THROUGH: &str = "Changes that came through a proxy are refused: the control API must not be published. Call it directly, or set DFP_API_TOKEN";
const NEEDS_TOKEN: &str =
    "Changes, and lists that show passwords, need the DFP_API_TOKEN, as `Authorization: Bearer <token>`";

/// Lets a call pass that bears the token. Where there is none every call passes but one that came through a proxy: a service could dial the
/// address of the node, where the API of some replica may be published.
pub async fn guard(
    State(token): State<Option<Bearer>>,
    ConnectInfo(caller): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    let came_through = token.is_none() && headers.contains_key("x-forwarded-for");
    if came_through {
        tracing::warn!("Refused: {} of {caller} came through a proxy", request.uri().path());
        return Reply::failed(StatusCode::FORBIDDEN, CAME_THROUGH).into_response();
    }
    if token.as_ref().is_none_or(|token| token.is_borne_by(headers)) {
        return next.run(request).await;
    }
    tracing::warn!("Refused: {} of {caller} does not bear the DFP_API_TOKEN", request.uri().path());
    let mut response = Reply::failed(StatusCode::UNAUTHORIZED, NEEDS_TOKEN).into_response();
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}
