//! Handshakes of clients that believe one authority, in several ways, and a count of them.
//!
//! Not here: certificates (`authority`), and what is said over a connection (`wire`, `http2`).

use super::soon;
use anyhow::Context as _;
use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, HandshakeKind, RootCertStore};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How a client begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Greeting {
    /// With a whole handshake, each time: it sees the certificate.
    Whole,
    /// With the session of an earlier connection, where the server still knows it.
    Resumed,
    /// The same in TLS 1.2.
    Old,
    /// With a whole handshake, for HTTP/2.
    Http2,
}

/// Clients that ask for one name and begin in one way. Clones count together.
#[derive(Clone)]
pub(crate) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
    handshakes: Arc<Handshakes>,
}

#[derive(Default)]
struct Handshakes {
    whole: AtomicU64,
    resumed: AtomicU64,
    failed: AtomicU64,
}

/// Handshakes so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shaken {
    /// Those that succeeded.
    pub(crate) all: u64,
    /// How many of them went on with an earlier session.
    pub(crate) resumed: u64,
    /// Those that failed.
    pub(crate) failed: u64,
}

impl Tls {
    pub(super) fn new(roots: RootCertStore, name: &str, greeting: Greeting) -> anyhow::Result<Tls> {
        let versions = match greeting {
            Greeting::Old => &[&rustls::version::TLS12][..],
            _ => rustls::DEFAULT_VERSIONS,
        };
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let mut config = config.with_protocol_versions(versions)?.with_root_certificates(roots).with_no_client_auth();
        if matches!(greeting, Greeting::Whole | Greeting::Http2) {
            config.resumption = Resumption::disabled();
        }
        let protocol: &[u8] = if greeting == Greeting::Http2 { b"h2" } else { b"http/1.1" };
        config.alpn_protocols = vec![protocol.to_vec()];
        let name = ServerName::try_from(name.to_owned())?;
        Ok(Tls { connector: TlsConnector::from(Arc::new(config)), name, handshakes: Arc::default() })
    }

    /// Greets the server at the other end, and judges its certificate.
    pub(crate) async fn greet(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let greeted = self.connector.connect(self.name.clone(), stream).await;
        let count = match &greeted {
            Ok(stream) if stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed) => {
                &self.handshakes.resumed
            }
            Ok(_) => &self.handshakes.whole,
            Err(_) => &self.handshakes.failed,
        };
        count.fetch_add(1, Relaxed);
        greeted.map_err(|error| io::Error::new(error.kind(), format!("a handshake failed: {error}")))
    }

    /// The certificate that a new client gets.
    pub(crate) async fn certificate_of(&self, address: SocketAddr) -> anyhow::Result<Vec<u8>> {
        let stream = soon("a connection", TcpStream::connect(address)).await??;
        let stream = soon("a handshake", self.greet(stream)).await??;
        let certificates = stream.get_ref().1.peer_certificates().context("a certificate")?;
        Ok(certificates.first().context("a certificate")?.to_vec())
    }

    /// Handshakes of this and all its clones so far.
    pub(crate) fn shaken(&self) -> Shaken {
        let [whole, resumed, failed] = [&self.handshakes.whole, &self.handshakes.resumed, &self.handshakes.failed]
            .map(|count| count.load(Relaxed));
        Shaken { all: whole + resumed, resumed, failed }
    }
}

impl std::iter::Sum for Shaken {
    fn sum<I: Iterator<Item = Shaken>>(all: I) -> Shaken {
        all.fold(Shaken::default(), |sum, one| Shaken {
            all: sum.all + one.all,
            resumed: sum.resumed + one.resumed,
            failed: sum.failed + one.failed,
        })
    }
}

impl fmt::Display for Shaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} handshakes ({} resumed), {} failed", self.all, self.resumed, self.failed)
    }
}
