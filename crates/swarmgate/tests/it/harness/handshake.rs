//! TLS handshakes that take any certificate, to see which one a client gets; and bundles to serve.

use super::{TestProxy, soon};
use rcgen::{CertificateParams, KeyPair};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// A certificate that vouches for itself, with its key.
#[derive(Clone)]
pub(crate) struct Bundle {
    /// Certificate and key, as they stand in a file.
    pub(crate) pem: String,
    der: Vec<u8>,
}

impl Bundle {
    /// For these names, from 2025 on.
    pub(crate) fn new(names: &[&str]) -> Bundle {
        Bundle::since(2025, names)
    }

    /// For these names, from the first day of that year to the end of 2099.
    pub(crate) fn since(year: i32, names: &[&str]) -> Bundle {
        Bundle::between(year, 2099, names)
    }

    /// For these names, from the first day of one year to the end of another.
    pub(crate) fn between(year: i32, last: i32, names: &[&str]) -> Bundle {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("names of hosts");
        params.not_before = rcgen::date_time_ymd(year, 1, 1);
        params.not_after = rcgen::date_time_ymd(last, 12, 31);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        Bundle { pem: certificate.pem() + &key.serialize_pem(), der: certificate.der().to_vec() }
    }

    /// The bundle as the value of a parameter whose line ends are written as `\n`, encoded for a query.
    pub(crate) fn as_parameter(&self) -> String {
        self.pem.replace('\n', "%5Cn").replace('+', "%2B").replace(' ', "+")
    }

    /// Waits until clients of `proxy` that ask for `name` get it.
    pub(crate) async fn is_served(&self, proxy: &TestProxy, name: &str) {
        let served = async {
            // A handshake takes its time; nobody sleeps.
            while !self.is_for(proxy, Some(name)).await {}
        };
        soon(&format!("the certificate of {name}"), served).await;
    }

    /// Whether a client of `proxy` that asks for `name` gets it now.
    pub(crate) async fn is_for(&self, proxy: &TestProxy, name: Option<&str>) -> bool {
        certificate_for(proxy, name).await.as_deref() == Some(&self.der)
    }
}

/// The certificate that a client gets that asks for `name`; `None` if the handshake fails.
pub(crate) async fn certificate_for(proxy: &TestProxy, name: Option<&str>) -> Option<Vec<u8>> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("defaults");
    let config = config.dangerous().with_custom_certificate_verifier(Arc::new(Anybody)).with_no_client_auth();
    let name = match name {
        Some(name) => ServerName::try_from(name.to_owned()).expect("the name of a host"),
        None => ServerName::from(IpAddr::V4(Ipv4Addr::LOCALHOST)),
    };
    let stream = soon("a connection", TcpStream::connect(proxy.tls_address())).await.expect("a connection");
    let stream = soon("a handshake", TlsConnector::from(Arc::new(config)).connect(name, stream)).await.ok()?;
    let certificates = stream.get_ref().1.peer_certificates().expect("a certificate");
    Some(certificates[0].to_vec())
}

/// Takes every certificate.
#[derive(Debug)]
pub(crate) struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
