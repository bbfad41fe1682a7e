//! The hosts that a certificate is for.
//!
//! Not here: choosing by them (`choose`).

use super::shown;
use rustls::pki_types::ServerName;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;

/// What a certificate says about its hosts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    /// In lower case, without a dot at the end, each once. `*.` begins a wildcard. Addresses too, though no client asks for one by SNI.
    pub(super) hosts: Vec<String>,
    /// What is no name of a host, as it may be shown.
    pub(super) left_out: Vec<String>,
    /// There was no alternative name: browsers refuse such certificates (RFC 9525 §6.3 has no other names).
    pub(super) only_common: bool,
}

/// The subject's alternative names; where there are none, its common name, which the certificates of version 1 have only.
pub(super) fn of(certificate: &X509Certificate<'_>) -> Names {
    let alternative = certificate.subject_alternative_name().ok().flatten();
    let general = alternative.iter().flat_map(|extension| &extension.value.general_names);
    let texts: Vec<String> = general
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            GeneralName::IPAddress(bytes) => Some(address(bytes)?.to_string()),
            _ => None,
        })
        .collect();
    let only_common = texts.is_empty();
    let common = certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok());
    let texts = if only_common { common.map(str::to_owned).collect() } else { texts };
    let mut names = Names { only_common, ..Names::default() };
    for text in texts {
        match host(&text) {
            Some(host) if names.hosts.contains(&host) => {}
            Some(host) => names.hosts.push(host),
            None => names.left_out.push(shown(&text)),
        }
    }
    names
}

/// A host name, an address, or a wildcard over one label (RFC 9525 §6.3), as clients are compared with it; `None` for anything else.
pub(super) fn host(text: &str) -> Option<String> {
    let text = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    match text.strip_prefix("*.") {
        Some(parent) => matches!(ServerName::try_from(parent), Ok(ServerName::DnsName(_))).then(|| text.clone()),
        None => ServerName::try_from(text.as_str()).is_ok().then(|| text.clone()),
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = |bytes| IpAddr::from(Ipv4Addr::from_octets(bytes));
    let v6 = |bytes| IpAddr::from(Ipv6Addr::from_octets(bytes));
    <[u8; 4]>::try_from(bytes).map(v4).or_else(|_| <[u8; 16]>::try_from(bytes).map(v6)).ok()
}
