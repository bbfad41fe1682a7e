//! One end of a connection in the hand of a test: a client of the proxy, or a server behind it.

use super::{Reply, soon};
use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// A scripted end. What it does not expect fails the test.
pub(crate) struct Peer {
    read: OwnedReadHalf,
    write: OwnedWriteHalf,
    /// Who it is, for messages.
    name: &'static str,
    /// Read and not looked at yet.
    buffered: Vec<u8>,
}

impl Peer {
    pub(crate) fn new(stream: TcpStream, name: &'static str) -> Peer {
        stream.set_nodelay(true).expect("a TCP socket");
        let (read, write) = stream.into_split();
        Peer { read, write, name, buffered: Vec::new() }
    }

    /// A client that connects to `address`.
    pub(crate) async fn connect(address: SocketAddr) -> Peer {
        let stream = soon("a connection", TcpStream::connect(address)).await;
        Peer::new(stream.unwrap_or_else(|error| panic!("{address}: {error}")), "client")
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let sent = soon("sending", self.write.write_all(bytes.as_ref())).await;
        sent.unwrap_or_else(|error| panic!("the {} cannot send: {error}", self.name));
    }

    /// Sends `bytes` if the other side still takes them.
    pub(crate) async fn can_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        soon("sending", self.write.write_all(bytes.as_ref())).await.is_ok()
    }

    /// Sends `bytes` over and over until the other side breaks the connection off; returns how many bytes it took.
    pub(crate) async fn sends_until_cut_off(&mut self, bytes: &[u8]) -> usize {
        let mut count = 0;
        while let Ok(written) = soon("being cut off", self.write.write(bytes)).await {
            count += written;
        }
        count
    }

    /// Exactly these bytes come next.
    pub(crate) async fn receives(&mut self, expected: impl AsRef<[u8]>) {
        let expected = expected.as_ref();
        while self.buffered.len() < expected.len() && expected.starts_with(&self.buffered) {
            if !self.fill().await {
                break;
            }
        }
        let (name, came) = (self.name, String::from_utf8_lossy(&self.buffered));
        let fits = self.buffered.starts_with(expected);
        assert!(fits, "the {name} expected\n{:?}\nand got\n{came:?}", String::from_utf8_lossy(expected));
        self.buffered.drain(..expected.len());
    }

    /// So many bytes.
    pub(crate) async fn receives_bytes(&mut self, count: usize) -> Vec<u8> {
        while self.buffered.len() < count {
            assert!(self.fill().await, "the {} got an end after {} bytes of {count}", self.name, self.buffered.len());
        }
        self.buffered.drain(..count).collect()
    }

    /// All up to the next empty line.
    pub(crate) async fn receives_head(&mut self) -> String {
        loop {
            if let Some(end) = self.buffered.windows(4).position(|window| window == b"\r\n\r\n") {
                return String::from_utf8(self.receives_bytes(end + 4).await).expect("a head is text");
            }
            let came = String::from_utf8_lossy(&self.buffered).into_owned();
            assert!(self.fill().await, "the {} got an end inside a head: {came:?}", self.name);
        }
    }

    /// All up to the next line end, without it.
    pub(crate) async fn receives_line(&mut self) -> String {
        loop {
            if let Some(end) = self.buffered.windows(2).position(|window| window == b"\r\n") {
                let line = self.receives_bytes(end + 2).await;
                return String::from_utf8_lossy(&line[..end]).into_owned();
            }
            assert!(self.fill().await, "the {} got an end inside a line", self.name);
        }
    }

    /// The next head, whenever it comes; `None` if an end comes instead.
    pub(crate) async fn next_head(&mut self) -> Option<String> {
        if self.buffered.is_empty() && self.read.read_buf(&mut self.buffered).await.ok()? == 0 {
            return None;
        }
        Some(self.receives_head().await)
    }

    /// What comes next, whenever it comes; nothing at the end.
    pub(crate) async fn next_bytes(&mut self) -> Vec<u8> {
        if self.buffered.is_empty() {
            self.fill().await;
        }
        std::mem::take(&mut self.buffered)
    }

    /// A whole response with a length.
    pub(crate) async fn reply(&mut self) -> Reply {
        let head = self.receives_head().await;
        let length = Reply::length(&head);
        Reply::new(head, self.receives_bytes(length).await)
    }

    /// The other side is done in good order, and has said nothing more.
    pub(crate) async fn receives_end(&mut self) {
        let rest = self.rest().await;
        let rest = rest.unwrap_or_else(|error| panic!("the {} expected an end and got: {error}", self.name));
        assert_eq!(String::from_utf8_lossy(&rest), "", "the {} expected an end", self.name);
    }

    /// The connection is broken off, whatever came before.
    pub(crate) async fn is_cut_off(&mut self) {
        let rest = self.rest().await.map(|rest| String::from_utf8_lossy(&rest).into_owned());
        let kind = rest.as_ref().err().map(io::Error::kind);
        assert_eq!(kind, Some(io::ErrorKind::ConnectionReset), "the {} got an end in good order: {rest:?}", self.name);
    }

    /// Everything until the end.
    pub(crate) async fn rest(&mut self) -> io::Result<Vec<u8>> {
        let mut rest = std::mem::take(&mut self.buffered);
        soon("the end", self.read.read_to_end(&mut rest)).await.map(|_| rest)
    }

    /// Says that nothing more will be said; goes on listening.
    pub(crate) async fn ends(&mut self) {
        self.write.shutdown().await.unwrap_or_else(|error| panic!("the {} cannot end: {error}", self.name));
    }

    /// Breaks the connection off.
    pub(crate) fn cuts_off(self) {
        let stream = self.read.reunite(self.write).expect("two halves of one");
        stream.set_zero_linger().expect("a TCP socket");
    }

    /// Divides into the half that reads and the half that writes, for a test that does both at once.
    pub(crate) fn split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        assert!(self.buffered.is_empty(), "nothing may be left over");
        (self.read, self.write)
    }

    /// Reads once; whether anything came.
    async fn fill(&mut self) -> bool {
        let came = String::from_utf8_lossy(&self.buffered[..self.buffered.len().min(500)]).into_owned();
        let what = format!("more for the {} after {came:?}", self.name);
        self.buffered.reserve(64 * 1024);
        let count = soon(&what, self.read.read_buf(&mut self.buffered)).await;
        let count = count.unwrap_or_else(|error| panic!("the {} cannot read after {came:?}: {error}", self.name));
        count > 0
    }
}
