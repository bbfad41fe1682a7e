//! A proxy with a server behind it and a folder for its certificates.

use super::curl::{self, Answer};
use super::keys::Authority;
use model::Frontend;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use swarmgate::app::{self, RunningProxy};
use swarmgate::settings::{self, Variables};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A folder of files that goes with the test.
struct Folder(PathBuf);

/// A running proxy. Its server answers each request with the head that it got.
pub(crate) struct Site {
    running: RunningProxy,
    folder: Folder,
}

impl Site {
    /// A proxy with these variables, these bundles in CERTS_DIR, and the service `go` on `/demo`. `CA_FILE=ca.pem` is the file that
    /// `clients` are verified with.
    pub(crate) async fn start(variables: &[(&str, &str)], bundles: &[(&str, String)]) -> Site {
        let folder = Folder::new();
        let certificates = folder.0.join("certs");
        fs::create_dir(&certificates).expect("a new folder");
        bundles.iter().for_each(|(name, bundle)| fs::write(certificates.join(name), bundle).expect("a new file"));
        let ours = [("DEFAULT_PORTS", "80,443:ssl"), ("THREADS", "1"), ("IP", "127.0.0.1")];
        let folder_name = certificates.to_str().expect("a path of text");
        let all: Variables = ours.iter().chain(variables).copied().chain([("CERTS_DIR", folder_name)]).collect();
        let mut settings = settings::proxy(&all).expect("good settings");
        settings.port = 0;
        settings.bind_ip = Ipv4Addr::LOCALHOST.into();
        settings.frontends = settings.frontends.into_iter().map(|frontend| Frontend { port: 0, ..frontend }).collect();
        let running = app::start_proxy(settings).await.expect("a proxy");
        let site = Site { running, folder };
        site.publish("serviceName=go&servicePath=/demo").await;
        site
    }

    /// The same where clients of `authority` are verified.
    pub(crate) async fn verifying(authority: &Authority, bundles: &[(&str, String)]) -> Site {
        let folder = Folder::new();
        let file = folder.write("ca.pem", &authority.certificate);
        Site::start(&[("CA_FILE", &file)], bundles).await
    }

    /// The same where servers whose certificates `authority` signs can be verified.
    pub(crate) async fn believing(authority: &Authority, bundles: &[(&str, String)]) -> Site {
        let folder = Folder::new();
        let file = folder.write("server-ca.pem", &authority.certificate);
        Site::start(&[("SERVER_CA_FILE", &file)], bundles).await
    }

    /// Publishes a new server with these parameters.
    pub(crate) async fn publish(&self, query: &str) {
        self.publish_port(query, serve_heads(None).await).await;
    }

    /// The same with a server that speaks TLS, with this certificate.
    pub(crate) async fn publish_encrypted(&self, query: &str, bundle: &str) {
        self.publish_port(query, serve_heads(Some(acceptor(bundle))).await).await;
    }

    async fn publish_port(&self, query: &str, port: u16) {
        let (api, query) = (self.running.api, format!("{query}&port={port}&outboundHostname=127.0.0.1"));
        let url = format!("http://{api}/v1/docker-flow-proxy/reconfigure?{query}");
        curl::run(vec![url]).await.is(200);
    }

    /// A GET of `https://<host>/demo` by a curl that trusts `authority` and has these arguments.
    pub(crate) async fn get(&self, authority: &Authority, host: &str, arguments: &[&str]) -> Answer {
        self.get_path(authority, &format!("https://{host}"), "/demo", arguments).await
    }

    /// The same of any scheme and path. The scheme may be a wrong one: the port is the one with TLS.
    pub(crate) async fn get_path(&self, authority: &Authority, origin: &str, path: &str, arguments: &[&str]) -> Answer {
        let port = self.running.ports[1];
        let host = origin.split_once("://").expect("a scheme").1;
        let trusted = self.folder.write("trusted.pem", &authority.certificate);
        let mut all = vec!["--cacert".to_owned(), trusted, "--resolve".to_owned(), format!("{host}:{port}:127.0.0.1")];
        all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        all.push(format!("{origin}:{port}{path}"));
        curl::run(all).await
    }

    /// A file for an argument, by its path.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        self.folder.write(name, text)
    }
}

impl Folder {
    fn new() -> Folder {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("swarmgate-https-{}-{number}", std::process::id()));
        fs::create_dir(&path).expect("a new folder");
        Folder(path)
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        fs::write(&path, text).expect("a writable folder");
        path.to_str().expect("a path of text").to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Whatever is left is in a folder for such things.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A server that answers each request with its own head; returns its port.
async fn serve_heads(tls: Option<TlsAcceptor>) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let port = listener.local_addr().expect("a bound socket").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let tls = tls.clone();
            tokio::spawn(async move {
                match tls {
                    None => answer(stream).await,
                    Some(tls) => answer(tls.accept(stream).await?).await,
                }
            });
        }
    });
    port
}

fn acceptor(bundle: &str) -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_slice(bundle.as_bytes()).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(bundle.as_bytes()).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let config = config.with_safe_default_protocol_versions().expect("all versions").with_no_client_auth();
    Arc::new(config.with_single_cert(vec![certificate], key).expect("a certificate and its key")).into()
}

async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", head.len());
    stream.write_all(&[answer.as_bytes(), &head].concat()).await?;
    stream.shutdown().await
}
