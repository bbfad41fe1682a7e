//! The client's end of a connection as bytes: sent whole or byte by byte, read to its end.
//!
//! Not here: what should come back (`case`).

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// How bytes are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pieces {
    /// In one write.
    Whole,
    /// In a write for each byte; of what is long, in small pieces.
    Bytes,
}

/// More than this is not sent byte by byte: the limits would take minutes.
const SHORT: usize = 4 * 1024;
const SMALL_PIECE: usize = 61;

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// In good order.
    Closed,
    /// Broken off.
    Reset,
    /// Not at all, for as long as one was willing to wait.
    Silent,
}

/// What a client got.
#[derive(Clone, Debug)]
pub(crate) struct Transcript {
    pub(crate) bytes: Vec<u8>,
    pub(crate) end: End,
}

/// A client that has sent its bytes.
pub(crate) struct Client {
    stream: TcpStream,
}

impl Client {
    /// Sends `bytes` on a connection of their own.
    pub(crate) fn send(proxy: SocketAddr, bytes: &[u8], pieces: Pieces) -> Client {
        let mut stream = TcpStream::connect(proxy).expect("a proxy that listens");
        stream.set_nodelay(true).expect("a TCP socket");
        // Whoever refuses a request need not hear the rest of it.
        send(&mut stream, bytes, pieces);
        Client { stream }
    }

    /// Says that nothing more will be said.
    pub(crate) fn end(&self) {
        // The other side may have ended it all.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Reads all that comes and shows it to `look`. `patience` is the longest silence.
    pub(crate) fn read_to_end(mut self, patience: Duration, look: impl Fn(&[u8])) -> Transcript {
        self.stream.set_read_timeout(Some(patience)).expect("a TCP socket");
        let (mut bytes, mut room) = (Vec::new(), vec![0; 64 * 1024]);
        let end = loop {
            match self.stream.read(&mut room) {
                Ok(0) => break End::Closed,
                Ok(count) => bytes.extend_from_slice(&room[..count]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => break End::Silent,
                Err(_) => break End::Reset,
            }
            look(&bytes);
        };
        Transcript { bytes, end }
    }
}

/// Whether the other side took them.
pub(crate) fn send(stream: &mut TcpStream, bytes: &[u8], pieces: Pieces) -> bool {
    let size = match pieces {
        Pieces::Whole => bytes.len().max(1),
        Pieces::Bytes if bytes.len() > SHORT => SMALL_PIECE,
        Pieces::Bytes => 1,
    };
    bytes.chunks(size).all(|piece| stream.write_all(piece).is_ok())
}

impl Transcript {
    /// The status codes of the responses in it. No body of this suite contains a status line.
    pub(crate) fn statuses(&self) -> Vec<u16> {
        let line = |start: &[u8]| {
            let code = start.strip_prefix(b"HTTP/1.")?.get(2..5)?;
            std::str::from_utf8(code).ok()?.parse().ok()
        };
        (0..self.bytes.len()).filter_map(|at| line(&self.bytes[at..])).collect()
    }
}

/// Bytes as a reader of a failed test wants them.
pub(crate) fn show(bytes: &[u8]) -> String {
    const MOST: usize = 600;
    let text: String = bytes.iter().take(MOST).map(|byte| char::from(*byte).escape_default().to_string()).collect();
    if bytes.len() > MOST { format!("{text}… ({} bytes)", bytes.len()) } else { text }
}
