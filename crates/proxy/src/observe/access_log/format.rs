//! A line in a format of the operator's own: HAProxy's `log-format` (its manual, "Custom log format").
//!
//! Not here: reading the format (`model::log_format`), and HAProxy's own two lines (`haproxy`).

use super::date::Date;
use super::haproxy::{FRONTEND, PREFIX, escape, milliseconds, since, status};
use super::line::{Entry, Kind};
use crate::observe::ledger::Open;
use model::log_format::{Capture, Flags, Format, Part, Variable};
use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::SystemTime;

/// What HAProxy writes in place of everything of a request that could not be read.
const BAD: &str = "<BADREQ>";

/// What is the same for all values of a line.
#[derive(Clone, Copy)]
pub(super) struct Frame<'f> {
    pub(super) open: &'f Open<'f>,
    pub(super) captures: &'f [Capture],
    /// Lines so far, with this one.
    pub(super) lines: u64,
}

/// Appends the line of `entry`.
pub(super) fn write(format: &Format, entry: Entry<'_>, frame: Frame<'_>, into: &mut String) {
    into.push_str(PREFIX);
    for part in format.parts() {
        match part {
            Part::Text(text) => into.push_str(text),
            Part::Blank if into.ends_with(' ') => {}
            Part::Blank => into.push(' '),
            Part::Value(variable, flags) => value(*variable, *flags, (entry, frame), into),
        }
    }
    into.push('\n');
}

/// `{a|b}`: the captured fields in their place of HAProxy's line.
pub(super) fn captured(entry: Entry<'_>, into: &mut String) {
    for (value, before) in entry.captured().zip(std::iter::once('{').chain(std::iter::repeat('|'))) {
        into.push(before);
        into.push_str(&field(value));
    }
    into.push('}');
}

fn value(variable: Variable, flags: Flags, (entry, frame): (Entry<'_>, Frame<'_>), into: &mut String) {
    let has_captured = !frame.captures.is_empty() && matches!(entry.facts.kind, Kind::Http(_));
    match variable {
        Variable::Captured if has_captured => {
            let mut all = String::new();
            captured(entry, &mut all);
            text(&all, flags, into);
        }
        Variable::CapturedList if has_captured => {
            for (place, value) in entry.captured().enumerate() {
                into.push_str(if place > 0 { " " } else { "" });
                text(&field(value), flags, into);
            }
        }
        Variable::Captured | Variable::CapturedList | Variable::Nothing => {}
        _ => match (name(variable, entry), part_of_request(variable, entry)) {
            (Some(name), _) => text(&name, flags, into),
            (None, Some(part)) => text(&part, flags, into),
            (None, None) if is_of_time(variable) => time(variable, entry, into),
            (None, None) => drop(write!(into, "{}", number(variable, entry, frame))),
        },
    }
}

/// A text in its quotes; `-` for an empty one without.
fn text(text: &str, flags: Flags, into: &mut String) {
    let quote = if flags.quoted { "\"" } else { "" };
    into.push_str(quote);
    match text {
        "" if !flags.quoted => into.push('-'),
        _ if flags.escaped => into.extend(text.chars().flat_map(|c| {
            let before = matches!(c, '"' | '\\' | ']').then_some('\\');
            before.into_iter().chain([c])
        })),
        _ => into.push_str(text),
    }
    into.push_str(quote);
}

/// A captured value: `{`, `|` and `}`, which divide values, are escaped too.
fn field(value: &[u8]) -> String {
    let mut escaped = String::new();
    escape(&mut escaped, value);
    escaped.replace('{', "#7B").replace('|', "#7C").replace('}', "#7D")
}

/// Names and addresses.
fn name<'e>(variable: Variable, entry: Entry<'e>) -> Option<Cow<'e, str>> {
    let facts = entry.facts;
    let server = |missing: &'static str, show: fn(std::net::SocketAddr) -> String| {
        facts.server.map_or(Cow::Borrowed(missing), |server| show(server).into())
    };
    Some(match variable {
        Variable::ClientAddress => facts.client.ip().to_canonical().to_string().into(),
        Variable::Frontend => FRONTEND.into(),
        Variable::FrontendTransport if facts.is_encrypted => format!("{FRONTEND}~").into(),
        Variable::FrontendTransport => FRONTEND.into(),
        Variable::Backend if entry.backend().is_empty() => FRONTEND.into(),
        Variable::Backend => entry.backend().into(),
        Variable::Server => server("<NOSRV>", |server| server.to_string()),
        Variable::ServerAddress => server("", |server| server.ip().to_canonical().to_string()),
        Variable::ServerPort => server("", |server| server.port().to_string()),
        Variable::Absent => "".into(),
        Variable::CapturedField(place) => entry.captured().nth(place).map(field).unwrap_or_default().into(),
        _ => return None,
    })
}

