//! The head of a request: read from a client, and written for a server.
//!
//! A head that needs no change but its hop-by-hop fields is copied in whole runs of bytes; only a rewritten target, an absolute
//! URI or HTTP/1.0 make a new first line.
//! Not here: what becomes of the request.

use super::authority::is_authority;
use super::body::Body;
use super::fields::{Class, Facts, FieldList};
use super::{FieldSpace, MAX_EMPTY_LINES, MAX_HEAD, MAX_METHOD, MAX_TARGET, Malformed, Parsed, offset};
use httparse::Header;
use model::Fields;
use model::rewrite::Rewritten;

/// A request as a client sent it.
pub(crate) struct Request<'h, 'b> {
    /// The head with its last empty line.
    head: &'b [u8],
    pub(crate) method: &'b str,
    /// Path and query; `*` of `OPTIONS *`.
    pub(crate) target: &'b [u8],
    /// The target's authority, or the Host field.
    pub(crate) host: Option<&'b [u8]>,
    pub(crate) shape: Shape,
    /// The first line can be passed on as it is.
    line_passes: bool,
    /// The Host field is not the one to pass on.
    host_differs: bool,
    fields: FieldList<'h, 'b>,
    facts: Facts<'b>,
}

/// What an exchange must know of a request once its head is gone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Bytes of the head.
    pub(crate) head_length: usize,
    pub(crate) body: Body,
    /// The client would go on with this connection.
    pub(crate) keep_alive: bool,
    /// The client offers another protocol.
    pub(crate) upgrade: bool,
    /// HEAD: the response has no body.
    pub(crate) is_head: bool,
    /// The client speaks HTTP/1.0.
    pub(crate) http10: bool,
    /// Doing it twice is doing it once (RFC 9110 §9.2.2).
    pub(crate) idempotent: bool,
    /// It asks for nothing but information (RFC 9110 §9.2.1).
    pub(crate) safe: bool,
}

impl Shape {
    /// Of a request that has a stream of its own, as far as its response needs it.
    pub(crate) fn of_stream(is_head: bool) -> Shape {
        Shape {
            head_length: 0,
            body: Body::EMPTY,
            keep_alive: true,
            upgrade: false,
            is_head,
            http10: false,
            idempotent: true,
            safe: true,
        }
    }

    /// The same, where the server sees this method: whether a request can be sent again is said by what the server does.
    pub(crate) fn sent_as(mut self, method: &[u8]) -> Shape {
        self.safe = matches!(method, b"GET" | b"HEAD" | b"OPTIONS" | b"TRACE");
        self.idempotent = self.safe || matches!(method, b"PUT" | b"DELETE");
        self
    }
}

/// What is changed on the way to the server.
pub(crate) struct Changes<'c> {
    /// The client's address, for X-Forwarded-For.
    pub(crate) client: &'c str,
    /// The request line after the route's rewrites.
    pub(crate) rewritten: Option<&'c Rewritten>,
    /// The credentials were for the proxy.
    pub(crate) drop_authorization: bool,
    /// The client may not speak for others.
    pub(crate) drop_forwarded: bool,
    /// Host for a request of HTTP/1.0 that has none.
    pub(crate) fallback_host: &'c str,
    /// The server's connection is for this request alone.
    pub(crate) close: bool,
    /// The client speaks TLS to the proxy, and the server is told so; what the client itself says about it is dropped.
    pub(crate) encrypted: bool,
}

