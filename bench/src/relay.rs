//! A bare TCP relay: bytes from here to there and back, the floor under everything a proxy does.
//!
//! Not a proxy: it reads no request, pools nothing, and runs as a process of its own (`bench --as-relay PORT BACKEND`).

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Registry, Token};
use slab::Slab;

const LISTENER: Token = Token(usize::MAX >> 1);
const SCRATCH: usize = 256 * 1024;

/// A client's connection and the one to the backend, and for each what it has not taken yet.
struct Pair([Side; 2]);

struct Side {
    stream: TcpStream,
    unsent: Vec<u8>,
}

/// Relays between `port` and the backend's port, for ever.
pub(crate) fn run(port: u16, backend: u16) -> io::Result<()> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(256);
    let mut listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut pairs = Slab::new();
    let mut scratch = vec![0; SCRATCH];
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        for event in &events {
            if event.token() == LISTENER {
                accept(&listener, backend, &mut pairs, poll.registry())?;
                continue;
            }
            let (key, from) = (event.token().0 / 2, event.token().0 % 2);
            let Some(pair): Option<&mut Pair> = pairs.get_mut(key) else { continue };
            if !pair.relay(from, &mut scratch).unwrap_or(false) {
                pairs.remove(key);
            }
        }
    }
}

fn accept(listener: &TcpListener, backend: u16, pairs: &mut Slab<Pair>, registry: &Registry) -> io::Result<()> {
    loop {
        let client = match listener.accept() {
            Ok((client, _)) => client,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        let server = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, backend)))?;
        let entry = pairs.vacant_entry();
        let mut sides = [client, server].map(|stream| Side { stream, unsent: Vec::new() });
        for (number, side) in sides.iter_mut().enumerate() {
            side.stream.set_nodelay(true)?;
            let token = Token(entry.key() * 2 + number);
            registry.register(&mut side.stream, token, Interest::READABLE | Interest::WRITABLE)?;
        }
        entry.insert(Pair(sides));
    }
}

impl Pair {
    /// Serves an event of one side, as a writer and as a reader; false when a side has closed.
    fn relay(&mut self, side: usize, scratch: &mut [u8]) -> io::Result<bool> {
        if self.0[side].flush()? && !self.pump(1 - side, scratch)? {
            return Ok(false);
        }
        self.pump(side, scratch)
    }

    /// Reads one side and writes the other until the one has nothing more or the other takes no more.
    fn pump(&mut self, from: usize, scratch: &mut [u8]) -> io::Result<bool> {
        let [a, b] = &mut self.0;
        let (from, to) = if from == 0 { (a, b) } else { (b, a) };
        while to.unsent.is_empty() {
            let count = match from.stream.read(scratch) {
                Ok(0) => return Ok(false),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            };
            let sent = to.write(&scratch[..count])?;
            to.unsent.extend_from_slice(&scratch[sent..count]);
            if count < scratch.len() {
                break;
            }
        }
        Ok(true)
    }
}

impl Side {
    /// Sends what is unsent; true when there was something and all of it went.
    fn flush(&mut self) -> io::Result<bool> {
        if self.unsent.is_empty() {
            return Ok(false);
        }
        let unsent = std::mem::take(&mut self.unsent);
        let sent = self.write(&unsent)?;
        self.unsent = unsent[sent..].to_vec();
        Ok(self.unsent.is_empty())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.stream.write(bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock || error.kind() == ErrorKind::NotConnected => Ok(0),
            other => other,
        }
    }
}
