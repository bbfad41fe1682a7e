//! Texts as patterns: a whole, a start, an end, a part.
//!
//! Not here: regular expressions.

use crate::word;

/// Texts, one of which must match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Texts {
    how: How,
    /// Lower case where case is ignored.
    texts: Vec<String>,
    ignore_case: bool,
}

/// How a text is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Is,
    Begins,
    Ends,
    Holds,
    /// Between `/` and `?`.
    HoldsSegments,
    /// Between `/`, `?`, `.` and `:`.
    HoldsLabels,
}

impl Texts {
    pub(super) fn new(how: How, texts: &[String], ignore_case: bool) -> Texts {
        let cased = |text: &String| if ignore_case { text.to_ascii_lowercase() } else { text.clone() };
        Texts { how, texts: texts.iter().map(cased).collect(), ignore_case }
    }

    pub(super) fn match_any(&self, value: &[u8]) -> bool {
        match self.ignore_case {
            false => self.match_cased(value),
            true => self.match_cased(&value.to_ascii_lowercase()),
        }
    }

    fn match_cased(&self, value: &[u8]) -> bool {
        self.texts.iter().map(String::as_bytes).any(|text| match self.how {
            How::Is => value == text,
            How::Begins => value.starts_with(text),
            How::Ends => value.ends_with(text),
            How::Holds => memchr::memmem::find(value, text).is_some(),
            How::HoldsSegments => word::contains(value, text, b"/?"),
            How::HoldsLabels => word::contains(value, text, b"/?.:"),
        })
    }
}
