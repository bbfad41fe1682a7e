//! What `replace-header`, `replace-path` and `regsub` put in place of what a regular expression has matched.
//!
//! Not here: which text is searched.

use super::{Expression, Subject};
use crate::pattern::Pattern;
use crate::rewrite::Groups;
use crate::room;

/// A search, and a replacement for the whole of a text in which it matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Substitution {
    pub(crate) search: Pattern,
    /// A log-format string; in what it gives, `\1` to `\9` are the groups of the search, and `\0` is the whole match.
    pub(crate) replace: Expression,
}

impl Substitution {
    /// What takes the place of `text`; `None`: it stays, since the search does not match in it.
    pub fn apply(&self, subject: &dyn Subject, text: &[u8]) -> Option<Vec<u8>> {
        let captures = self.search.captures(text)?;
        let (mut template, mut changed) = (Vec::new(), Vec::new());
        self.replace.write(subject, &mut template);
        if room::is_full(&template) {
            return Some(template); // It has no end, so that nothing can be put in its groups; it is as much too long as what would come of it.
        }
        expand(&template, &|number| captures.get(number).map(|group| group.as_bytes()), &mut changed);
        Some(changed)
    }
}

/// Writes a replacement: a backslash and a digit are a group, `\xHH` is a byte, and before anything else a backslash is left out. A
/// byte that would end a line is left out too.
pub(super) fn expand(template: &[u8], groups: &Groups<'_>, into: &mut Vec<u8>) {
    let mut rest = template;
    while let Some((byte, behind)) = rest.split_first().filter(|_| !room::is_full(into)) {
        rest = behind;
        match (byte, rest) {
            (b'\\', [digit, behind @ ..]) if digit.is_ascii_digit() => {
                room::extend(into, groups(usize::from(digit - b'0')).unwrap_or_default());
                rest = behind;
            }
            (b'\\', [b'x', high, low, behind @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                into.extend(coded(*high, *low));
                rest = behind;
            }
            (b'\\', [plain, behind @ ..]) => {
                into.push(*plain);
                rest = behind;
            }
            (plain, _) => into.push(*plain),
        }
    }
}

fn coded(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? * 16 + digit(low)?).filter(|byte| !b"\r\n\0".contains(byte))
}
