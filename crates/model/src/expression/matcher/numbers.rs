//! Numbers as patterns: `80`, `1024:65535`, `ge 1024` (configuration manual §7.1.2).
//!
//! Not here: where the number comes from.

use crate::expression::Unusable;

/// From one number to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    from: i64,
    to: i64,
}

/// Reads patterns. An operator holds for all that follow it, up to the next.
pub(super) fn parse(patterns: &[String]) -> Result<Vec<Range>, Unusable> {
    let (mut operator, mut ranges) = ("eq", Vec::new());
    for pattern in patterns {
        match pattern.as_str() {
            "eq" | "ge" | "gt" | "le" | "lt" => operator = pattern,
            text => ranges.push(Range::parse(operator, text)?),
        }
    }
    match ranges.is_empty() {
        false => Ok(ranges),
        true => Err(Unusable::new(operator, "has no number behind it")),
    }
}

pub(super) fn hold(ranges: &[Range], number: i64) -> bool {
    ranges.iter().any(|range| (range.from..=range.to).contains(&number))
}

impl Range {
    fn parse(operator: &str, text: &str) -> Result<Range, Unusable> {
        let bad = || Unusable::new(text, "is not a whole number, nor a range of them such as 1024:65535");
        if let Some((from, to)) = text.split_once(':').filter(|_| operator == "eq") {
            let from = if from.is_empty() { i64::MIN } else { from.parse().map_err(|_| bad())? };
            let to = if to.is_empty() { i64::MAX } else { to.parse().map_err(|_| bad())? };
            return if text.len() > 1 { Ok(Range { from, to }) } else { Err(bad()) };
        }
        let number: i64 = text.parse().map_err(|_| bad())?;
        let (from, to) = match operator {
            "ge" => (Some(number), Some(i64::MAX)),
            "gt" => (number.checked_add(1), Some(i64::MAX)),
            "le" => (Some(i64::MIN), Some(number)),
            "lt" => (Some(i64::MIN), number.checked_sub(1)),
            _ => (Some(number), Some(number)),
        };
        Ok(Range { from: from.ok_or_else(bad)?, to: to.ok_or_else(bad)? })
    }
}
