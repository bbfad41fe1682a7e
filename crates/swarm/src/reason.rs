//! An error and all that caused it, as one line.
//!
//! HTTP clients say "error sending request" and hide "connection refused" one or two causes below; an operator needs both.

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
