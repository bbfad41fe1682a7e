//! TLS on both sides: certificates and which of them a client gets, what is spoken, and the handshake.
//!
//! All of it is one immutable value in the world's cell, so that a change of certificates is a swap like any other.
//! Not here: where certificates come from, and files (the program).

mod certificate;
mod choose;
mod handshake;
mod policy;
mod to_server;

pub use certificate::{BadCertificate, Certificate, EXPIRY_NOTICE};
pub use policy::{BadPolicy, Policy, Version};
pub use to_server::judge_authorities;

pub(crate) use handshake::serve;
pub(crate) use to_server::ToServer;

use choose::Chooser;
use model::service::ServerTls;
use policy::Terms;
use rustls::ServerConfig;
use rustls::server::ClientHello;
use std::fmt;
use std::sync::Arc;

/// What clients and servers are spoken to with. Dropping it ends nothing: connections keep what they were made with.
#[derive(Clone)]
pub struct Tls {
    terms: Arc<Terms>,
    certificates: Arc<[Arc<Certificate>]>,
    chooser: Arc<Chooser>,
    /// For all ports that speak TLS.
    config: Arc<ServerConfig>,
}

impl Tls {
    /// No certificate yet: every handshake ends with an alert.
    pub fn new(policy: &Policy) -> Result<Tls, BadPolicy> {
        let terms = Arc::new(Terms::new(policy)?);
        Ok(Tls::with(terms, Vec::new()))
    }

    /// The same with these certificates in place of all others. The first one that names a host is chosen for it; the very first
    /// also for clients that name none, or one that nobody has.
    #[must_use]
    pub fn with_certificates(&self, certificates: Vec<Arc<Certificate>>) -> Tls {
        Tls::with(Arc::clone(&self.terms), certificates)
    }

    /// In the order of preference.
    pub fn certificates(&self) -> &[Arc<Certificate>] {
        &self.certificates
    }

    fn with(terms: Arc<Terms>, certificates: Vec<Arc<Certificate>>) -> Tls {
        let chooser = Arc::new(Chooser::new(&certificates, terms.strict_names()));
        let config = Arc::new(terms.server_config(Arc::clone(&chooser)));
        Tls { terms, certificates: certificates.into(), chooser, config }
    }

    /// Whether there is a certificate for a client that begins so.
    pub(crate) fn has_certificate_for(&self, hello: &ClientHello<'_>) -> bool {
        self.chooser.choose(hello).is_some()
    }

    /// The terms with servers that are dialled over TLS as `asked`.
    pub(crate) fn to_server(&self, asked: &ServerTls) -> ToServer {
        self.terms.servers().to(asked)
    }

    pub(crate) fn config(&self) -> &Arc<ServerConfig> {
        &self.config
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.certificates.iter().map(|certificate| certificate.path())).finish()
    }
}
