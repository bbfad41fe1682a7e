//! The nodes, by their numbers: their Engines, and what may happen to them. All of it is done by `scripts/cluster`.

use crate::talk::Moment;
use anyhow::{Context, Result, ensure};
use std::{net::Ipv4Addr, process::Command};

/// All nodes. The first three are managers.
pub(crate) const NODES: std::ops::RangeInclusive<usize> = 1..=4;
/// The managers.
pub(crate) const MANAGERS: std::ops::RangeInclusive<usize> = 1..=3;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/cluster");

/// Does something to a node: `off`, `on`, `crash`, `stop`, `start`, `hang`, `resume`, `cut` or `heal`; or asks for its `init`.
///
/// # Errors
/// When it fails, with what it said.
pub(crate) fn cluster(verb: &str, node: usize) -> Result<String> {
    output(Command::new(SCRIPT).args([verb, &node.to_string()]))
}

/// Asks the Engine of a node, for at most a minute.
///
/// # Errors
/// When it fails, with what it said.
pub(crate) fn docker(node: usize, arguments: &[&str]) -> Result<String> {
    docker_within(60, node, arguments)
}

/// The same for at most so many seconds.
///
/// # Errors
/// When it fails, with what it said.
pub(crate) fn docker_within(seconds: u32, node: usize, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new(SCRIPT);
    output(command.env("LIMIT", seconds.to_string()).args(["docker", &node.to_string()]).args(arguments))
}

/// Where this machine keeps the file `place` of the node's `/proc`.
///
/// # Errors
/// When the node is off.
pub(crate) fn proc(node: usize, place: &str) -> Result<String> {
    Ok(format!("/proc/{}/root/proc/{place}", cluster("init", node)?.trim()))
}

/// What the overlay network `proxy` does with frames for `address` on a node: the entries of its VXLAN device, a line each.
///
/// # Errors
/// When the node is off, or not in that network.
pub(crate) fn forwarding(node: usize, address: Ipv4Addr) -> Result<String> {
    let network = docker(node, &["network", "inspect", "--format", "{{slice .ID 0 10}}", "proxy"])?;
    let data = docker(node, &["info", "--format", "{{.DockerRootDir}}"])?;
    let place =
        format!("--net=/proc/{}/root{}/../exec/netns/1-{}", cluster("init", node)?.trim(), data.trim(), network.trim());
    let listed = output(Command::new("nsenter").args([&place, "bridge", "fdb", "show"]))?;
    // Docker makes it of the address.
    let [a, b, c, d] = address.octets();
    let mac = format!("02:42:{a:02x}:{b:02x}:{c:02x}:{d:02x} ");
    Ok(listed.lines().filter(|line| line.starts_with(&mac) && line.contains(" dst ")).collect::<Vec<_>>().join("\n"))
}

/// When a container was started.
///
/// # Errors
/// When it was not.
pub(crate) fn started(node: usize, container: &str) -> Result<Moment> {
    moment(&docker(node, &["inspect", "--format", "{{.State.StartedAt}}", container])?)
}

/// When a container ended in good order, as one does that is told to; nothing if it runs, was killed or failed.
///
/// # Errors
/// When the node does not know it.
pub(crate) fn ended_well(node: usize, container: &str) -> Result<Option<Moment>> {
    let format = "{{.State.Status}} {{.State.ExitCode}} {{.State.FinishedAt}}";
    let state = docker(node, &["inspect", "--format", format, container])?;
    state.strip_prefix("exited 0 ").map(moment).transpose()
}

/// A time as Docker writes it.
fn moment(at: &str) -> Result<Moment> {
    let millis = output(Command::new("date").args(["+%s%3N", "--date", at.trim()]))?;
    Ok(Moment(millis.trim().parse()?))
}

fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?}: {} {}", output.status, said.trim());
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
