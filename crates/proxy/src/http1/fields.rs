//! Header fields of a head: what they say about the message itself, and which of them stay on this hop (RFC 9110 §7.6.1).
//!
//! Not here: request and status lines.

use super::{MAX_FIELDS, Malformed, offset};
use httparse::Header;
use std::borrow::Cow;

/// The most options of Connection in a head that names fields: each is compared with every field.
const MAX_NAMED: usize = 64;

/// The options of Connection that name no field.
const OWN_OPTIONS: [&[u8]; 3] = [b"close", b"keep-alive", b"upgrade"];

/// The longest body that has a length: more than a signed 64-bit number is read as less by somebody.
const LONGEST_BODY: u64 = i64::MAX as u64;

/// What a field is to a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Nothing special: it passes.
    Plain,
    /// It concerns this connection only: it is dropped.
    Hop,
    /// It was named by Connection, or is not to pass for another reason.
    Dropped,
    /// It frames the message and is right, but not in its plainest form: it is written anew.
    Reframed,
    Connection,
    Upgrade,
    TransferEncoding,
    ContentLength,
    Host,
    Expect,
    Authorization,
    /// X-Forwarded-For and its family.
    Forwarded,
    /// X-Forwarded-Proto, which says whether the client spoke TLS.
    ForwardedProto,
}

/// The fields of one head, classified.
pub(crate) struct FieldList<'h, 'b> {
    /// The head that they stand in, with its last empty line.
    head: &'b [u8],
    headers: &'h [Header<'b>],
    /// What each of them is.
    classes: &'h [Class],
}

/// What the fields say about the message.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Facts<'b> {
    /// Connection: close.
    pub(crate) close: bool,
    /// Connection: keep-alive.
    pub(crate) keep_alive: bool,
    /// Another protocol is spoken of: Upgrade is there, Connection names it, and no line of it names HTTP itself (h2c), which would
    /// hide requests from the proxy.
    pub(crate) upgrade: bool,
    /// Upgrade is there, whatever it says.
    pub(crate) names_protocol: bool,
    /// Content-Length.
    pub(crate) length: Option<u64>,
    /// Transfer-Encoding: chunked.
    pub(crate) chunked: bool,
    /// The field that frames the message is to be written anew ([`Facts::write_framing`]).
    pub(crate) reframed: bool,
    /// Host.
    pub(crate) host: Option<&'b [u8]>,
    /// Expect is there and says something else than `100-continue`, or says it twice.
    pub(crate) odd_expectation: bool,
}

impl<'h, 'b> FieldList<'h, 'b> {
    /// Classifies the fields of `head`. Refuses heads that leave it open where a line or the message ends, or whom it is for.
    pub(crate) fn read(
        head: &'b [u8],
        headers: &'h [Header<'b>],
        classes: &'h mut [Class; MAX_FIELDS],
    ) -> Result<(Self, Facts<'b>), Malformed> {
        let classes = &mut classes[..headers.len()];
        let mut list = FieldList { head, headers, classes: &[] };
        let mut facts = Facts::default();
        let mut upgrade = Upgrade::default();
        let (mut names_fields, mut expects) = (false, false);
        if list.has_bare_line_end() {
            return Err(Malformed::Syntax);
        }
        for (place, (header, known)) in headers.iter().zip(&mut *classes).enumerate() {
            let mut class = classify(header.name.as_bytes());
            match class {
                Class::Connection => names_fields |= read_connection(header.value, &mut facts, &mut upgrade),
                Class::Upgrade => upgrade.add(header.value),
                Class::ContentLength => {
                    set_once(&mut facts.length, parse_length(header.value)?)?;
                    let plain = header.value == b"0" || !header.value.starts_with(b"0");
                    class = list.framing(place, plain, class, &mut facts);
                }
                Class::Host => set_once(&mut facts.host, header.value)?,
                Class::TransferEncoding => {
                    if facts.chunked || !header.value.eq_ignore_ascii_case(b"chunked") {
                        return Err(Malformed::Syntax);
                    }
                    facts.chunked = true;
                    class = list.framing(place, header.value == b"chunked", class, &mut facts);
                }
                Class::Expect => {
                    facts.odd_expectation |= expects || !header.value.eq_ignore_ascii_case(b"100-continue");
                    expects = true;
                }
                _ => {}
            }
            *known = class;
        }
        if facts.chunked && facts.length.is_some() {
            return Err(Malformed::Syntax);
        }
        facts.upgrade = upgrade.named && upgrade.offered && !upgrade.http;
        facts.names_protocol = upgrade.offered;
        if names_fields {
            drop_named(headers, classes)?;
        }
        list.classes = classes;
        Ok((list, facts))
    }

    /// The head that the fields stand in.
    pub(crate) fn head(&self) -> &'b [u8] {
        self.head
    }

    /// The fields as they came, each with what it is.
    pub(crate) fn classified(&self) -> impl Iterator<Item = (Class, &Header<'b>)> {
        self.classes.iter().copied().zip(self.headers)
    }

    /// The fields as they came.
    pub(crate) fn headers(&self) -> &'h [Header<'b>] {
        self.headers
    }

    /// Copies the fields that `keeps` keeps, in runs as long as possible. The first run begins at `from` in the head.
    pub(crate) fn copy(&self, from: usize, keeps: impl Fn(Class) -> bool, into: &mut Vec<u8>) {
        let mut run = from;
        for (place, class) in self.classes.iter().enumerate() {
            if !keeps(*class) {
                into.extend_from_slice(&self.head[run..self.line_start(place)]);
                run = self.line_start(place + 1);
            }
        }
        into.extend_from_slice(&self.head[run..self.end()]);
    }

    /// Where the fields begin in the head; at its last line end if there are none.
    pub(crate) fn start(&self) -> usize {
        self.line_start(0)
    }

    /// Where the line of the field at `place` begins; behind the last one, where the fields end.
    fn line_start(&self, place: usize) -> usize {
        self.headers.get(place).map_or(self.end(), |header| offset(self.head, header.name.as_bytes()))
    }

    /// The last line end of the head.
    fn end(&self) -> usize {
        self.head.len() - 2
    }

    /// A line ends in CRLF, and never in LF alone, which the parser would take (RFC 9112 §2.2).
    fn has_bare_line_end(&self) -> bool {
        let is_bare = |start: usize| start < 2 || self.head[start - 2] != b'\r';
        self.head[self.end()] != b'\r' || (0..=self.headers.len()).any(|place| is_bare(self.line_start(place)))
    }

    /// The class of a field that frames the message. One that is `plain` passes as it came, if nothing but one blank stands around its
    /// value: a tab before it, a zero, or a capital is read in another way by somebody.
    fn framing(&self, place: usize, plain: bool, class: Class, facts: &mut Facts<'_>) -> Class {
        let Header { name, value } = self.headers[place];
        let line = &self.head[self.line_start(place) + name.len()..self.line_start(place + 1) - 2];
        if plain && (line[1..] == *value || (line[1] == b' ' && line[2..] == *value)) {
            return class;
        }
        facts.reframed = true;
        Class::Reframed
    }
}

