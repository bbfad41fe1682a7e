//! A line as a JSON object.
//!
//! Not here: the query, which may hold a token, and header fields but Host and those that are captured.

use super::date::Date;
use super::line::{Entry, Kind};
use model::log_format::Capture;
use std::fmt::Write as _;
use std::time::Duration;

/// Appends the line of `entry`. A key whose value is not known is left out.
pub(super) fn write(entry: Entry<'_>, captures: &[Capture], into: &mut String) {
    let facts = entry.facts;
    let Date { year, month, day, hour, minute, second, millisecond } = Date::of(facts.began());
    let _ = write!(
        into,
        "{{\"time\":\"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z\",\
        \"client\":\"{}\",\"port\":{}",
        facts.client, facts.port
    );
    text(into, "service", entry.service().as_bytes());
    text(into, "backend", entry.backend().as_bytes());
    if let Some(server) = facts.server {
        let _ = write!(into, ",\"server\":\"{server}\"");
    }
    if let Kind::Http(version) = facts.kind {
        text(into, "method", entry.method());
        text(into, "host", entry.host());
        let target = entry.target();
        text(into, "path", target.split(|byte| *byte == b'?').next().unwrap_or(target));
        text(into, "version", version.as_bytes());
        captured(into, entry, captures);
    }
    if facts.status > 0 {
        let _ = write!(into, ",\"status\":{}", facts.status);
    }
    let [first, second] = facts.termination.0.map(char::from);
    let _ = write!(into, ",\"bytes_in\":{},\"bytes_out\":{}", facts.request_bytes, facts.response_bytes);
    milliseconds(into, "duration_ms", facts.total());
    if let Some(connected) = facts.connected {
        milliseconds(into, "connect_ms", connected);
    }
    let _ = writeln!(into, ",\"retries\":{},\"termination\":\"{first}{second}\"}}", facts.retries);
}

/// The fields that are captured, by their names as CAPTURE_REQUEST_HEADER has them; one that the request has none of is left out.
fn captured(into: &mut String, entry: Entry<'_>, captures: &[Capture]) {
    if captures.is_empty() {
        return;
    }
    let mut fields = String::new();
    for (capture, value) in captures.iter().zip(entry.captured()) {
        text(&mut fields, &capture.name, value);
    }
    let _ = write!(into, ",\"captured\":{{{}}}", fields.trim_start_matches(','));
}

/// A key with a text, unless that is empty.
fn text(into: &mut String, key: &str, value: &[u8]) {
    if value.is_empty() {
        return;
    }
    let _ = write!(into, ",\"{key}\":\"");
    for part in value.utf8_chunks() {
        escape(into, part.valid());
        if !part.invalid().is_empty() {
            into.push(char::REPLACEMENT_CHARACTER);
        }
    }
    into.push('"');
}

/// Nothing ends the text, the line, or a terminal's patience with it.
fn escape(into: &mut String, value: &str) {
    let mut plain = 0;
    for (place, c) in value.char_indices().filter(|(_, c)| matches!(c, '"' | '\\') || c.is_control()) {
        into.push_str(&value[plain..place]);
        plain = place + c.len_utf8();
        let _ = match c {
            '"' | '\\' => write!(into, "\\{c}"),
            _ => write!(into, "\\u{:04x}", u32::from(c)),
        };
    }
    into.push_str(&value[plain..]);
}

/// A key with milliseconds, to the microsecond.
fn milliseconds(into: &mut String, key: &str, value: Duration) {
    let micros = value.as_micros();
    let _ = write!(into, ",\"{key}\":{}.{:03}", micros / 1000, micros % 1000);
}