/// The request line and its parts.
fn part_of_request(variable: Variable, entry: Entry<'_>) -> Option<String> {
    let target = entry.target();
    let query = memchr::memchr(b'?', target).unwrap_or(target.len());
    let version = if let Kind::Http(version) = entry.facts.kind { version } else { "" };
    let parts: [&[u8]; 3] = match variable {
        Variable::Request => [entry.method(), b" ", target],
        Variable::Method => [entry.method(), b"", b""],
        Variable::Path => [&target[..query], b"", b""],
        Variable::PathOnly => [without_authority(&target[..query]), b"", b""],
        Variable::Query => [&target[query..], b"", b""],
        Variable::Target => [target, b"", b""],
        Variable::Version => [version.as_bytes(), b"", b""],
        _ => return None,
    };
    if entry.facts.kind == Kind::Bad {
        return Some(BAD.to_owned());
    }
    let mut text = String::new();
    parts.iter().for_each(|part| escape(&mut text, part));
    if variable == Variable::Request {
        let _ = write!(text, " {version}");
    }
    Some(text)
}

/// The path of a target that may begin with a scheme and an authority.
fn without_authority(target: &[u8]) -> &[u8] {
    let Some(start) = memchr::memmem::find(target, b"://").filter(|_| !target.starts_with(b"/")) else {
        return target;
    };
    let authority = &target[start + 3..];
    memchr::memchr(b'/', authority).map_or(b"/", |slash| &authority[slash..])
}

fn is_of_time(variable: Variable) -> bool {
    use Variable::{Date, DateWithZone, Milliseconds, Termination, TerminationWithCookies, Timestamp};
    matches!(variable, Date | DateWithZone | Milliseconds | Timestamp | Termination | TerminationWithCookies)
}

/// Dates, and the letters of the end.
fn time(variable: Variable, entry: Entry<'_>, into: &mut String) {
    let began = entry.facts.began();
    let date = Date::of(began);
    let Date { year, day, hour, minute, second, millisecond, .. } = date;
    let month = date.month_name();
    let [first, last] = entry.facts.termination.0.map(char::from);
    let _ = match variable {
        Variable::Milliseconds => write!(into, "{millisecond:03}"),
        Variable::Timestamp => {
            write!(into, "{}", began.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs())
        }
        Variable::Termination => write!(into, "{first}{last}"),
        Variable::TerminationWithCookies => write!(into, "{first}{last}--"),
        Variable::DateWithZone => write!(into, "{day:02}/{month}/{year}:{hour:02}:{minute:02}:{second:02} +0000"),
        _ => write!(into, "{day:02}/{month}/{year}:{hour:02}:{minute:02}:{second:02}.{millisecond:03}"),
    };
}

/// Numbers; -1 is what did not happen.
fn number(variable: Variable, entry: Entry<'_>, Frame { open, lines, .. }: Frame<'_>) -> i128 {
    let facts = entry.facts;
    let transfer_began = if facts.kind == Kind::Tcp { facts.connected } else { facts.responded };
    match variable {
        Variable::ClientPort => facts.client.port().into(),
        Variable::FrontendPort => facts.port.into(),
        Variable::RequestTime if facts.kind == Kind::Bad => -1,
        Variable::RequestTime => milliseconds(Some(facts.reading)).into(),
        Variable::QueueTime => i128::from(facts.connected.is_some()) - 1,
        Variable::ConnectTime => milliseconds(facts.connected).into(),
        Variable::ResponseTime => since(facts.connected, facts.responded).into(),
        Variable::TransferTime => since(transfer_began, transfer_began.map(|_| facts.duration)).into(),
        Variable::ActiveTime => milliseconds(Some(facts.total())).into(),
        Variable::Status => status(facts.status).into(),
        Variable::BytesSent => facts.response_bytes.into(),
        Variable::BytesReceived => facts.request_bytes.into(),
        Variable::Connections => open.connections().into(),
        Variable::FrontendConnections => open.of_frontend(facts.port).into(),
        Variable::BackendConnections => open.of_backend(entry.backend()).into(),
        Variable::ServerConnections => facts.server.map_or(0, |server| open.of_server(entry.backend(), server)).into(),
        Variable::Retries => facts.retries.into(),
        Variable::Process => std::process::id().into(),
        Variable::Lines => lines.into(),
        // There are no queues, and all else is no number.
        _ => 0,
    }
}
