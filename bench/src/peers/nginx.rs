//! nginx as one would set it up for the same services: a location and an upstream with kept connections each, no access log.
//!
//! One process (`master_process off`) does what one worker would, and a kill leaves none behind.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::{Plan, pinned};
use crate::workload::service;

pub(super) const PROGRAM: &str = "/usr/sbin/nginx";

pub(super) fn command(plan: &Plan, directory: &Path, port: u16) -> Result<Command> {
    let file = directory.join("nginx.conf");
    fs::write(&file, config(plan, port))?;
    let mut command = pinned(Path::new(PROGRAM), plan.core);
    command.arg("-p").arg(directory).arg("-c").arg(file).args(["-e", "stderr"]);
    Ok(command)
}

/// How it listens with a certificate, and what else it must be told: it does not speak TLS 1.3 of itself.
fn ssl(bundle: &Path) -> (&'static str, String) {
    let bundle = bundle.display();
    let settings = format!(
        "    ssl_certificate {bundle};
    ssl_certificate_key {bundle};
    ssl_protocols TLSv1.2 TLSv1.3;
    proxy_set_header X-Forwarded-Proto https;
"
    );
    (" ssl http2", settings)
}

fn config(plan: &Plan, port: u16) -> String {
    let Plan { services, backend, clients, .. } = *plan;
    // It closes idle clients once few of its connections are free.
    let connections = 10_240.max(clients * 2);
    let (ssl, certificate) = plan.bundle.map(ssl).unwrap_or_default();
    let mut upstreams = String::new();
    let mut locations = String::new();
    for name in (0..services).map(service) {
        // Writing to a String cannot fail.
        let _ = writeln!(
            upstreams,
            "    upstream {name} {{ server 127.0.0.1:{backend}; keepalive 64; keepalive_requests 1000000000; }}"
        );
        let _ = writeln!(locations, "        location /{name} {{ proxy_pass http://{name}; }}");
    }
    format!(
        "daemon off;
master_process off;
worker_processes 1;
pid nginx.pid;
error_log stderr error;
events {{ worker_connections {connections}; }}
http {{
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    keepalive_timeout 15s;
    keepalive_requests 1000000000;
    proxy_http_version 1.1;
    proxy_set_header Connection \"\";
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_connect_timeout 5s;
    proxy_read_timeout 20s;
{certificate}{upstreams}    server {{
        listen 127.0.0.1:{port}{ssl};
{locations}    }}
}}
"
    )
}
