//! Fetches: what can be asked of a message (configuration manual §7.3.1 to §7.3.6).
//!
//! Not here: changing what was fetched (`expression::converter`) and comparing it (`expression::matcher`).

mod table;

use super::arguments::Call;
use super::fields;
use super::value::{Kind, Value};
use super::{Known, Scope, Subject, Unusable};
use core::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

/// Takes a value; true ends the search.
pub(super) type Visit<'v> = dyn FnMut(Value<'_>) -> bool + 'v;

/// One thing to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fetch {
    /// As it was written.
    pub(super) call: Call,
    /// What it gives.
    pub(super) kind: Kind,
    source: Source,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    Flag(bool),
    Number(i64),
    Text(String),
    ClientAddress,
    ClientPort,
    LocalAddress,
    LocalPort,
    IsTls,
    ServerName,
    ClientCertificate,
    ClientVerdict,
    Frontend,
    Backend,
    /// Seconds since 1970, and more by so many.
    Date(i64),
    Method,
    Status,
    Target(Part),
    Base,
    /// Values of a field.
    Field(Field),
    FieldCount(Field),
    Parameter(String),
    Cookie(String, CookieField),
    CookieCount(String, CookieField),
}

/// A part of the request's target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Whole,
    Path,
    PathAndQuery,
    Query,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Field {
    name: String,
    /// Each element of a comma-separated list is a value of its own.
    is_list: bool,
    /// Which of the values, from 1 on; negative: from the end. `None`: each where several are possible, else the last.
    place: Option<i32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CookieField {
    Cookie,
    SetCookie,
}

impl Fetch {
    /// What a call means where it stands.
    pub(super) fn new(call: Call, known: Known<'_>) -> Result<Fetch, Unusable> {
        let Some(row) = table::row(&call.name) else {
            return Err(Unusable::new(call.name, "is no sample that this proxy knows"));
        };
        call.expect(row.arguments.clone())?;
        if row.scope.is_some_and(|scope| scope != known.scope) {
            let there = match known.scope {
                Scope::Request => "a response and cannot be asked for in a rule for requests",
                Scope::Response => "a request and cannot be asked for in a rule for responses",
            };
            return Err(Unusable::new(call.name, format!("belongs to {there}")));
        }
        let source = (row.source)(&call, known.environment)?;
        Ok(Fetch { call, kind: row.kind, source })
    }

    /// Calls `visit` with each value in order until it returns true; returns whether it did.
    pub(super) fn any(&self, subject: &dyn Subject, visit: &mut Visit<'_>) -> bool {
        match &self.source {
            Source::Field(field) if field.place.is_none() => field.any(subject, visit),
            Source::Parameter(name) => {
                fields::parameters(Part::Query.of(subject.target()).unwrap_or_default(), name.as_bytes())
                    .any(|value| visit(value.into()))
            }
            Source::Cookie(name, field) => field.any(subject, name, visit),
            _ => self.one(subject, visit),
        }
    }

    /// Calls `visit` with the one value where only one is possible: the last of several, but the first of a query's. Returns what
    /// `visit` did; false without a value.
    pub(super) fn one(&self, subject: &dyn Subject, visit: &mut Visit<'_>) -> bool {
        match &self.source {
            Source::Field(field) => match field.place {
                None => last(|keep| field.any(subject, keep), visit),
                Some(place) => field.at(subject, place, visit),
            },
            Source::Cookie(name, field) => last(|keep| field.any(subject, name, keep), visit),
            Source::Parameter(name) => {
                let query = Part::Query.of(subject.target()).unwrap_or_default();
                fields::parameters(query, name.as_bytes()).next().is_some_and(|value| visit(value.into()))
            }
            source => source.single(subject, visit),
        }
    }
}

impl Source {
    /// The value of a source that has one at most.
    fn single(&self, subject: &dyn Subject, visit: &mut Visit<'_>) -> bool {
        let address = |address: SocketAddr| Value::Address(address.ip().to_canonical());
        let port = |address: SocketAddr| Value::Number(address.port().into());
        let value = match self {
            Source::Flag(flag) => Some(Value::Flag(*flag)),
            Source::Number(number) => Some(Value::Number(*number)),
            Source::Text(text) => Some(text.as_bytes().into()),
            Source::ClientAddress => Some(address(subject.source())),
            Source::ClientPort => Some(port(subject.source())),
            Source::LocalAddress => Some(address(subject.local())),
            Source::LocalPort => Some(port(subject.local())),
            Source::IsTls => Some(Value::Flag(subject.is_tls())),
            Source::ServerName => subject.server_name().map(|name| name.as_bytes().into()),
            Source::ClientCertificate => Some(Value::Flag(subject.is_verified_client())),
            // A handshake with a certificate that is not vouched for has ended before.
            Source::ClientVerdict => subject.is_tls().then_some(Value::Number(0)),
            Source::Frontend => Some(subject.frontend().as_bytes().into()),
            Source::Backend => Some(subject.backend().as_bytes().into()),
            Source::Date(more) => Some(Value::Number(seconds(subject.now()).saturating_add(*more))),
            Source::Method => Some(subject.method().into()),
            Source::Status => subject.status().map(|status| Value::Number(status.into())),
            Source::Target(part) => part.of(subject.target()).map(Value::from),
            Source::Base => return base(subject, visit),
            Source::FieldCount(field) => Some(Value::Number(count(|visit| field.any(subject, visit)))),
            Source::CookieCount(name, field) => Some(Value::Number(count(|visit| field.any(subject, name, visit)))),
            Source::Field(_) | Source::Parameter(_) | Source::Cookie(..) => None,
        };
        value.is_some_and(visit)
    }
}

impl Part {
    /// The part of a target; `None` for a path of one that has none, such as `*`.
    fn of(self, target: &[u8]) -> Option<&[u8]> {
        let question = |text: &[u8]| memchr::memchr(b'?', text);
        match self {
            Part::Whole => Some(target),
            Part::Query => Some(question(target).map_or(&[][..], |at| &target[at + 1..])),
            Part::PathAndQuery => fields::without_authority(target),
            Part::Path => fields::without_authority(target).map(|path| &path[..question(path).unwrap_or(path.len())]),
        }
    }
}

impl Field {
    fn any(&self, subject: &dyn Subject, visit: &mut Visit<'_>) -> bool {
        subject.fields(&self.name, &mut |value| match self.is_list {
            true => fields::elements(value).any(|element| visit(element.into())),
            false => visit(value.trim_ascii().into()),
        })
    }

    /// The value at a place, counted from 1, or from -1 back.
    fn at(&self, subject: &dyn Subject, place: i32, visit: &mut Visit<'_>) -> bool {
        let place = match place {
            0.. => i64::from(place),
            _ => count(|visit| self.any(subject, visit)) + 1 + i64::from(place),
        };
        let (mut at, mut verdict) = (0, false);
        self.any(subject, &mut |value| {
            at += 1;
            if at == place {
                verdict = visit(value);
            }
            at == place
        });
        verdict
    }
}

impl CookieField {
    fn any(self, subject: &dyn Subject, name: &str, visit: &mut Visit<'_>) -> bool {
        match self {
            CookieField::Cookie => subject
                .fields("cookie", &mut |line| fields::cookies(line, name.as_bytes()).any(|value| visit(value.into()))),
            // Of Set-Cookie only what comes first is a cookie.
            CookieField::SetCookie => subject.fields("set-cookie", &mut |line| {
                let line = line.split(|byte| *byte == b';').next().unwrap_or_default();
                fields::cookies(line, name.as_bytes()).any(|value| visit(value.into()))
            }),
        }
    }
}

/// Calls `visit` with the last of all values.
fn last(any: impl FnOnce(&mut Visit<'_>) -> bool, visit: &mut Visit<'_>) -> bool {
    let mut last: Option<Vec<u8>> = None;
    any(&mut |value| {
        last = Some(value.text().into_owned());
        false
    });
    last.is_some_and(|last| visit(Value::from(&last[..])))
}

fn count(any: impl FnOnce(&mut Visit<'_>) -> bool) -> i64 {
    let mut count = 0;
    any(&mut |_| {
        count += 1;
        false
    });
    count
}

/// Host and path.
fn base(subject: &dyn Subject, visit: &mut Visit<'_>) -> bool {
    let mut base = Vec::new();
    subject.fields("host", &mut |host| {
        base.extend_from_slice(host.trim_ascii());
        true
    });
    base.extend_from_slice(Part::Path.of(subject.target()).unwrap_or_default());
    visit(Value::from(&base[..]))
}

/// Whole seconds since 1970.
pub(super) fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
