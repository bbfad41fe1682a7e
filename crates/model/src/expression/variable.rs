//! Log variables that make sense in a message: `%ci`, `%T` … (configuration manual §8.2.4).
//!
//! Not here: those that only a finished request has, such as its times; the access log knows them.

use super::{Scope, Subject, Unusable, date};
use crate::expression::fetch::seconds;
use crate::expression::fields;
use crate::room;
use std::fmt;
use std::time::UNIX_EPOCH;

/// One variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Variable {
    name: &'static str,
    /// In double quotes: `%{+Q}ci`.
    is_quoted: bool,
}

/// Names, and whether they need the request's target.
const NAMES: [(&str, bool); 18] = [
    ("ci", false),
    ("cp", false),
    ("fi", false),
    ("fp", false),
    ("f", false),
    ("ft", false),
    ("b", false),
    ("t", false),
    ("tr", false),
    ("T", false),
    ("Tl", false),
    ("Ts", false),
    ("ms", false),
    ("HM", false),
    ("HP", true),
    ("HQ", true),
    ("HU", true),
    ("ST", false),
];

impl Variable {
    /// The variable at the start of `text`, which is a `%`, and what is behind it.
    pub(super) fn parse_start(text: &str, scope: Scope) -> Result<(Variable, &str), Unusable> {
        let behind = &text[1..];
        let flagged = behind.strip_prefix("{+Q}");
        let named = flagged.or_else(|| behind.strip_prefix("{-Q}")).unwrap_or(behind);
        let length = named.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(named.len());
        let (name, rest) = named.split_at(length);
        let Some((name, needs_target)) = NAMES.iter().find(|(known, _)| *known == name) else {
            return Err(Unusable::new(&text[..text.len() - rest.len()], reason(name)));
        };
        if *needs_target && scope == Scope::Response {
            let reason = "belongs to a request and cannot be asked for in a rule for responses";
            return Err(Unusable::new(format!("%{name}"), reason));
        }
        if *name == "ST" && scope == Scope::Request {
            let reason = "belongs to a response and cannot be asked for in a rule for requests";
            return Err(Unusable::new("%ST", reason));
        }
        Ok((Variable { name, is_quoted: flagged.is_some() }, rest))
    }

    pub(super) fn write(self, subject: &dyn Subject, into: &mut Vec<u8>) {
        let quote = if self.is_quoted { &b"\""[..] } else { b"" };
        room::extend(into, quote);
        self.write_plain(subject, into);
        room::extend(into, quote);
    }

    fn write_plain(self, subject: &dyn Subject, into: &mut Vec<u8>) {
        let now = || seconds(subject.now());
        let milliseconds = || subject.now().duration_since(UNIX_EPOCH).unwrap_or_default().subsec_millis();
        let at = |format: &str| date::formatted(now(), format).unwrap_or_default();
        let address = |address: core::net::SocketAddr| address.ip().to_canonical().to_string();
        let text = match self.name {
            "ci" => address(subject.source()),
            "cp" => subject.source().port().to_string(),
            "fi" => address(subject.local()),
            "fp" => subject.local().port().to_string(),
            "f" => subject.frontend().to_owned(),
            "ft" => format!("{}{}", subject.frontend(), if subject.is_tls() { "~" } else { "" }),
            "b" => subject.backend().to_owned(),
            "t" | "tr" => format!("{}.{:03}", at("%d/%b/%Y:%T"), milliseconds()),
            "T" | "Tl" => at("%d/%b/%Y:%T +0000"),
            "Ts" => now().to_string(),
            "ms" => format!("{:03}", milliseconds()),
            "ST" => subject.status().unwrap_or_default().to_string(),
            "HM" => return room::extend(into, subject.method()),
            "HU" => return room::extend(into, subject.target()),
            part => return write_target(part, subject.target(), into),
        };
        room::extend(into, text.as_bytes());
    }
}

/// `%HP`, the path, and `%HQ`, the query with its question mark.
fn write_target(part: &str, target: &[u8], into: &mut Vec<u8>) {
    let target = fields::without_authority(target).unwrap_or(target);
    let question = memchr::memchr(b'?', target).unwrap_or(target.len());
    room::extend(into, if part == "HP" { &target[..question] } else { &target[question..] });
}

fn reason(name: &str) -> &'static str {
    match name {
        "" => "is not understood; a plain `%` is written `%%`",
        _ => "is no variable that can be asked for here; a plain `%` is written `%%`",
    }
}

impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "%{}{}", if self.is_quoted { "{+Q}" } else { "" }, self.name)
    }
}
