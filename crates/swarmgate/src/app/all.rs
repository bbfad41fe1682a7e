//! The role `all`: a proxy and the listener that it follows in one process, for a Swarm with a single manager.
//!
//! Both answer on one port. The listener's tasks are its own: one that hangs on Docker takes no service away, one that panics ends the
//! program once its requests have ended, and the proxy's threads know nothing of it.
//! Not here: what the two do (`app`).

use super::{Beginning, RunningProxy, start, stop_signal};
use crate::settings::{ListenerSettings, ProxySettings};
use std::io;
use swarm::Listener;

/// A proxy that serves and the listener beside it. Dropping it ends both.
pub struct RunningAll {
    /// The proxy; its API is the listener's too.
    pub proxy: RunningProxy,
    /// The listener.
    pub listener: Listener,
}

/// Starts the role `all`. Docker need not answer yet.
pub async fn start_all(
    output: Box<dyn io::Write + Send>,
    (settings, listener): (ProxySettings, ListenerSettings),
) -> anyhow::Result<RunningAll> {
    for warning in listener.warnings.iter().filter(|warning| !settings.warnings.contains(warning)) {
        tracing::warn!("{warning}");
    }
    let listener = Listener::start(listener.swarm)?;
    let proxy = start(settings, Beginning { output, beside: Some(listener.clone()) }).await?;
    Ok(RunningAll { proxy, listener })
}

/// The role `all` until it is told to stop.
pub async fn run_all(settings: (ProxySettings, ListenerSettings)) -> anyhow::Result<()> {
    let stop = stop_signal()?;
    let mut running = start_all(Box::new(io::stdout()), settings).await?;
    tokio::select! {
        () = stop => {
            running.drain().await;
            Ok(())
        }
        gone = running.proxy.gone() => Err(gone.into()),
        // What it said last would count for ever. Nothing is wrong with the proxy: its requests end first.
        () = running.listener.ended() => {
            running.drain().await;
            Err(anyhow::anyhow!("a task of the listener has ended"))
        }
    }
}

impl RunningAll {
    /// The proxy first, as in its own role: as long as requests end, it is still told which tasks are there. Then the listener.
    pub async fn drain(self) {
        self.proxy.drain().await;
        self.listener.stop().await;
    }
}
