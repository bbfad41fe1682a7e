//! The handshake with a client, and the stream that comes out of it.
//!
//! Not here: what is said over it (`connection`, `http2`).

use crate::client::ClientStream;
use crate::origin::{Origin, Security};
use crate::worker::{Open, Shared};
use crate::{connection, http2};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A client's connection over TLS.
type EncryptedStream = TlsStream<TcpStream>;

/// Serves a connection that begins with a TLS handshake. Whoever speaks anything else gets an alert: it never speaks plain HTTP.
pub(crate) async fn serve(stream: TcpStream, peer: SocketAddr, port: u16, shared: Arc<Shared>, open: Open) {
    let config = shared.world.with(|world| Arc::clone(world.tls().config()));
    let accept = TlsAcceptor::from(config).accept(stream);
    let stream = match timeout(shared.timeouts.http_request, accept).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::debug!("port {port}: no TLS with {peer}: {error}"),
        Err(_) => return tracing::debug!("port {port}: no TLS with {peer}: it took too long"),
    };
    let session = stream.get_ref().1;
    let security = if session.peer_certificates().is_some() { Security::Verified } else { Security::Encrypted };
    let is_http2 = session.alpn_protocol() == Some(b"h2");
    let origin = Origin::new(peer, port, security, &shared.trusted);
    if is_http2 {
        return http2::serve(stream, Arc::new(origin), shared, open).await;
    }
    connection::serve(stream, origin, shared, open).await;
}

impl ClientStream for EncryptedStream {
    fn break_off(&mut self) {
        self.get_mut().0.break_off();
    }

    fn is_refused(&self) -> bool {
        self.get_ref().0.is_refused()
    }
}