impl Facts<'_> {
    /// The field that frames the message, in its plainest form.
    pub(crate) fn write_framing(&self, into: &mut Vec<u8>) {
        match self.length {
            Some(length) => into.extend_from_slice(format!("Content-Length: {length}\r\n").as_bytes()),
            None => into.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
        }
    }
}

#[derive(Default)]
struct Upgrade {
    /// By Connection.
    named: bool,
    /// By a field of its own.
    offered: bool,
    /// HTTP of another version: h2c, its drafts (`h2c-14`), and `HTTP/2.0`.
    http: bool,
}

impl Upgrade {
    /// Each line counts: a server may read another one than the last.
    fn add(&mut self, protocols: &[u8]) {
        self.offered = true;
        let starts = |protocol: &[u8], name: &[u8]| {
            protocol.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
        };
        self.http |= elements(protocols).any(|protocol| starts(protocol, b"h2") || starts(protocol, b"http"));
    }
}

/// The options of a Connection field that speak of the connection itself, without those that name fields.
pub(crate) fn own_options(value: &[u8]) -> Cow<'_, [u8]> {
    let is_own = |option: &&[u8]| OWN_OPTIONS.iter().any(|own| option.eq_ignore_ascii_case(own));
    match elements(value).all(|option| is_own(&option)) {
        true => value.into(),
        false => elements(value).filter(is_own).collect::<Vec<_>>().join(&b", "[..]).into(),
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

/// Marks the fields that Connection names. Those that frame and address the message cannot be named away.
fn drop_named(headers: &[Header<'_>], classes: &mut [Class]) -> Result<(), Malformed> {
    let mut named = 0;
    for connection in headers.iter().filter(|header| classify(header.name.as_bytes()) == Class::Connection) {
        for name in elements(connection.value) {
            named += 1;
            if named > MAX_NAMED {
                return Err(Malformed::HeadTooLarge);
            }
            for (header, class) in headers.iter().zip(&mut *classes) {
                if *class == Class::Plain && header.name.as_bytes().eq_ignore_ascii_case(name) {
                    *class = Class::Dropped;
                }
            }
        }
    }
    Ok(())
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
        6 if is(b"expect") => Class::Expect,
        7 if is(b"upgrade") => Class::Upgrade,
        17 if is(b"x-forwarded-proto") => Class::ForwardedProto,
        7.. if is_forwarded(name) => Class::Forwarded,
        10 if is(b"connection") => Class::Connection,
        10 if is(b"keep-alive") => Class::Hop,
        13 if is(b"authorization") => Class::Authorization,
        14 if is(b"content-length") => Class::ContentLength,
        14 if is(b"http2-settings") => Class::Hop,
        16 if is(b"proxy-connection") => Class::Hop,
        17 if is(b"transfer-encoding") => Class::TransferEncoding,
        _ => Class::Plain,
    }
}

/// Whether a field says for whom its sender speaks: X-Forwarded-*, Forwarded (RFC 7239), X-Real-IP.
pub(crate) fn is_forwarded(name: &[u8]) -> bool {
    let starts = |start: &[u8]| name.get(..start.len()).is_some_and(|part| part.eq_ignore_ascii_case(start));
    match name.first() {
        Some(b'x' | b'X') => starts(b"x-forwarded-") || name.eq_ignore_ascii_case(b"x-real-ip"),
        Some(b'f' | b'F') => name.eq_ignore_ascii_case(b"forwarded"),
        _ => false,
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
    let number = if value.iter().all(u8::is_ascii_digit) { std::str::from_utf8(value).ok() } else { None };
    let length = number.and_then(|number| number.parse().ok()).ok_or(Malformed::Syntax)?;
    if length <= LONGEST_BODY { Ok(length) } else { Err(Malformed::Syntax) }
}
