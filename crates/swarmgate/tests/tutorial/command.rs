//! Commands as a person types them, and what this machine needs said in addition. Knows no service and no section.

use std::process::Command;

use anyhow::{Context, Result, ensure};

/// What becomes of the tutorial's words here. Our images stand for Docker Flow's. Services are found by DNS and ports are
/// published by the host, because the virtual IPs and the routing mesh need IPVS, which many test machines lack; a port
/// of the host's choice lets several replicas run on one node. A label marks what these tests created, and may remove.
/// Nothing is looked up in a registry. Health is looked at every second, since nobody finds a task before it is healthy.
const HERE: [(&str, &str); 11] = [
    ("docker network create", "docker network create --label swarmgate.tutorial"),
    (
        "docker service create",
        "docker service create --detach --quiet --no-resolve-image --label swarmgate.tutorial --endpoint-mode dnsrr \
         --health-interval 1s",
    ),
    ("docker service update", "docker service update --detach --quiet --no-resolve-image"),
    ("docker service scale", "docker service scale --detach"),
    ("-p 80:80", "--publish mode=host,target=80"),
    ("-p 443:443", "--publish mode=host,target=443"),
    ("--publish-add 8080:8080", "--publish-add mode=host,target=8080"),
    ("vfarcic/docker-flow-swarm-listener", "swarmgate-listener"),
    ("vfarcic/docker-flow-proxy", "swarmgate"),
    ("vfarcic/go-demo", "swarmgate demo-service"),
    (" mongo", " swarmgate demo-service"),
];

/// Runs a command of the tutorial, translated for this machine, in a shell.
///
/// # Errors
/// When it fails, with what it said.
pub(crate) fn typed(command: &str) -> Result<String> {
    let here = HERE.iter().fold(command.to_owned(), |text, (theirs, ours)| text.replace(theirs, ours));
    output("sh", &["-c", &here])
}

/// Runs a program, and returns the number that it ends with.
///
/// # Errors
/// When it cannot be started, or ends by a signal.
pub(crate) fn exit_code(program: &str, arguments: &[&str]) -> Result<i32> {
    let output = Command::new(program).args(arguments).output().with_context(|| program.to_owned())?;
    output.status.code().with_context(|| format!("{program}: {}", output.status))
}

/// Runs `docker` with these arguments, for at most a minute.
///
/// # Errors
/// When it fails, with what it said.
pub(crate) fn docker(arguments: &[&str]) -> Result<String> {
    output("timeout", &[&["60", "docker"], arguments].concat())
}

/// Runs a program and returns its standard output.
///
/// # Errors
/// When it cannot be started or fails, with its standard error.
pub(crate) fn output(program: &str, arguments: &[&str]) -> Result<String> {
    let line = || format!("{program} {}", arguments.join(" "));
    let output = Command::new(program).args(arguments).output().with_context(line)?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}: {} {}", line(), output.status, said.trim());
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
