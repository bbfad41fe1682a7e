//! TLS around the proxy: authorities that make certificates for tests, and clients that trust them.

use super::{Peer, Reply, soon};
use proxy::tls::Certificate;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, SupportedProtocolVersion};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;
use std::{fs, io};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Who signs certificates.
pub(crate) struct Authority {
    pub(super) issuer: Issuer<'static, KeyPair>,
    pub(super) certificate: rcgen::Certificate,
}

/// Who a client shows that it is.
pub(crate) struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

/// How a client speaks TLS. What it remembers of sessions is remembered as long as this lives.
#[derive(Clone)]
pub(crate) struct TlsClient {
    config: Arc<ClientConfig>,
}

/// A client's connection over TLS.
pub(crate) struct TlsPeer {
    stream: TlsStream<TcpStream>,
    buffered: Vec<u8>,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Authority {
        let mut params = params(name, &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        Authority { issuer: Issuer::new(params, key), certificate }
    }

    /// A certificate for these hosts, which the proxy calls by this path.
    pub(crate) fn certificate(&self, path: &str, hosts: &[&str]) -> Arc<Certificate> {
        let key = KeyPair::generate().expect("a key");
        let pem =
            params(path, hosts).signed_by(&key, &self.issuer).expect("a certificate").pem() + &key.serialize_pem();
        Arc::new(Certificate::from_pem(path, pem.as_bytes(), SystemTime::now()).expect("a good bundle"))
    }

    /// A client of this name.
    pub(crate) fn identity(&self, name: &str) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let certificate = params(name, &[]).signed_by(&key, &self.issuer).expect("a certificate");
        let key_der = PrivateKeyDer::try_from(key.serialize_der()).expect("PKCS#8");
        Identity { certificate: certificate.der().clone(), key: key_der }
    }

    /// Calls `during` with a file that holds the authority's certificate, as `CA_FILE` wants it.
    pub(crate) async fn in_a_file<T>(&self, during: impl AsyncFnOnce(&str) -> T) -> T {
        let path = std::env::temp_dir().join(format!("swarmgate-{}-{:p}.pem", std::process::id(), self));
        fs::write(&path, self.certificate.pem()).expect("a writable folder");
        let done = during(path.to_str().expect("a path of text")).await;
        fs::remove_file(path).expect("the file is there");
        done
    }

    /// A client that trusts this authority.
    pub(crate) fn client(&self) -> TlsClient {
        self.client_of(&[&rustls::version::TLS12, &rustls::version::TLS13], None, &[])
    }

    /// One that shows who it is.
    pub(crate) fn client_with(&self, identity: Identity) -> TlsClient {
        self.client_of(&[&rustls::version::TLS12, &rustls::version::TLS13], Some(identity), &[])
    }

