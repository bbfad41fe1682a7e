//! HTTP/1.1 as bytes, from either end: heads, and the bodies that belong to them, read without much thought.
//!
//! It is neither proxy's parser, so that it can disagree with both. Not here: what is sent and answered (`ask`, `recorder`).

use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// The longest silence that is waited for: longer than it takes either proxy to give up on a server.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Both directions of any connection.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A connection that is read message by message.
pub(crate) struct Wire {
    stream: Box<dyn Stream>,
    buffered: Vec<u8>,
}

/// The first line of a message and its fields: names in small letters, blanks around values taken off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) line: String,
    pub(crate) fields: Vec<(String, String)>,
}

/// Where a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Nothing,
    Length(usize),
    Chunks,
    UntilClose,
}

impl Wire {
    pub(crate) fn new(stream: Box<dyn Stream>) -> Wire {
        Wire { stream, buffered: Vec::new() }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// Says that nothing more will be said.
    pub(crate) async fn ends(&mut self) {
        // Whoever is gone needs no goodbye.
        let _ = self.stream.shutdown().await;
    }

    /// The next head, whenever it comes; `None` if the connection ends in good order instead.
    pub(crate) async fn next_head(&mut self) -> io::Result<Option<Head>> {
        if self.buffered.is_empty() && self.fill_whenever().await? == 0 {
            return Ok(None);
        }
        self.head().await.map(Some)
    }

    /// The next head, soon.
    pub(crate) async fn head(&mut self) -> io::Result<Head> {
        let end = loop {
            if let Some(end) = position(&self.buffered, b"\r\n\r\n") {
                break end;
            }
            self.fill().await?;
        };
        let head: Vec<u8> = self.buffered.drain(..end + 4).collect();
        Ok(Head::parse(&String::from_utf8_lossy(&head)))
    }

    /// The body behind a head, without its chunks.
    pub(crate) async fn body(&mut self, framing: Framing) -> io::Result<Vec<u8>> {
        match framing {
            Framing::Nothing => Ok(Vec::new()),
            Framing::Length(length) => self.bytes(length).await,
            Framing::Chunks => self.chunks().await,
            Framing::UntilClose => self.rest().await,
        }
    }

    /// Everything up to the end.
    pub(crate) async fn rest(&mut self) -> io::Result<Vec<u8>> {
        loop {
            match self.fill().await {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
                Err(error) => return Err(error),
            }
        }
        Ok(std::mem::take(&mut self.buffered))
    }

    pub(crate) async fn bytes(&mut self, count: usize) -> io::Result<Vec<u8>> {
        while self.buffered.len() < count {
            self.fill().await?;
        }
        Ok(self.buffered.drain(..count).collect())
    }

    async fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.line().await?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16).map_err(io::Error::other)?;
            if size == 0 {
                // Trailers, and the empty line behind them.
                while !self.line().await?.is_empty() {}
                return Ok(body);
            }
            body.append(&mut self.bytes(size).await?);
            self.line().await?;
        }
    }

    async fn line(&mut self) -> io::Result<String> {
        let end = loop {
            if let Some(end) = position(&self.buffered, b"\r\n") {
                break end;
            }
            self.fill().await?;
        };
        let line: Vec<u8> = self.buffered.drain(..end + 2).collect();
        Ok(String::from_utf8_lossy(&line[..end]).into_owned())
    }

    async fn fill(&mut self) -> io::Result<()> {
        let count = timeout(PATIENCE, self.fill_whenever()).await;
        match count.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    async fn fill_whenever(&mut self) -> io::Result<usize> {
        self.buffered.reserve(16 * 1024);
        self.stream.read_buf(&mut self.buffered).await
    }
}

impl Head {
    fn parse(text: &str) -> Head {
        let mut lines = text.trim_end().split("\r\n");
        let line = lines.next().unwrap_or_default().to_owned();
        let field = |line: &str| {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            (name.to_ascii_lowercase(), value.trim().to_owned())
        };
        Head { line, fields: lines.map(field).collect() }
    }

    /// The first value of a field, its name in small letters.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The part of the first line at this place.
    pub(crate) fn word(&self, place: usize) -> &str {
        self.line.split(' ').nth(place).unwrap_or_default()
    }

    /// Whether the sender of this message goes on afterwards, as far as its head says (RFC 9112 §9.3).
    pub(crate) fn persists(&self, version: &str) -> bool {
        let options = self.field("connection").unwrap_or_default().to_ascii_lowercase();
        let says = |option: &str| options.split(',').any(|said| said.trim() == option);
        if version == "HTTP/1.0" { says("keep-alive") } else { !says("close") }
    }

    /// What the fields say of the body; `None` if they say nothing.
    pub(crate) fn framing(&self) -> Option<Framing> {
        let coding = self.field("transfer-encoding").filter(|coding| coding.contains("chunked"));
        let length = self.field("content-length").and_then(|length| length.parse().ok());
        coding.map(|_| Framing::Chunks).or(length.map(Framing::Length))
    }
}

pub(crate) fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
