//! What is spoken to clients: versions, ciphers, HTTP/2, session tickets, and whose certificates of clients and servers are accepted.
//!
//! The default is Mozilla's "intermediate": TLS 1.2 and 1.3, forward secrecy, AEAD ciphers only.
//! Not here: the words in which an operator asks for it (the program's settings), and certificates of our own (`certificate`).

use super::choose::Chooser;
use super::to_server::ToServers;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::{NoServerSessionStorage, ProducesTickets, StoresServerSessions};
use rustls::server::{ServerSessionMemoryCache, WebPkiClientVerifier, danger::ClientCertVerifier};
use rustls::{RootCertStore, ServerConfig, SupportedCipherSuite, SupportedProtocolVersion};
use std::sync::Arc;

/// TLS 1.2 sessions that are remembered for clients without tickets.
const REMEMBERED_SESSIONS: usize = 4096;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The oldest version that is spoken.
    pub oldest: Version,
    /// The newest one.
    pub newest: Version,
    /// Cipher suites of TLS 1.2 by their IANA names, in the order of preference; empty: all that are good. Those of TLS 1.3 are always
    /// spoken.
    pub ciphers: Vec<String>,
    /// Take the first cipher suite of the client's list that is ours too, not the first of ours.
    pub clients_order: bool,
    /// Offer HTTP/2.
    pub http2: bool,
    /// Offer session tickets.
    pub tickets: bool,
    /// End the handshake of a client that names a host without a certificate, or none.
    pub strict_names: bool,
    /// PEM: who vouches for clients. They are asked for a certificate; without one they are served all the same.
    pub client_authorities: Option<Vec<u8>>,
    /// PEM: who vouches for servers that are verified; `None`: Mozilla's roots.
    pub server_authorities: Option<Vec<u8>>,
}

/// A version of TLS. Older ones are not spoken at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// TLS 1.2.
    V1_2,
    /// TLS 1.3.
    V1_3,
}

/// A policy that cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum BadPolicy {
    /// The oldest version is newer than the newest.
    #[error("no version of TLS is left")]
    NoVersion,
    /// No known cipher for any of the versions.
    #[error("no cipher is left for the versions of TLS that are spoken")]
    NoCipher,
    /// Not a bundle of certificates.
    #[error("{0}")]
    Authorities(String),
}

/// A policy ready for use. Made once: session tickets outlive changes of certificates.
pub(super) struct Terms {
    provider: Arc<CryptoProvider>,
    versions: Vec<&'static SupportedProtocolVersion>,
    alpn: Vec<Vec<u8>>,
    ticketer: Option<Arc<dyn ProducesTickets>>,
    sessions: Arc<dyn StoresServerSessions>,
    clients: Arc<dyn ClientCertVerifier>,
    clients_order: bool,
    strict_names: bool,
    servers: ToServers,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            oldest: Version::V1_2,
            newest: Version::V1_3,
            ciphers: Vec::new(),
            clients_order: true,
            http2: true,
            tickets: true,
            strict_names: false,
            client_authorities: None,
            server_authorities: None,
        }
    }
}

impl Terms {
    pub(super) fn new(policy: &Policy) -> Result<Terms, BadPolicy> {
        let versions = versions(policy);
        if versions.is_empty() {
            return Err(BadPolicy::NoVersion);
        }
        let provider = Arc::new(provider(&policy.ciphers));
        let has_cipher = |version: &&SupportedProtocolVersion| {
            provider.cipher_suites.iter().any(|suite| suite.version().version == version.version)
        };
        let versions: Vec<_> = versions.into_iter().filter(has_cipher).collect();
        if versions.is_empty() {
            return Err(BadPolicy::NoCipher);
        }
        // A session that goes on would go on under a client's certificate that has ended, or was taken back, since.
        let tickets = policy.tickets && policy.client_authorities.is_none();
        let ticketer = tickets.then(aws_lc_rs::Ticketer::new).and_then(Result::ok);
        let sessions: Arc<dyn StoresServerSessions> = match tickets {
            true => ServerSessionMemoryCache::new(REMEMBERED_SESSIONS),
            false => Arc::new(NoServerSessionStorage {}),
        };
        let http2 = policy.http2.then(|| b"h2".to_vec());
        let alpn = http2.into_iter().chain([b"http/1.1".to_vec()]).collect();
        let clients = clients(policy.client_authorities.as_deref(), &provider)?;
        let Policy { clients_order, strict_names, .. } = *policy;
        let servers = ToServers::new(policy.server_authorities.as_deref())?;
        Ok(Terms { provider, versions, alpn, ticketer, sessions, clients, clients_order, strict_names, servers })
    }

    pub(super) fn servers(&self) -> &ToServers {
        &self.servers
    }

    pub(super) fn strict_names(&self) -> bool {
        self.strict_names
    }

    pub(super) fn server_config(&self, chooser: Arc<Chooser>) -> ServerConfig {
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&self.versions)
            .expect("each version has a cipher")
            .with_client_cert_verifier(Arc::clone(&self.clients))
            .with_cert_resolver(chooser);
        config.ignore_client_order = !self.clients_order;
        config.alpn_protocols.clone_from(&self.alpn);
        config.session_storage = Arc::clone(&self.sessions);
        match &self.ticketer {
            Some(ticketer) => config.ticketer = Arc::clone(ticketer),
            None => config.send_tls13_tickets = 0,
        }
        config
    }
}

fn versions(policy: &Policy) -> Vec<&'static SupportedProtocolVersion> {
    let all = [(Version::V1_3, &rustls::version::TLS13), (Version::V1_2, &rustls::version::TLS12)];
    let spoken = policy.oldest..=policy.newest;
    all.into_iter().filter(|(version, _)| spoken.contains(version)).map(|(_, version)| version).collect()
}

fn provider(ciphers: &[String]) -> CryptoProvider {
    let mut provider = aws_lc_rs::default_provider();
    if !ciphers.is_empty() {
        let (of_1_3, of_1_2): (Vec<SupportedCipherSuite>, Vec<SupportedCipherSuite>) =
            provider.cipher_suites.iter().partition(|suite| suite.tls13().is_some());
        let named = |name: &String| of_1_2.iter().copied().find(|suite| suite.suite().as_str() == Some(name));
        provider.cipher_suites = of_1_3.into_iter().chain(ciphers.iter().filter_map(named)).collect();
    }
    provider
}

fn clients(
    authorities: Option<&[u8]>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, BadPolicy> {
    let Some(pem) = authorities else { return Ok(WebPkiClientVerifier::no_client_auth()) };
    let roots = authorities_of(pem)?;
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .allow_unauthenticated()
        .build()
        .map_err(|error| BadPolicy::Authorities(error.to_string()))
}

/// The certificates of a PEM bundle as authorities.
pub(super) fn authorities_of(pem: &[u8]) -> Result<RootCertStore, BadPolicy> {
    let bad = |error: &dyn std::error::Error| BadPolicy::Authorities(error.to_string());
    // The reader's own words may quote what it could not read, and people mix up files.
    let not_pem = |_| BadPolicy::Authorities("it is not PEM".to_owned());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(not_pem)?;
        roots.add(certificate).map_err(|error| bad(&error))?;
    }
    match roots.is_empty() {
        true => Err(BadPolicy::Authorities("there is no certificate in it".to_owned())),
        false => Ok(roots),
    }
}
