//! The handshake with a client, and the stream that comes out of it.
//!
//! Not here: what is said over it (`connection`, `http2`).

use super::Tls;
use crate::client::ClientStream;
use crate::observe::{self, Handshake};
use crate::origin::{Local, Origin, Security};
use crate::worker::{Open, Shared};
use crate::{connection, http2};
use rustls::server::{Acceptor, ClientHello};
use rustls::{AlertDescription, Error};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

/// How long, and for how many bytes, what a client still sends after its alert is read.
const PARTING: Duration = Duration::from_secs(1);
const PARTING_BYTES: u64 = 16 * 1024;
/// The level of an alert that ends the connection.
const FATAL: u8 = 2;

/// A client's connection over TLS.
type EncryptedStream = TlsStream<TcpStream>;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("there is no certificate at all")]
    NoCertificate,
    #[error("there is no certificate for {0}")]
    UnknownName(String),
    #[error("it took too long")]
    TimedOut,
    #[error("{0}")]
    Broken(#[from] io::Error),
}

/// A handshake that failed, and the connection that is left of it.
struct Failed(Failure, Option<TcpStream>);

/// Serves a connection that begins with a TLS handshake. Whoever speaks anything else gets an alert: it never speaks plain HTTP.
pub(crate) async fn serve(stream: TcpStream, peer: SocketAddr, port: u16, shared: Arc<Shared>, open: Open) {
    let tls = shared.world.with(|world| world.tls().clone());
    let limit = shared.timeouts.http_request;
    let shaken = timeout(limit, shake_hands(stream, tls)).await.unwrap_or(Err(Failed(Failure::TimedOut, None)));
    observe::shook_hands(port, shaken.as_ref().err().map_or(Handshake::Completed, |failed| failed.0.class()));
    let stream = match shaken {
        Ok(stream) => stream,
        Err(Failed(failure, rest)) => {
            tracing::debug!("port {port}: no TLS with {peer}: {failure}");
            return part(rest).await;
        }
    };
    let (socket, session) = stream.get_ref();
    let security = if session.peer_certificates().is_some() { Security::Verified } else { Security::Encrypted };
    let is_http2 = session.alpn_protocol() == Some(b"h2");
    let origin = Origin::new(peer, Local::of(socket, port), security, &shared.trusted).asked_for(session.server_name());
    if is_http2 {
        return http2::serve(stream, Arc::new(origin), shared, open).await;
    }
    connection::serve(stream, origin, shared, open).await;
}

/// The name is looked at before anything is answered: the library's own alert for a name that nobody has says something else.
async fn shake_hands(stream: TcpStream, tls: Tls) -> Result<EncryptedStream, Failed> {
    let mut reading = LazyConfigAcceptor::new(Acceptor::default(), stream);
    let mut start = match (&mut reading).await {
        Ok(start) => start,
        Err(error) => return Err(Failed(error.into(), reading.take_io())),
    };
    let Err((alert, failure)) = judge(&tls, &start.client_hello()) else {
        let accepted = start.into_stream(Arc::clone(tls.config())).into_fallible().await;
        return accepted.map_err(|(error, stream)| Failed(error.into(), Some(stream)));
    };
    // A fatal alert in place of a ServerHello (RFC 8446 §5.1 and §6). Whoever does not take it has left already.
    let record = [21, 3, 3, 0, 2, FATAL, alert.into()];
    let _ = start.io.write_all(&record).await;
    Err(Failed(failure, Some(start.io)))
}

/// Whether there is a certificate, or what is said where there is none (RFC 8446 §6.2).
fn judge(tls: &Tls, hello: &ClientHello<'_>) -> Result<(), (AlertDescription, Failure)> {
    if tls.has_certificate_for(hello) {
        return Ok(());
    }
    if tls.certificates().is_empty() {
        return Err((AlertDescription::HandshakeFailure, Failure::NoCertificate));
    }
    let name = hello.server_name().map_or_else(|| "clients that name no host".to_owned(), str::to_owned);
    Err((AlertDescription::UnrecognisedName, Failure::UnknownName(name)))
}

/// Closes so that the alert arrives: a client of TLS 1.3 may have sent its first request already, and a close with unread bytes would
/// reset the connection.
async fn part(stream: Option<TcpStream>) {
    let Some(mut stream) = stream else { return };
    let _ = timeout(PARTING, async {
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(PARTING_BYTES), &mut tokio::io::sink()).await
    })
    .await;
}

impl Failure {
    fn class(&self) -> Handshake {
        match self {
            Failure::NoCertificate => Handshake::NoCertificate,
            Failure::UnknownName(_) => Handshake::UnknownName,
            Failure::TimedOut => Handshake::TimedOut,
            Failure::Broken(error) => match error.get_ref().and_then(|error| error.downcast_ref::<Error>()) {
                None => Handshake::Disconnected,
                Some(Error::PeerIncompatible(_)) => Handshake::NothingInCommon,
                Some(Error::InvalidCertificate(_) | Error::NoCertificatesPresented) => Handshake::BadClientCertificate,
                Some(Error::AlertReceived(_)) => Handshake::RefusedByClient,
                Some(_) => Handshake::NotTls,
            },
        }
    }
}

impl ClientStream for EncryptedStream {
    fn break_off(&mut self) {
        self.get_mut().0.break_off();
    }

    fn is_refused(&self) -> bool {
        self.get_ref().0.is_refused()
    }
}
