//! `/v1/docker-flow-proxy/metrics`: HAProxy's table of figures, of this replica or of all.
//!
//! Docker Flow asked HAProxy's page of statistics for it, so that there was none without STATS_USER; the control API needs no such detour.
//! Not here: the figures (`statistics`).

use super::Api;
use super::query::{Pairs, wants_distribution};
use crate::peers::{body_of, taken};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use proxy::{StatisticsForm, is_own};
use std::net::IpAddr;
use std::sync::Arc;
use tokio::task::JoinSet;

/// The longest answer of another replica, in bytes: about 100,000 backends.
const LONGEST_TABLE: usize = 64 * 1024 * 1024;
const PATH: &str = "/v1/docker-flow-proxy/metrics?distribute=false";

pub(super) async fn handle(State(api): State<Arc<Api>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let own = own(&api).await;
    if !wants_distribution(&Pairs::read(&uri, &headers, &body).params()) {
        return table(own);
    }
    match of_all(&api, own).await {
        Ok(tables) => table(tables),
        Err(reason) => {
            tracing::warn!("The figures of all replicas cannot be had: {reason}");
            (StatusCode::INTERNAL_SERVER_ERROR, reason).into_response()
        }
    }
}

fn table(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

async fn own(api: &Api) -> String {
    let sources = api.statistics.clone();
    let rendered = tokio::task::spawn_blocking(move || sources.render(StatisticsForm::Csv)).await;
    rendered.expect("rendering figures does not panic")
}

/// The tables of all replicas, each with its head, in the order of their addresses. One that is missing would make every sum wrong.
async fn of_all(api: &Api, own: String) -> Result<String, String> {
    let mut addresses = api.peers.all().await?;
    addresses.sort_unstable();
    let mut asked = JoinSet::new();
    for ip in addresses.iter().copied().filter(|ip| !is_own(*ip)) {
        let request = api.peers.question(ip, PATH);
        asked.spawn(async move { (ip, text(request).await) });
    }
    let mut tables: Vec<(IpAddr, String)> = Vec::new();
    for (ip, answer) in asked.join_all().await {
        tables.push((ip, answer.map_err(|reason| format!("replica {ip}: {reason}"))?));
    }
    tables.extend(addresses.into_iter().find(|ip| is_own(*ip)).map(|ip| (ip, own)));
    tables.sort_unstable_by_key(|(ip, _)| *ip);
    Ok(tables.into_iter().map(|(_, table)| table).collect::<Vec<_>>().join("\n"))
}

async fn text(request: reqwest::RequestBuilder) -> Result<String, crate::peers::NotTaken> {
    let body = body_of(taken(request).await?, LONGEST_TABLE).await?;
    Ok(String::from_utf8_lossy(&body).into_owned())
}
