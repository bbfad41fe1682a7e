//! The JSON object that most verbs answer with: Docker Flow's keys in Docker Flow's order.
//!
//! Not here: the part that echoes a service (`api::echo`).

use super::echo::ServiceFields;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// An answer with its status. `Warnings` is ours: one more key, the last.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Reply {
    #[serde(skip)]
    code: StatusCode,
    /// Whether the same call will not do better.
    #[serde(skip)]
    is_final: bool,
    status: &'static str,
    pub(super) message: String,
    pub(super) service_name: String,
    #[serde(flatten)]
    pub(super) fields: ServiceFields,
    pub(super) warnings: Vec<String>,
}

impl Reply {
    /// 200.
    pub(super) fn ok(message: impl Into<String>) -> Reply {
        Reply::new(StatusCode::OK, message.into())
    }

    /// A refusal or failure.
    pub(super) fn failed(code: StatusCode, message: impl Into<String>) -> Reply {
        Reply::new(code, message.into())
    }

    /// A refusal that only another call can change, which our listener is told so.
    pub(super) fn refused(code: StatusCode, message: impl Into<String>) -> Reply {
        Reply { is_final: true, ..Reply::new(code, message.into()) }
    }

    fn new(code: StatusCode, message: String) -> Reply {
        let status = if code.is_success() { "OK" } else { "NOK" };
        Reply {
            code,
            is_final: false,
            status,
            message,
            service_name: String::new(),
            fields: ServiceFields::default(),
            warnings: Vec::new(),
        }
    }

    pub(super) fn is_failure(&self) -> bool {
        !self.code.is_success()
    }

    /// The same with other words.
    pub(super) fn with_message(mut self, message: &str) -> Reply {
        message.clone_into(&mut self.message);
        self
    }

    /// The same with other words and status.
    pub(super) fn or_failed(mut self, code: StatusCode, message: String) -> Reply {
        (self.code, self.status, self.message) = (code, "NOK", message);
        self
    }

    /// The same with more to say.
    pub(super) fn and_warn(mut self, warnings: Vec<String>) -> Reply {
        self.warnings.extend(warnings);
        self
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let reply = json(self.code, &self);
        if self.is_final { ([swarm::FINAL_REFUSAL], reply).into_response() } else { reply }
    }
}

/// A JSON body. Serialisation of our own types cannot fail; should it, the caller is told so.
pub(super) fn json(code: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => (code, [(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
