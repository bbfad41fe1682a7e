//! The tests' own authority, and the certificates that it vouches for.
//!
//! Not here: clients that believe it (`tls`).

use super::tls::{Greeting, Tls};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::RootCertStore;

/// An authority that nobody else believes.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate with its key.
#[derive(Clone)]
pub(crate) struct Bundle {
    /// Both, as they stand in a file.
    pub(crate) pem: String,
    /// The certificate as clients see it.
    pub(crate) der: Vec<u8>,
}

impl Authority {
    pub(crate) fn new() -> anyhow::Result<Authority> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Ok(Authority { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate()?)? })
    }

    /// A new certificate for `name`, with a key of its own: no two are the same.
    pub(crate) fn certificate(&self, name: &str) -> anyhow::Result<Bundle> {
        let mut params = CertificateParams::new([name.to_owned()])?;
        params.not_before = rcgen::date_time_ymd(2025, 1, 1);
        params.not_after = rcgen::date_time_ymd(2099, 12, 31);
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Bundle { pem: certificate.pem() + &key.serialize_pem(), der: certificate.der().to_vec() })
    }

    /// Clients that ask for `name` and believe this authority alone.
    pub(crate) fn clients(&self, name: &str, greeting: Greeting) -> anyhow::Result<Tls> {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.as_ref().der().clone())?;
        Tls::new(roots, name, greeting)
    }
}
