//! Which certificate a client gets: the one for the name it asks for, else for the wildcard above it, else the default.
//!
//! Not here: what certificates are (`certificate`).

use super::certificate::Certificate;
use rustc_hash::FxHashMap;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::fmt;
use std::sync::Arc;

/// An index of certificates by name.
pub(super) struct Chooser {
    /// Names as they are asked for, in lower case; wildcards by what follows `*.`.
    exact: FxHashMap<String, Arc<CertifiedKey>>,
    wildcard: FxHashMap<String, Arc<CertifiedKey>>,
    /// For everybody else; `None`: they get an alert.
    default: Option<Arc<CertifiedKey>>,
}

impl Chooser {
    /// The first certificate of a name is the one for it. `strict`: there is no default.
    pub(super) fn new(certificates: &[Arc<Certificate>], strict: bool) -> Chooser {
        let default = certificates.first().filter(|_| !strict).map(|first| Arc::clone(first.key()));
        let mut chooser = Chooser { exact: FxHashMap::default(), wildcard: FxHashMap::default(), default };
        for certificate in certificates {
            for name in certificate.names() {
                let (index, name) = match name.strip_prefix("*.") {
                    Some(parent) => (&mut chooser.wildcard, parent),
                    None => (&mut chooser.exact, name.as_str()),
                };
                index.entry(name.to_owned()).or_insert_with(|| Arc::clone(certificate.key()));
            }
        }
        chooser
    }

    /// A wildcard stands for one label (RFC 9525 §6.3).
    fn choose(&self, name: Option<&str>) -> Option<&Arc<CertifiedKey>> {
        let named = name.and_then(|name| {
            let name = name.to_ascii_lowercase();
            let parent = name.split_once('.').map(|(_, parent)| parent);
            self.exact.get(&name).or_else(|| self.wildcard.get(parent?))
        });
        named.or(self.default.as_ref())
    }
}

impl ResolvesServerCert for Chooser {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.choose(hello.server_name()).cloned()
    }
}

impl fmt::Debug for Chooser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chooser").finish_non_exhaustive()
    }
}
