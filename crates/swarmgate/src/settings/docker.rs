//! Where Docker answers, how it is spoken to, and what is told of its tasks.
//!
//! Not here: speaking to it (the crate `swarm`).

use super::read::Reader;
use std::path::Path;
use swarm::{NodeInfo, TlsFiles};

/// `DF_DOCKER_HOST`, then Docker's own `DOCKER_HOST`, then the socket.
pub(super) fn host(read: &Reader<'_>) -> String {
    let own = read.text("DF_DOCKER_HOST");
    let dockers = read.text("DOCKER_HOST");
    [own, dockers].into_iter().find(|host| !host.is_empty()).unwrap_or_else(|| "unix:///var/run/docker.sock".to_owned())
}

/// The certificates for TLS with a Docker that is no socket. A file that cannot be read stops the start: without it Docker would be spoken
/// to in clear.
pub(super) fn tls(read: &mut Reader<'_>) -> Option<TlsFiles> {
    let directory = read.text("DOCKER_CERT_PATH");
    if host(read).starts_with("unix://") {
        return None;
    }
    if directory.is_empty() {
        if !read.text("DOCKER_TLS_VERIFY").is_empty() {
            read.mistake("DOCKER_TLS_VERIFY: it needs the certificates that DOCKER_CERT_PATH names".to_owned());
        }
        return None;
    }
    let mut file = |name: &str| {
        let path = Path::new(&directory).join(name);
        std::fs::read(&path).unwrap_or_else(|error| {
            read.mistake(format!("DOCKER_CERT_PATH: `{}` cannot be read: {error}", path.display()));
            Vec::new()
        })
    };
    Some(TlsFiles { ca: file("ca.pem"), cert: file("cert.pem"), key: file("key.pem") })
}

pub(super) fn node_info(read: &mut Reader<'_>) -> Option<NodeInfo> {
    let with_addresses = read.flag("DF_NODE_IP_INFO_INCLUDES_TASK_ADDRESS");
    let settings = if with_addresses { NodeInfo::WithAddresses } else { NodeInfo::WithoutAddresses };
    read.flag("DF_INCLUDE_NODE_IP_INFO").then_some(settings)
}
