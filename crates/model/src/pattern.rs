//! The regular expressions that operators write: PCRE2 with a limit on its work.
//!
//! Not here: what a pattern is matched against, and HAProxy's quoting around it.

use pcre2::bytes::{CaptureLocations, Captures, Regex, RegexBuilder};
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

/// A pattern that PCRE2 does not take. Whoever shows the reason shows the pattern before it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("is not a PCRE: {reason}")]
pub struct BadPattern {
    reason: String,
}

impl Pattern {
    /// Compiles `source`; unanchored, bytewise, and case-sensitive unless `ignore_case`.
    pub fn compile(source: &str, ignore_case: bool) -> Result<Pattern, BadPattern> {
        let limit = format!("(*LIMIT_MATCH={LIMIT_MATCH})");
        let limited = format!("{limit}{source}");
        let built = RegexBuilder::new().caseless(ignore_case).jit_if_available(true).build(&limited);
        match built {
            Ok(regex) => Ok(Pattern { source: source.to_owned(), ignore_case, regex }),
            Err(error) => Err(BadPattern::new(&error, limit.len())),
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

    /// The groups of the first match in `subject` that begins at `start` or later. `^` matches at the start of `subject` only.
    pub fn groups_from(&self, subject: &[u8], start: usize) -> Option<CaptureLocations> {
        let mut groups = self.regex.capture_locations();
        let found = self.regex.captures_read_at(&mut groups, subject, start).unwrap_or(None);
        found.map(|_| groups)
    }
}

impl BadPattern {
    /// PCRE2's own words, and the place in the operator's pattern, which stands behind `before` bytes of ours.
    fn new(error: &pcre2::Error, before: usize) -> BadPattern {
        let text = error.to_string();
        let words = text.splitn(3, ": ").last().unwrap_or_default();
        let place = error.offset().and_then(|offset| offset.checked_sub(before));
        let place = place.map(|place| format!(" at byte {place}"));
        BadPattern { reason: format!("{words}{}", place.unwrap_or_default()) }
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

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn a_bad_pattern_is_told_with_the_place_in_it() {
        let error = Pattern::compile("/a(", false).unwrap_err().to_string();
        assert_eq!(error, "is not a PCRE: missing closing parenthesis at byte 3");
    }

    #[test]
    fn a_match_that_runs_away_is_no_match() {
        let pattern = Pattern::compile("(a+)+$", false).unwrap();
        assert!(pattern.is_match(b"aaaa"));
        assert!(!pattern.is_match(&[&[b'a'; 60][..], b"b"].concat()));
    }
}
