//! The regular expressions that operators write: PCRE2 with a limit on its work.
//!
//! Not here: what a pattern is matched against, and HAProxy's quoting around it.

use pcre2::bytes::{Captures, Regex, RegexBuilder};
use std::fmt;

/// Steps after which a match is given up: a pattern that backtracks costs microseconds a request, not milliseconds.
const LIMIT_MATCH: u32 = 10_000;

/// A compiled PCRE2 pattern. A match that reaches its limit of work counts as no match.
#[derive(Clone)]
pub struct Pattern {
    source: String,
    ignore_case: bool,
    regex: Regex,
}

/// A pattern that PCRE2 does not take.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{pattern}` is not a PCRE: {reason}")]
pub struct BadPattern {
    pattern: String,
    reason: String,
}

impl Pattern {
    /// Compiles `source`; unanchored, bytewise, and case-sensitive unless `ignore_case`.
    pub fn compile(source: &str, ignore_case: bool) -> Result<Pattern, BadPattern> {
        let limited = format!("(*LIMIT_MATCH={LIMIT_MATCH}){source}");
        let built = RegexBuilder::new().caseless(ignore_case).jit_if_available(true).build(&limited);
        match built {
            Ok(regex) => Ok(Pattern { source: source.to_owned(), ignore_case, regex }),
            Err(error) => Err(BadPattern { pattern: source.to_owned(), reason: error.to_string() }),
        }
    }

    /// The pattern as the operator wrote it.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// Whether it matches anywhere in `subject`.
    pub fn is_match(&self, subject: &[u8]) -> bool {
        self.regex.is_match(subject).unwrap_or(false)
    }

    /// The first match in `subject` with its groups.
    pub fn captures<'s>(&self, subject: &'s [u8]) -> Option<Captures<'s>> {
        self.regex.captures(subject).unwrap_or(None)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source && self.ignore_case == other.ignore_case
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/{}", self.source, if self.ignore_case { "i" } else { "" })
    }
}
