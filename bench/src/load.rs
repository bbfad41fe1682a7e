//! The load: a fixed number of connections, each of which asks again as soon as it was answered.
//!
//! Closed loop, so the proxy is always busy and the figure to read is CPU per request, not latency.

mod http1;
mod http2;
mod wire;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use mio::event::Event;
use mio::{Interest, Registry, Token};
use rustls::ClientConfig;

use crate::http::Fault;
use crate::tls::HOST;
use wire::Wire;

/// More wrong answers than this in one run mean that there is nothing to measure.
const MAX_FAILED: u64 = 1000;

/// What every connection of a load asks.
pub(crate) struct Ask {
    pub(crate) port: u16,
    pub(crate) path: String,
    /// Bytes the body of every answer must have.
    pub(crate) body: usize,
    pub(crate) manner: Manner,
    /// How to speak TLS; `None`: not at all.
    pub(crate) tls: Option<Arc<ClientConfig>>,
}

/// How a connection is used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// HTTP/1.1, one request after another.
    Kept,
    /// HTTP/1.1: ask once, with `Connection: close`, and see the proxy close it.
    Closed,
    /// HTTP/2 with so many requests at a time.
    Streams(usize),
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
    /// The same for HTTP/2: of a connection's first request, and of all others.
    blocks: [Vec<u8>; 2],
    body: usize,
    manner: Manner,
    close: bool,
    tls: Option<Arc<ClientConfig>>,
}

struct Connection {
    wire: Wire,
    speech: Speech,
    /// Whether a right answer came since the mark.
    answered: bool,
}

enum Speech {
    Http1(http1::Connection),
    Http2(http2::Connection),
}

impl Load {
    pub(crate) fn new(ask: &Ask, connections: usize) -> Self {
        let close = ask.manner == Manner::Closed;
        let question = Question {
            request: http1::request(&ask.path, HOST, close),
            blocks: http2::header_blocks(&ask.path, HOST),
            body: ask.body,
            manner: ask.manner,
            close,
            tls: ask.tls.clone(),
        };
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, ask.port)),
            question,
            connections: Vec::with_capacity(connections),
            wanted: connections,
            tally: Tally::default(),
        }
    }

    /// A load that asks nothing.
    pub(crate) fn none() -> Self {
        Self::new(&Ask { port: 0, path: String::new(), body: 0, manner: Manner::Kept, tls: None }, 0)
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
        let connection = &mut self.connections[event.token().0];
        let renew = match connection.go_on(&self.question, event.is_read_closed(), scratch) {
            Ok(0) => return Ok(()),
            Ok(count) => {
                self.tally.requests += count;
                connection.answered = true;
                self.question.close
            }
            Err(fault) => {
                self.count_fault(fault.to_string())?;
                true
            }
        };
        let connection = &mut self.connections[event.token().0];
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

    /// Forgets what was answered.
    pub(crate) fn mark(&mut self) {
        self.connections.iter_mut().for_each(Connection::mark);
    }

    /// How many connections, or streams of them, got no right answer since the mark.
    pub(crate) fn unanswered(&self) -> usize {
        self.connections.iter().map(Connection::unanswered).sum()
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
    /// Connects and asks.
    fn open(address: SocketAddr, question: &Question, registry: &Registry, token: Token) -> Result<Self> {
        // Under `close` the proxy closes first. To answer that with a reset is cheaper than with a close of our own, and leaves nothing in
        // TIME_WAIT on either side, through which every later connection would have to find its way.
        let wire = Wire::connect(address, question.tls.as_ref(), question.close);
        let mut wire = wire.with_context(|| format!("cannot connect to {address}"))?;
        let (speech, interest) = match question.manner {
            Manner::Kept | Manner::Closed => {
                let (connection, interest) = http1::Connection::open(&mut wire, question)?;
                (Speech::Http1(connection), interest)
            }
            Manner::Streams(streams) => {
                let connection = http2::Connection::open(&mut wire, question, streams)?;
                (Speech::Http2(connection), Interest::READABLE | Interest::WRITABLE)
            }
        };
        wire.register(registry, token, interest)?;
        Ok(Self { wire, speech, answered: false })
    }

    /// Takes what came; how many answers became whole by it.
    fn go_on(&mut self, question: &Question, closed: bool, scratch: &mut [u8]) -> Result<u64, Fault> {
        match &mut self.speech {
            Speech::Http1(connection) => connection.go_on(&mut self.wire, question, closed, scratch).map(u64::from),
            Speech::Http2(connection) => connection.go_on(&mut self.wire, question, closed, scratch),
        }
    }

    /// Asks again; over HTTP/2 that is done.
    fn ask(&mut self, question: &Question) -> Result<(), Fault> {
        match &mut self.speech {
            Speech::Http1(connection) => connection.ask(&mut self.wire, question),
            Speech::Http2(_) => Ok(()),
        }
    }

    fn mark(&mut self) {
        self.answered = false;
        if let Speech::Http2(connection) = &mut self.speech {
            connection.mark();
        }
    }

    fn unanswered(&self) -> usize {
        match &self.speech {
            Speech::Http1(_) => usize::from(!self.answered),
            Speech::Http2(connection) => connection.unanswered(),
        }
    }
}
