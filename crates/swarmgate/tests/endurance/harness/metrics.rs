//! What a program says of itself on `/metrics`.

use super::client::Client;
use std::net::SocketAddr;

/// All samples of one metric, added up.
pub(crate) async fn metric(api: SocketAddr, name: &str) -> anyhow::Result<u64> {
    let reply = Client::of(api).ask(b"GET /metrics HTTP/1.1\r\nHost: api\r\n\r\n").await;
    let reply = reply.map_err(|loss| anyhow::anyhow!("/metrics: {loss}"))?;
    let text = String::from_utf8(reply.body)?;
    let samples = text.lines().filter_map(|line| line.strip_prefix(name).filter(|rest| rest.starts_with([' ', '{'])));
    let numbers: Option<Vec<u64>> = samples.map(|sample| sample.rsplit(' ').next()?.parse().ok()).collect();
    let numbers = numbers.filter(|numbers| !numbers.is_empty());
    numbers.map(|numbers| numbers.iter().sum()).ok_or_else(|| anyhow::anyhow!("/metrics has no {name}"))
}
