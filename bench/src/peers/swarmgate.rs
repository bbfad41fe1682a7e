//! swarmgate as an operator runs it without a listener: settings in the environment, services by calls to its control API.

use std::path::Path;
use std::process::Command;
use std::thread;

use anyhow::Result;

use super::{AccessLog, Plan, pinned};
use crate::api::Api;
use crate::tls;
use crate::workload::service;

/// Services are configured over so many connections at a time.
const CALLERS: usize = 8;

const BASE: &str = "/v1/docker-flow-proxy";

pub(super) fn command(plan: &Plan, directory: &Path, ports: [u16; 2]) -> Result<Command> {
    let certificates = directory.join("certs");
    let mut port = ports[0].to_string();
    if let Some(bundle) = plan.bundle {
        tls::install(bundle, &certificates)?;
        port += ":ssl";
    }
    let mut command = pinned(plan.swarmgate, plan.core);
    command
        .arg("proxy")
        .env("IP", "127.0.0.1")
        .env("DEFAULT_PORTS", port)
        .env("PORT", ports[1].to_string())
        .env("THREADS", "1")
        .env("CERTS_DIR", certificates)
        .env("SECRETS_DIR", directory.join("secrets"));
    if plan.access_log != AccessLog::Off {
        command.env("ACCESS_LOG", "json");
    }
    Ok(command)
}

/// Makes all services of a plan live.
pub(super) fn configure(control: u16, plan: &Plan) -> Result<()> {
    Api::new(control).get(&format!("{BASE}/ping"))?;
    thread::scope(|scope| {
        let caller = |first: usize| {
            let mut api = Api::new(control);
            (first..plan.services)
                .step_by(CALLERS)
                .try_for_each(|number| api.get(&reconfigure(number, "", plan.backend)))
        };
        let callers: Vec<_> = (0..CALLERS).map(|first| scope.spawn(move || caller(first))).collect();
        callers.into_iter().try_for_each(|caller| caller.join().expect("a caller returns its errors"))
    })
}

/// The call that makes a service live at `/<name>`, and at one more path if there is one (`,/path`).
pub(crate) fn reconfigure(number: usize, more: &str, backend: u16) -> String {
    let name = service(number);
    format!("{BASE}/reconfigure?serviceName={name}&servicePath=/{name}{more}&port={backend}&outboundHostname=127.0.0.1")
}
