//! The listener: the real program as a child of this one, following whichever Docker API it is told of.
//!
//! Not here: a listener that says what a test wants (`listener`).

use super::program::PROGRAM;
use super::{Usage, metric, soon};
use anyhow::Context as _;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Lines of its log that are shown.
const LAST: usize = 20;

/// A running listener. Dropping it kills it.
pub(crate) struct SwarmListener {
    child: Child,
    pub(crate) api: SocketAddr,
    log: PathBuf,
}

impl SwarmListener {
    /// One with its API there, that follows this Docker, tells the proxy with this API, and logs to this file.
    pub(crate) async fn start(api: SocketAddr, docker: &str, proxy: SocketAddr, log: &Path) -> anyhow::Result<Self> {
        let file = File::create(log).with_context(|| format!("{} cannot be written", log.display()))?;
        let url = |path: &str| format!("http://{proxy}/v1/docker-flow-proxy/{path}");
        let mut command = Command::new(PROGRAM);
        command.arg("listener").env("IP", api.ip().to_string()).env("PORT", api.port().to_string());
        command.env("DF_DOCKER_HOST", docker).env("LOG", "info").env("SECRETS_DIR", "/nonexistent");
        command.env("DF_NOTIFY_CREATE_SERVICE_URL", url("reconfigure"));
        command.env("DF_NOTIFY_REMOVE_SERVICE_URL", url("remove"));
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let child = command.spawn().context("the listener cannot be started")?;
        let mut listener = SwarmListener { child, api, log: log.to_owned() };
        match soon("the listener's API", listener.is_up()).await? {
            Ok(()) => Ok(listener),
            Err(error) => Err(error.context(listener.log())),
        }
    }

    async fn is_up(&mut self) -> anyhow::Result<()> {
        // Only a listener has this.
        while metric(self.api, "swarmgate_listener_services").await.is_err() {
            if let Some(status) = self.child.try_wait()? {
                anyhow::bail!("the listener ended: {status}");
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    pub(crate) fn usage(&self) -> anyhow::Result<Usage> {
        Usage::of(self.child.id())
    }

    /// The end of its log.
    pub(crate) fn log(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(LAST)..].join("\n")
    }
}

impl Drop for SwarmListener {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