impl<'h, 'b> Request<'h, 'b> {
    /// Reads the head at the start of `bytes`. However they are cut, the same bytes come to the same end.
    pub(crate) fn parse(bytes: &'b [u8], space: &'h mut FieldSpace<'b>) -> Result<Parsed<Request<'h, 'b>>, Malformed> {
        let bytes = &bytes[..bytes.len().min(MAX_HEAD)];
        check_empty_lines(bytes)?;
        let mut parser = httparse::Request::new(&mut []);
        let FieldSpace { headers, classes } = space;
        let length = match parser.parse_with_uninit_headers(bytes, headers) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) if bytes.len() < MAX_HEAD => return Ok(Parsed::Partial),
            Ok(httparse::Status::Partial) => return Err(too_large(&parser)),
            Err(httparse::Error::TooManyHeaders) => return Err(Malformed::HeadTooLarge),
            Err(_) => return Err(Malformed::Syntax),
        };
        let (Some(method), Some(target), Some(version)) = (parser.method, parser.path, parser.version) else {
            return Err(Malformed::Syntax);
        };
        let line = Line { method, target: target.as_bytes(), http10: version == 0 };
        line.check()?;
        let (fields, facts) = FieldList::read(&bytes[..length], parser.headers, classes)?;
        Request::of(line, fields, facts).map(Parsed::Complete)
    }

    fn of(line: Line<'b>, fields: FieldList<'h, 'b>, facts: Facts<'b>) -> Result<Request<'h, 'b>, Malformed> {
        let head = fields.head();
        // An empty one is how a client says that its target has none (RFC 9112 §3.2).
        let host_malformed = facts.host.is_some_and(|host| !host.is_empty() && !is_authority(host));
        let host_missing = facts.host.is_none() && !line.http10;
        if host_missing || host_malformed || (line.http10 && facts.chunked) {
            return Err(Malformed::Syntax);
        }
        if facts.odd_expectation && !line.http10 {
            return Err(Malformed::Expectation);
        }
        let (authority, target) = line.split_target()?;
        let shape = line.shape(head, &facts);
        let host_differs = authority.is_some() || (facts.host.is_none_or(<[u8]>::is_empty) && line.http10);
        let line_passes = authority.is_none() && !line.http10;
        let host = authority.or(facts.host).filter(|host| !host.is_empty());
        Ok(Request { head, method: line.method, target, host, shape, line_passes, host_differs, fields, facts })
    }

    /// The fields as they came, those of this hop among them, each with what it is.
    pub(crate) fn classified(&self) -> impl Iterator<Item = (Class, &Header<'b>)> {
        self.fields.classified()
    }

    /// Whether [`Request::host`] is not what the field Host says.
    pub(crate) fn is_host_elsewhere(&self) -> bool {
        self.host_differs
    }

    /// The path without its query; empty for `*`.
    pub(crate) fn path(&self) -> &'b [u8] {
        match memchr::memchr(b'?', self.target) {
            _ if self.target == b"*" => &[],
            Some(end) => &self.target[..end],
            None => self.target,
        }
    }

    /// Writes the head for a server: without the fields of this hop, with X-Forwarded-For.
    pub(crate) fn write(&self, changes: &Changes<'_>, into: &mut Vec<u8>) {
        into.clear();
        let from = self.write_line(changes, into);
        let upgrade = self.shape.upgrade;
        let keeps = |class| match class {
            Class::Plain | Class::ContentLength | Class::TransferEncoding => true,
            Class::Host => !self.host_differs,
            // HTTP/1.0 knows no 100, and a server must not wait for what never comes (RFC 9110 §10.1.1).
            Class::Expect => !self.shape.http10,
            Class::Upgrade => upgrade,
            Class::Authorization => !changes.drop_authorization,
            Class::Forwarded => !changes.drop_forwarded,
            Class::ForwardedProto => !changes.drop_forwarded && !changes.encrypted,
            Class::Hop | Class::Dropped | Class::Reframed | Class::Connection => false,
        };
        self.fields.copy(from, keeps, into);
        if self.facts.reframed {
            self.facts.write_framing(into);
        }
        if self.host_differs {
            let host = self.host.unwrap_or(changes.fallback_host.as_bytes());
            for part in [b"Host: ", host, b"\r\n"] {
                into.extend_from_slice(part);
            }
        }
        if changes.encrypted {
            into.extend_from_slice(b"X-Forwarded-Proto: https\r\n");
        }
        into.extend_from_slice(b"X-Forwarded-For: ");
        into.extend_from_slice(changes.client.as_bytes());
        into.extend_from_slice(match (upgrade, changes.close) {
            (true, _) => b"\r\nConnection: upgrade\r\n\r\n",
            (false, true) => b"\r\nConnection: close\r\n\r\n",
            (false, false) => b"\r\n\r\n",
        });
    }

    /// Writes the request line if it changes; returns where in the head the rest begins.
    fn write_line(&self, changes: &Changes<'_>, into: &mut Vec<u8>) -> usize {
        let (method, target) = match changes.rewritten {
            None if self.line_passes => return offset(self.head, self.method.as_bytes()),
            None => (self.method.as_bytes(), self.target),
            Some(line) => (line.method.as_slice(), line.target.as_slice()),
        };
        for part in [method, b" ", target, b" HTTP/1.1\r\n"] {
            into.extend_from_slice(part);
        }
        self.fields.start()
    }
}

