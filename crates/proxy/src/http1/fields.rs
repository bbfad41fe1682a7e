//! Header fields of a head: what they say about the message itself, and which of them stay on this hop (RFC 9110 §7.6.1).
//!
//! Not here: request and status lines.

use super::{MAX_FIELDS, Malformed, offset};
use httparse::Header;

/// The most options of Connection in a head that names fields: each is compared with every field.
const MAX_NAMED: usize = 64;

/// What a field is to a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Nothing special: it passes.
    Plain,
    /// It concerns this connection only: it is dropped.
    Hop,
    /// It was named by Connection, or is not to pass for another reason.
    Dropped,
    Connection,
    Upgrade,
    TransferEncoding,
    ContentLength,
    Host,
    Authorization,
    /// X-Forwarded-For and its family.
    Forwarded,
}

/// The fields of one head, classified.
pub(crate) struct FieldList<'h, 'b> {
    headers: &'h [Header<'b>],
    classes: [Class; MAX_FIELDS],
}

/// What the fields say about the message.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Facts<'b> {
    /// Connection: close.
    pub(crate) close: bool,
    /// Connection: keep-alive.
    pub(crate) keep_alive: bool,
    /// Another protocol is spoken of: Upgrade is there, Connection names it, and no line of it names h2c, which would hide requests
    /// from the proxy.
    pub(crate) upgrade: bool,
    /// Content-Length.
    pub(crate) length: Option<u64>,
    /// Transfer-Encoding: chunked.
    pub(crate) chunked: bool,
    /// Host.
    pub(crate) host: Option<&'b [u8]>,
}

impl<'h, 'b> FieldList<'h, 'b> {
    /// Classifies the fields. Refuses heads that leave it open where the message ends or whom it is for.
    pub(crate) fn read(headers: &'h [Header<'b>]) -> Result<(Self, Facts<'b>), Malformed> {
        let mut list = FieldList { headers, classes: [Class::Plain; MAX_FIELDS] };
        let mut facts = Facts::default();
        let mut upgrade = Upgrade::default();
        let mut names_fields = false;
        for (header, class) in headers.iter().zip(&mut list.classes) {
            *class = classify(header.name.as_bytes());
            match *class {
                Class::Connection => names_fields |= read_connection(header.value, &mut facts, &mut upgrade),
                Class::Upgrade => upgrade.add(header.value),
                Class::ContentLength => set_once(&mut facts.length, parse_length(header.value)?)?,
                Class::Host => set_once(&mut facts.host, header.value)?,
                Class::TransferEncoding => {
                    let chunked = header.value.trim_ascii().eq_ignore_ascii_case(b"chunked");
                    if facts.chunked || !chunked {
                        return Err(Malformed::Syntax);
                    }
                    facts.chunked = true;
                }
                _ => {}
            }
        }
        if facts.chunked && facts.length.is_some() {
            return Err(Malformed::Syntax);
        }
        facts.upgrade = upgrade.named && upgrade.offered && !upgrade.h2c;
        if names_fields {
            list.drop_named()?;
        }
        Ok((list, facts))
    }

    /// The fields as they came.
    pub(crate) fn headers(&self) -> &'h [Header<'b>] {
        self.headers
    }

    /// Copies the fields that `keeps` keeps from `head`, their source, in runs as long as possible. The first run begins at `from`.
    /// Refuses lines that do not end in CRLF.
    pub(crate) fn copy(
        &self,
        head: &[u8],
        from: usize,
        keeps: impl Fn(Class) -> bool,
        into: &mut Vec<u8>,
    ) -> Result<(), Malformed> {
        let end_of_fields = head.len() - 2;
        let mut run = from;
        for (place, class) in self.classes[..self.headers.len()].iter().enumerate() {
            let start = offset(head, self.headers[place].name.as_bytes());
            let end = self.headers.get(place + 1).map_or(end_of_fields, |next| offset(head, next.name.as_bytes()));
            if head[end - 2] != b'\r' {
                return Err(Malformed::Syntax);
            }
            if !keeps(*class) {
                into.extend_from_slice(&head[run..start]);
                run = end;
            }
        }
        into.extend_from_slice(&head[run..end_of_fields]);
        Ok(())
    }

    /// Where the fields begin in `head`; at its last line end if there are none.
    pub(crate) fn start(&self, head: &[u8]) -> usize {
        self.headers.first().map_or(head.len() - 2, |first| offset(head, first.name.as_bytes()))
    }

    /// Marks the fields that Connection names. Those that frame and address the message cannot be named away.
    fn drop_named(&mut self) -> Result<(), Malformed> {
        let mut named = 0;
        for connection in self.headers.iter().filter(|header| classify(header.name.as_bytes()) == Class::Connection) {
            for name in elements(connection.value) {
                named += 1;
                if named > MAX_NAMED {
                    return Err(Malformed::HeadTooLarge);
                }
                for (header, class) in self.headers.iter().zip(&mut self.classes) {
                    if *class == Class::Plain && header.name.as_bytes().eq_ignore_ascii_case(name) {
                        *class = Class::Dropped;
                    }
                }
            }
        }
        Ok(())
    }
}

