//! How a destination's servers are dialled over TLS.
//!
//! Not here: dialling them, and whose certificates count (the proxy).

use super::Mode;
use super::read::Reader;
use rustls_pki_types::ServerName;
use std::sync::Arc;

/// TLS to servers, in HAProxy's words. A connection made in one way is never used in another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ServerTls {
    /// `ssl verify none`: encrypted, with whoever answers. No name is sent (SNI).
    VerifyNone,
    /// `ssl verify required`: the certificate must be valid for this name, which is sent as SNI; an address is not sent (RFC 6066 §3).
    VerifyHost(Arc<ServerName<'static>>),
}

/// `sslVerifyHost`, which is ours, and `sslVerifyNone`, which is Docker Flow's.
pub(super) fn read(reader: &mut Reader<'_>, mode: Mode) -> Option<ServerTls> {
    let host = reader.parsed("sslVerifyHost", "is neither a host name nor an IP address", parse_name);
    let unverified = reader.flag("sslVerifyNone");
    if mode != Mode::Http {
        for (name, is_set) in [("sslVerifyHost", host.is_some()), ("sslVerifyNone", unverified)] {
            if is_set {
                reader.warn(name, "it is for reqMode http; in tcp and sni mode bytes pass as they are");
            }
        }
        return None;
    }
    if host.is_some() && unverified {
        reader.warn("sslVerifyNone", "sslVerifyHost is set too, so the server is verified");
    }
    let unverified = unverified.then_some(ServerTls::VerifyNone);
    host.map(|name| ServerTls::VerifyHost(Arc::new(name))).or(unverified)
}

/// In lower case and without the final dot, as certificates have names.
fn parse_name(text: &str) -> Option<ServerName<'static>> {
    let name = text.trim().to_ascii_lowercase();
    ServerName::try_from(name.strip_suffix('.').unwrap_or(&name).to_owned()).ok()
}