    /// One that speaks these versions only, and offers these protocols.
    pub(crate) fn client_of(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        identity: Option<Identity>,
        protocols: &[&str],
    ) -> TlsClient {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.der().clone()).expect("an authority");
        let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_protocol_versions(versions)
            .expect("versions with ciphers")
            .with_root_certificates(roots);
        let mut config = match identity {
            Some(Identity { certificate, key }) => {
                builder.with_client_auth_cert(vec![certificate], key).expect("a pair")
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        TlsClient { config: Arc::new(config) }
    }
}

pub(super) fn params(name: &str, hosts: &[&str]) -> CertificateParams {
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let mut params = CertificateParams::new(hosts).expect("names of hosts");
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

impl TlsClient {
    /// Connects and asks for `name`; the handshake must end well.
    pub(crate) async fn connect(&self, address: SocketAddr, name: &str) -> TlsPeer {
        self.try_connect(address, name).await.unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The same with a handshake that may fail. The proxy's refusal of a client's certificate comes only with what is read next.
    pub(crate) async fn try_connect(&self, address: SocketAddr, name: &str) -> io::Result<TlsPeer> {
        let stream = soon("a connection", TcpStream::connect(address)).await?;
        self.shake_hands(stream, name).await
    }

    /// Connects with so small a buffer that the proxy soon has to wait.
    pub(crate) async fn connect_slowly(&self, address: SocketAddr, name: &str) -> TlsPeer {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4096).expect("a TCP socket");
        let stream = soon("a connection", socket.connect(address)).await.expect("the proxy accepts");
        self.shake_hands(stream, name).await.expect("a handshake")
    }

    /// Begins TLS on a connection on which something was said already.
    pub(crate) async fn shake_hands(&self, stream: TcpStream, name: &str) -> io::Result<TlsPeer> {
        let name = ServerName::try_from(name.to_owned()).expect("a name");
        let connector = TlsConnector::from(Arc::clone(&self.config));
        let stream = soon("the handshake", connector.connect(name, stream)).await?;
        Ok(TlsPeer { stream, buffered: Vec::new() })
    }

    /// A request on a connection of its own, and the whole response.
    pub(crate) async fn ask(&self, address: SocketAddr, name: &str, request: &str) -> Reply {
        let mut peer = self.connect(address, name).await;
        peer.send(request).await;
        peer.reply().await
    }
}

impl TlsPeer {
    /// What is known of the connection.
    pub(crate) fn session(&self) -> &ClientConnection {
        self.stream.get_ref().1
    }

    /// The certificate that the proxy has shown.
    pub(crate) fn shown(&self) -> CertificateDer<'static> {
        let chain = self.session().peer_certificates().expect("the proxy shows one");
        chain[0].clone().into_owned()
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        soon("sending", self.stream.write_all(bytes.as_ref())).await.expect("the proxy takes it");
        soon("sending", self.stream.flush()).await.expect("the proxy takes it");
    }

    /// A whole response with a length.
    pub(crate) async fn reply(&mut self) -> Reply {
        self.try_reply().await.unwrap_or_else(|error| panic!("no response: {error}"))
    }

    /// The same, or the failure that the proxy answers with.
    pub(crate) async fn try_reply(&mut self) -> io::Result<Reply> {
        let head = self.head().await?;
        let body = self.receives_bytes(Reply::length(&head)).await?;
        Ok(Reply::new(head, body))
    }

    /// The body of a whole response, which need not be text.
    pub(crate) async fn reply_bytes(&mut self) -> Vec<u8> {
        let head = self.head().await.expect("a response");
        self.receives_bytes(Reply::length(&head)).await.expect("a whole body")
    }

    /// The proxy ends the connection with TLS's own last word (close_notify), not by the end of the socket alone.
    pub(crate) async fn receives_goodbye(&mut self) {
        let end = soon("the end", self.stream.read(&mut [0; 1])).await;
        assert_eq!(end.expect("a close_notify before the end"), 0);
    }

    async fn head(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.buffered.windows(4).position(|window| window == b"\r\n\r\n") {
                let head: Vec<u8> = self.buffered.drain(..end + 4).collect();
                return Ok(String::from_utf8(head).expect("a head is text"));
            }
            self.fill().await?;
        }
    }

    /// So many bytes, read a few at a time.
    async fn receives_bytes(&mut self, count: usize) -> io::Result<Vec<u8>> {
        while self.buffered.len() < count {
            self.fill().await?;
        }
        Ok(self.buffered.drain(..count).collect())
    }

    async fn fill(&mut self) -> io::Result<()> {
        let mut some = [0; 1024];
        let count = soon("more over TLS", self.stream.read(&mut some)).await?;
        self.buffered.extend_from_slice(&some[..count]);
        if count > 0 { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

/// A ClientHello that no library of today sends: of this version, with these cipher suites and extensions.
pub(crate) fn hello(version: [u8; 2], suites: &[[u8; 2]], extensions: &[u8]) -> Vec<u8> {
    let length = |count: usize| u16::try_from(count).expect("a short message").to_be_bytes();
    let suites = [&length(suites.len() * 2)[..], &suites.concat()].concat();
    let extensions =
        if extensions.is_empty() { Vec::new() } else { [&length(extensions.len())[..], extensions].concat() };
    let body = [&version[..], &[7; 32], &[0], &suites, &[1, 0], &extensions].concat();
    let message = [&[1, 0][..], &length(body.len()), &body].concat();
    [&[22, 3, 1][..], &length(message.len()), &message].concat()
}

/// The fatal alert that the proxy ends a connection with: its number in RFC 8446 §6.
pub(crate) async fn alert(mut peer: Peer) -> u8 {
    let rest = peer.rest().await.expect("an end in good order");
    assert_eq!((rest.len(), rest[0], rest[5]), (7, 21, 2), "a fatal alert and nothing else: {rest:?}");
    rest[6]
}
