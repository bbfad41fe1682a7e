//! A name and its arguments in brackets, as samples and converters are written: `regsub(a,b)`.
//!
//! Not here: which names there are.

use super::Unusable;
use crate::quote::argument;
use std::fmt;

/// A fetch or a converter as it is spelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) name: String,
    /// Out of their quotes; none where there are no brackets, or nothing in them.
    pub(super) arguments: Vec<String>,
}

impl Call {
    /// The call at the start of `text`, and what is behind it.
    pub(super) fn parse_start(text: &str) -> Result<(Call, &str), Unusable> {
        let length = text.find(|c: char| !c.is_ascii_alphanumeric() && !"_.-".contains(c)).unwrap_or(text.len());
        let (name, rest) = text.split_at(length);
        if name.is_empty() {
            return Err(Unusable::new(text, "does not begin with the name of a sample or converter"));
        }
        let (arguments, rest) = match rest.strip_prefix('(') {
            Some(inside) => parse_arguments(inside, text)?,
            None => (Vec::new(), rest),
        };
        Ok((Call { name: name.to_owned(), arguments }, rest))
    }

    /// The argument at `place`; empty without one.
    pub(super) fn argument(&self, place: usize) -> &str {
        self.arguments.get(place).map_or("", String::as_str)
    }

    /// The argument at `place` as a number.
    pub(super) fn number<N: std::str::FromStr>(&self, place: usize) -> Result<N, Unusable> {
        let text = self.argument(place);
        text.parse().map_err(|_| Unusable::new(text, format!("is not a number that `{}` takes", self.name)))
    }

    /// Refuses a number of arguments that the name does not take.
    pub(super) fn expect(&self, counts: std::ops::RangeInclusive<usize>) -> Result<(), Unusable> {
        if counts.contains(&self.arguments.len()) {
            return Ok(());
        }
        let (least, most) = (counts.start(), counts.end());
        let wanted = if least == most { least.to_string() } else { format!("{least} to {most}") };
        let reason = format!("takes {wanted} arguments, and has {}", self.arguments.len());
        Err(Unusable::new(self.to_string(), reason))
    }
}

/// What is in the brackets, and what is behind them. Quotes and backslashes have a meaning of their own in here, besides the line's.
fn parse_arguments<'t>(inside: &'t str, whole: &str) -> Result<(Vec<String>, &'t str), Unusable> {
    let (mut arguments, mut text, mut quote) = (Vec::new(), String::new(), None);
    let mut characters = inside.char_indices();
    while let Some((at, character)) = characters.next() {
        match (character, quote) {
            ('"' | '\'', None) => quote = Some(character),
            (_, Some(open)) if character == open => quote = None,
            ('\\', None | Some('"')) => text.push(escaped(&mut characters)),
            (',', None) => arguments.push(std::mem::take(&mut text)),
            (')', None) => {
                arguments.push(text);
                let is_empty = at == 0;
                return Ok((if is_empty { Vec::new() } else { arguments }, &inside[at + 1..]));
            }
            _ => text.push(character),
        }
    }
    let missing = if quote.is_some() { "has no closing quote in its arguments" } else { "has no closing `)`" };
    Err(Unusable::new(whole, missing))
}

fn escaped(characters: &mut std::str::CharIndices<'_>) -> char {
    let behind = characters.as_str().chars().next();
    let (plain, is_escape) = match behind {
        Some(quoted @ ('\\' | '"' | '\'' | ' ')) => (quoted, true),
        Some('t') => ('\t', true),
        _ => ('\\', false),
    };
    if is_escape {
        characters.next();
    }
    plain
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.arguments.is_empty() {
            return Ok(());
        }
        let arguments: Vec<_> = self.arguments.iter().map(|text| argument(text)).collect();
        write!(f, "({})", arguments.join(","))
    }
}
