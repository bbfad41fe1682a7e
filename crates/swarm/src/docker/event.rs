//! Docker's stream of events, of which only the times are read: an event is a hint that a list may have changed, also one that cannot be
//! read. An error would make Docker tell it again, and again.
//!
//! Not here: opening it again when it breaks ([`crate::listener`]).

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use super::DockerError;
use super::call::Answer;
use super::wire::Event;

const NANOS: i64 = 1_000_000_000;
/// More bytes than this without an end are not kept.
const LONGEST_EVENT: usize = 1024 * 1024;

/// When an event happened, by Docker's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EventTime {
    nanos: i64,
}

/// A stream of events. Dropping it closes its connection.
pub(crate) struct Events {
    answer: Answer,
    host: String,
    /// What came of a line that has not ended yet.
    rest: Vec<u8>,
}

impl Events {
    pub(super) fn new(answer: Answer, host: String) -> Self {
        Events { answer, host, rest: Vec::new() }
    }

    /// The next event, whenever it comes; `None` for one that cannot be read. A piece of it is kept if the future is dropped.
    pub(crate) async fn next(&mut self) -> Result<Option<EventTime>, DockerError> {
        loop {
            if let Some(line) = self.line() {
                return Ok(serde_json::from_slice(&line).ok().map(|event| EventTime::of(&event)));
            }
            match self.answer.piece().await.map_err(|failure| failure.at(&self.host))? {
                Some(piece) => self.rest.extend_from_slice(&piece),
                None => return Err(DockerError::EventsEnded { host: self.host.clone() }),
            }
            if self.rest.len() > LONGEST_EVENT {
                self.rest = Vec::new();
                return Ok(None);
            }
        }
    }

    /// The next event that is there as a whole.
    fn line(&mut self) -> Option<Vec<u8>> {
        loop {
            let end = self.rest.iter().position(|byte| *byte == b'\n')?;
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            if !line.trim_ascii().is_empty() {
                return Some(line);
            }
        }
    }
}

impl EventTime {
    /// By this machine's clock. If Docker's differs, an event may be missed: listing all services now and then finds it.
    pub(crate) fn now() -> Self {
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        EventTime { nanos: i64::try_from(nanos).unwrap_or(i64::MAX) }
    }

    fn of(event: &Event) -> Self {
        let seconds = event.time.unwrap_or_default().saturating_mul(NANOS);
        EventTime { nanos: event.time_nano.unwrap_or(seconds) }
    }

    /// The moment after it.
    pub(super) fn next(self) -> Self {
        EventTime { nanos: self.nanos.saturating_add(1) }
    }
}

impl fmt::Display for EventTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09}", self.nanos.div_euclid(NANOS), self.nanos.rem_euclid(NANOS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_time_is_told_in_seconds_and_nanoseconds() {
        let event = Event { time: Some(7), time_nano: Some(7_000_000_009) };
        assert_eq!(EventTime::of(&event).next().to_string(), "7.000000010");
        let event = Event { time: Some(7), time_nano: None };
        assert_eq!(EventTime::of(&event).to_string(), "7.000000000");
    }
}
