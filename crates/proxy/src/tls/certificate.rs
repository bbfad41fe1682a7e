//! A certificate with its chain and key, read from PEM and judged before it is used.
//!
//! Not here: files (the program), and which client gets it (`choose`).

use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

/// A certificate that can be served.
pub struct Certificate {
    path: String,
    names: Vec<String>,
    not_before: SystemTime,
    not_after: SystemTime,
    key: Arc<CertifiedKey>,
}

/// Why a bundle is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCertificate {
    /// It is not PEM.
    #[error("it is not PEM: {0}")]
    Pem(String),
    /// No certificate in it.
    #[error("there is no certificate in it")]
    NoCertificate,
    /// No private key in it.
    #[error("there is no private key in it")]
    NoKey,
    /// Not X.509.
    #[error("a certificate in it cannot be read: {0}")]
    X509(String),
    /// The key cannot be used.
    #[error("its key cannot be used: {0}")]
    Key(String),
    /// The key belongs to another certificate.
    #[error("its key is not the key of its certificate")]
    OtherKey,
}

impl Certificate {
    /// Reads a PEM bundle; `path` is how `/config` and messages call it, `now` what its dates are compared with.
    pub fn from_pem(path: &str, pem: &[u8], _now: SystemTime) -> Result<Certificate, BadCertificate> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<_, _>>()
            .map_err(|error| BadCertificate::Pem(error.to_string()))?;
        let first = chain.first().ok_or(BadCertificate::NoCertificate)?;
        let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| BadCertificate::NoKey)?;
        let key = any_supported_type(&key).map_err(|error| BadCertificate::Key(error.to_string()))?;
        let (_, read) = X509Certificate::from_der(first).map_err(|error| BadCertificate::X509(error.to_string()))?;
        if key.public_key().is_none_or(|public| public.as_ref() != read.public_key().raw) {
            return Err(BadCertificate::OtherKey);
        }
        let time = |seconds: i64| SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
        let validity = read.validity();
        let (not_before, not_after) = (time(validity.not_before.timestamp()), time(validity.not_after.timestamp()));
        let names = names(&read);
        Ok(Certificate {
            path: path.to_owned(),
            names,
            not_before,
            not_after,
            key: Arc::new(CertifiedKey::new(chain, key)),
        })
    }

    /// The file it was read from.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The host names it is for, in lower case; `*.` begins a wildcard.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// When it begins to hold.
    pub fn not_before(&self) -> SystemTime {
        self.not_before
    }

    /// When it ends to hold.
    pub fn not_after(&self) -> SystemTime {
        self.not_after
    }

    pub(super) fn key(&self) -> &Arc<CertifiedKey> {
        &self.key
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("path", &self.path).field("names", &self.names).finish_non_exhaustive()
    }
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let alternative = certificate.subject_alternative_name().ok().flatten();
    let names: Vec<String> = alternative
        .iter()
        .flat_map(|extension| &extension.value.general_names)
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
            _ => None,
        })
        .collect();
    if !names.is_empty() {
        return names;
    }
    let common = certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok());
    common.map(str::to_ascii_lowercase).collect()
}
