//! A certificate of either kind that every proxy serves, and the client that accepts this certificate and no other.
//!
//! Not here: the bytes on the wire (`load::wire`), and how each proxy is told to serve it (`peers`).

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{fmt, fs};

use anyhow::{Context, Result, ensure};
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, CipherSuite, ClientConfig, ClientConnection, DigitallySignedStruct, Error, HandshakeKind,
    NamedGroup, SignatureScheme,
};
use tempfile::TempDir;

/// The name the certificate is for, and every request's host.
pub(crate) const HOST: &str = "bench.local";

/// What every handshake must have come to, because ratios of unlike ciphers say nothing about proxies. It is what all of them choose by
/// themselves for a client of today.
const AGREED: (CipherSuite, NamedGroup) = (CipherSuite::TLS13_AES_256_GCM_SHA384, NamedGroup::X25519);

/// Of so many proofs the first is verified. To verify an ECDSA signature is dearer than to make one, and a load that verified all of them
/// could not outrun a proxy.
const VERIFIED: u32 = 16;

/// A self-signed certificate; gone with this value.
pub(crate) struct Certificate {
    directory: TempDir,
    /// Clients by what they ask for: HTTP/1.1, HTTP/2.
    clients: [Arc<ClientConfig>; 2],
}

/// Accepts one certificate, and has the server prove that it has the key.
struct Only {
    certificate: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
    /// Proofs so far.
    proofs: AtomicU32,
}

/// The key of a certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// RSA with 2,048 bits: what most certificates still have, and dear to sign with.
    Rsa,
    /// ECDSA on P-256: what new certificates get.
    Ecdsa,
}

/// An application protocol, as it is negotiated.
#[derive(Clone, Copy)]
pub(crate) enum Alpn {
    Http1,
    Http2,
}

impl Certificate {
    pub(crate) fn make(key: Key) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("swarmgate-bench-").tempdir()?;
        let path = |name| directory.path().join(name);
        let kind = match key {
            Key::Rsa => "rsa:2048",
            Key::Ecdsa => "ec -pkeyopt ec_paramgen_curve:prime256v1",
        };
        let request = format!("req -x509 -newkey {kind} -nodes -sha256 -days 7 -keyout key.pem -out certificate.pem");
        let output = Command::new("/usr/bin/openssl")
            .args(request.split(' '))
            .args(["-subj", &format!("/CN={HOST}"), "-addext", &format!("subjectAltName=DNS:{HOST}")])
            .current_dir(&directory)
            .output()
            .context("cannot run openssl (Debian: openssl)")?;
        ensure!(output.status.success(), "openssl made no certificate: {}", String::from_utf8_lossy(&output.stderr));
        let certificate = fs::read(path("certificate.pem"))?;
        fs::write(path("bundle.pem"), [certificate.as_slice(), &fs::read(path("key.pem"))?].concat())?;
        let certificate = CertificateDer::from_pem_slice(&certificate).context("openssl made no certificate")?;
        let clients = [client(&certificate, Alpn::Http1)?, client(&certificate, Alpn::Http2)?];
        Ok(Self { directory, clients })
    }

    /// A PEM file with the certificate and its key.
    pub(crate) fn bundle(&self) -> PathBuf {
        self.directory.path().join("bundle.pem")
    }

    pub(crate) fn client(&self, alpn: Alpn) -> &Arc<ClientConfig> {
        &self.clients[alpn as usize]
    }
}

/// Copies a bundle to where a proxy looks for all its certificates.
pub(crate) fn install(bundle: &Path, directory: &Path) -> Result<()> {
    fs::create_dir_all(directory)?;
    fs::copy(bundle, directory.join("bench.pem"))?;
    Ok(())
}

/// A connection that has not said anything yet.
pub(crate) fn begin(client: &Arc<ClientConfig>) -> Result<ClientConnection, Error> {
    let name = ServerName::try_from(HOST).expect("it is a host name");
    ClientConnection::new(Arc::clone(client), name)
}

/// What is wrong with what a finished handshake came to, if anything is.
pub(crate) fn disagreement(session: &ClientConnection, client: &ClientConfig) -> Option<String> {
    let suite = session.negotiated_cipher_suite().map(|suite| suite.suite());
    let group = session.negotiated_key_exchange_group().map(|group| group.name());
    let (kind, alpn) = (session.handshake_kind(), session.alpn_protocol());
    let right = suite.zip(group) == Some(AGREED)
        && kind == Some(HandshakeKind::Full)
        && alpn == client.alpn_protocols.first().map(Vec::as_slice);
    let alpn = alpn.map(String::from_utf8_lossy);
    (!right).then(|| format!("{suite:?} with {group:?}, {kind:?} handshake, for {alpn:?}"))
}

/// TLS 1.3 only and never resumed. The key exchange with ML-KEM is not offered: swarmgate alone would choose it and be measured by it.
fn client(certificate: &CertificateDer<'static>, alpn: Alpn) -> Result<Arc<ClientConfig>> {
    let mut provider = aws_lc_rs::default_provider();
    provider.kx_groups = vec![aws_lc_rs::kx_group::X25519, aws_lc_rs::kx_group::SECP256R1];
    let provider = Arc::new(provider);
    let only = Only { certificate: certificate.clone(), provider: Arc::clone(&provider), proofs: AtomicU32::new(0) };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(only))
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![match alpn {
        Alpn::Http1 => b"http/1.1".to_vec(),
        Alpn::Http2 => b"h2".to_vec(),
    }];
    Ok(Arc::new(config))
}

impl ServerCertVerifier for Only {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match *end_entity == self.certificate {
            true => Ok(ServerCertVerified::assertion()),
            false => Err(CertificateError::ApplicationVerificationFailure.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if !self.proofs.fetch_add(1, Ordering::Relaxed).is_multiple_of(VERIFIED) {
            return Ok(HandshakeSignatureValid::assertion());
        }
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl fmt::Debug for Only {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Only").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
