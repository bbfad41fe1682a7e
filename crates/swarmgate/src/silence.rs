//! Why somebody who is asked again and again gives nothing: each reason is logged once, until there is an answer.
//!
//! Not here: the log's lines, and refusals of services, which last (`controller`).

use std::collections::BTreeSet;

/// Reasons of one silence that are told. Further ones would tell nothing new.
const MOST_REASONS: usize = 8;

/// The reasons that were told. Who has not started yet may want a token later, and a Docker without a leader gives two reasons in turns.
#[derive(Debug, Default)]
pub struct Silence(BTreeSet<String>);

impl Silence {
    /// Whether the reason was not told yet. It is from now on.
    pub fn is_news(&mut self, reason: String) -> bool {
        self.0.len() < MOST_REASONS && self.0.insert(reason)
    }

    /// There is an answer: whether that is news.
    pub fn is_over(&mut self) -> bool {
        !std::mem::take(&mut self.0).is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bug_only_the_first_reason_of_a_silence_was_told() {
        let mut silence = Silence::default();
        assert!(!silence.is_over());
        let news =
            ["no address", "no address", "no token", "no address"].map(|reason| silence.is_news(reason.to_owned()));
        assert_eq!(news, [true, false, true, false]);
        assert!(silence.is_over() && silence.is_news("no address".to_owned()));
        assert_eq!((0..100).filter(|number| silence.is_news(number.to_string())).count(), MOST_REASONS - 1);
    }
}
