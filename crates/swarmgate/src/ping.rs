//! `swarmgate ping`: the health check of an image that has no other program.
//!
//! Not here: when a proxy is ready (`api`).

use crate::settings::PingSettings;
use anyhow::{Context, bail};
use std::net::SocketAddr;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(4);

/// Fails unless the program on this machine is ready: a proxy that has the services of its listener, a listener that answers.
pub async fn run(settings: &PingSettings) -> anyhow::Result<()> {
    let base = format!("http://{}/v1", SocketAddr::new(settings.ip, settings.port));
    let client =
        reqwest::Client::builder().no_proxy().timeout(TIMEOUT).build().context("the HTTP client cannot be set up")?;
    let paths = match settings.follows_listeners {
        true => ["docker-flow-proxy/successfulinitreload"].as_slice(),
        false => ["docker-flow-proxy/ping", "docker-flow-swarm-listener/ping"].as_slice(),
    };
    for path in paths {
        let reply = client
            .get(format!("{base}/{path}"))
            .send()
            .await
            .with_context(|| format!("nothing answers on port {}", settings.port))?;
        if reply.status().is_success() {
            return Ok(());
        }
    }
    bail!("the program on port {} is not ready", settings.port)
}
