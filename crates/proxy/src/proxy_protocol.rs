//! The PROXY protocol, versions 1 and 2: what a load balancer says of its client before anything else.
//!
//! Strict: a header is whole and exactly of its form, or the connection is closed. As with HAProxy's `accept-proxy`, a header is
//! mandatory where it is expected; what version 2 adds behind the addresses is skipped.
//! The form is HAProxy's "The PROXY protocol" (`doc/proxy-protocol.txt`).
//! Not here: who may send one (`trusted`).

use crate::http1::Parsed;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The longest header of version 1, its line end included (§2.1).
const LONGEST_V1: usize = 107;
/// The longest header of version 2 that is taken: addresses, and more than anybody puts behind them.
const LONGEST_V2: usize = 4096;
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// The signature, version and command, family, length.
const FIXED_V2: usize = 16;

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Header {
    /// The connection is that of this client.
    Client(SocketAddr),
    /// The connection is the sender's own, or its client has no address: the socket's address counts.
    Local,
}

/// Bytes that begin no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection does not begin with a PROXY protocol header")]
pub(crate) struct BadHeader;

/// Reads the header at the start of `bytes`, and how many bytes it has.
pub(crate) fn parse(bytes: &[u8]) -> Result<Parsed<(Header, usize)>, BadHeader> {
    if starts_alike(bytes, SIGNATURE) {
        return parse_v2(bytes);
    }
    if starts_alike(bytes, b"PROXY ") {
        return parse_v1(bytes);
    }
    Err(BadHeader)
}

/// Takes the header off the front of a new connection, and nothing behind it: whoever reads next begins with the client's first byte.
pub(crate) async fn receive(stream: &mut TcpStream, limit: Duration) -> io::Result<Header> {
    timeout(limit, receive_all(stream)).await?
}

async fn receive_all(stream: &mut TcpStream) -> io::Result<Header> {
    let mut bytes = Vec::new();
    let mut seen = [0; LONGEST_V2];
    loop {
        let count = stream.peek(&mut seen).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let taken = bytes.len();
        bytes.extend_from_slice(&seen[..count]);
        match parse(&bytes).map_err(io::Error::other)? {
            Parsed::Complete((header, length)) => {
                // What was taken before made no whole header, so the header ends behind it.
                stream.read_exact(&mut seen[..length - taken]).await?;
                return Ok(header);
            }
            // What was only looked at would be reported again at once: a part of a header is taken.
            Parsed::Partial => stream.read_exact(&mut seen[..count]).await?,
        };
    }
}

/// Whether `bytes` start with `start`, or may once there are more.
fn starts_alike(bytes: &[u8], start: &[u8]) -> bool {
    let length = bytes.len().min(start.len());
    bytes[..length] == start[..length]
}

fn parse_v1(bytes: &[u8]) -> Result<Parsed<(Header, usize)>, BadHeader> {
    let line = &bytes[..bytes.len().min(LONGEST_V1)];
    let Some(end) = memchr::memchr(b'\n', line) else {
        return if line.len() < LONGEST_V1 { Ok(Parsed::Partial) } else { Err(BadHeader) };
    };
    let text = line[..end].strip_suffix(b"\r").and_then(|text| std::str::from_utf8(text).ok()).ok_or(BadHeader)?;
    let mut words = text.split(' ').skip(1);
    let header = match words.next() {
        // The rest of such a line says nothing (§2.1).
        Some("UNKNOWN") => Header::Local,
        Some("TCP4") => client_v1::<Ipv4Addr>(words)?,
        Some("TCP6") => client_v1::<Ipv6Addr>(words)?,
        _ => return Err(BadHeader),
    };
    Ok(Parsed::Complete((header, end + 1)))
}

/// Two addresses and two ports, and nothing else.
fn client_v1<'t, A: FromStr + Into<IpAddr>>(mut words: impl Iterator<Item = &'t str>) -> Result<Header, BadHeader> {
    let mut next = || words.next().ok_or(BadHeader);
    let (source, target, source_port, target_port) = (next()?, next()?, next()?, next()?);
    let address = |text: &str| text.parse::<A>().map_err(|_| BadHeader);
    let client = SocketAddr::new(address(source)?.into(), port_v1(source_port)?);
    address(target)?;
    port_v1(target_port)?;
    if words.next().is_some() { Err(BadHeader) } else { Ok(Header::Client(client)) }
}

/// A decimal number without sign and leading zeros (§2.1).
fn port_v1(text: &str) -> Result<u16, BadHeader> {
    let port: u16 = text.parse().map_err(|_| BadHeader)?;
    if port.to_string() == text { Ok(port) } else { Err(BadHeader) }
}

fn parse_v2(bytes: &[u8]) -> Result<Parsed<(Header, usize)>, BadHeader> {
    let Some((fixed, rest)) = bytes.split_at_checked(FIXED_V2) else { return Ok(Parsed::Partial) };
    let [.., command, family, high, low] = *fixed else { return Err(BadHeader) };
    let length = usize::from(u16::from_be_bytes([high, low]));
    // Version 2 with LOCAL or PROXY; AF_UNSPEC to AF_UNIX; UNSPEC to DGRAM. All else must be rejected (§2.2).
    let is_known = matches!(command, 0x20 | 0x21) && family >> 4 <= 3 && family & 0xf <= 2;
    if !is_known || FIXED_V2 + length > LONGEST_V2 {
        return Err(BadHeader);
    }
    let Some(addresses) = rest.get(..length) else { return Ok(Parsed::Partial) };
    let header = match (command, family) {
        (0x21, 0x11) => client_v2::<4>(addresses)?,
        (0x21, 0x21) => client_v2::<16>(addresses)?,
        _ => Header::Local,
    };
    Ok(Parsed::Complete((header, FIXED_V2 + length)))
}

/// Two addresses of `N` bytes and two ports.
fn client_v2<const N: usize>(bytes: &[u8]) -> Result<Header, BadHeader>
where
    IpAddr: From<[u8; N]>,
{
    let source = bytes.first_chunk::<N>().ok_or(BadHeader)?;
    let ports = bytes.get(2 * N..2 * N + 4).and_then(|ports| ports.first_chunk::<2>()).ok_or(BadHeader)?;
    Ok(Header::Client(SocketAddr::new(IpAddr::from(*source), u16::from_be_bytes(*ports))))
}

#[cfg(test)]
mod tests;
