//! An error and all that caused it, as one line.
//!
//! HTTP clients say "error sending request" and hide "connection refused" one or two causes below; an operator needs both.
//! Not here: when an error is worth a line.

use std::error::Error;

/// The messages of `error` and of its causes, outermost first, without repetitions.
pub(crate) fn reason(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        if !line.contains(&message) {
            line = format!("{line}: {message}");
        }
        cause = error.source();
    }
    line
}

/// The longest that is repeated of what somebody else said, in characters.
const MOST_SAID: usize = 1000;

/// What somebody else said, as a part of a line: nothing in it ends the line or is hidden, and quotes stay as they are.
pub(crate) fn said(text: &str) -> String {
    let mut said = String::with_capacity(text.len().min(MOST_SAID));
    for character in text.chars().take(MOST_SAID) {
        match character {
            '\'' | '"' => said.push(character),
            _ => said.extend(character.escape_debug()),
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bug_an_apostrophe_in_what_docker_said_was_escaped() {
        assert_eq!(said(r#"It's "down""#), r#"It's "down""#);
        assert_eq!(said("a\nb\u{1b}[31m\\"), r"a\nb\u{1b}[31m\\");
        assert_eq!(said(&"x".repeat(5000)).len(), MOST_SAID);
    }
}
