//! Where a Docker Engine answers, and how to get a connection to it: a Unix socket, TCP, or TLS over TCP.
//!
//! Not here: reading certificates from files; the program does that.

use std::path::PathBuf;
use std::sync::Arc;

use reqwest::Url;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use super::error::{DockerError, Failure};

/// What Docker's own client reads from `ca.pem`, `cert.pem` and `key.pem`, each as PEM.
#[derive(Clone)]
pub struct TlsFiles {
    /// The authorities whose certificate the daemon must have.
    pub ca: Vec<u8>,
    /// The certificate that the daemon is shown, with those between it and its authority.
    pub cert: Vec<u8>,
    /// Its private key.
    pub key: Vec<u8>,
}

pub(super) enum Address {
    Unix(PathBuf),
    /// `host:port`.
    Tcp(String),
    Tls {
        authority: String,
        name: ServerName<'static>,
        connector: TlsConnector,
    },
}

/// A connection of any kind.
pub(super) trait Connection: AsyncRead + AsyncWrite + Send + Unpin + 'static {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Connection for T {}

impl Address {
    /// `unix:///path`, `tcp://host:port` or `http://host:port`; with `tls`, or as `https://host:port`, over TLS. Without a port it
    /// is 2375, or 2376 with TLS, as for Docker's own client.
    pub(super) fn parse(host: &str, tls: Option<&TlsFiles>) -> Result<Self, DockerError> {
        let bad = || DockerError::BadHost(host.to_owned());
        if let Some(path) = host.strip_prefix("unix://") {
            let is_path = path.starts_with('/') && path.len() > 1;
            return is_path.then(|| Address::Unix(path.into())).ok_or_else(bad);
        }
        let (scheme, address) = host.split_once("://").ok_or_else(bad)?;
        // A scheme that URLs know by heart, but with a port of its own for everything that is left out.
        let url = Url::parse(&format!("docker://{address}")).map_err(|_| bad())?;
        let is_bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.username().is_empty();
        let name = url.host_str().filter(|name| is_bare && !name.is_empty()).ok_or_else(bad)?;
        let wants_tls = match scheme {
            "tcp" => tls.is_some(),
            "http" => false,
            "https" => true,
            _ => return Err(bad()),
        };
        let authority = format!("{name}:{}", url.port().unwrap_or(if wants_tls { 2376 } else { 2375 }));
        if !wants_tls {
            return Ok(Address::Tcp(authority));
        }
        let tls = tls.ok_or_else(|| DockerError::BadCertificates("there are none: set DOCKER_CERT_PATH".to_owned()))?;
        let name = name.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(name).map_err(|_| bad())?;
        Ok(Address::Tls { authority, name, connector: connector(tls).map_err(DockerError::BadCertificates)? })
    }

    /// What a request says in `Host`.
    pub(super) fn authority(&self) -> &str {
        match self {
            Address::Unix(_) => "docker",
            Address::Tcp(authority) | Address::Tls { authority, .. } => authority,
        }
    }

    pub(super) async fn connect(&self) -> Result<Box<dyn Connection>, Failure> {
        Ok(match self {
            Address::Unix(path) => Box::new(UnixStream::connect(path).await?),
            Address::Tcp(authority) => Box::new(TcpStream::connect(authority).await?),
            Address::Tls { authority, name, connector } => {
                let stream = TcpStream::connect(authority).await?;
                Box::new(connector.connect(name.clone(), stream).await?)
            }
        })
    }
}

/// Only the given authorities count, not those of the system: a Docker Engine gives away the whole Swarm.
fn connector(tls: &TlsFiles) -> Result<TlsConnector, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates("ca.pem", &tls.ca)? {
        roots.add(certificate).map_err(|error| format!("ca.pem: {error}"))?;
    }
    let key = PrivateKeyDer::from_pem_slice(&tls.key).map_err(|error| format!("key.pem: {error}"))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider knows the ciphers of its own versions")
        .with_root_certificates(roots)
        .with_client_auth_cert(certificates("cert.pem", &tls.cert)?, key)
        .map_err(|error| format!("cert.pem and key.pem: {error}"))?;
    Ok(TlsConnector::from(Arc::new(config)))
}

fn certificates(name: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let all = all.map_err(|error| format!("{name}: {error}"))?;
    if all.is_empty() { Err(format!("{name}: no certificate is in it")) } else { Ok(all) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authority(host: &str) -> Option<String> {
        Address::parse(host, None).ok().map(|address| address.authority().to_owned())
    }

    #[test]
    fn a_docker_host_is_a_unix_socket_or_a_tcp_address() {
        for host in ["unix:///var/run/docker.sock", "tcp://10.0.0.1:2375", "tcp://[::1]:2375", "http://manager:2375"] {
            assert!(authority(host).is_some(), "{host}");
        }
        for host in
            ["", "unix://", "unix:///", "unix://run/docker.sock", "docker:2375", "ssh://host", "tcp://", "tcp://a b"]
        {
            assert!(authority(host).is_none(), "{host}");
        }
    }

    #[test]
    fn a_docker_host_without_a_port_has_dockers_port() {
        assert_eq!(authority("tcp://manager").as_deref(), Some("manager:2375"));
        assert_eq!(authority("http://manager:80").as_deref(), Some("manager:80"));
        assert_eq!(authority("tcp://[fd00::1]").as_deref(), Some("[fd00::1]:2375"));
    }

    #[test]
    fn tls_needs_certificates_that_can_be_used() {
        assert!(matches!(Address::parse("https://manager", None), Err(DockerError::BadCertificates(_))));
        let empty = TlsFiles { ca: vec![], cert: vec![], key: vec![] };
        let problem = Address::parse("tcp://manager", Some(&empty)).err().expect("nothing is in them");
        assert_eq!(problem.to_string(), "the certificates for docker cannot be used: ca.pem: no certificate is in it");
        assert!(Address::parse("unix:///var/run/docker.sock", Some(&empty)).is_ok(), "a socket needs none");
    }
}
