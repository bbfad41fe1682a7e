//! Certificates that came with services: whose file is whose, and which hosts they are served for.
//!
//! Whoever may start a service must not take over what an operator has put in place. The first line of such a file names the service, so a restart
//! and other replicas know it too. Not here: the parameter (`service`), and writing the file (`store`).

use super::known;
use model::ServiceName;
use model::route::host::HostPattern;
use proxy::tls::Certificate;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// How the first line begins. PEM lets anything stand outside its blocks (RFC 7468 §2).
const MARK: &[u8] = b"# serviceCert of ";

/// A service that brings a certificate.
#[derive(Clone, Debug)]
pub struct Bringer {
    /// Its name.
    pub service: ServiceName,
    /// Its domains; none: it has all hosts.
    pub hosts: Vec<HostPattern>,
}

/// Whether a certificate that came with a service may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// There is no file, or one that came with the same service.
    Free,
    /// The file is somebody else's, and the same certificate.
    Same,
    /// The file is somebody else's.
    Taken,
}

impl Bringer {
    /// The bundle with the line that says whose it is.
    pub(super) fn mark(&self, pem: &[u8]) -> Arc<[u8]> {
        // Whatever the service is called, it is one line.
        let name = self.service.as_str().escape_default().to_string();
        [MARK, name.as_bytes(), b"\n", pem].concat().into()
    }
}

/// The service that a bundle came with, as its first line says.
pub(super) fn bringer(pem: &[u8]) -> Option<&[u8]> {
    split(pem).0
}

/// The place of `pem`, which came with a service, at `path`. Only a file that can be read can be the service's own. Blocks.
pub(super) fn place(path: &Path, pem: &[u8]) -> Place {
    if fs::symlink_metadata(path).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
        return Place::Free;
    }
    let there = known::read(path).unwrap_or_default();
    let ((owner, content), (bringer, new)) = (split(&there), split(pem));
    match (owner == bringer, content == new) {
        (true, _) => Place::Free,
        (false, true) => Place::Same,
        (false, false) => Place::Taken,
    }
}

/// The certificate for those of its names that `hosts` has too (none: all) and none of `others`; `None` if no name is left.
pub(super) fn restricted(
    certificate: &Certificate,
    hosts: &[&HostPattern],
    others: &[Arc<Certificate>],
) -> Option<Certificate> {
    let mut names = certificate.names().to_vec();
    if !hosts.is_empty() {
        names.retain(|name| hosts.iter().any(|host| is_meant(host, name)));
        // A wildcard serves single hosts below it.
        let single = hosts.iter().filter_map(|host| whole(host)).filter(|host| certificate.is_for(host));
        names.extend(single.map(str::to_owned));
    }
    names.retain(|name| !others.iter().any(|other| other.is_for(name)));
    names.sort_unstable();
    names.dedup();
    if names.is_empty() { None } else { certificate.with_names(&names).ok() }
}

/// Docker Flow's domains match by their start unless something else is asked for; whose certificate counts is not decided by that.
fn is_meant(host: &HostPattern, name: &str) -> bool {
    match host {
        HostPattern::Prefix(text) if !text.ends_with('.') => text == name,
        host => host.matches(name.as_bytes()),
    }
}

/// The host that a pattern names as a whole.
fn whole(host: &HostPattern) -> Option<&str> {
    match host {
        HostPattern::Exact(text) | HostPattern::Prefix(text) | HostPattern::Labels(text) => Some(text),
        HostPattern::Suffix(_) | HostPattern::Substring(_) | HostPattern::Regex(_) => None,
    }
}

/// The bringer and the bundle itself.
fn split(pem: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let Some(rest) = pem.strip_prefix(MARK) else { return (None, pem) };
    let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    (Some(&rest[..end]), rest.get(end + 1..).unwrap_or_default())
}
