//! `swarmgate ping`: the health check of an image that has no other program.
//!
//! Not here: when a proxy is ready (`api`).

use crate::settings::PingSettings;
use anyhow::{Context, bail};
use reqwest::StatusCode;
use std::net::SocketAddr;
use std::time::Duration;

const PROXY: &str = "docker-flow-proxy/ping";
const LISTENER: &str = "docker-flow-swarm-listener/ping";
const READY: &str = "docker-flow-proxy/successfulinitreload";
const TIMEOUT: Duration = Duration::from_secs(4);

/// Fails unless the program on this machine is ready: a proxy that has the services of its listener, a listener that answers.
pub async fn run(settings: &PingSettings) -> anyhow::Result<()> {
    let base = format!("http://{}/v1", SocketAddr::new(settings.ip, settings.port));
    let client =
        reqwest::Client::builder().no_proxy().timeout(TIMEOUT).build().context("the HTTP client cannot be set up")?;
    let ask = async |path: &str| {
        let reply = client.get(format!("{base}/{path}")).send().await;
        anyhow::Ok(reply.with_context(|| format!("nothing answers on port {}", settings.port))?.status())
    };
    let (proxy, listener) = (ask(PROXY).await?, ask(LISTENER).await?);
    let status = match (proxy, listener) {
        (StatusCode::NOT_FOUND, _) => listener,
        // Who answers as both follows itself: the role `all`.
        _ if settings.follows_listeners || listener.is_success() => ask(READY).await?,
        _ => proxy,
    };
    if status.is_success() { Ok(()) } else { bail!("the program on port {} is not ready", settings.port) }
}
