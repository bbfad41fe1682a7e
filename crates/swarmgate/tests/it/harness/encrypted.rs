//! TLS in front of a scripted server, as a TLS server of its own would have it.
//!
//! Behind the TLS is an ordinary [`Backend`](super::Backend): whatever happens to its connection happens to the encrypted one too.

use super::tls::{Authority, params};
use super::{Backend, soon};
use rcgen::{BasicConstraints, Certificate, IsCa, KeyPair, date_time_ymd};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use rustls::{HandshakeKind, ServerConfig};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::io::{AsyncWriteExt, copy, split};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_rustls::TlsAcceptor;

/// A certificate and its key.
pub(crate) struct Certified {
    certificate: Certificate,
    key: KeyPair,
}

/// A port that speaks TLS and passes what is said on to a scripted server.
pub(crate) struct Encrypted {
    pub(crate) address: SocketAddr,
    seen: UnboundedReceiver<Seen>,
}

/// What the TLS of a server saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// A handshake in which the client asked for this name.
    Handshake(Option<String>),
    /// One that went on with an earlier session.
    Resumption,
    /// One that the client broke off, or that was none.
    Failure,
    /// The server has said its last, and so has its TLS.
    Goodbye,
}

impl Authority {
    /// Its own certificate, for those who believe it.
    pub(crate) fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// A certificate for these names and addresses.
    pub(crate) fn certifies(&self, names: &[&str]) -> Certified {
        let key = new_key();
        let certificate = params("server", names).signed_by(&key, &self.issuer).expect("a certificate");
        Certified { certificate, key }
    }
}

impl Certified {
    /// A certificate that nobody vouches for.
    pub(crate) fn by_itself(names: &[&str]) -> Certified {
        let key = new_key();
        let certificate = params("server", names).self_signed(&key).expect("a certificate");
        Certified { certificate, key }
    }

    /// The same, which says of itself that it is an authority's, as `openssl req -x509` makes it; valid until that year.
    pub(crate) fn as_authority(names: &[&str], until: i32) -> Certified {
        let (key, mut params) = (new_key(), params("server", names));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_after = date_time_ymd(until, 1, 1);
        let certificate = params.self_signed(&key).expect("a certificate");
        Certified { certificate, key }
    }

    /// Both, as a file holds them.
    pub(crate) fn pem(&self) -> String {
        self.certificate.pem() + &self.key.serialize_pem()
    }

    fn server_config(&self) -> Arc<ServerConfig> {
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("all versions");
        let config = config.with_no_client_auth().with_single_cert(vec![self.certificate.der().clone()], key);
        Arc::new(config.expect("a certificate and its key"))
    }
}

impl Encrypted {
    /// TLS with this certificate in front of `backend`, on a port of its own.
    pub(crate) async fn before(backend: &Backend, certified: &Certified) -> Encrypted {
        Encrypted::on(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), backend, certified).await
    }

    /// The same on this very address.
    pub(crate) async fn on(address: SocketAddr, backend: &Backend, certified: &Certified) -> Encrypted {
        let listener = TcpListener::bind(address).await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let acceptor = TlsAcceptor::from(certified.server_config());
        let (told, seen) = unbounded_channel();
        let behind = backend.address;
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, acceptor.clone(), behind, told.clone()));
            }
        });
        Encrypted { address, seen }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// What comes next.
    pub(crate) async fn sees(&mut self) -> Seen {
        soon("something to see", self.seen.recv()).await.expect("a port that speaks TLS")
    }

    /// Nothing else happened so far.
    pub(crate) fn is_left_alone(&mut self) -> bool {
        self.seen.try_recv().is_err()
    }
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, behind: SocketAddr, told: UnboundedSender<Seen>) {
    stream.set_nodelay(true).expect("a TCP socket");
    // Nobody need listen any more.
    let tell = |seen| drop(told.send(seen));
    let Ok(stream) = acceptor.accept(stream).await else { return tell(Seen::Failure) };
    let session = stream.get_ref().1;
    tell(match session.handshake_kind() {
        Some(HandshakeKind::Resumed) => Seen::Resumption,
        _ => Seen::Handshake(session.server_name().map(str::to_owned)),
    });
    let server = TcpStream::connect(behind).await.expect("a scripted server");
    server.set_nodelay(true).expect("a TCP socket");
    let (mut from_proxy, mut to_proxy) = split(stream);
    let (mut from_server, mut to_server) = server.into_split();
    let there = async {
        copy(&mut from_proxy, &mut to_server).await?;
        to_server.shutdown().await
    };
    let back = async {
        copy(&mut from_server, &mut to_proxy).await?;
        to_proxy.shutdown().await?;
        tell(Seen::Goodbye);
        Ok(())
    };
    // Whoever breaks off breaks off both directions.
    let _ = tokio::try_join!(there, back);
}

fn new_key() -> KeyPair {
    KeyPair::generate().expect("a key")
}
