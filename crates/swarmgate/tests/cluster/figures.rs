//! Figures as these tests print them, and what they are compared with.

use std::time::Duration;

/// Prints a figure in a line of its own, so that it can be quoted.
pub(crate) fn figure(line: impl std::fmt::Display) {
    println!("figure: {line}");
}

/// So many hundredths of all durations are as long as this, or shorter. Zero of none.
pub(crate) fn hundredth(durations: &[Duration], percent: usize) -> Duration {
    let mut sorted = durations.to_vec();
    sorted.sort();
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or_default()
}

/// The middle and the ends of durations, such as `50: 80ms, 95: 120ms, all: 300ms`.
pub(crate) fn distribution(durations: &[Duration]) -> String {
    let [middle, most, all] = [50, 95, 100].map(|percent| hundredth(durations, percent));
    format!("50 of 100 in {middle:?}, 95 in {most:?}, all in {all:?}")
}
