//! What a line of the access log says: gathered while a request is under way, where requests are logged.
//!
//! Not here: how it looks.

use crate::observe::client::Head;
use crate::observe::why::Termination;
use model::Backend;
use model::log_format::Capture;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

/// What stands between values that are captured.
const DIVIDER: u8 = b'\n';

/// A line in the making.
pub(in crate::observe) struct Line {
    pub(in crate::observe) facts: Facts,
    /// What the facts' ends divide.
    pub(super) text: Vec<u8>,
}

/// All of a line but its text.
#[derive(Clone, Copy, Debug)]
pub(in crate::observe) struct Facts {
    pub(super) client: SocketAddr,
    pub(super) port: u16,
    pub(super) kind: Kind,
    /// The client speaks TLS.
    pub(in crate::observe) is_encrypted: bool,
    ends: Ends,
    /// The request's head, from its first byte to its last.
    pub(in crate::observe) reading: Duration,
    pub(in crate::observe) server: Option<SocketAddr>,
    /// When there was a connection, from the end of the head on.
    pub(in crate::observe) connected: Option<Duration>,
    /// When the response's head had come, from the end of the request's on.
    pub(in crate::observe) responded: Option<Duration>,
    pub(in crate::observe) ended: SystemTime,
    /// From the end of the request's head to the end of everything.
    pub(in crate::observe) duration: Duration,
    /// 0: there was no response.
    pub(in crate::observe) status: u16,
    pub(in crate::observe) termination: Termination,
    pub(in crate::observe) request_bytes: u64,
    pub(in crate::observe) response_bytes: u64,
    /// Tries after the first one.
    pub(in crate::observe) retries: u32,
}

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A request, in this version.
    Http(&'static str),
    /// Bytes that are no request, or only a part of one.
    Bad,
    /// A connection that is joined with a server's as it is.
    Tcp,
}

/// Where the parts of a text end; each begins where the one before ends.
#[derive(Clone, Copy, Debug, Default)]
struct Ends {
    method: usize,
    target: usize,
    host: usize,
    captured: usize,
    backend: usize,
    service: usize,
}

/// A line that is to be written.
#[derive(Clone, Copy)]
pub(super) struct Entry<'b> {
    pub(super) facts: &'b Facts,
    text: &'b [u8],
}

impl Line {
    pub(in crate::observe) fn http(client: SocketAddr, port: u16, head: &Head<'_>, captures: &[Capture]) -> Line {
        let mut line = Line::new(client, port, Kind::Http(head.version));
        let parts = [head.method, head.target, head.host.unwrap_or_default()];
        // Room for the names behind it.
        line.text.reserve(parts.iter().map(|part| part.len()).sum::<usize>() + 64);
        let [method, target, host] = parts.map(|part| line.add(part));
        let captured = line.capture(head, captures);
        line.facts.ends = Ends { method, target, host, captured, backend: captured, service: captured };
        line
    }

    pub(in crate::observe) fn tcp(client: SocketAddr, port: u16) -> Line {
        Line::new(client, port, Kind::Tcp)
    }

    pub(in crate::observe) fn bad(client: SocketAddr, port: u16) -> Line {
        Line::new(client, port, Kind::Bad)
    }

    fn new(client: SocketAddr, port: u16, kind: Kind) -> Line {
        let facts = Facts {
            client,
            port,
            kind,
            is_encrypted: false,
            ends: Ends::default(),
            reading: Duration::ZERO,
            server: None,
            connected: None,
            responded: None,
            ended: SystemTime::UNIX_EPOCH,
            duration: Duration::ZERO,
            status: 0,
            termination: Termination::NORMAL,
            request_bytes: 0,
            response_bytes: 0,
            retries: 0,
        };
        Line { facts, text: Vec::new() }
    }

    pub(in crate::observe) fn goes_to(&mut self, backend: &Backend) {
        self.facts.ends.backend = self.add(backend.name.as_bytes());
        self.facts.ends.service = self.add(backend.service.as_str().as_bytes());
    }

    /// Keeps the last value of each field, as HAProxy does, cut to its length. A line feed divides them: no value can hold one.
    fn capture(&mut self, head: &Head<'_>, captures: &[Capture]) -> usize {
        for (place, capture) in captures.iter().enumerate() {
            if place > 0 {
                self.text.push(DIVIDER);
            }
            let start = self.text.len();
            let _ = head.fields.any(&capture.name, &mut |value| {
                self.text.truncate(start);
                self.text.extend(value.iter().take(capture.length).filter(|byte| **byte != DIVIDER));
                false
            });
        }
        self.text.len()
    }

    fn add(&mut self, part: &[u8]) -> usize {
        self.text.extend_from_slice(part);
        self.text.len()
    }
}

impl Facts {
    /// Something an operator may want to know of: an abort, a retry, a 5xx. The rule of HAProxy's `option dontlog-normal`.
    pub(super) fn is_error(&self) -> bool {
        self.termination.is_error() || self.retries > 0 || self.status >= 500
    }

    /// When it began.
    pub(super) fn began(&self) -> SystemTime {
        self.ended.checked_sub(self.total()).unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// From the first byte of the request to the end of everything.
    pub(super) fn total(&self) -> Duration {
        self.reading + self.duration
    }
}

impl<'b> Entry<'b> {
    pub(super) fn new(facts: &'b Facts, text: &'b [u8]) -> Entry<'b> {
        Entry { facts, text }
    }

    pub(super) fn method(self) -> &'b [u8] {
        &self.text[..self.facts.ends.method]
    }

    pub(super) fn target(self) -> &'b [u8] {
        &self.text[self.facts.ends.method..self.facts.ends.target]
    }

    pub(super) fn host(self) -> &'b [u8] {
        &self.text[self.facts.ends.target..self.facts.ends.host]
    }

    /// The value of each field that is captured, in order; empty if the request has none.
    pub(super) fn captured(self) -> impl Iterator<Item = &'b [u8]> {
        self.text[self.facts.ends.host..self.facts.ends.captured].split(|byte| *byte == DIVIDER)
    }

    /// Empty if the request went to none.
    pub(super) fn backend(self) -> &'b str {
        name(&self.text[self.facts.ends.captured..self.facts.ends.backend])
    }

    pub(super) fn service(self) -> &'b str {
        name(&self.text[self.facts.ends.backend..self.facts.ends.service])
    }
}

/// Names were text when they were added.
fn name(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}
