//! `/v1/docker-flow-proxy/cert`: takes a certificate with its key, as PEM in the body of a PUT.
//!
//! Not here: judging and keeping it (`certificates`).

use super::Api;
use super::query::{Pairs, wants_distribution};
use super::reply::json;
use crate::certificates::{CertName, NotStored, Outcome, Upload};
use crate::peers::Call;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::sync::Arc;

/// Says that a certificate is to be kept that begins to hold as late as the one in the body. Replicas send it to each other; Docker Flow's do not know it.
pub const ONLY_NEWER: &str = "ifNewer";

/// Docker Flow's object for this verb.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CertReply {
    #[serde(skip)]
    code: StatusCode,
    status: &'static str,
    message: String,
    /// Always `null`.
    certs: (),
}

/// Stored here first; with `distribute=true`, then everywhere else.
pub(super) async fn handle(
    State(api): State<Arc<Api>>,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let pairs = Pairs::read(&uri, &headers, &Bytes::new());
    put(&api, uri.path(), pairs, body).await.unwrap_or_else(|refused| refused).into_response()
}

async fn put(api: &Api, path: &str, pairs: Pairs, body: Result<Bytes, BytesRejection>) -> Result<CertReply, CertReply> {
    let params = pairs.params();
    let name = name(params.get("certName"))?;
    let body = body.map_err(|rejection| CertReply::new(rejection.status(), rejection.body_text()))?;
    if body.is_empty() {
        return Err(CertReply::new(StatusCode::BAD_REQUEST, "Body is empty"));
    }
    let only_newer = params.get(ONLY_NEWER).is_some_and(|value| value == "true");
    let upload = Upload { name: name.clone(), pem: body.to_vec().into(), only_newer, bringer: None };
    match api.certificates.put(upload).await {
        Ok(Outcome::Stored) => tracing::info!("Certificate {name} is stored and live"),
        Ok(Outcome::Kept) => return Ok(CertReply::new(StatusCode::OK, KEPT)),
        Err(error) => return Err(refused(&error)),
    }
    if !wants_distribution(&params) {
        return Ok(CertReply::new(StatusCode::OK, ""));
    }
    let query = pairs.into_all();
    match api.peers.distribute(Call { method: &Method::PUT, path, query: &query, body, notified_by: None }).await {
        Ok(()) => Ok(CertReply::new(StatusCode::OK, "Distributed to all instances")),
        Err(error) => {
            tracing::warn!("Certificate {name} is live here and did not reach all replicas: {error}");
            Err(CertReply::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
        }
    }
}

/// What a replica answers whose own certificate stays.
pub const KEPT: &str = "The certificate that is here is as new, and stays";

fn name(text: Option<&str>) -> Result<CertName, CertReply> {
    let text = text.ok_or_else(|| CertReply::new(StatusCode::BAD_REQUEST, "Query parameter certName is mandatory"))?;
    CertName::parse(text).ok_or_else(|| {
        let rule = "is not 1 to 128 letters, digits, `.`, `_` and `-` that begin with a letter or digit, or with `*`";
        let shown: String = text.escape_default().take(128).collect();
        CertReply::new(StatusCode::BAD_REQUEST, format!("certName: `{shown}` {rule}"))
    })
}

fn refused(error: &NotStored) -> CertReply {
    tracing::warn!("Refused: {error}");
    let code = match error {
        NotStored::Stopping(_) => StatusCode::SERVICE_UNAVAILABLE,
        NotStored::Bad(..) | NotStored::TooMany(_) | NotStored::Taken(_) | NotStored::Write { .. } => {
            StatusCode::BAD_REQUEST
        }
    };
    CertReply::new(code, error.to_string())
}

impl CertReply {
    fn new(code: StatusCode, message: impl Into<String>) -> CertReply {
        let status = if code.is_success() { "OK" } else { "NOK" };
        CertReply { code, status, message: message.into(), certs: () }
    }
}

impl IntoResponse for CertReply {
    fn into_response(self) -> Response {
        json(self.code, &self)
    }
}
