//! Figures as these tests print them.

/// Prints a figure in a line of its own, so that it can be quoted.
pub(crate) fn figure(line: impl std::fmt::Display) {
    println!("figure: {line}");
}
