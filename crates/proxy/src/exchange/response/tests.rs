//! Responses to a client behind a layer that holds back what it was given. Whole conversations are the program's tests.

use super::*;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

/// What the pipe between client and proxy holds. The TLS layer holds more.
const PIPE: usize = 4 * 1024;

impl ClientStream for server::TlsStream<DuplexStream> {
    fn break_off(&mut self) {}

    fn is_refused(&self) -> bool {
        false
    }
}

/// Both ends of a TLS connection, the proxy's first.
async fn tls() -> (server::TlsStream<DuplexStream>, client::TlsStream<DuplexStream>) {
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(["a.example".to_owned()]).unwrap().self_signed(&key).unwrap().der().clone();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let ours = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    let theirs = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let (near, far) = duplex(PIPE);
    let name = ServerName::try_from("a.example").unwrap();
    let (near, far) = tokio::join!(
        TlsAcceptor::from(Arc::new(ours)).accept(near),
        TlsConnector::from(Arc::new(theirs)).connect(name, far)
    );
    (near.unwrap(), far.unwrap())
}

/// Lets the server say `said` of a response of so many bytes, and then nothing; the client, who reads later, gets all of that.
async fn check(length: usize, said: usize) {
    let (mut near, mut far) = tls().await;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let (server, accepted) = tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
    let (server, mut behind) = (server.unwrap(), accepted.unwrap().0);
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
    behind.write_all(&[head.as_bytes(), &vec![b'x'; said]].concat()).await.unwrap();
    // All of it is there before the first look, so that no later write pushes the end of it out.
    server.readable().await.unwrap();
    let mut server = ServerStream::plain(server);
    let (mut side, mut progress) = (ResponseSide::new(Shape::of_stream(false), true, None), false);
    side.set_goes_on(true);
    let serving = async {
        poll_fn(|cx| side.poll(cx, &mut near, &mut server, &mut progress)).await.ok();
        // The next request does not come, and nobody looks at the connection.
        pending::<()>().await;
    };
    let mut came = vec![0; head.len() + said];
    let reading = tokio::time::timeout(Duration::from_secs(5), far.read_exact(&mut came));
    tokio::select! {
        biased;
        () = serving => {}
        whole = reading => assert!(whole.is_ok_and(|whole| whole.is_ok()), "{said} of {length} bytes did not come"),
    }
}

#[tokio::test]
async fn bug_the_end_of_a_response_stayed_in_the_tls_layer() {
    check(20_000, 20_000).await;
}

#[tokio::test]
async fn bug_what_a_server_had_said_before_a_pause_stayed_in_the_tls_layer() {
    check(1_000_000, 20_000).await;
}
