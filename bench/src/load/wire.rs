//! The socket of one connection of the load: plain, or with TLS on it.
//!
//! Not here: what is said over it (`http1`, `http2`).

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use rustix::net::RecvFlags;
use rustls::{ClientConfig, ClientConnection};

use crate::http::Fault;
use crate::tls;

pub(super) struct Wire {
    stream: TcpStream,
    encryption: Option<Box<Encryption>>,
    /// The last read left nothing in the socket: what comes next is a new event.
    emptied: bool,
}

struct Encryption {
    session: ClientConnection,
    client: Arc<ClientConfig>,
    /// The handshake is done and came to what it must.
    agreed: bool,
}

/// What a read brought.
pub(super) enum Taken {
    Bytes(usize),
    /// An event will tell of more.
    Nothing,
    /// The proxy has closed its side.
    Closed,
}

/// A reader that knows whether it was read to the end.
struct Drain<'a> {
    stream: &'a TcpStream,
    emptied: bool,
}

impl Wire {
    /// Connects; with a `client`, a handshake is under way from then on. `reset`: it is never closed, but reset.
    pub(super) fn connect(address: SocketAddr, client: Option<&Arc<ClientConfig>>, reset: bool) -> Result<Self, Fault> {
        let stream = TcpStream::connect(address)?;
        if reset {
            rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).map_err(io::Error::from)?;
        }
        let encryption = match client {
            Some(client) => {
                Some(Box::new(Encryption { session: tls::begin(client)?, client: Arc::clone(client), agreed: false }))
            }
            None => None,
        };
        Ok(Self { stream, encryption, emptied: false })
    }

    pub(super) fn register(&mut self, registry: &Registry, token: Token, interest: Interest) -> io::Result<()> {
        registry.register(&mut self.stream, token, interest)
    }

    /// For writes that do not wait for an answer to the one before.
    pub(super) fn set_nodelay(&self) -> io::Result<()> {
        self.stream.set_nodelay(true)
    }

    /// Takes all of the bytes or, while the connection is not made yet, none of them: then an event follows.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<bool, Fault> {
        if let Some(encryption) = &mut self.encryption {
            return encryption.write(&self.stream, bytes);
        }
        match self.stream.write(bytes) {
            Ok(count) if count == bytes.len() => Ok(true),
            Ok(_) => Err(Fault::Socket(ErrorKind::WriteZero.into())),
            Err(error) if is_early(&error) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes what came. `unseen`: nobody will look at the bytes.
    pub(super) fn read(&mut self, scratch: &mut [u8], unseen: bool) -> Result<Taken, Fault> {
        if let Some(encryption) = &mut self.encryption {
            return encryption.read(&self.stream, scratch, &mut self.emptied);
        }
        let read = if unseen { discard(&self.stream, scratch) } else { self.stream.read(scratch) };
        self.emptied = matches!(read, Ok(count) if count < scratch.len());
        taken(read)
    }

    /// Whether the last read left nothing to read, as far as the kernel's last event went.
    pub(super) fn is_emptied(&self) -> bool {
        self.emptied
    }
}

impl Encryption {
    /// Before the handshake is over, the bytes wait for its end within the session; a connection that is not made yet takes no greeting.
    fn write(&mut self, stream: &TcpStream, bytes: &[u8]) -> Result<bool, Fault> {
        if !self.agreed && self.session.wants_write() && !self.flush(stream)? {
            return Ok(false);
        }
        self.session.writer().write_all(bytes)?;
        // It fits any socket's buffer, since the proxy has taken all there was before.
        self.flush(stream)?.then_some(true).ok_or(Fault::Socket(ErrorKind::WriteZero.into()))
    }

    fn flush(&mut self, mut stream: &TcpStream) -> Result<bool, Fault> {
        while self.session.wants_write() {
            match self.session.write_tls(&mut stream) {
                Ok(_) => {}
                Err(error) if is_early(&error) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    fn read(&mut self, mut stream: &TcpStream, scratch: &mut [u8], emptied: &mut bool) -> Result<Taken, Fault> {
        let mut drain = Drain { stream, emptied: false };
        loop {
            match self.session.reader().read(scratch) {
                // Said by TLS; the connection itself ends when the proxy closes it.
                Ok(0) => return taken(stream.read(scratch)),
                Ok(count) => {
                    *emptied = drain.emptied && count < scratch.len();
                    return Ok(Taken::Bytes(count));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(Taken::Closed),
                Err(error) => return Err(error.into()),
            }
            if drain.emptied {
                *emptied = true;
                return Ok(Taken::Nothing);
            }
            match self.session.read_tls(&mut drain) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Taken::Nothing),
                other => other?,
            };
            self.process(stream)?;
        }
    }

    fn process(&mut self, stream: &TcpStream) -> Result<(), Fault> {
        self.session.process_new_packets()?;
        self.flush(stream)?;
        if !self.agreed && !self.session.is_handshaking() {
            self.agreed = true;
            tls::disagreement(&self.session, &self.client).map_or(Ok(()), |what| Err(Fault::Handshake(what)))?;
        }
        Ok(())
    }
}

impl Read for Drain<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(buffer)?;
        self.emptied = count < buffer.len() && count > 0;
        Ok(count)
    }
}

fn taken(read: io::Result<usize>) -> Result<Taken, Fault> {
    match read {
        Ok(0) => Ok(Taken::Closed),
        Ok(count) => Ok(Taken::Bytes(count)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Taken::Nothing),
        Err(error) => Err(error.into()),
    }
}

fn is_early(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected)
}

/// Takes bytes off a socket without copying them out of the kernel; at most as many as the scratch buffer has.
fn discard(stream: &TcpStream, scratch: &mut [u8]) -> io::Result<usize> {
    let (_, count) = rustix::net::recv(stream, scratch, RecvFlags::TRUNC)?;
    Ok(count)
}
