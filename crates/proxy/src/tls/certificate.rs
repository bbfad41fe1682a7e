//! A certificate with its chain and key, read from PEM and judged before it is used.
//!
//! Not here: files (the program), and which client gets it (`choose`).

mod bundle;
mod chain;
mod judge;
mod names;

use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::CertificateDer;
use rustls::sign::{CertifiedKey, SigningKey};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo;

/// How long before its end a certificate is warned of.
pub const EXPIRY_NOTICE: Duration = Duration::from_secs(21 * 24 * 60 * 60);
/// The longest text of a certificate that a message shows.
const LONGEST_SHOWN: usize = 100;

/// A certificate that can be served. Two are equal if they are served alike: the same file, chain and names.
#[derive(Clone)]
pub struct Certificate {
    path: String,
    names: Vec<String>,
    /// Names that it is not chosen for, though one of `names` covers them.
    but: Vec<String>,
    not_before: SystemTime,
    not_after: SystemTime,
    /// What is odd about it on every day.
    oddities: Vec<String>,
    key: Arc<CertifiedKey>,
}

/// Why a bundle is not taken. The text names the reason and a way out, and no byte of a key; it may be shown to whoever sent the bundle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCertificate {
    /// It is not PEM.
    #[error("it is not PEM: {0}")]
    Pem(&'static str),
    /// No certificate in it.
    #[error("there is no certificate in it: put it before the private key, followed by those of its issuers")]
    NoCertificate,
    /// No private key in it.
    #[error("there is no private key in it: `cat {name}.crt {name}.key > {name}.pem` puts both into one file")]
    NoKey {
        /// Of the file, for the command.
        name: String,
    },
    /// More than one private key in it.
    #[error("there are {count} private keys in it: leave the one of its certificate")]
    SeveralKeys {
        /// How many.
        count: usize,
    },
    /// The key needs a passphrase.
    #[error(
        "its private key is encrypted, and nobody is there to give the passphrase: `openssl pkey -in {name}.pem -out {name}.key` decrypts it"
    )]
    EncryptedKey {
        /// Of the file, for the command.
        name: String,
    },
    /// The key is too short to be signed with.
    #[error(
        "its RSA key has {bits} bits, and clients want 2048 at least: `openssl genrsa -out {name}.key 2048` makes one"
    )]
    WeakKey {
        /// Of the modulus.
        bits: usize,
        /// Of the file, for the command.
        name: String,
    },
    /// The key cannot be used.
    #[error("its private key cannot be used: {0}")]
    Key(&'static str),
    /// Not X.509.
    #[error("a certificate in it is not X.509, or damaged")]
    X509,
    /// The key belongs to another certificate.
    #[error(
        "its private key does not belong to its certificate: put in the key that the certificate was requested with"
    )]
    OtherKey,
    /// More than one certificate of the key.
    #[error("there are {count} certificates of its private key: leave the one that is meant")]
    SeveralCertificates {
        /// How many.
        count: usize,
    },
    /// A certificate that the others do not lead to.
    #[error(
        "the certificate of `{subject}` in it is no part of the chain: leave it out, or put in what is missing between"
    )]
    Stray {
        /// As it says itself.
        subject: String,
    },
    /// It is for no host.
    #[error(
        "there is no host name in it, so no client would take it: ask for one with `-addext subjectAltName=DNS:<host>`"
    )]
    NoName,
    /// Its time is over.
    #[error("it has expired on {0}: renew it")]
    Expired(String),
    /// Its time has not come.
    #[error("it is not valid before {0}: give it then, or set the clock if that is now")]
    NotYetValid(String),
    /// No name that a certificate can be chosen by.
    #[error("`{0}` is neither a host name nor `*.` and one")]
    Name(String),
}

impl Certificate {
    /// Reads a PEM bundle and judges it; `path` is how `/config` and messages call it, `now` what its dates are compared with.
    ///
    /// The bundle holds one private key without a passphrase (PKCS#1, PKCS#8 or SEC1; RSA from 2048 bits, ECDSA P-256, P-384 or P-521,
    /// Ed25519), the certificate of that key, and those of its issuers, in any order. Certificates of version 1 are taken too.
    /// One that has expired is refused, and one that is not valid yet, but for a few minutes for clocks that differ.
    pub fn from_pem(path: &str, pem: &[u8], now: SystemTime) -> Result<Certificate, BadCertificate> {
        let bundle = bundle::read(path, pem)?;
        let ders = bundle.certificates;
        let key = any_supported_type(&bundle.key).map_err(|_| bundle::unusable(path, &bundle.key))?;
        let read = ders.iter().map(|der| parse(der)).collect::<Result<Vec<_>, _>>()?;
        let leaf = leaf(&read, &*key)?;
        let sent = chain::order(&ders, &read, leaf)?;
        let names = names::of(&read[leaf]);
        if names.hosts.is_empty() {
            return Err(BadCertificate::NoName);
        }
        let (not_before, not_after) = validity(&read[leaf]);
        judge::dates(not_before, not_after, now)?;
        Ok(Certificate {
            path: path.to_owned(),
            oddities: judge::oddities(&read, leaf, &names),
            names: names.hosts,
            but: Vec::new(),
            not_before,
            not_after,
            key: Arc::new(CertifiedKey::new(sent, key)),
        })
    }

