//! The load: a fixed number of connections, each of which asks again as soon as it was answered.
//!
//! Closed loop, so the proxy is always busy and the figure to read is CPU per request, not latency.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use mio::event::Event;
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
    question: Question,
    connections: Vec<Connection>,
    wanted: usize,
    tally: Tally,
}

/// What is sent, and what must come back.
struct Question {
    request: Vec<u8>,
    body: usize,
    close: bool,
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
            question: Question { request: head.into_bytes(), body: ask.body, close: ask.close },
            connections: Vec::with_capacity(connections),
            wanted: connections,
            tally: Tally::default(),
        }
    }

    /// A load that asks nothing.
    pub(crate) fn none() -> Self {
        Self::new(&Ask { port: 0, path: String::new(), body: 0, close: false }, 0)
    }

    pub(crate) fn body(&self) -> usize {
        self.question.body
    }

    pub(crate) fn open(&mut self, registry: &Registry) -> Result<()> {
        for index in 0..self.wanted {
            self.connections.push(Connection::open(self.address, &self.question, registry, Token(index))?);
        }
        Ok(())
    }

    /// Goes on with the connection of this event; what ends begins anew at once.
    pub(crate) fn ready(&mut self, event: &Event, registry: &Registry, scratch: &mut [u8]) -> Result<()> {
        let place = event.token().0;
        let connection = &mut self.connections[place];
        let renew = match connection.go_on(&self.question, event.is_read_closed(), scratch) {
            Ok(false) => return Ok(()),
            Ok(true) => {
                self.tally.requests += 1;
                connection.answered = true;
                self.question.close
            }
            Err(fault) => {
                self.count_fault(fault.to_string())?;
                true
            }
        };
        let connection = &mut self.connections[place];
        if renew {
            let answered = connection.answered;
            *connection = Connection::open(self.address, &self.question, registry, event.token())?;
            connection.answered = answered;
        } else if let Err(fault) = connection.ask(&self.question) {
            self.count_fault(fault.to_string())?;
        }
        Ok(())
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
    /// Connects and asks. On the loopback address a connection is mostly made at once; else an event follows, and then it is asked.
    fn open(address: SocketAddr, question: &Question, registry: &Registry, token: Token) -> Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;
        if question.close {
            // The proxy closes first. To answer that with a reset is cheaper than with a close of our own, and leaves nothing in TIME_WAIT
            // on either side, through which every later connection would have to find its way.
            rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO))?;
        }
        let mut connection = Self { stream, stage: Stage::Unasked, reply: Reply::default(), answered: false };
        connection.ask(question)?;
        // One small write at a time needs no TCP_NODELAY, and an event or a system call less is a cheaper load.
        let interest = match connection.stage {
            Stage::Unasked => Interest::READABLE | Interest::WRITABLE,
            Stage::Waiting | Stage::Ending => Interest::READABLE,
        };
        registry.register(&mut connection.stream, token, interest)?;
        Ok(connection)
    }

    /// Asks if it has not yet, else takes what came; true when the answer is whole (and the connection closed, if it must).
    /// `closed`: the proxy has closed its side, behind what can be read.
    fn go_on(&mut self, question: &Question, closed: bool, scratch: &mut [u8]) -> Result<bool, Fault> {
        if self.stage == Stage::Unasked {
            self.ask(question)?;
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
            let whole =
                if in_body { self.reply.skip(count)? } else { self.reply.feed(&scratch[..count], question.body)? };
            // A short read emptied the socket: the next bytes, or the close, are a new event, unless this one told of the close.
            let emptied = count < scratch.len();
            if whole && (!question.close || (closed && emptied)) {
                self.stage = Stage::Unasked;
                return Ok(true);
            }
            if whole {
                self.stage = Stage::Ending;
            }
            if emptied && !closed {
                return Ok(false);
            }
        }
    }

    /// Sends the request, unless the connection is not made yet: then an event follows.
    fn ask(&mut self, question: &Question) -> Result<(), Fault> {
        match self.stream.write(&question.request) {
            Ok(count) if count == question.request.len() => self.stage = Stage::Waiting,
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
