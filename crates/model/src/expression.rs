//! HAProxy's little language as values: texts with samples in them, and conditions on a message.
//!
//! It is the language of HAProxy's configuration manual: quoting (§2.2), samples (§7), ACLs (§7.1 to §7.4) and log-format strings
//! (§8.2.4), as far as values of header fields and rules need it. A text is parsed once, and either understood as HAProxy understands
//! it, or refused with the word and the reason.
//! Not here: what is done with a value (`statement`), and where the looked-at message is kept: that is a [`Subject`].

mod arguments;
mod condition;
mod converter;
mod date;
mod fetch;
pub(crate) mod fields;
mod matcher;
mod replacement;
mod sample;
mod value;
mod variable;
mod words;

pub use condition::Condition;
pub use replacement::Substitution;
pub use words::words;

pub(crate) use condition::Names;
pub(crate) use words::item_words;

use crate::params::names_credential;
use crate::room;
use core::net::SocketAddr;
use sample::Sample;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::SystemTime;
use variable::Variable;

/// A log-format string: texts, and samples that are taken from each message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Sample(Sample),
    Variable(Variable),
}

/// When a rule is asked, and so what it may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The head of the request is at hand.
    Request,
    /// The head of the response is; of the request only its method.
    Response,
}

/// What is the same for every message: read once by the program's settings and handed in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// The name of the machine: `hostname`, `%H`.
    pub host_name: String,
    /// The variables that `env(…)` and `"${…}"` may name.
    pub variables: BTreeMap<String, String>,
    /// Variables of the proxy's own, and those that may hold something secret: a text that names one is refused, so that no service can send them to itself.
    pub secrets: BTreeSet<String>,
}

/// What is looked at. Everything is lent.
pub trait Subject {
    /// Who sent the request (`src`, `src_port`, `%ci`, `%cp`), as a PROXY protocol header says where there is one.
    fn source(&self) -> SocketAddr;
    /// Where the connection was accepted (`dst`, `dst_port`, `%fi`, `%fp`).
    fn local(&self) -> SocketAddr;
    /// Whether it is TLS (`ssl_fc`).
    fn is_tls(&self) -> bool;
    /// The name that a TLS client asked for (`ssl_fc_sni`).
    fn server_name(&self) -> Option<&str>;
    /// Whether the client has shown a certificate that was verified (`ssl_c_used`, `ssl_c_verify`).
    fn is_verified_client(&self) -> bool;
    /// The time (`date`, `%t`).
    fn now(&self) -> SystemTime;
    /// The name of the frontend (`fe_name`, `%f`).
    fn frontend(&self) -> &str;
    /// The name of the backend (`be_name`, `%b`); the frontend's until one is chosen.
    fn backend(&self) -> &str;
    /// The request's method, in both scopes.
    fn method(&self) -> &[u8];
    /// The request's target as it came: path and query are parts of it. Asked for in [`Scope::Request`] only.
    fn target(&self) -> &[u8];
    /// The response's status. Asked for in [`Scope::Response`] only.
    fn status(&self) -> Option<u16>;
    /// Calls `visit` with each value of the fields called `name` (any case of letters) of the message at hand, in order, until it
    /// returns true; returns whether it did.
    fn fields(&self, name: &str, visit: &mut dyn FnMut(&[u8]) -> bool) -> bool;
}

/// A text that is not of the language, or asks for what is not to be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` {reason}")]
pub struct Unusable {
    word: String,
    reason: String,
}

/// What a parser must know besides the text.
#[derive(Clone, Copy)]
pub(crate) struct Known<'e> {
    pub(crate) scope: Scope,
    pub(crate) environment: &'e Environment,
}

impl Expression {
    /// A text that is the same for every message.
    pub fn text(text: &str) -> Expression {
        let text = Some(text.to_owned()).filter(|text| !text.is_empty());
        Expression { parts: text.map(Part::Text).into_iter().collect() }
    }

