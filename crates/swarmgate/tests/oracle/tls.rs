//! TLS at the ends: a client that takes any certificate, and a server that has one for every name of these tests.
//!
//! Not here: what the proxies make of certificates (`it`, `https`).

use crate::it::harness::handshake::Anybody;
use crate::it::harness::{Authority, Folder};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ServerConfig};
use std::io;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// Names that servers behind the proxies can show a certificate for.
const SERVERS: &[&str] = &["go-demo.internal", "other.internal", "127.0.0.1"];

/// Certificates and keys of a run.
pub(crate) struct Keys {
    folder: Folder,
    anonymous: TlsConnector,
    known: TlsConnector,
    pub(crate) server: TlsAcceptor,
}

impl Keys {
    pub(crate) fn new() -> Keys {
        let authority = Authority::new("oracle");
        let folder = Folder::new();
        folder.write("ca.pem", &authority.pem());
        folder.write("certs/proxy.pem", &authority.certifies(&["oracle.test"]).pem());
        let client = || {
            ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .expect("all versions")
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Anybody))
        };
        let (chain, key) = pair(&authority.certifies(&["client.test"]).pem());
        let known = client().with_client_auth_cert(chain, key).expect("a pair");
        let (chain, key) = pair(&authority.certifies(SERVERS).pem());
        let server = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("all versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a pair");
        Keys {
            folder,
            anonymous: TlsConnector::from(Arc::new(client().with_no_client_auth())),
            known: TlsConnector::from(Arc::new(known)),
            server: TlsAcceptor::from(Arc::new(server)),
        }
    }

    /// The authority that signed all of them, as a file.
    pub(crate) fn authority_file(&self) -> String {
        self.folder.text("ca.pem")
    }

    /// The folder with the proxies' own certificate.
    pub(crate) fn certificates_folder(&self) -> String {
        self.folder.text("certs")
    }

    /// A client's handshake, for the name or for none; with a certificate of its own or without.
    pub(crate) async fn connect(
        &self,
        stream: TcpStream,
        name: Option<&str>,
        shows_certificate: bool,
    ) -> io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
        let connector = if shows_certificate { &self.known } else { &self.anonymous };
        let nobody = ServerName::try_from("127.0.0.1").expect("an address, which is sent to nobody");
        let name = name.map(|name| ServerName::try_from(name.to_owned()).expect("a name of a host"));
        connector.connect(name.unwrap_or(nobody), stream).await
    }
}

fn pair(pem: &str) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let chain = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>().expect("certificates");
    (chain, PrivateKeyDer::from_pem_slice(pem.as_bytes()).expect("a key"))
}