#[derive(Default)]
struct Upgrade {
    /// By Connection.
    named: bool,
    /// By a field of its own.
    offered: bool,
    h2c: bool,
}

impl Upgrade {
    /// Each line counts: a server may read another one than the last.
    fn add(&mut self, protocols: &[u8]) {
        self.offered = true;
        self.h2c |= elements(protocols).any(|protocol| protocol.eq_ignore_ascii_case(b"h2c"));
    }
}

/// Reads the options of a Connection field; returns whether it names other fields.
fn read_connection(value: &[u8], facts: &mut Facts<'_>, upgrade: &mut Upgrade) -> bool {
    let mut names_fields = false;
    for option in elements(value) {
        if option.eq_ignore_ascii_case(b"close") {
            facts.close = true;
        } else if option.eq_ignore_ascii_case(b"keep-alive") {
            facts.keep_alive = true;
        } else if option.eq_ignore_ascii_case(b"upgrade") {
            upgrade.named = true;
        } else {
            names_fields = true;
        }
    }
    names_fields
}

/// The elements of a comma-separated list, without blanks and empty ones.
fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|element| !element.is_empty())
}

fn classify(name: &[u8]) -> Class {
    let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
    match name.len() {
        2 if is(b"te") => Class::Hop,
        4 if is(b"host") => Class::Host,
        7 if is(b"upgrade") => Class::Upgrade,
        10 if is(b"connection") => Class::Connection,
        10 if is(b"keep-alive") => Class::Hop,
        13 if is(b"authorization") => Class::Authorization,
        14 if is(b"content-length") => Class::ContentLength,
        14 if is(b"http2-settings") => Class::Hop,
        16 if is(b"proxy-connection") => Class::Hop,
        17 if is(b"transfer-encoding") => Class::TransferEncoding,
        12.. if name[..12].eq_ignore_ascii_case(b"x-forwarded-") => Class::Forwarded,
        _ => Class::Plain,
    }
}

fn set_once<T>(place: &mut Option<T>, value: T) -> Result<(), Malformed> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(Malformed::Syntax),
    }
}

/// Digits only: no sign, no list, nothing that overflows.
fn parse_length(value: &[u8]) -> Result<u64, Malformed> {
    let digits = value.trim_ascii();
    let number = if digits.iter().all(u8::is_ascii_digit) { std::str::from_utf8(digits).ok() } else { None };
    number.and_then(|number| number.parse().ok()).ok_or(Malformed::Syntax)
}

/// Whether a Host or authority is one that can be compared and forwarded (RFC 3986 §3.2.2): no blanks, no path, no user.
pub(crate) fn is_authority(host: &[u8]) -> bool {
    host.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:[]".contains(byte))
}
