//! The head of a response: read from a server, and written for a client.
//!
//! Not here: answers of the proxy itself (`answer`).

use super::body::Body;
use super::fields::{Class, Facts, FieldList};
use super::request::Shape;
use super::{FieldSpace, MAX_HEAD, Malformed, Parsed};
use httparse::Header;

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

/// A head that was read, with all that is known of it.
pub(crate) struct Head<'h, 'b> {
    pub(crate) response: Response,
    fields: FieldList<'h, 'b>,
    facts: Facts<'b>,
    /// What it answers.
    request: Shape,
}

/// Reads the head at the start of `bytes` and appends it, changed for the client, to `into`.
#[cfg(any(test, fuzzing))]
pub(crate) fn forward(
    bytes: &[u8],
    request: &Shape,
    client_keeps: bool,
    into: &mut Vec<u8>,
) -> Result<Parsed<Response>, Malformed> {
    let mut space = super::field_space();
    Ok(match read(bytes, request, client_keeps, &mut space)? {
        Parsed::Partial => Parsed::Partial,
        Parsed::Complete(head) => {
            head.write(into);
            Parsed::Complete(head.response)
        }
    })
}

/// Reads the head at the start of `bytes`, which answers `request`. The client's connection is not kept unless `client_keeps`.
pub(crate) fn read<'h, 'b>(
    bytes: &'b [u8],
    request: &Shape,
    client_keeps: bool,
    space: &'h mut FieldSpace<'b>,
) -> Result<Parsed<Head<'h, 'b>>, Malformed> {
    let bytes = &bytes[..bytes.len().min(MAX_HEAD)];
    let mut parser = httparse::Response::new(&mut []);
    let FieldSpace { headers, classes } = space;
    let config = httparse::ParserConfig::default();
    let length = match config.parse_response_with_uninit_headers(&mut parser, bytes, headers) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) if bytes.len() < MAX_HEAD => return Ok(Parsed::Partial),
        Ok(httparse::Status::Partial) => return Err(Malformed::HeadTooLarge),
        Err(_) => return Err(Malformed::Syntax),
    };
    let (Some(status), Some(version)) = (parser.code, parser.version) else { return Err(Malformed::Syntax) };
    let head = &bytes[..length];
    let http10 = version == 0;
    // No empty lines before it, and no status below those that there are.
    if !head.starts_with(b"HTTP/1.") || status < 100 {
        return Err(Malformed::Syntax);
    }
    let (fields, facts) = FieldList::read(head, parser.headers, classes)?;
    if http10 && facts.chunked {
        return Err(Malformed::Syntax);
    }
    let kind = kind(status, request, &facts)?;
    let body = body(kind, status, request, &facts);
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
    Ok(Parsed::Complete(Head { response, fields, facts, request: *request }))
}

/// Another protocol must have been asked for, and 1xx has no body.
fn kind(status: u16, request: &Shape, facts: &Facts<'_>) -> Result<Kind, Malformed> {
    match status {
        101 if request.upgrade && facts.upgrade => Ok(Kind::Switching),
        101 => Err(Malformed::Syntax),
        100..200 => Ok(Kind::Interim),
        _ => Ok(Kind::Final),
    }
}

/// Where the body ends (RFC 9112 §6.3).
fn body(kind: Kind, status: u16, request: &Shape, facts: &Facts<'_>) -> Body {
    match kind {
        Kind::Interim => Body::EMPTY,
        Kind::Switching => Body::UntilClose,
        Kind::Final if request.is_head || status == 204 || status == 304 => Body::EMPTY,
        Kind::Final if facts.chunked => Body::CHUNKED,
        Kind::Final => facts.length.map_or(Body::UntilClose, Body::Length),
    }
}

impl<'b> Head<'_, 'b> {
    /// Appends the head that a client of HTTP/1.1 gets.
    pub(crate) fn write(&self, into: &mut Vec<u8>) {
        let Head { response, request, .. } = self;
        // A client of HTTP/1.0 knows no interim responses (RFC 9110 §15.2).
        if response.kind == Kind::Interim && request.http10 {
            return;
        }
        let line = into.len();
        let switching = response.kind == Kind::Switching;
        // A 426 names the protocols that would do (RFC 9110 §15.5.22).
        let names_protocol = switching || (response.status == 426 && self.facts.names_protocol && !request.http10);
        // A response that never has a body says nothing of its length (RFC 9110 §8.6, RFC 9112 §6.1): a client might wait for it.
        let framed = self.is_framed();
        let chunks = framed && !request.http10;
        let keeps = |class| match class {
            Class::Plain
            | Class::Host
            | Class::Expect
            | Class::Authorization
            | Class::Forwarded
            | Class::ForwardedProto => true,
            Class::ContentLength => framed,
            Class::TransferEncoding => chunks,
            Class::Upgrade => names_protocol,
            Class::Hop | Class::Dropped | Class::Reframed | Class::Connection => false,
        };
        self.fields.copy(0, keeps, into);
        // The version is the sender's own (RFC 9112 §2.3): `HTTP/1.0` becomes `HTTP/1.1`.
        into[line + 7] = b'1';
        if self.facts.reframed && (if self.facts.chunked { chunks } else { framed }) {
            self.facts.write_framing(into);
        }
        into.extend_from_slice(match (response.kind, names_protocol) {
            (Kind::Interim, _) => b"\r\n",
            (Kind::Switching, _) => b"Connection: upgrade\r\n\r\n",
            (Kind::Final, false) if !response.client_keeps => b"Connection: close\r\n\r\n",
            (Kind::Final, true) if !response.client_keeps => b"Connection: upgrade, close\r\n\r\n",
            (Kind::Final, true) => b"Connection: upgrade\r\n\r\n",
            (Kind::Final, _) if request.http10 => b"Connection: keep-alive\r\n\r\n",
            (Kind::Final, _) => b"\r\n",
        });
    }

    /// The status line, with its line end.
    pub(crate) fn line(&self) -> &[u8] {
        &self.bytes()[..self.fields.start()]
    }

    /// The fields as they came, those of this hop among them, each with what it is.
    pub(crate) fn classified(&self) -> impl Iterator<Item = (Class, &Header<'b>)> {
        self.fields.classified()
    }

    /// Whether the server spoke HTTP/1.1.
    pub(crate) fn is_http11(&self) -> bool {
        self.bytes()[7] == b'1'
    }

    /// Whether the client speaks HTTP/1.0.
    pub(crate) fn answers_http10(&self) -> bool {
        self.request.http10
    }

    /// The bytes of the head.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.fields.head()
    }

    /// The fields for a client whose protocol frames messages and speaks of connections by itself: names and values as they stand in
    /// [`Head::bytes`].
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let framed = self.is_framed();
        let keeps = move |class| match class {
            Class::Plain | Class::Host | Class::Expect | Class::Authorization | Class::Forwarded => true,
            Class::ForwardedProto => true,
            Class::ContentLength => framed,
            _ => false,
        };
        let kept = self.fields.classified().filter(move |(class, _)| keeps(*class));
        kept.map(|(_, header)| (header.name, header.value))
    }

    /// The length of the body, where the field that says it is right but odd, and so not among [`Head::fields`].
    pub(crate) fn odd_length(&self) -> Option<u64> {
        self.facts.length.filter(|_| self.facts.reframed && self.is_framed())
    }

    /// Whether its fields may say where its body ends: a response that never has one says nothing of it.
    fn is_framed(&self) -> bool {
        self.response.kind == Kind::Final && self.response.status != 204
    }
}

#[cfg(test)]
mod tests;
