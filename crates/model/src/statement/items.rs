//! The header parameters: `addReqHeader` and the others, whose elements are statements without their first word.
//!
//! Not here: the other statements (`statement::parse`).

use super::{Statement, Statements};
use crate::expression::{Environment, Known, Names, Scope, Unusable, item_words};

/// A parameter, and the statement that each of its elements is.
pub(crate) struct HeaderParameter {
    pub(crate) name: &'static str,
    action: &'static str,
    scope: Scope,
}

/// In the order in which Docker Flow writes their lines.
pub(crate) const HEADER_PARAMETERS: [HeaderParameter; 6] = [
    parameter("addReqHeader", "add-header", Scope::Request),
    parameter("setReqHeader", "set-header", Scope::Request),
    parameter("addResHeader", "add-header", Scope::Response),
    parameter("setResHeader", "set-header", Scope::Response),
    parameter("delReqHeader", "del-header", Scope::Request),
    parameter("delResHeader", "del-header", Scope::Response),
];

const fn parameter(name: &'static str, action: &'static str, scope: Scope) -> HeaderParameter {
    HeaderParameter { name, action, scope }
}

impl HeaderParameter {
    /// Adds the statement that an element is. The error of one that names a credential does not show the word at fault.
    pub(crate) fn add(&self, item: &str, environment: &Environment, to: &mut Statements) -> Result<(), Unusable> {
        self.read(item, environment, to).map_err(|error| error.masked_beside(item))
    }

    fn read(&self, item: &str, environment: &Environment, to: &mut Statements) -> Result<(), Unusable> {
        let mut words = item_words(item, environment)?;
        words.insert(0, self.action.to_owned());
        let statement = Statement::parse(&words, &Names::default(), Known { scope: self.scope, environment })?;
        let statements = if self.scope == Scope::Request { &mut to.request } else { &mut to.response };
        statements.push(statement);
        Ok(())
    }
}

/// The elements of a list of statements. A separator inside of quotes, of a sample or of a test belongs to it: Docker Flow would divide
/// there too, and write lines that HAProxy does not take.
pub(crate) fn split_items<'t>(text: &'t str, separator: &str) -> Vec<&'t str> {
    let (mut items, mut start, mut nesting) = (Vec::new(), 0, Nesting::default());
    let mut at = 0;
    while let Some(character) = text[at..].chars().next() {
        if !separator.is_empty() && nesting.is_outside() && text[at..].starts_with(separator) {
            items.push(&text[start..at]);
            at += separator.len();
            start = at;
        } else {
            at += nesting.step(&text[..at], character, &text[at..]);
        }
    }
    items.push(&text[start..]);
    items.into_iter().map(str::trim).filter(|item| !item.is_empty()).collect()
}

/// What the place in a text is inside of.
#[derive(Default)]
struct Nesting {
    quote: Option<char>,
    samples: usize,
    tests: usize,
}

impl Nesting {
    fn is_outside(&self) -> bool {
        self.quote.is_none() && self.samples == 0 && self.tests == 0
    }

    /// Goes over a character, and one that a backslash quotes. Returns the bytes that it went over.
    fn step(&mut self, before: &str, character: char, from_here: &str) -> usize {
        let next = from_here.chars().nth(1);
        let is_start = before.is_empty() || before.ends_with([' ', '\t', '!']);
        match (character, self.quote) {
            ('\\', None | Some('"')) => return 1 + next.map_or(0, char::len_utf8),
            ('"' | '\'', None) => self.quote = Some(character),
            (_, Some(quote)) if quote == character => self.quote = None,
            ('[', None) if before.ends_with('%') || self.samples > 0 => self.samples += 1,
            (']', None) => self.samples = self.samples.saturating_sub(1),
            ('{', None) if is_start => self.tests += 1,
            ('}', None) if is_start => self.tests = self.tests.saturating_sub(1),
            _ => {}
        }
        character.len_utf8()
    }
}
