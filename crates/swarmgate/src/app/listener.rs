//! The role `listener`: following a Swarm, and its API.
//!
//! Not here: what it does (the crate `swarm`), and the one beside a proxy (`all`).

use super::{bind_api, serve_api, stop_signal};
use crate::listener_api;
use crate::settings::ListenerSettings;
use std::net::SocketAddr;
use swarm::Listener;
use tokio::task::JoinSet;

/// A listener that follows its Swarm. Dropping it ends it.
pub struct RunningListener {
    /// Where its API answers.
    pub api: SocketAddr,
    listener: Listener,
    tasks: JoinSet<()>,
}

/// Starts the role `listener`. Docker need not answer yet.
pub async fn start_listener(settings: ListenerSettings) -> anyhow::Result<RunningListener> {
    let api_socket = bind_api(settings.ip, settings.port).await?;
    let api = api_socket.local_addr()?;
    settings.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let listener = Listener::start(settings.swarm)?;
    let mut tasks = JoinSet::new();
    serve_api(&mut tasks, api_socket, listener_api::router(listener.clone(), settings.token));
    tracing::info!("swarmgate {} listener: API on {api}", env!("CARGO_PKG_VERSION"));
    Ok(RunningListener { api, listener, tasks })
}

/// The role `listener` until it is told to stop.
pub async fn run_listener(settings: ListenerSettings) -> anyhow::Result<()> {
    let stop = stop_signal()?;
    let running = start_listener(settings).await?;
    tokio::select! {
        () = stop => {
            running.stop().await;
            Ok(())
        }
        // Its health check would stay green, and what it said last would be true for ever.
        () = running.listener.ended() => Err(anyhow::anyhow!("a task of the listener has ended")),
    }
}

impl RunningListener {
    /// Ends what is under way.
    pub async fn stop(mut self) {
        self.listener.stop().await;
        self.tasks.shutdown().await;
        tracing::info!("Stopped");
    }
}
