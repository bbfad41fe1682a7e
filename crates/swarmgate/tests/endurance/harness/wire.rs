//! HTTP/1.1 on a socket as these tests speak it, from either side: heads as text, bodies whole.
//!
//! Not here: judging what came. This side is as simple as the protocol allows, so that it is beyond doubt.

use super::stream::Stream;
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A connection, and what was read of it and not looked at yet.
pub(crate) struct Wire {
    pub(crate) stream: Stream,
    buffer: Vec<u8>,
    /// All bytes that ever came.
    pub(crate) came: usize,
}

/// First line and fields of a message, with all line ends.
pub(crate) struct Head(String);

impl Wire {
    pub(crate) fn new(stream: impl Into<Stream>) -> Wire {
        Wire { stream: stream.into(), buffer: Vec::new(), came: 0 }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// The next head; `None` if the other side ends between two messages.
    pub(crate) async fn head(&mut self) -> io::Result<Option<Head>> {
        loop {
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                return String::from_utf8(self.take(end + 4)).map(Head).map(Some).map_err(io::Error::other);
            }
            if !self.fill().await? {
                return if self.buffer.is_empty() { Ok(None) } else { Err(short("a head", &self.buffer)) };
            }
        }
    }

    /// The body behind `head`, whole, without its framing.
    pub(crate) async fn body(&mut self, head: &Head) -> io::Result<Vec<u8>> {
        if head.field("transfer-encoding").is_none() {
            let length = head.field("content-length").map_or(Ok(0), str::parse).map_err(io::Error::other)?;
            return self.bytes(length).await;
        }
        let mut body = Vec::new();
        loop {
            let line = self.line().await?;
            let size = usize::from_str_radix(&line, 16).map_err(io::Error::other)?;
            body.extend(self.bytes(size).await?);
            let after = self.line().await?;
            if !after.is_empty() {
                return Err(io::Error::other(format!("{after:?} behind a chunk")));
            }
            if size == 0 {
                return Ok(body);
            }
        }
    }

    /// So many bytes.
    pub(crate) async fn bytes(&mut self, count: usize) -> io::Result<Vec<u8>> {
        while self.buffer.len() < count {
            if !self.fill().await? {
                return Err(short("a body", &self.buffer));
            }
        }
        Ok(self.take(count))
    }

    /// Sends back whatever comes, until the other side ends.
    pub(crate) async fn echo(&mut self) -> io::Result<()> {
        loop {
            let bytes = std::mem::take(&mut self.buffer);
            self.send(&bytes).await?;
            if !self.fill().await? {
                return self.stream.shutdown().await;
            }
        }
    }

    async fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|window| window == b"\r\n") {
                let mut line = self.take(end + 2);
                line.truncate(end);
                return String::from_utf8(line).map_err(io::Error::other);
            }
            if !self.fill().await? {
                return Err(short("a line", &self.buffer));
            }
        }
    }

    /// Ends when something of an answer, or an end, has come.
    pub(crate) async fn is_answered(&mut self) -> io::Result<bool> {
        Ok(!self.buffer.is_empty() || self.fill().await?)
    }

    /// The first bytes of the buffer.
    fn take(&mut self, count: usize) -> Vec<u8> {
        let rest = self.buffer.split_off(count);
        std::mem::replace(&mut self.buffer, rest)
    }

    /// Reads once; whether anything came.
    async fn fill(&mut self) -> io::Result<bool> {
        self.buffer.reserve(2048);
        let count = self.stream.read_buf(&mut self.buffer).await?;
        self.came += count;
        Ok(count > 0)
    }
}

impl Head {
    /// The line before the fields.
    pub(crate) fn first_line(&self) -> &str {
        self.0.lines().next().unwrap_or_default()
    }

    /// The value of a field.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let fields = self.0.lines().skip(1).filter_map(|line| line.split_once(": "));
        fields.into_iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The number of a parameter in the request's target.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        let query = self.first_line().split(' ').nth(1)?.split_once('?')?.1;
        query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name)?.1.parse().ok()
    }
}

fn short(what: &str, came: &[u8]) -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, format!("the end inside {what}, after {} bytes", came.len()))
}
