//! A line as HAProxy writes it with `option httplog` and `option tcplog` (its manual, "HTTP log format" and "TCP log format").
//!
//! A server is named by its address, since that is what tells the tasks of a service apart; the frontend is `services`, as in haproxy.cfg.
//! Dates are in UTC. Counts of open connections are those of the moment when the line is written.
//! Not here: captured cookies, whose places are `-`, and formats of one's own (`format`).

use super::date::Date;
use super::line::{Entry, Kind};
use crate::observe::ledger::Open;
use model::log_format::Capture;
use std::fmt::Write as _;
use std::time::Duration;

/// What the lines began with that Docker Flow Proxy printed, and scripts look for.
pub(super) const PREFIX: &str = "HAPRoxy: ";
/// The name of the frontend.
pub(super) const FRONTEND: &str = "services";

/// Appends the line of `entry`.
pub(super) fn write(entry: Entry<'_>, open: &Open<'_>, captures: &[Capture], into: &mut String) {
    let facts = entry.facts;
    start(entry, into);
    let (response, total) = (since(facts.connected, facts.responded), facts.total().as_millis());
    let connected = milliseconds(facts.connected);
    let queued = if facts.connected.is_some() { 0 } else { -1 };
    let bytes = facts.response_bytes;
    let [first, second] = facts.termination.0.map(char::from);
    let _ = match facts.kind {
        Kind::Tcp => write!(into, "{queued}/{connected}/{total} {bytes} {first}{second} "),
        Kind::Http(_) => {
            let reading = facts.reading.as_millis();
            let status = status(facts.status);
            write!(into, "{reading}/{queued}/{connected}/{response}/{total} {status} {bytes} - - {first}{second}-- ")
        }
        Kind::Bad => {
            write!(into, "-1/-1/-1/-1/{total} {} {bytes} - - {first}{second}-- ", status(facts.status))
        }
    };
    counts(entry, open, into);
    match facts.kind {
        Kind::Tcp => {}
        Kind::Bad => into.push_str(" \"<BADREQ>\""),
        Kind::Http(version) => {
            if !captures.is_empty() {
                into.push(' ');
                super::format::captured(entry, into);
            }
            into.push_str(" \"");
            escape(into, entry.method());
            into.push(' ');
            escape(into, entry.target());
            let _ = write!(into, " {version}\"");
        }
    }
    into.push('\n');
}

/// Client, date, and where it went.
fn start(entry: Entry<'_>, into: &mut String) {
    let facts = entry.facts;
    let date = Date::of(facts.began());
    let Date { year, day, hour, minute, second, millisecond, .. } = date;
    let month = date.month_name();
    let _ = write!(
        into,
        "{PREFIX}{}:{} [{day:02}/{month}/{year}:{hour:02}:{minute:02}:{second:02}.{millisecond:03}] {FRONTEND} ",
        facts.client.ip().to_canonical(),
        facts.client.port()
    );
    into.push_str(if entry.backend().is_empty() { FRONTEND } else { entry.backend() });
    let _ = match facts.server {
        Some(server) => write!(into, "/{server} "),
        None => write!(into, "/<NOSRV> "),
    };
}

/// Connections and requests that are open, tries, and the queues that there are not.
fn counts(entry: Entry<'_>, open: &Open<'_>, into: &mut String) {
    let facts = entry.facts;
    let at_backend = open.of_backend(entry.backend());
    let at_server = facts.server.map_or(0, |server| open.of_server(entry.backend(), server));
    let (all, at_frontend) = (open.connections(), open.of_frontend(facts.port));
    let _ = write!(into, "{all}/{at_frontend}/{at_backend}/{at_server}/{} 0/0", facts.retries);
}

/// HAProxy's -1 is what did not happen.
pub(super) fn milliseconds(duration: Option<Duration>) -> i64 {
    duration.map_or(-1, |duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}

pub(super) fn since(from: Option<Duration>, to: Option<Duration>) -> i64 {
    milliseconds(to.map(|to| to.saturating_sub(from.unwrap_or_default())))
}

pub(super) fn status(status: u16) -> i32 {
    if status == 0 { -1 } else { i32::from(status) }
}

/// HAProxy's escape: `#` and two hexadecimal digits for what is not printable, and for `"` and `#`.
pub(super) fn escape(into: &mut String, text: &[u8]) {
    for byte in text {
        match byte {
            b'"' | b'#' | 0..0x20 | 0x7f.. => drop(write!(into, "#{byte:02X}")),
            _ => into.push(char::from(*byte)),
        }
    }
}
