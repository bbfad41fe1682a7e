//! Handshakes in memory: the one that must be, and some that must not.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConnection, Error, ServerConfig, ServerConnection};

use super::{Alpn, Certificate, Key, begin, disagreement};

fn server(certificate: &Certificate, provider: CryptoProvider) -> ServerConfig {
    let bundle = certificate.bundle();
    let chain = vec![CertificateDer::from_pem_file(&bundle).unwrap()];
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::from_pem_file(bundle).unwrap())
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

fn shake(client: &mut ClientConnection, server: ServerConfig) -> Result<(), Error> {
    let mut server = ServerConnection::new(Arc::new(server)).unwrap();
    while client.is_handshaking() || server.is_handshaking() {
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).unwrap();
        server.read_tls(&mut bytes.as_slice()).unwrap();
        server.process_new_packets()?;
        bytes.clear();
        server.write_tls(&mut bytes).unwrap();
        client.read_tls(&mut bytes.as_slice()).unwrap();
        client.process_new_packets()?;
    }
    Ok(())
}

#[test]
fn what_all_proxies_choose_is_right() {
    for (key, alpn) in [(Key::Rsa, Alpn::Http1), (Key::Ecdsa, Alpn::Http2)] {
        let certificate = Certificate::make(key).unwrap();
        let config = certificate.client(alpn);
        let mut client = begin(config).unwrap();
        shake(&mut client, server(&certificate, aws_lc_rs::default_provider())).unwrap();
        assert_eq!(disagreement(&client, config), None);
    }
}

#[test]
fn another_cipher_is_told_of() {
    let certificate = Certificate::make(Key::Ecdsa).unwrap();
    let config = certificate.client(Alpn::Http1);
    let mut client = begin(config).unwrap();
    let mut weaker = aws_lc_rs::default_provider();
    weaker.cipher_suites = vec![aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256];
    shake(&mut client, server(&certificate, weaker)).unwrap();
    let told = disagreement(&client, config).unwrap();
    assert!(told.starts_with("Some(TLS13_AES_128_GCM_SHA256)"), "{told}");
}

#[test]
fn another_certificate_is_refused() {
    let [own, other] = [(); 2].map(|()| Certificate::make(Key::Ecdsa).unwrap());
    let mut client = begin(own.client(Alpn::Http1)).unwrap();
    let error = shake(&mut client, server(&other, aws_lc_rs::default_provider())).unwrap_err();
    assert!(matches!(error, Error::InvalidCertificate(_)), "{error}");
}

#[test]
fn a_server_without_the_key_is_refused() {
    let [own, other] = [(); 2].map(|()| Certificate::make(Key::Ecdsa).unwrap());
    let stolen = CertificateDer::from_pem_file(own.bundle()).unwrap();
    let key = PrivateKeyDer::from_pem_file(other.bundle()).unwrap();
    let key = aws_lc_rs::sign::any_supported_type(&key).unwrap();
    let resolver = Arc::new(SingleCertAndKey::from(CertifiedKey::new(vec![stolen], key)));
    let server = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(resolver);
    let mut client = begin(own.client(Alpn::Http1)).unwrap();
    let error = shake(&mut client, server).unwrap_err();
    assert!(matches!(error, Error::InvalidCertificate(_)), "{error}");
}
