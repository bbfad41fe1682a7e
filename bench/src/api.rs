//! A blocking client for a proxy's control API and for single probes of what it serves. Not part of the load.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustls::{ClientConfig, StreamOwned};

use crate::{http, tls};

/// Longer than any answer may take: a refused service takes Docker Flow 40 s, swarmgate answers in milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);
/// No answer of a control API, one service each, is longer than this.
const MAX_ANSWER: usize = 64 * 1024;

/// A keep-alive connection to one port of the loopback address, opened anew after the server closed it.
pub(crate) struct Api {
    address: SocketAddr,
    /// How to speak TLS; `None`: not at all.
    tls: Option<Arc<ClientConfig>>,
    connection: Option<BufReader<Box<dyn Stream>>>,
}

/// A connection, plain or encrypted.
trait Stream: Read + Write + Send {}

impl<T: Read + Write + Send> Stream for T {}

impl Api {
    pub(crate) fn new(port: u16) -> Self {
        Self::encrypted(port, None)
    }

    /// With TLS, if there is a client for it.
    pub(crate) fn encrypted(port: u16, tls: Option<Arc<ClientConfig>>) -> Self {
        Self { address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)), tls, connection: None }
    }

    /// GET, and an error for anything but 200.
    pub(crate) fn get(&mut self, path: &str) -> Result<()> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", tls::HOST);
        connection.get_mut().write_all(request.as_bytes())?;
        let head = read_head(&mut connection).with_context(|| format!("no answer to {path}"))?;
        ensure!(head.length <= MAX_ANSWER, "an answer of {} bytes to {path}", head.length);
        let mut body = vec![0; head.length];
        connection.read_exact(&mut body)?;
        if !head.close {
            self.connection = Some(connection);
        }
        if head.status != 200 {
            bail!("{} to {path}: {}", head.status, String::from_utf8_lossy(&body));
        }
        Ok(())
    }

    fn connect(&self) -> Result<BufReader<Box<dyn Stream>>> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(BufReader::new(match &self.tls {
            Some(client) => Box::new(StreamOwned::new(tls::begin(client)?, stream)),
            None => Box::new(stream),
        }))
    }
}

fn read_head(connection: &mut impl BufRead) -> Result<http::Head> {
    let mut bytes = Vec::new();
    while bytes.len() < MAX_ANSWER {
        ensure!(connection.read_until(b'\n', &mut bytes)? > 0, "the connection was closed");
        if let Some(head) = http::head(&bytes)? {
            return Ok(head);
        }
    }
    bail!("a head of more than {MAX_ANSWER} bytes")
}
