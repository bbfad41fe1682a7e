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
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

const CAME_THROUGH: &str = "Changes that came through a proxy are refused: the control API must not be published. Call it directly, or set DFP_API_TOKEN";
const NEEDS_TOKEN: &str =
    "Changes, and lists that show passwords, need the DFP_API_TOKEN, as `Authorization: Bearer <token>`";

/// Callers that are remembered as told of; more are told of each time.
const MOST_TOLD: usize = 1000;

/// What a guard knows.
#[derive(Clone)]
pub struct Guard {
    token: Option<Bearer>,
    /// Callers that were told of and have not borne the token since; `None`: each call is told of.
    told: Option<Arc<Mutex<BTreeSet<IpAddr>>>>,
}

impl Guard {
    /// One that tells of each call that it refuses.
    pub fn new(token: Option<Bearer>) -> Guard {
        Guard { token, told: None }
    }

    /// One that tells of a caller once: whoever follows asks again and again.
    pub fn telling_once(token: Bearer) -> Guard {
        Guard { token: Some(token), told: Some(Arc::default()) }
    }

    /// Notes whether the caller bears the token; whether the log should say so.
    fn is_news(&self, caller: IpAddr, bears: bool) -> bool {
        let Some(told) = &self.told else { return true };
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        if bears {
            return told.remove(&caller);
        }
        told.len() >= MOST_TOLD || told.insert(caller)
    }
}

/// Lets a call pass that bears the token. Where there is none every call passes but one that came through a proxy: a service could dial the
/// address of the node, where the API of some replica may be published.
pub async fn guard(
    State(guard): State<Guard>,
    ConnectInfo(caller): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    let came_through = guard.token.is_none() && headers.contains_key("x-forwarded-for");
    if came_through {
        tracing::warn!("Refused: {} of {caller} came through a proxy", request.uri().path());
        return Reply::failed(StatusCode::FORBIDDEN, CAME_THROUGH).into_response();
    }
    let bears = guard.token.as_ref().is_none_or(|token| token.is_borne_by(headers));
    let is_news = guard.is_news(caller.ip(), bears);
    if bears {
        return next.run(request).await;
    }
    if is_news {
        tracing::warn!("Refused: {} of {caller} does not bear the DFP_API_TOKEN", request.uri().path());
    }
    let mut response = Reply::failed(StatusCode::UNAUTHORIZED, NEEDS_TOKEN).into_response();
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn bug_a_proxy_without_the_token_filled_the_log_of_its_listener() {
        let guard = Guard::telling_once(Bearer::new("s3cret").unwrap());
        let [one, other] = [1, 2].map(|last| IpAddr::from(Ipv4Addr::new(10, 0, 0, last)));
        assert_eq!(
            [guard.is_news(one, false), guard.is_news(one, false), guard.is_news(other, false)],
            [true, false, true]
        );
        guard.is_news(one, true);
        assert!(guard.is_news(one, false), "it had the token meanwhile");
        let guard = Guard::new(None);
        assert!(guard.is_news(one, false) && guard.is_news(one, false));
    }
}
