//! One running replica of the proxy: where it is reached from this host, and from beside it.
//!
//! Not here: what it is asked (`visit`, `sections`).

use std::{
    fs,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, ensure};

use crate::{
    command::{docker, output},
    swarm::Swarm,
};

/// A replica, by its container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Replica {
    container: String,
}

impl Replica {
    /// All replicas of the proxy: as many as there should be.
    ///
    /// # Errors
    /// When there are more or fewer, as in the middle of an update.
    pub(crate) fn all(swarm: &Swarm<'_>) -> Result<Vec<Replica>> {
        let wanted = docker(&["service", "inspect", "--format", "{{.Spec.Mode.Replicated.Replicas}}", "proxy"])?;
        let containers = swarm.containers("proxy")?;
        ensure!(containers.len().to_string() == wanted.trim(), "{} containers instead of {wanted}", containers.len());
        Ok(containers.into_iter().map(|container| Replica { container }).collect())
    }

    /// The port of this host that leads to one of its ports.
    ///
    /// # Errors
    /// When that port is not published.
    pub(crate) fn port(&self, inside: u16) -> Result<String> {
        let published = docker(&["port", &self.container, &format!("{inside}/tcp")])?;
        let port = published.lines().find_map(|line| line.strip_prefix("0.0.0.0:"));
        let port =
            port.with_context(|| format!("port {inside} of {} is published as {published:?}", self.container))?;
        Ok(port.to_owned())
    }

    /// Its address in the network of the proxy.
    ///
    /// # Errors
    /// When it has none yet.
    pub(crate) fn address(&self) -> Result<String> {
        let address = self.inspect("{{.NetworkSettings.Networks.proxy.IPAddress}}")?;
        ensure!(!address.is_empty(), "{} is not in the network", self.container);
        Ok(address)
    }

    /// When its health check first succeeded, as far as Docker remembers. From then on, and no sooner, its name leads to it.
    ///
    /// # Errors
    /// When it never did.
    pub(crate) fn healthy_since(&self) -> Result<SystemTime> {
        let successes = self.inspect("{{range .State.Health.Log}}{{if eq .ExitCode 0}}{{json .End}} {{end}}{{end}}")?;
        let first = successes.split_whitespace().next().with_context(|| format!("{self:?} is not healthy"))?;
        let nanoseconds = output("date", &["--date", first.trim_matches('"'), "+%s%N"])?;
        Ok(UNIX_EPOCH + Duration::from_nanos(nanoseconds.trim().parse()?))
    }

    /// What `curl` prints here, in the network namespace of the replica: others see its address.
    ///
    /// # Errors
    /// When it fails, or when this is not the host of the replica, or not root.
    pub(crate) fn curl(&self, arguments: &[&str]) -> Result<String> {
        let namespace = format!("--net=/proc/{}/ns/net", self.process()?);
        let always = [&namespace, "curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", "10"];
        output("nsenter", &[&always, arguments].concat())
    }

    /// A process of the replica, as this process counts them: an Engine in a namespace of its own counts otherwise.
    fn process(&self) -> Result<String> {
        let whole = self.inspect("{{.Id}}")?;
        let processes = fs::read_dir("/proc")?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let is_in = |process: &String| {
            fs::read_to_string(format!("/proc/{process}/cgroup")).is_ok_and(|groups| groups.contains(&whole))
        };
        let found = processes.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())).find(is_in);
        found.with_context(|| format!("no process of this host is in the container {whole}"))
    }

    fn inspect(&self, format: &str) -> Result<String> {
        Ok(docker(&["container", "inspect", "--format", format, &self.container])?.trim().to_owned())
    }
}
