//! The load: a fixed number of connections, each of which asks again as soon as it was answered.
//!
//! Closed loop, so the proxy is always busy and the figure to read is CPU per request, not latency.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, Result, bail};
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use rustix::net::RecvFlags;

use crate::http::{Fault, Reply};

/// More wrong answers than this in one run mean that there is nothing to measure.
const MAX_FAILED: u64 = 1000;

/// What every connection of a load asks.
pub(crate) struct Ask {
    pub(crate) port: u16,
    pub(crate) path: String,
    /// Bytes the body of every answer must have.
    pub(crate) body: usize,
    /// Ask once a connection, with `Connection: close`, and see the proxy close it.
    pub(crate) close: bool,
}

/// What came of it since the last call of [`Load::take_tally`].
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) requests: u64,
    pub(crate) failed: u64,
    pub(crate) first_fault: Option<String>,
}

pub(crate) struct Load {
    address: SocketAddr,
    request: Vec<u8>,
    body: usize,
    close: bool,
    connections: Vec<Connection>,
    wanted: usize,
    tally: Tally,
}

struct Connection {
    stream: TcpStream,
    stage: Stage,
    reply: Reply,
    /// Whether a right answer came since the mark.
    answered: bool,
}

#[derive(PartialEq)]
enum Stage {
    Unasked,
    Waiting,
    /// The answer is whole, the close that must follow it has not come.
    Ending,
}

impl Load {
    pub(crate) fn new(ask: &Ask, connections: usize) -> Self {
        let last = if ask.close { "Connection: close\r\n" } else { "" };
        let head =
            format!("GET {} HTTP/1.1\r\nHost: bench.local\r\nUser-Agent: bench\r\nAccept: */*\r\n{last}\r\n", ask.path);
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, ask.port)),
            request: head.into_bytes(),
            body: ask.body,
            close: ask.close,
            connections: Vec::with_capacity(connections),
            wanted: connections,
            tally: Tally::default(),
        }
    }

    pub(crate) fn body(&self) -> usize {
        self.body
    }

    pub(crate) fn open(&mut self, registry: &Registry, scratch: &mut [u8]) -> Result<()> {
        for index in 0..self.wanted {
            self.connections.push(Connection::open(self.address, registry, Token(index))?);
            self.ready(Token(index), registry, scratch)?;
        }
        Ok(())
    }

    /// Goes on with the connection of this token; what ends begins anew at once.
    pub(crate) fn ready(&mut self, token: Token, registry: &Registry, scratch: &mut [u8]) -> Result<()> {
        while self.turn(token, registry, scratch)? {}
        Ok(())
    }

    /// One step of one connection; true when the next one need not wait for an event.
    fn turn(&mut self, token: Token, registry: &Registry, scratch: &mut [u8]) -> Result<bool> {
        let connection = &mut self.connections[token.0];
        let renew = match connection.go_on(&self.request, self.body, self.close, scratch) {
            Ok(false) => return Ok(false),
            Ok(true) => {
                self.tally.requests += 1;
                connection.answered = true;
                self.close
            }
            Err(fault) => {
                self.count_fault(fault.to_string())?;
                true
            }
        };
        if renew {
            let answered = self.connections[token.0].answered;
            self.connections[token.0] = Connection { answered, ..Connection::open(self.address, registry, token)? };
        }
        Ok(true)
    }

    /// The tally so far, which begins anew.
    pub(crate) fn take_tally(&mut self) -> Tally {
        std::mem::take(&mut self.tally)
    }

    /// Forgets which connections were answered.
    pub(crate) fn mark(&mut self) {
        self.connections.iter_mut().for_each(|connection| connection.answered = false);
    }

    /// How many connections got no right answer since the mark.
    pub(crate) fn unanswered(&self) -> usize {
        self.connections.iter().filter(|connection| !connection.answered).count()
    }

    fn count_fault(&mut self, fault: String) -> Result<()> {
        self.tally.failed += 1;
        if self.tally.failed > MAX_FAILED {
            bail!("more than {MAX_FAILED} wrong answers; the last one: {fault}");
        }
        self.tally.first_fault.get_or_insert(fault);
        Ok(())
    }
}

impl Connection {
    fn open(address: SocketAddr, registry: &Registry, token: Token) -> Result<Self> {
        let mut stream = TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;
        // One small write at a time needs no TCP_NODELAY, and a system call less is a cheaper load.
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self { stream, stage: Stage::Unasked, reply: Reply::default(), answered: false })
    }

    /// Asks if it has not yet, else takes what came; true when the answer is whole (and the connection closed, if it must).
    fn go_on(&mut self, request: &[u8], body: usize, close: bool, scratch: &mut [u8]) -> Result<bool, Fault> {
        if self.stage == Stage::Unasked {
            self.ask(request)?;
            return Ok(false);
        }
        loop {
            let in_body = self.reply.in_body();
            let read = if in_body { discard(&self.stream, scratch) } else { self.stream.read(scratch) };
            let count = match read {
                Ok(0) if self.stage == Stage::Ending => return Ok(true),
                Ok(0) => return Err(Fault::Closed),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error.into()),
            };
            let whole = if in_body { self.reply.skip(count)? } else { self.reply.feed(&scratch[..count], body)? };
            if whole && !close {
                self.stage = Stage::Unasked;
                return Ok(true);
            }
            if whole {
                self.stage = Stage::Ending;
            }
            // A short read emptied the socket, and the next bytes are a new event; only an end may already be waiting behind it.
            if count < scratch.len() && !close {
                return Ok(false);
            }
        }
    }

    /// Sends the request, unless the connection is not made yet: then an event follows.
    fn ask(&mut self, request: &[u8]) -> Result<(), Fault> {
        match self.stream.write(request) {
            Ok(count) if count == request.len() => self.stage = Stage::Waiting,
            Ok(_) => return Err(Fault::Socket(ErrorKind::WriteZero.into())),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

/// Takes bytes off a socket without copying them out of the kernel; at most as many as the scratch buffer has.
fn discard(stream: &TcpStream, scratch: &mut [u8]) -> io::Result<usize> {
    let (_, count) = rustix::net::recv(stream, scratch, RecvFlags::TRUNC)?;
    Ok(count)
}
