//! The account of one client: each frame that brings nothing by itself costs it, each part of a response earns, and time forgives.
//!
//! So no honest client needs a number of its own: what it may send grows with what it gets.
//! Not here: finding the frames (`frames`).

use super::frames::{DATA, FrameHead, HEADERS, RST_STREAM};
use tokio::time::Instant;

/// Frames that a client may send before it gets anything: a hundred requests at once with all that old clients send around
/// them (priorities, windows, continuations), a few times over.
pub(super) const ALLOWANCE: i64 = 2_000;
/// Frames a second that are always forgiven: keep-alive, cancelled polls, a server that is down.
pub(super) const FORGIVEN_A_SECOND: i64 = 100;
/// What a DATA frame to the client earns: some clients answer each with two windows and measure the way with a PING.
const DATA_EARNS: i64 = 4;
/// What response headers to the client earn: the request, its continuation, its priorities, its end.
const HEADERS_EARN: i64 = 8;

/// What a client may still send for nothing.
pub(super) struct Account {
    credit: i64,
    /// Up to here time was forgiven.
    since: Instant,
}

impl Account {
    pub(super) fn open() -> Account {
        Account { credit: ALLOWANCE, since: Instant::now() }
    }

    /// The client has sent this. Only DATA brings something by itself; a request does once it is answered.
    pub(super) fn came(&mut self, frame: FrameHead) {
        self.credit -= i64::from(frame.kind != DATA || frame.length == 0);
    }

    /// The client was sent this. A stream that had to be reset was no request.
    pub(super) fn went(&mut self, frame: FrameHead) {
        self.credit += match frame.kind {
            DATA if frame.length > 0 => DATA_EARNS,
            HEADERS => HEADERS_EARN,
            RST_STREAM => -1,
            _ => 0,
        };
    }

    /// Looks at the clock only when there is nothing left.
    pub(super) fn is_overdrawn(&mut self) -> bool {
        if self.credit >= 0 {
            return false;
        }
        let now = Instant::now();
        let silent = i64::try_from((now - self.since).as_millis()).unwrap_or(i64::MAX);
        // What time gives is no more than what everybody begins with: a long silence is no licence for a flood.
        self.credit += (silent.saturating_mul(FORGIVEN_A_SECOND) / 1000).min(ALLOWANCE);
        self.since = now;
        self.credit < 0
    }
}
