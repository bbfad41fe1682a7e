//! Whom a client connects to, and how: an address, and TLS or not.

use super::stream::Stream;
use super::tls::Tls;
use std::io;
use std::net::SocketAddr;
use tokio::net::TcpStream;

/// An address and what is spoken there.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    /// How its clients greet; `None`: it speaks plain HTTP.
    pub(crate) tls: Option<Tls>,
}

/// Why there is no connection.
pub(crate) enum NoConnection {
    /// Nobody took it.
    Refused(io::Error),
    /// It was taken, and there is no TLS on it.
    NoTls(io::Error),
}

impl Target {
    /// The TLS port `address`.
    pub(crate) fn encrypted(address: SocketAddr, tls: &Tls) -> Target {
        Target { address, tls: Some(tls.clone()) }
    }

    /// A new connection, ready for HTTP.
    pub(crate) async fn connect(&self) -> Result<Stream, NoConnection> {
        let stream = TcpStream::connect(self.address).await.map_err(NoConnection::Refused)?;
        match &self.tls {
            None => Ok(Stream::from(stream)),
            Some(tls) => {
                let _ = stream.set_nodelay(true);
                tls.greet(stream).await.map(Box::new).map(Stream::Encrypted).map_err(NoConnection::NoTls)
            }
        }
    }
}

impl From<SocketAddr> for Target {
    fn from(address: SocketAddr) -> Target {
        Target { address, tls: None }
    }
}
