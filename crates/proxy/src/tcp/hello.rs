//! The name that a TLS client asks for, read from its first message (RFC 8446 §4.1.2, RFC 6066 §3) without taking part in TLS.
//!
//! Not here: judging the message. Whoever answers it does that; what cannot be read here names nobody.

use crate::http1::Parsed;

/// The longest record (RFC 8446 §5.1), and the longest first message that is waited for.
const LONGEST: usize = 16 * 1024;
const RECORD_HEADER: usize = 5;
const MESSAGE_HEADER: usize = 4;
const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SERVER_NAME: u16 = 0;
const HOST_NAME: u8 = 0;
/// A DNS name has no more bytes.
const LONGEST_NAME: usize = 255;

/// The bytes are not the start of a TLS client's first message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotTls;

/// The name in the first message at the start of `bytes`, if it asks for one. The message may be in several records.
pub(crate) fn server_name(bytes: &[u8]) -> Result<Parsed<Option<Vec<u8>>>, NotTls> {
    let mut message = Vec::new();
    let mut rest = bytes;
    loop {
        let fragment = match next_record(rest)? {
            Parsed::Complete(fragment) => fragment,
            Parsed::Partial => return Ok(Parsed::Partial),
        };
        message.extend_from_slice(fragment);
        if let [kind, ..] = *message
            && kind != CLIENT_HELLO
        {
            return Err(NotTls);
        }
        if let [_, high, middle, low, ref body @ ..] = *message {
            let length = u32::from_be_bytes([0, high, middle, low]) as usize;
            if length > LONGEST - MESSAGE_HEADER {
                return Err(NotTls);
            }
            if let Some(hello) = body.get(..length) {
                return name_in(hello).map(Parsed::Complete).ok_or(NotTls);
            }
        }
        rest = &rest[RECORD_HEADER + fragment.len()..];
    }
}

/// The content of the record at the start of `bytes`.
fn next_record(bytes: &[u8]) -> Result<Parsed<&[u8]>, NotTls> {
    let is_handshake = bytes.first().is_none_or(|kind| *kind == HANDSHAKE);
    let is_tls = bytes.get(1).is_none_or(|version| *version == 3);
    if !is_handshake || !is_tls {
        return Err(NotTls);
    }
    let [_, _, _, high, low, ref rest @ ..] = *bytes else { return Ok(Parsed::Partial) };
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length == 0 || length > LONGEST {
        return Err(NotTls);
    }
    Ok(rest.get(..length).map_or(Parsed::Partial, Parsed::Complete))
}

/// The name in a ClientHello, `Some(None)` without one; `None` if it is not one.
fn name_in(mut hello: &[u8]) -> Option<Option<Vec<u8>>> {
    let hello = &mut hello;
    // Version and random, session, cipher suites, compression methods.
    take(hello, 2 + 32)?;
    vector8(hello)?;
    vector16(hello)?;
    vector8(hello)?;
    if hello.is_empty() {
        return Some(None);
    }
    let mut extensions = vector16(hello)?;
    while !extensions.is_empty() {
        let kind = number16(&mut extensions)?;
        let mut content = vector16(&mut extensions)?;
        if kind == SERVER_NAME {
            return host_name(vector16(&mut content)?);
        }
    }
    Some(None)
}

/// The host name of a list of names; a name in another form than DNS's is none at all.
fn host_name(mut names: &[u8]) -> Option<Option<Vec<u8>>> {
    while !names.is_empty() {
        let kind = take(&mut names, 1)?[0];
        let name = vector16(&mut names)?;
        if kind == HOST_NAME {
            let is_name = (1..=LONGEST_NAME).contains(&name.len()) && name.iter().all(u8::is_ascii_graphic);
            return is_name.then(|| Some(name.to_vec()));
        }
    }
    Some(None)
}

fn take<'b>(bytes: &mut &'b [u8], count: usize) -> Option<&'b [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

fn number16(bytes: &mut &[u8]) -> Option<u16> {
    take(bytes, 2)?.first_chunk().map(|number| u16::from_be_bytes(*number))
}

/// A vector whose length is in one byte before it.
fn vector8<'b>(bytes: &mut &'b [u8]) -> Option<&'b [u8]> {
    let length = take(bytes, 1)?[0];
    take(bytes, length.into())
}

/// A vector whose length is in two bytes before it.
fn vector16<'b>(bytes: &mut &'b [u8]) -> Option<&'b [u8]> {
    let length = number16(bytes)?;
    take(bytes, length.into())
}

#[cfg(test)]
mod tests;
