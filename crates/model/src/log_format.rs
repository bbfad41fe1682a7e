//! HAProxy's custom log formats (`log-format`, configuration manual §8.2.4) and the header fields that a log captures (§8.8), as values.
//!
//! A format is parsed once, and either says what it says to HAProxy, or is refused with the variable and the reason.
//! Not here: what is logged when (`proxy::observe`), and texts that become header fields (`expression`).

mod capture;
mod variable;

pub use capture::Capture;
pub use variable::Variable;

use crate::expression::{Environment, Unusable, words};
use std::fmt;

/// A line of the log: texts, blanks, and what is known once a request has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    /// As HAProxy takes it, out of its quotes.
    source: String,
    parts: Vec<Part>,
}

/// A part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// The same on every line.
    Text(String),
    /// A blank, unless the line has just begun or ends in one: what is empty leaves no second one behind.
    Blank,
    /// What differs from line to line.
    Value(Variable, Flags),
}

/// How a text looks in its place. Numbers and dates have no use for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `+Q`: in double quotes; an empty text is `""` then, and else `-`.
    pub quoted: bool,
    /// `+E`: a backslash before `"`, `\` and `]`, as the structured data of RFC 5424 §6.3.3 wants it.
    pub escaped: bool,
}

/// What lines are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Requests.
    Http,
    /// Connections.
    Tcp,
}

/// Reads a format.
struct Reader<'e> {
    mode: Mode,
    captures: &'e [Capture],
    environment: &'e Environment,
    /// What `%{+Q}o` has changed for all behind it.
    flags: Flags,
    parts: Vec<Part>,
}

impl Format {
    /// Reads the argument of `log-format`, in HAProxy's quotes or with blanks escaped. `captures` are what `capture.req.hdr` may name.
    pub fn parse(line: &str, mode: Mode, captures: &[Capture], environment: &Environment) -> Result<Format, Unusable> {
        let mut words = words(line, environment)?.into_iter();
        let source = words.next().unwrap_or_default();
        if let Some(second) = words.next() {
            let reason = "is a second word: the format stands in quotes, or with a backslash before each blank";
            return Err(Unusable::new(second, reason));
        }
        let mut reader = Reader { mode, captures, environment, flags: Flags::default(), parts: Vec::new() };
        let mut rest = source.as_str();
        while !rest.is_empty() {
            rest = reader.step(rest)?;
        }
        Ok(Format { parts: reader.parts, source })
    }

    /// In the order of the line.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }
}

/// As one word before it is quoted.
impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl Reader<'_> {
    /// Reads one part, and returns what is behind it.
    fn step<'t>(&mut self, text: &'t str) -> Result<&'t str, Unusable> {
        let blank = |c: char| c.is_ascii_whitespace();
        if text.starts_with(blank) {
            self.parts.push(Part::Blank);
            return Ok(text.trim_start_matches(blank));
        }
        if let Some(rest) = text.strip_prefix("%%") {
            self.plain("%");
            return Ok(rest);
        }
        if let Some(rest) = text.strip_prefix('%') {
            return self.value(text, rest);
        }
        let end = text.find(|c| c == '%' || blank(c)).unwrap_or(text.len());
        self.plain(&text[..end]);
        Ok(&text[end..])
    }

    fn plain(&mut self, more: &str) {
        match self.parts.last_mut() {
            Some(Part::Text(text)) => text.push_str(more),
            _ => self.parts.push(Part::Text(more.to_owned())),
        }
    }

    /// A variable or a sample: `text` begins with its `%`, `behind` follows that.
    fn value<'t>(&mut self, text: &'t str, behind: &'t str) -> Result<&'t str, Unusable> {
        let (flags, behind) = match behind.strip_prefix('{').map(|flags| flags.split_once('}')) {
            Some(Some((flags, behind))) => (self.flags.with(flags)?, behind),
            Some(None) => return Err(Unusable::new(text, "has no `}` behind its flags")),
            None => (self.flags, behind),
        };
        if let Some(sample) = behind.strip_prefix('[') {
            let Some((sample, rest)) = sample.split_once(']') else {
                return Err(Unusable::new(text, "has no `]` behind its sample"));
            };
            let variable = Variable::of_sample(sample, self.mode, self.captures)?;
            self.push(variable, flags);
            return Ok(rest);
        }
        let length = behind.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(behind.len());
        let (name, rest) = behind.split_at(length);
        match name {
            "o" => self.flags = flags,
            _ => self.push(Variable::of_name(name, self.mode)?, flags),
        }
        Ok(rest)
    }

    /// The name of the machine is a value to HAProxy and a text from here on, quotes and all.
    fn push(&mut self, variable: Variable, flags: Flags) {
        if variable != Variable::HostName {
            return self.parts.push(Part::Value(variable, flags));
        }
        let name = &self.environment.host_name;
        let quote = if flags.quoted { "\"" } else { "" };
        self.plain(&format!("{quote}{name}{quote}"));
    }
}

impl Flags {
    /// What `+Q,-E` makes of them.
    fn with(mut self, text: &str) -> Result<Flags, Unusable> {
        let mut is_on = true;
        for flag in text.chars() {
            match flag {
                '+' => is_on = true,
                '-' => is_on = false,
                'Q' => self.quoted = is_on,
                'E' => self.escaped = is_on,
                ',' | ' ' => {}
                'X' => return Err(Unusable::new(text, "asks for hexadecimal numbers, which are not written")),
                _ => return Err(Unusable::new(text, "is no list of flags; there are `+Q`, `-Q`, `+E` and `-E`")),
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests;
