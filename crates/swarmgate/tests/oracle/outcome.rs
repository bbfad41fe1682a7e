//! What became of an ask, on one of the two: what the servers saw and what the client got, ready to be compared.
//!
//! Two messages that mean the same are the same here: names of fields have no case, the order of fields with different names says
//! nothing, hop-by-hop fields are what they say of the connection, and a body is its bytes, whatever framed it (RFC 9110 §5.1, §5.3, §7.6.1).
//! Not here: differences that are meant (`differences`).

use crate::ask::Response;
use crate::place::Place;
use crate::recorder::Seen;
use crate::wire::{Framing, Head};
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Read;
use std::net::SocketAddr;

/// Fields of one connection: they are compared as what they mean.
const HOP_BY_HOP: &[&str] = &["connection", "keep-alive", "transfer-encoding"];

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Requests as servers saw them.
    pub(crate) forwarded: Vec<Message>,
    /// Responses as the client saw them.
    pub(crate) answers: Vec<Message>,
    /// What came in place of a response.
    pub(crate) failure: Option<String>,
}

/// A request or a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// The server that saw a request, and how.
    pub(crate) server: String,
    pub(crate) line: String,
    /// In the order of their names.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: String,
    /// A length was known before the body.
    pub(crate) has_length: bool,
    /// The connection goes on.
    pub(crate) persists: bool,
}

impl Outcome {
    /// `pools` names the servers of which any may be asked.
    pub(crate) fn new(
        place: Place,
        pools: &BTreeMap<SocketAddr, String>,
        seen: &[Seen],
        answers: &[Response],
        failure: Option<String>,
    ) -> Outcome {
        let heads = |response: &Response| {
            let interim = response.interim.iter().map(|head| Message::new(place, head, b""));
            interim.chain([Message::of_response(place, response)]).collect::<Vec<_>>()
        };
        Outcome {
            forwarded: seen.iter().map(|seen| Message::of_request(place, pools, seen)).collect(),
            answers: answers.iter().flat_map(heads).collect(),
            failure,
        }
    }

    /// The only answer, where a proxy gave it by itself.
    pub(crate) fn own_answer(&self) -> Option<&Message> {
        match (&*self.forwarded, &*self.answers) {
            ([], [answer]) => Some(answer),
            _ => None,
        }
    }
}

impl Message {
    fn new(place: Place, head: &Head, body: &[u8]) -> Message {
        let hop = |name: &str| HOP_BY_HOP.contains(&name);
        let fields = head.fields.iter().filter(|(name, _)| !hop(name));
        let mut fields: Vec<_> = fields.map(|(name, value)| (name.clone(), place.anonymous(value))).collect();
        // It is stable: the order of values of one name stays.
        fields.sort_by(|(a, _), (b, _)| a.cmp(b));
        Message {
            server: String::new(),
            line: place.anonymous(&head.line),
            fields,
            body: place.anonymous(&String::from_utf8_lossy(body)),
            has_length: false,
            persists: true,
        }
    }

    fn of_request(place: Place, pools: &BTreeMap<SocketAddr, String>, seen: &Seen) -> Message {
        let server = pools.get(&seen.server).cloned().unwrap_or_else(|| seen.server.to_string());
        let tls = seen.tls.as_ref().map(|name| format!(" over TLS for {name}")).unwrap_or_default();
        Message {
            server: place.anonymous(&format!("{server}{tls}")),
            has_length: !seen.chunked,
            persists: seen.head.persists(seen.head.word(2)),
            ..Message::new(place, &seen.head, &seen.body)
        }
    }

    fn of_response(place: Place, response: &Response) -> Message {
        Message {
            has_length: !matches!(response.framing, Framing::Chunks | Framing::UntilClose),
            persists: response.persists,
            ..Message::new(place, &response.head, &content(response))
        }
    }

    /// The parts that are not the same.
    pub(crate) fn differs(&self, other: &Message) -> Vec<String> {
        let words = |message: &Message| message.line.split(' ').take(2).collect::<Vec<_>>().join(" ");
        let parts = [
            ("server", self.server != other.server),
            ("line", words(self) == words(other) && self.line != other.line),
            ("body", self.body != other.body),
            ("length", self.has_length != other.has_length),
            ("persists", self.persists != other.persists),
        ];
        let mut parts: Vec<_> =
            parts.iter().filter(|(_, differs)| *differs).map(|(name, _)| (*name).to_owned()).collect();
        if words(self) != words(other) {
            let number = |message: &Message| {
                if message.server.is_empty() { message.status().to_owned() } else { "line".to_owned() }
            };
            parts.push(format!("{} / {}", number(self), number(other)));
        }
        let names = self.fields.iter().chain(&other.fields).map(|(name, _)| name);
        let values = |message: &Message, name: &str| {
            message.fields.iter().filter(|(other, _)| other == name).map(|(_, value)| value.clone()).collect::<Vec<_>>()
        };
        let differing: BTreeSet<_> = names.filter(|name| values(self, name) != values(other, name)).cloned().collect();
        parts.extend(differing);
        parts
    }

    /// The number of a response.
    pub(crate) fn status(&self) -> &str {
        self.line.split(' ').nth(1).unwrap_or_default()
    }

    /// Whether a proxy said it, no server.
    pub(crate) fn is_own(&self) -> bool {
        self.server.is_empty() && self.field("server").is_none()
    }

    /// The first value of a field, its name in small letters.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// Takes all fields of this name out.
    pub(crate) fn remove(&mut self, name: &str) {
        self.fields.retain(|(other, _)| other != name);
    }
}

/// A body as it was before it was compressed: two programs need not compress alike.
fn content(response: &Response) -> Vec<u8> {
    let (mut content, body) = (Vec::new(), &response.body[..]);
    let read = match response.head.field("content-encoding") {
        Some("gzip") => MultiGzDecoder::new(body).read_to_end(&mut content),
        Some("deflate") => ZlibDecoder::new(body).read_to_end(&mut content),
        _ => return response.body.clone(),
    };
    if read.is_ok() { content } else { response.body.clone() }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.forwarded.iter().try_for_each(|message| write!(f, "\n  to {message}"))?;
        self.answers.iter().try_for_each(|message| write!(f, "\n  answer {message}"))?;
        self.failure.iter().try_for_each(|failure| write!(f, "\n  {failure}"))
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = if self.has_length { "" } else { " [no length]" };
        let end = if self.persists { "" } else { " [last]" };
        let server = if self.server.is_empty() { "" } else { ": " };
        write!(f, "{}{server}{}{length}{end}", self.server, self.line)?;
        for (name, value) in &self.fields {
            write!(f, "\n    {name}: {value}")?;
        }
        let body: String = self.body.chars().take(300).collect();
        if body.is_empty() { Ok(()) } else { write!(f, "\n    > {}", body.trim_end().replace('\n', "\n    > ")) }
    }
}