impl Fields for Request<'_, '_> {
    fn any(&self, name: &str, visit: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        self.fields
            .headers()
            .iter()
            .filter(|header| header.name.eq_ignore_ascii_case(name))
            .any(|header| visit(header.value))
    }

    fn first(&self, name: &str) -> Option<&[u8]> {
        self.fields.headers().iter().find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value)
    }
}

/// A request line.
struct Line<'b> {
    method: &'b str,
    target: &'b [u8],
    http10: bool,
}

impl<'b> Line<'b> {
    /// What can be said without the fields.
    fn check(&self) -> Result<(), Malformed> {
        if self.method == "CONNECT" {
            return Err(Malformed::MethodNotAllowed);
        }
        if self.method.len() > MAX_METHOD {
            return Err(Malformed::MethodTooLong);
        }
        if self.target.len() > MAX_TARGET {
            return Err(Malformed::TargetTooLong);
        }
        // Everything else a URI has no room for was refused with the line (RFC 3986 §2; a fragment is the client's own, RFC 9110 §7.1).
        if !self.target.is_ascii() || memchr::memchr(b'#', self.target).is_some() {
            return Err(Malformed::Syntax);
        }
        Ok(())
    }

    fn shape(&self, head: &[u8], facts: &Facts<'_>) -> Shape {
        Shape {
            head_length: head.len(),
            body: if facts.chunked { Body::CHUNKED } else { Body::Length(facts.length.unwrap_or(0)) },
            keep_alive: !facts.close && (!self.http10 || facts.keep_alive),
            upgrade: !self.http10 && facts.upgrade,
            is_head: self.method == "HEAD",
            http10: self.http10,
            idempotent: false,
            safe: false,
        }
        .sent_as(self.method.as_bytes())
    }

    /// The authority of an absolute URI, and path with query (RFC 9112 §3.2).
    fn split_target(&self) -> Result<(Option<&'b [u8]>, &'b [u8]), Malformed> {
        if self.target.starts_with(b"/") {
            return Ok((None, self.target));
        }
        if self.target == b"*" && self.method == "OPTIONS" {
            return Ok((None, self.target));
        }
        let scheme = [&b"http://"[..], b"https://"]
            .into_iter()
            .find(|scheme| self.target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
        let rest = &self.target[scheme.ok_or(Malformed::Syntax)?.len()..];
        let end = memchr::memchr2(b'/', b'?', rest).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        if !is_authority(authority) {
            return Err(Malformed::Syntax);
        }
        match target.first() {
            // The server as a whole is asked (RFC 9112 §3.2.4).
            None if self.method == "OPTIONS" => Ok((Some(authority), b"*")),
            None => Ok((Some(authority), b"/")),
            Some(b'/') => Ok((Some(authority), target)),
            Some(_) => Err(Malformed::Syntax),
        }
    }
}

/// Empty lines before a request are whole, and few.
fn check_empty_lines(bytes: &[u8]) -> Result<(), Malformed> {
    let length = bytes.iter().position(|byte| !b"\r\n".contains(byte)).unwrap_or(bytes.len());
    let lines = &bytes[..length];
    // What ends in the middle of a line end may go on.
    let whole = lines.chunks(2).all(|line| line == b"\r\n" || (length == bytes.len() && line == b"\r"));
    if whole && length <= MAX_EMPTY_LINES { Ok(()) } else { Err(Malformed::Syntax) }
}

/// Why a head that fills its room is refused: what it had no end of.
fn too_large(parser: &httparse::Request<'_, '_>) -> Malformed {
    match (parser.method, parser.path) {
        (None, _) => Malformed::MethodTooLong,
        (Some(method), _) if method.len() > MAX_METHOD => Malformed::MethodTooLong,
        (_, Some(target)) if target.len() <= MAX_TARGET => Malformed::HeadTooLarge,
        _ => Malformed::TargetTooLong,
    }
}

#[cfg(test)]
mod tests;
