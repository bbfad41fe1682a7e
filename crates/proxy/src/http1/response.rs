//! The head of a response: read from a server, and written for a client.
//!
//! Not here: answers of the proxy itself (`answer`).

use super::body::Body;
use super::fields::{Class, FieldList};
use super::request::Shape;
use super::{MAX_HEAD, Malformed, Parsed, field_space};

/// What an exchange must know of a response once its head is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// Bytes of the head.
    pub(crate) head_length: usize,
    pub(crate) kind: Kind,
    pub(crate) body: Body,
    /// The body loses its chunk framing: the client speaks HTTP/1.0.
    pub(crate) unframe: bool,
    /// The server's connection can be used again.
    pub(crate) server_keeps: bool,
    /// The client's connection can be used again.
    pub(crate) client_keeps: bool,
}

/// What follows a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Another head: 1xx.
    Interim,
    /// The body, if there is one.
    Final,
    /// Another protocol: 101.
    Switching,
}

/// Reads the head at the start of `bytes` and appends it, changed for the client, to `into`.
/// Not kept alive unless `client_keeps`.
pub(crate) fn forward(
    bytes: &[u8],
    request: &Shape,
    client_keeps: bool,
    into: &mut Vec<u8>,
) -> Result<Parsed<Response>, Malformed> {
    let mut space = field_space();
    let mut parser = httparse::Response::new(&mut []);
    let length =
        match httparse::ParserConfig::default().parse_response_with_uninit_headers(&mut parser, bytes, &mut space) {
            Ok(httparse::Status::Complete(length)) if length <= MAX_HEAD => length,
            Ok(httparse::Status::Partial) if bytes.len() < MAX_HEAD => return Ok(Parsed::Partial),
            Ok(_) => return Err(Malformed::HeadTooLarge),
            Err(_) => return Err(Malformed::Syntax),
        };
    let (Some(status), Some(version)) = (parser.code, parser.version) else { return Err(Malformed::Syntax) };
    let head = &bytes[..length];
    let (fields, facts) = FieldList::read(parser.headers)?;
    let http10 = version == 0;
    if !head.starts_with(b"HTTP/1.") || status < 100 || is_bare(head, &fields) || (http10 && facts.chunked) {
        return Err(Malformed::Syntax);
    }
    let kind = kind(status, request, &facts)?;
    let body = match kind {
        Kind::Interim => Body::EMPTY,
        Kind::Switching => Body::UntilClose,
        Kind::Final if request.is_head || status == 204 || status == 304 => Body::EMPTY,
        Kind::Final if facts.chunked => Body::CHUNKED,
        Kind::Final => facts.length.map_or(Body::UntilClose, Body::Length),
    };
    let unframe = request.http10 && matches!(body, Body::Chunked(_));
    let response = Response {
        status,
        head_length: length,
        kind,
        body,
        unframe,
        server_keeps: !facts.close && (!http10 || facts.keep_alive) && body != Body::UntilClose,
        client_keeps: client_keeps && body != Body::UntilClose && !unframe,
    };
    // A client of HTTP/1.0 knows no interim responses (RFC 9110 §15.2).
    if kind != Kind::Interim || !request.http10 {
        write(head, &fields, &response, request, into)?;
    }
    Ok(Parsed::Complete(response))
}

/// Another protocol must have been asked for, and 1xx has no body.
fn kind(status: u16, request: &Shape, facts: &super::fields::Facts<'_>) -> Result<Kind, Malformed> {
    match status {
        101 if request.upgrade && facts.upgrade => Ok(Kind::Switching),
        101 => Err(Malformed::Syntax),
        100..200 => Ok(Kind::Interim),
        _ => Ok(Kind::Final),
    }
}

fn is_bare(head: &[u8], fields: &FieldList<'_, '_>) -> bool {
    let start = fields.start(head);
    start < 2 || head[start - 2] != b'\r' || head[head.len() - 2] != b'\r'
}

fn write(
    head: &[u8],
    fields: &FieldList<'_, '_>,
    response: &Response,
    request: &Shape,
    into: &mut Vec<u8>,
) -> Result<(), Malformed> {
    let line = into.len();
    let switching = response.kind == Kind::Switching;
    let keeps = |class| match class {
        Class::Plain | Class::ContentLength | Class::Host | Class::Authorization | Class::Forwarded => true,
        Class::TransferEncoding => !request.http10,
        Class::Upgrade => switching,
        Class::Hop | Class::Dropped | Class::Connection => false,
    };
    fields.copy(head, 0, keeps, into)?;
    // The version is the sender's own (RFC 9112 §2.3): `HTTP/1.0` becomes `HTTP/1.1`.
    into[line + 7] = b'1';
    into.extend_from_slice(match response.kind {
        Kind::Switching => b"Connection: upgrade\r\n\r\n",
        Kind::Interim => b"\r\n",
        Kind::Final if !response.client_keeps => b"Connection: close\r\n\r\n",
        Kind::Final if request.http10 => b"Connection: keep-alive\r\n\r\n",
        Kind::Final => b"\r\n",
    });
    Ok(())
}

#[cfg(test)]
mod tests;
