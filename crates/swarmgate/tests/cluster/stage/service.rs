//! Services that the proxies are to find, and what the Swarm says of their tasks.

use crate::{node::docker, talk::Moment};
use anyhow::{Context, Result, ensure};
use std::{collections::BTreeSet, net::IpAddr};

/// A service in the making. [`host_of`] leads to it.
pub(crate) struct Service {
    name: String,
    options: Vec<String>,
}

impl Service {
    pub(crate) fn named(name: &str) -> Service {
        Service { name: name.to_owned(), options: vec!["--no-healthcheck".to_owned()] }
    }

    /// With further options of `docker service create`.
    pub(crate) fn with(mut self, options: &[&str]) -> Service {
        self.options.extend(options.iter().map(ToString::to_string));
        self
    }

    /// Its tasks run once they say that they are healthy, which Docker asks every second.
    pub(crate) fn looked_after(mut self) -> Service {
        self.options.retain(|option| option != "--no-healthcheck");
        self.with(&["--health-interval", "1s"])
    }

    /// Creates it by way of a manager.
    ///
    /// # Errors
    /// When Docker refuses.
    pub(crate) fn create(&self, manager: usize) -> Result<()> {
        let labels = [
            "notify=true".to_owned(),
            "distribute=true".to_owned(),
            "port=8080".to_owned(),
            "servicePath=/demo".to_owned(),
            format!("serviceDomain={}", host_of(&self.name)),
        ];
        let labels: Vec<String> = labels.iter().map(|label| format!("--label=com.df.{label}")).collect();
        let mut arguments =
            vec!["service", "create", "--detach", "--quiet", "--no-resolve-image", "--network", "proxy"];
        arguments.extend(["--endpoint-mode", "dnsrr", "--name", &self.name]);
        arguments.extend(labels.iter().chain(&self.options).map(String::as_str));
        arguments.extend(["swarmgate", "demo-service"]);
        docker(manager, &arguments).map(|_| ())
    }
}

/// The host that leads to a service of these tests.
pub(crate) fn host_of(service: &str) -> String {
    format!("{service}.test")
}

/// Since when each task of a service runs, once `count` do.
///
/// # Errors
/// When fewer do.
pub(crate) fn running_since(manager: usize, service: &str, count: usize) -> Result<Vec<Moment>> {
    let tasks = docker(manager, &["service", "ps", "--quiet", "--filter", "desired-state=running", service])?;
    ensure!(!tasks.is_empty(), "{service} has no tasks");
    let format = ["inspect", "--format", "{{.Status.State}} {{.Status.Timestamp.UnixNano}}"];
    let states = docker(manager, &[format.as_slice(), &tasks.lines().collect::<Vec<_>>()].concat())?;
    let running: Vec<&str> = states.lines().filter_map(|state| state.strip_prefix("running ")).collect();
    ensure!(running.len() >= count, "{} of {count} tasks of {service} run", running.len());
    let moment = |nanos: &str| nanos.parse::<u64>().map(|nanos| Moment(nanos / 1_000_000)).context("a time");
    running.into_iter().map(moment).collect()
}

/// The tasks of a service that run and are to run: their nodes and containers. A container that runs may be one that the Swarm
/// has given up already.
///
/// # Errors
/// When Docker does not answer.
pub(crate) fn running(manager: usize, service: &str) -> Result<BTreeSet<(usize, String)>> {
    let wanted = ["--filter", "desired-state=running", "--format", "{{.ID}} {{.Node}}", "--no-trunc", service];
    let tasks = docker(manager, &[["service", "ps"].as_slice(), &wanted].concat())?;
    let mut running = BTreeSet::new();
    for (task, node) in tasks.lines().filter_map(|task| task.split_once(" node-")) {
        let format = "{{.Status.State}} {{with .Status.ContainerStatus}}{{.ContainerID}}{{end}}";
        let state = docker(manager, &["inspect", "--format", format, task])?;
        if let Some(container) = state.trim().strip_prefix("running ") {
            running.insert((node.parse().context("the number of a node")?, container.to_owned()));
        }
    }
    Ok(running)
}

/// The addresses of the tasks of a service in the network of the proxy.
///
/// # Errors
/// When Docker does not answer.
pub(crate) fn addresses(manager: usize, service: &str) -> Result<Vec<IpAddr>> {
    let tasks = docker(manager, &["service", "ps", "--quiet", "--filter", "desired-state=running", service])?;
    let format = "{{range .NetworksAttachments}}{{range .Addresses}}{{println .}}{{end}}{{end}}";
    let listed =
        docker(manager, &[["inspect", "--format", format].as_slice(), &tasks.lines().collect::<Vec<_>>()].concat())?;
    let address = |line: &str| line.split_once('/').map(|(address, _)| address.parse().context("an address"));
    listed.lines().filter_map(address).collect()
}
