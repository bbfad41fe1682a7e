//! HAProxy as Docker Flow Proxy configures it, less the admin socket: one ACL, one rule and one backend a service.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::{Plan, pinned};
use crate::workload::service;

/// Where Debian's package has it; /usr/sbin is not on every user's PATH.
pub(super) const PROGRAM: &str = "/usr/sbin/haproxy";

pub(super) fn command(plan: &Plan, directory: &Path, port: u16) -> Result<Command> {
    let file = directory.join("haproxy.cfg");
    fs::write(&file, config(plan, port))?;
    let mut command = pinned(Path::new(PROGRAM), plan.core);
    command.arg("-db").arg("-f").arg(file);
    Ok(command)
}

fn config(plan: &Plan, port: u16) -> String {
    let Plan { services, backend, clients, .. } = *plan;
    // Docker Flow's limit, unless more are to come; HAProxy then wants twice as many descriptors as the idle ones of a benchmark need.
    let maxconn = clients.max(5000);
    let ssl = plan.bundle.map(|bundle| format!(" ssl crt {} alpn h2,http/1.1", bundle.display())).unwrap_or_default();
    let mut rules = String::new();
    let mut backends = String::new();
    for name in (0..services).map(service) {
        let id = format!("{name}-be{backend}_0");
        rules += &format!("    acl url_{name}{backend}_0 path_beg /{name}\n");
        rules += &format!("    use_backend {id} if url_{name}{backend}_0\n");
        // Writing to a String cannot fail.
        let _ = write!(
            backends,
            "\nbackend {id}\n    mode http\n    http-request add-header X-Forwarded-Proto https if {{ ssl_fc }}\n    \
             server {name} 127.0.0.1:{backend}\n"
        );
    }
    format!(
        "global
    nbthread 1
    maxconn {maxconn}
    no strict-limits

defaults
    mode    http
    balance roundrobin
    option  dontlognull
    option  dontlog-normal
    option  http-keep-alive
    option  redispatch
    maxconn {maxconn}
    timeout connect 5s
    timeout client 20s
    timeout server 20s
    timeout queue 30s
    timeout tunnel 3600s
    timeout http-request 5s
    timeout http-keep-alive 15s

frontend services
    bind 127.0.0.1:{port}{ssl}
    mode http
    option forwardfor
{rules}{backends}"
    )
}