    /// Parses a word, out of its quotes, as a log-format string.
    pub fn parse(text: &str, scope: Scope, environment: &Environment) -> Result<Expression, Unusable> {
        let known = Known { scope, environment };
        let (mut parts, mut plain, mut rest) = (Vec::new(), String::new(), text);
        while let Some(at) = rest.find('%') {
            plain.push_str(&rest[..at]);
            let (part, behind) = Part::parse(&rest[at..], known)?;
            rest = behind;
            match part {
                Part::Text(text) => plain.push_str(&text),
                part => {
                    parts.extend(Some(std::mem::take(&mut plain)).filter(|text| !text.is_empty()).map(Part::Text));
                    parts.push(part);
                }
            }
        }
        plain.push_str(rest);
        parts.extend(Some(plain).filter(|text| !text.is_empty()).map(Part::Text));
        Ok(Expression { parts })
    }

    /// Writes the text for a message. A sample that has no value is an empty text; a CR, LF or NUL in one becomes a blank, so that
    /// nothing ends the line it is written into (RFC 9110 §5.5). It ends where [`MOST_WRITTEN`](crate::MOST_WRITTEN) bytes are there.
    pub fn write(&self, subject: &dyn Subject, into: &mut Vec<u8>) {
        for part in &self.parts {
            let start = into.len();
            if room::is_full(into) {
                return;
            }
            match part {
                Part::Text(text) => room::extend(into, text.as_bytes()),
                Part::Sample(sample) => sample.write(subject, into),
                Part::Variable(variable) => variable.write(subject, into),
            }
            into[start..].iter_mut().filter(|byte| b"\r\n\0".contains(byte)).for_each(|byte| *byte = b' ');
        }
    }

    /// The text, if it is the same for every message.
    pub fn as_text(&self) -> Option<&str> {
        match &self.parts[..] {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }
}

impl Part {
    /// What begins with the `%` at the start of `text`, and the rest behind it.
    fn parse<'t>(text: &'t str, known: Known<'_>) -> Result<(Part, &'t str), Unusable> {
        let behind = &text[1..];
        if let Some(rest) = behind.strip_prefix('%') {
            return Ok((Part::Text("%".to_owned()), rest));
        }
        if let Some(inside) = behind.strip_prefix('[') {
            let (sample, rest) = Sample::parse_start(inside, known)?;
            let rest = rest.strip_prefix(']').ok_or_else(|| Unusable::new(text, "has no `]` behind its sample"))?;
            return Ok((Part::Sample(sample), rest));
        }
        let (variable, rest) = Variable::parse_start(text, known.scope)?;
        Ok((Part::Variable(variable), rest))
    }
}

impl Unusable {
    pub(crate) fn new(word: impl Into<String>, reason: impl Into<String>) -> Unusable {
        let word: String = word.into();
        let mut shown: String = word.chars().take(80).flat_map(visible).collect();
        shown.push_str(if word.chars().nth(80).is_some() { "…" } else { "" });
        Unusable { word: shown, reason: reason.into() }
    }

    /// The same reason; without the word where the line that it is from speaks of a credential.
    pub(crate) fn masked_beside(self, line: &str) -> Unusable {
        match names_credential(line) {
            true => Unusable { word: "*****".to_owned(), ..self },
            false => self,
        }
    }

    /// The word at fault, as it may be shown: without control characters, and not endless.
    pub fn word(&self) -> &str {
        &self.word
    }

    /// What is wrong with it.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl Environment {
    /// The value of a variable; empty if there is none of this name, as in HAProxy.
    pub(crate) fn variable(&self, name: &str) -> Result<&str, Unusable> {
        match self.secrets.contains(name) {
            true => Err(Unusable::new(
                name,
                "is a variable of the proxy's own or may hold something secret; it cannot be read from here",
            )),
            false => Ok(self.variables.get(name).map_or("", String::as_str)),
        }
    }
}

/// A character as an error may show it.
fn visible(character: char) -> impl Iterator<Item = char> {
    let is_plain = !character.is_control();
    let escaped = character.escape_default().filter(move |_| !is_plain);
    is_plain.then_some(character).into_iter().chain(escaped)
}

/// As a word before it is quoted; it parses to the same expression.
impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(&text.replace('%', "%%")),
            Part::Sample(sample) => write!(f, "%[{sample}]"),
            Part::Variable(variable) => variable.fmt(f),
        })
    }
}

#[cfg(test)]
mod tests;
