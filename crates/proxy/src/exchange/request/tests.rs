//! A request on its way through TLS whose socket is full: what is held back is not forgotten.

use super::RequestSide;
use crate::client::{Client, Protocol};
use crate::deadline::Deadline;
use crate::http1::body::Body;
use crate::http1::request::Shape;
use crate::origin::{Local, Origin, Security};
use crate::server_stream::ServerStream;
use crate::tls::{Policy, Tls};
use crate::trusted::Trusted;
use model::service::ServerTls;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

const SMALLEST_BUFFER: u32 = 4096;
/// More than both sockets take, less than TLS holds back.
const PIECE: usize = 48 * 1024;
const PATIENCE: Duration = Duration::from_secs(20);

/// Both ends of an encrypted connection whose sockets take next to nothing.
async fn encrypted() -> (ServerStream, TlsStream<TcpStream>) {
    let listening = TcpSocket::new_v4().unwrap();
    listening.set_recv_buffer_size(SMALLEST_BUFFER).unwrap();
    listening.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let listener = listening.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let dialling = TcpSocket::new_v4().unwrap();
    dialling.set_send_buffer_size(SMALLEST_BUFFER).unwrap();
    let ours = dialling.connect(address).await.unwrap();
    let (theirs, _) = listener.accept().await.unwrap();
    let to_server = Tls::new(&Policy::default()).unwrap().to_server(&ServerTls::VerifyNone);
    let (ours, theirs) = tokio::join!(to_server.handshake(ours, address), acceptor().accept(theirs));
    (ours.unwrap(), theirs.unwrap())
}

fn acceptor() -> TlsAcceptor {
    let made = rcgen::generate_simple_self_signed(vec!["server".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    Arc::new(config.with_single_cert(vec![made.cert.der().clone()], key).unwrap()).into()
}

/// A client that has sent so much of a request with a body of two pieces, and its other end.
fn client(sent: Vec<u8>) -> (Client<DuplexStream>, DuplexStream) {
    let (stream, other) = duplex(PIECE);
    let local = Local { port: 80, address: ([127, 0, 0, 1], 80).into() };
    let origin = Origin::new(([127, 0, 0, 1], 1).into(), local, Security::Plain, &Trusted::default());
    let deadline = Deadline::after(PATIENCE);
    (
        Client {
            stream,
            origin: Arc::new(origin),
            buffered: sent,
            has_ended: false,
            deadline,
            protocol: Protocol::Http1,
        },
        other,
    )
}

#[tokio::test]
async fn what_tls_holds_back_is_waited_for_and_not_taken_for_sent() {
    let (mut server, mut far) = encrypted().await;
    let (mut client, mut near) = client(vec![b'x'; PIECE]);
    let body = Body::Length(2 * PIECE as u64);
    let shape = Shape {
        head_length: 0,
        body,
        keep_alive: true,
        upgrade: false,
        is_head: false,
        http10: false,
        idempotent: true,
        safe: false,
    };
    let mut request = RequestSide::begin(&mut client, &shape, b"head".to_vec()).ok().unwrap();
    poll_once(&mut request, &mut client, &mut server).await;
    assert!(!request.waits_for_client(), "the server has not taken what it was given");
    let mut first = vec![0; b"head".len() + PIECE];
    let arrived = poll_until(&mut request, &mut client, &mut server, far.read_exact(&mut first)).await;
    arrived.expect("the first piece");
    poll_once(&mut request, &mut client, &mut server).await;
    assert!(request.waits_for_client(), "the next piece is the client's to send");

    near.write_all(&[b'y'; PIECE]).await.unwrap();
    poll_once(&mut request, &mut client, &mut server).await;
    assert!(request.is_read() && !request.is_sent() && !request.is_done(), "a part is still held back");
    let mut second = vec![0; PIECE];
    let arrived = poll_until(&mut request, &mut client, &mut server, far.read_exact(&mut second)).await;
    arrived.expect("the second piece");
    poll_once(&mut request, &mut client, &mut server).await;
    assert!(request.is_sent());
    assert!(first.starts_with(b"headx") && second == [b'y'; PIECE]);
}

type Near = Client<DuplexStream>;

async fn poll_once(request: &mut RequestSide, client: &mut Near, server: &mut ServerStream) {
    poll_fn(|cx| {
        let _ = request.poll(cx, client, server, &mut false);
        Poll::Ready(())
    })
    .await;
}

/// Drives the request, as long as it is not done, until `event` happens.
async fn poll_until<T>(
    request: &mut RequestSide,
    client: &mut Near,
    server: &mut ServerStream,
    event: impl Future<Output = T>,
) -> T {
    let mut event = std::pin::pin!(event);
    let both = poll_fn(|cx| {
        if !request.is_done() {
            let _ = request.poll(cx, client, server, &mut false);
        }
        event.as_mut().poll(cx)
    });
    timeout(PATIENCE, both).await.expect("soon")
}
