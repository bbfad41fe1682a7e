//! What services said on their standard output. Reading only; nothing here waits.

use anyhow::{Context, Result};

use crate::command::docker;

/// All lines of all replicas of a service, oldest first as far as Docker knows.
///
/// # Errors
/// When Docker does not answer.
pub(crate) fn of(service: &str) -> Result<Vec<String>> {
    Ok(docker(&["service", "logs", "--raw", service])?.lines().map(str::to_owned).collect())
}

/// How many lines of one container's log contain `text`.
///
/// # Errors
/// When Docker does not answer.
pub(crate) fn count(container: &str, text: &str) -> Result<usize> {
    Ok(docker(&["logs", container])?.lines().filter(|line| line.contains(text)).count())
}

/// Looks for lines that end with the `expected` texts, in this order and with anything in between. Where a text has a query,
/// the line may go on with more parameters.
///
/// # Errors
/// Names the first that is missing, and shows the lines.
pub(crate) fn in_order(lines: &[String], expected: &[&str]) -> Result<()> {
    let mut rest = lines.iter();
    for text in expected {
        rest.find(|line| says(line, text))
            .with_context(|| format!("no line ends with {text:?} in its turn among:\n{}", lines.join("\n")))?;
    }
    Ok(())
}

fn says(line: &str, text: &str) -> bool {
    line.ends_with(text) || (text.contains('?') && line.contains(&format!("{text}&")))
}
