//! Which certificate a client gets: the one for the name it asks for, else for the wildcard above it, else the default.
//!
//! Not here: what certificates are (`certificate`).

use super::certificate::Certificate;
use rustc_hash::FxHashMap;
use rustls::SignatureScheme;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::fmt;
use std::sync::Arc;

/// An index of certificates by name.
pub(super) struct Chooser {
    /// Names as they are asked for, in lower case. Of several certificates the first one that the client can use is its.
    exact: Index,
    /// Wildcards, by what follows `*.`.
    wildcard: Index,
    /// For everybody else; `None`: they get an alert.
    default: Option<Arc<Certificate>>,
}

type Index = FxHashMap<String, Vec<Arc<Certificate>>>;

impl Chooser {
    /// Certificates in the order of preference. `strict`: there is no default.
    pub(super) fn new(certificates: &[Arc<Certificate>], strict: bool) -> Chooser {
        let default = certificates.first().filter(|_| !strict).cloned();
        let mut chooser = Chooser { exact: Index::default(), wildcard: Index::default(), default };
        for certificate in certificates {
            for name in certificate.names() {
                let (index, name) = match name.strip_prefix("*.") {
                    Some(parent) => (&mut chooser.wildcard, parent),
                    None => (&mut chooser.exact, name.as_str()),
                };
                index.entry(name.to_owned()).or_default().push(Arc::clone(certificate));
            }
        }
        chooser
    }

    /// The certificate for a client, or `None` where there is none for it.
    pub(super) fn choose(&self, hello: &ClientHello<'_>) -> Option<&Arc<Certificate>> {
        self.find(hello.server_name(), hello.signature_schemes())
    }

    /// A wildcard stands for one label (RFC 9525 §6.3). `schemes` are what the client understands; a site may have a certificate with
    /// an ECDSA key and one with an RSA key for the clients of old.
    fn find(&self, name: Option<&str>, schemes: &[SignatureScheme]) -> Option<&Arc<Certificate>> {
        let named = name.and_then(|name| {
            let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
            let parent = name.split_once('.').map_or("", |(_, parent)| parent);
            first(self.exact.get(&name), &name, schemes).or_else(|| first(self.wildcard.get(parent), &name, schemes))
        });
        named.or(self.default.as_ref())
    }
}

/// The first of these that may be shown for `name` and that the client understands; if it understands none, the first.
fn first<'c>(
    certificates: Option<&'c Vec<Arc<Certificate>>>,
    name: &str,
    schemes: &[SignatureScheme],
) -> Option<&'c Arc<Certificate>> {
    let mut fitting = certificates?.iter().filter(|certificate| !certificate.is_but(name));
    let is_understood = |certificate: &&Arc<Certificate>| certificate.key().key.choose_scheme(schemes).is_some();
    fitting.clone().find(is_understood).or_else(|| fitting.next())
}

impl ResolvesServerCert for Chooser {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.choose(&hello).map(|certificate| Arc::clone(certificate.key()))
    }
}

impl fmt::Debug for Chooser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chooser").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