    /// The same certificate chosen for other names than its own, as the SNI filters of HAProxy's `crt-list` ask for: host names,
    /// wildcards, and `!` before one that it is not chosen for. Filters that only take away leave its own names.
    pub fn with_names<N: AsRef<str>>(&self, filters: &[N]) -> Result<Certificate, BadCertificate> {
        let (mut names, mut but) = (Vec::new(), Vec::new());
        for filter in filters.iter().map(AsRef::as_ref) {
            let (text, list) = match filter.strip_prefix('!') {
                Some(text) => (text, &mut but),
                None => (filter, &mut names),
            };
            list.push(names::host(text).ok_or_else(|| BadCertificate::Name(shown(filter)))?);
        }
        let names = if names.is_empty() { self.names.clone() } else { names };
        let names = names.into_iter().filter(|name| !but.contains(name)).collect();
        Ok(Certificate { names, but, ..self.clone() })
    }

    /// The file it was read from.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The host names it is chosen for, in lower case; `*.` begins a wildcard. Addresses it names are among them.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether it is for `name`: a host, also below one of its wildcards, or a wildcard that is its own.
    pub fn is_for(&self, name: &str) -> bool {
        let parent = name.split_once('.').map_or("", |(_, parent)| parent);
        let is_for = |own: &String| own == name || own.strip_prefix("*.") == Some(parent);
        self.names.iter().any(is_for) && !self.is_but(name)
    }

    /// When it begins to hold.
    pub fn not_before(&self) -> SystemTime {
        self.not_before
    }

    /// When it ends to hold.
    pub fn not_after(&self) -> SystemTime {
        self.not_after
    }

    /// What its operator should know though it is served: that it ends soon ([`Certificate::expiry_warning`]), and what makes clients
    /// refuse it. Whole sentences that do not name it.
    pub fn warnings(&self, now: SystemTime) -> Vec<String> {
        self.expiry_warning(now).into_iter().chain(self.oddities.iter().cloned()).collect()
    }

    /// From [`EXPIRY_NOTICE`] before its end: when that is. To be told when it is loaded, and once a day.
    pub fn expiry_warning(&self, now: SystemTime) -> Option<String> {
        judge::expiry(self.not_after, now)
    }

    pub(super) fn is_but(&self, host: &str) -> bool {
        let parent = host.split_once('.').map_or("", |(_, parent)| parent);
        self.but.iter().any(|name| name == host || name.strip_prefix("*.") == Some(parent))
    }

    pub(super) fn key(&self) -> &Arc<CertifiedKey> {
        &self.key
    }
}

impl PartialEq for Certificate {
    /// The key needs no look: it is the one of the chain's first certificate.
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path && self.names == other.names && self.but == other.but && self.key.cert == other.key.cert
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("path", &self.path).field("names", &self.names).finish_non_exhaustive()
    }
}

fn parse<'d>(der: &'d CertificateDer<'_>) -> Result<X509Certificate<'d>, BadCertificate> {
    let (rest, read) = X509Certificate::from_der(der).map_err(|_| BadCertificate::X509)?;
    if rest.is_empty() { Ok(read) } else { Err(BadCertificate::X509) }
}

/// The place of the one certificate of this key.
fn leaf(read: &[X509Certificate<'_>], key: &dyn SigningKey) -> Result<usize, BadCertificate> {
    let public = key.public_key().ok_or(BadCertificate::Key("its public half is not known"))?;
    let (_, public) = SubjectPublicKeyInfo::from_der(&public).map_err(|_| BadCertificate::OtherKey)?;
    // The bits alone: parameters of the algorithm may be written in more than one way.
    let bits = |key: &SubjectPublicKeyInfo<'_>| key.subject_public_key.data.to_vec();
    let same = |place: &usize| bits(read[*place].public_key()) == bits(&public);
    let places: Vec<_> = (0..read.len()).filter(same).collect();
    match places[..] {
        [] => Err(BadCertificate::OtherKey),
        [one] => Ok(one),
        _ => Err(BadCertificate::SeveralCertificates { count: places.len() }),
    }
}

fn validity(certificate: &X509Certificate<'_>) -> (SystemTime, SystemTime) {
    let time = |seconds: i64| SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    let validity = certificate.validity();
    (time(validity.not_before.timestamp()), time(validity.not_after.timestamp()))
}

/// A text of a certificate as a message may show it: anybody may have written it.
fn shown(text: &str) -> String {
    text.chars().take(LONGEST_SHOWN).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests;
