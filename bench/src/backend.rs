//! The server behind every proxy: one prepared answer to each request head, and nothing else.
//!
//! Not an HTTP server: it takes for granted that a proxy sends requests without a body, one at a time on a connection.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};
use slab::Slab;

/// The listening socket's token. Connections have the tokens above it, the load's connections those below.
pub(crate) const LISTENER: Token = Token(1 << 20);

/// The listening socket, the connections that proxies opened to it, and what they are all told.
pub(crate) struct Backend {
    listener: TcpListener,
    answer: Vec<u8>,
    connections: Slab<Connection>,
}

struct Connection {
    stream: TcpStream,
    /// A head that came in pieces, while it is not whole.
    head: Vec<u8>,
    /// How many bytes at the end of the answer the socket has not taken yet.
    unsent: usize,
}

impl Backend {
    pub(crate) fn bind(registry: &Registry) -> io::Result<Self> {
        let mut listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        registry.register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Self { listener, answer: answer(0), connections: Slab::new() })
    }

    pub(crate) fn port(&self) -> io::Result<u16> {
        Ok(self.listener.local_addr()?.port())
    }

    /// From now on every answer has a body of so many bytes.
    pub(crate) fn set_body(&mut self, bytes: usize) {
        self.answer = answer(bytes);
    }

    /// Serves whatever the poll reported for a token of the backend.
    pub(crate) fn ready(&mut self, token: Token, registry: &Registry, scratch: &mut [u8]) -> io::Result<()> {
        if token == LISTENER {
            return self.accept(registry);
        }
        let key = token.0 - LISTENER.0 - 1;
        // An event may outlive its connection by one batch.
        let Some(connection) = self.connections.get_mut(key) else { return Ok(()) };
        // A proxy that resets a connection it no longer wants is no fault: the load sees what was lost by it.
        if !connection.serve(&self.answer, scratch).unwrap_or(false) {
            self.connections.remove(key);
        }
        Ok(())
    }

    fn accept(&mut self, registry: &Registry) -> io::Result<()> {
        loop {
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            stream.set_nodelay(true)?;
            let entry = self.connections.vacant_entry();
            let token = Token(LISTENER.0 + 1 + entry.key());
            registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
            entry.insert(Connection { stream, head: Vec::new(), unsent: 0 });
        }
    }
}

impl Connection {
    /// Sends what is unsent, then answers what came; false when the other side has closed.
    fn serve(&mut self, answer: &[u8], scratch: &mut [u8]) -> io::Result<bool> {
        self.send(answer)?;
        loop {
            let count = match self.stream.read(scratch) {
                Ok(0) => return Ok(false),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) => return Err(error),
            };
            if self.ends_head(&scratch[..count]) {
                self.unsent = answer.len();
                self.send(answer)?;
            }
            // A short read emptied the socket; the next bytes are a new event.
            if count < scratch.len() {
                return Ok(true);
            }
        }
    }

    fn ends_head(&mut self, bytes: &[u8]) -> bool {
        const END: &[u8] = b"\r\n\r\n";
        if self.head.is_empty() && bytes.ends_with(END) {
            return true;
        }
        self.head.extend_from_slice(bytes);
        let whole = self.head.ends_with(END);
        if whole {
            self.head.clear();
        }
        whole
    }

    fn send(&mut self, answer: &[u8]) -> io::Result<()> {
        while self.unsent > 0 {
            match self.stream.write(&answer[answer.len() - self.unsent..]) {
                Ok(count) => self.unsent -= count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn answer(body: usize) -> Vec<u8> {
    let mut answer =
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {body}\r\n\r\n").into_bytes();
    answer.resize(answer.len() + body, b'.');
    answer
}
