//! TLS from the proxy to its servers: who is believed, and the handshake.
//!
//! Not here: connecting, and what is said over it (`exchange`).

mod verify;

use super::policy::{BadPolicy, authorities_of};
use crate::server_stream::ServerStream;
use model::service::ServerTls;
use rustls::client::Resumption;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use verify::{Anybody, Known};

/// Servers whose sessions are remembered, of either kind: a handshake that goes on with one costs no signature.
const REMEMBERED_SERVERS: usize = 1024;

/// The terms with all servers. Made once: sessions outlive changes of certificates and services.
pub(super) struct ToServers {
    verified: TlsConnector,
    unverified: TlsConnector,
}

/// How the servers of one backend are spoken to.
pub(crate) struct ToServer {
    connector: TlsConnector,
    /// The name that is sent and verified; `None`: neither.
    name: Option<ServerName<'static>>,
}

/// Whether a PEM bundle holds authorities, as [`super::Policy`] wants them.
pub fn judge_authorities(pem: &[u8]) -> Result<(), BadPolicy> {
    authorities_of(pem).map(drop)
}

impl ToServers {
    /// `authorities`: PEM; without it, Mozilla's roots.
    pub(super) fn new(authorities: Option<&[u8]>) -> Result<ToServers, BadPolicy> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let known = match authorities {
            Some(pem) => Known::new(authorities_of(pem)?, pem, &provider)?,
            None => Known::new(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }, &[], &provider)?,
        };
        let anybody = Anybody::new(&provider);
        Ok(ToServers {
            verified: connector(&provider, Arc::new(known), true),
            unverified: connector(&provider, Arc::new(anybody), false),
        })
    }

    pub(super) fn to(&self, asked: &ServerTls) -> ToServer {
        match asked {
            ServerTls::VerifyNone => ToServer { connector: self.unverified.clone(), name: None },
            ServerTls::VerifyHost(name) => {
                ToServer { connector: self.verified.clone(), name: Some(ServerName::clone(name)) }
            }
        }
    }
}

impl ToServer {
    /// Speaks TLS with the server at `address`, or says why that cannot be done.
    pub(crate) async fn handshake(&self, stream: TcpStream, address: SocketAddr) -> io::Result<ServerStream> {
        let name = self.name.clone().unwrap_or_else(|| address.ip().into());
        let stream = self.connector.connect(name, stream).await?;
        Ok(ServerStream::encrypted(stream))
    }
}

fn connector(provider: &Arc<CryptoProvider>, verifier: Arc<dyn ServerCertVerifier>, sends_name: bool) -> TlsConnector {
    let mut config = ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .expect("the provider has ciphers for all versions")
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.enable_sni = sends_name;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = Resumption::in_memory_sessions(REMEMBERED_SERVERS);
    Arc::new(config).into()
}
