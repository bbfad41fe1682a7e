//! The one table of fetches: what each is called, when it can be asked for, and what it gives.
//!
//! Not here: asking.

use super::{CookieField, Field, Kind, Part, Source};
use crate::expression::arguments::Call;
use crate::expression::fields::is_token;
use crate::expression::{Environment, Scope, Unusable};
use std::ops::RangeInclusive;

/// One name.
pub(super) struct Row {
    name: &'static str,
    /// Where it can be asked for; `None`: everywhere.
    pub(super) scope: Option<Scope>,
    /// How many arguments it takes.
    pub(super) arguments: RangeInclusive<usize>,
    pub(super) kind: Kind,
    pub(super) source: fn(&Call, &Environment) -> Result<Source, Unusable>,
}

pub(super) fn row(name: &str) -> Option<&'static Row> {
    FETCHES.iter().find(|row| row.name == name)
}

const REQUEST: Option<Scope> = Some(Scope::Request);
const RESPONSE: Option<Scope> = Some(Scope::Response);

const fn row_of(
    name: &'static str,
    scope: Option<Scope>,
    arguments: RangeInclusive<usize>,
    kind: Kind,
    source: fn(&Call, &Environment) -> Result<Source, Unusable>,
) -> Row {
    Row { name, scope, arguments, kind, source }
}

#[rustfmt::skip]
const FETCHES: &[Row] = &[
    row_of("always_true", None, 0..=0, Kind::Flag, |_, _| Ok(Source::Flag(true))),
    row_of("always_false", None, 0..=0, Kind::Flag, |_, _| Ok(Source::Flag(false))),
    row_of("bool", None, 1..=1, Kind::Flag, constant_flag),
    row_of("int", None, 1..=1, Kind::Number, |call, _| call.number(0).map(Source::Number)),
    row_of("str", None, 1..=1, Kind::Text, |call, _| Ok(Source::Text(call.argument(0).to_owned()))),
    row_of("env", None, 1..=1, Kind::Text, |call, known| known.variable(call.argument(0)).map(|text| Source::Text(text.to_owned()))),
    row_of("hostname", None, 0..=0, Kind::Text, |_, known| Ok(Source::Text(known.host_name.clone()))),
    row_of("date", None, 0..=2, Kind::Number, date),

    row_of("src", None, 0..=0, Kind::Address, |_, _| Ok(Source::ClientAddress)),
    row_of("src_port", None, 0..=0, Kind::Number, |_, _| Ok(Source::ClientPort)),
    row_of("dst", None, 0..=0, Kind::Address, |_, _| Ok(Source::LocalAddress)),
    row_of("dst_port", None, 0..=0, Kind::Number, |_, _| Ok(Source::LocalPort)),
    row_of("fe_name", None, 0..=0, Kind::Text, |_, _| Ok(Source::Frontend)),
    row_of("be_name", None, 0..=0, Kind::Text, |_, _| Ok(Source::Backend)),
    row_of("ssl_fc", None, 0..=0, Kind::Flag, |_, _| Ok(Source::IsTls)),
    row_of("ssl_fc_sni", None, 0..=0, Kind::Text, |_, _| Ok(Source::ServerName)),
    row_of("ssl_c_used", None, 0..=0, Kind::Flag, |_, _| Ok(Source::ClientCertificate)),
    row_of("ssl_c_verify", None, 0..=0, Kind::Number, |_, _| Ok(Source::ClientVerdict)),

    row_of("method", None, 0..=0, Kind::Text, |_, _| Ok(Source::Method)),
    row_of("status", RESPONSE, 0..=0, Kind::Number, |_, _| Ok(Source::Status)),
    row_of("url", REQUEST, 0..=0, Kind::Text, |_, _| Ok(Source::Target(Part::Whole))),
    row_of("path", REQUEST, 0..=0, Kind::Text, |_, _| Ok(Source::Target(Part::Path))),
    row_of("pathq", REQUEST, 0..=0, Kind::Text, |_, _| Ok(Source::Target(Part::PathAndQuery))),
    row_of("query", REQUEST, 0..=0, Kind::Text, |_, _| Ok(Source::Target(Part::Query))),
    row_of("base", REQUEST, 0..=0, Kind::Text, |_, _| Ok(Source::Base)),
    row_of("urlp", REQUEST, 1..=1, Kind::Text, parameter),
    row_of("url_param", REQUEST, 1..=1, Kind::Text, parameter),
    row_of("urlp_val", REQUEST, 1..=1, Kind::Number, parameter),

    row_of("hdr", None, 1..=2, Kind::Text, list_field),
    row_of("req.hdr", REQUEST, 1..=2, Kind::Text, list_field),
    row_of("res.hdr", RESPONSE, 1..=2, Kind::Text, list_field),
    row_of("shdr", RESPONSE, 1..=2, Kind::Text, list_field),
    row_of("req.fhdr", REQUEST, 1..=2, Kind::Text, whole_field),
    row_of("res.fhdr", RESPONSE, 1..=2, Kind::Text, whole_field),
    row_of("hdr_ip", REQUEST, 1..=2, Kind::Address, list_field),
    row_of("req.hdr_ip", REQUEST, 1..=2, Kind::Address, list_field),
    row_of("res.hdr_ip", RESPONSE, 1..=2, Kind::Address, list_field),
    row_of("hdr_val", REQUEST, 1..=2, Kind::Number, list_field),
    row_of("req.hdr_val", REQUEST, 1..=2, Kind::Number, list_field),
    row_of("res.hdr_val", RESPONSE, 1..=2, Kind::Number, list_field),
    row_of("hdr_cnt", REQUEST, 1..=1, Kind::Number, |call, known| count(list_field(call, known))),
    row_of("req.hdr_cnt", REQUEST, 1..=1, Kind::Number, |call, known| count(list_field(call, known))),
    row_of("res.hdr_cnt", RESPONSE, 1..=1, Kind::Number, |call, known| count(list_field(call, known))),
    row_of("req.fhdr_cnt", REQUEST, 1..=1, Kind::Number, |call, known| count(whole_field(call, known))),
    row_of("res.fhdr_cnt", RESPONSE, 1..=1, Kind::Number, |call, known| count(whole_field(call, known))),

    row_of("cook", REQUEST, 1..=1, Kind::Text, |call, _| cookie(call, CookieField::Cookie)),
    row_of("req.cook", REQUEST, 1..=1, Kind::Text, |call, _| cookie(call, CookieField::Cookie)),
    row_of("res.cook", RESPONSE, 1..=1, Kind::Text, |call, _| cookie(call, CookieField::SetCookie)),
    row_of("scook", RESPONSE, 1..=1, Kind::Text, |call, _| cookie(call, CookieField::SetCookie)),
    row_of("cook_cnt", REQUEST, 1..=1, Kind::Number, |call, _| count(cookie(call, CookieField::Cookie))),
    row_of("req.cook_cnt", REQUEST, 1..=1, Kind::Number, |call, _| count(cookie(call, CookieField::Cookie))),
];

fn constant_flag(call: &Call, _: &Environment) -> Result<Source, Unusable> {
    match call.argument(0).to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(Source::Flag(true)),
        "false" | "no" | "0" => Ok(Source::Flag(false)),
        other => Err(Unusable::new(other, "is neither `true` nor `false`")),
    }
}

/// `date`, `date(60)`, `date(60,s)`: whole seconds; HAProxy's `ms` and `us` are not of use where only `http_date` reads it.
fn date(call: &Call, _: &Environment) -> Result<Source, Unusable> {
    match call.argument(1) {
        "" | "s" if call.arguments.is_empty() => Ok(Source::Date(0)),
        "" | "s" => call.number(0).map(Source::Date),
        unit => Err(Unusable::new(unit, "is not a unit that `date` has here; it counts seconds (`s`)")),
    }
}

fn parameter(call: &Call, _: &Environment) -> Result<Source, Unusable> {
    Ok(Source::Parameter(call.argument(0).to_owned()))
}

fn cookie(call: &Call, field: CookieField) -> Result<Source, Unusable> {
    match is_token(call.argument(0)) {
        true => Ok(Source::Cookie(call.argument(0).to_owned(), field)),
        false => Err(Unusable::new(call.argument(0), "is not the name of a cookie")),
    }
}

fn list_field(call: &Call, _: &Environment) -> Result<Source, Unusable> {
    field(call, true)
}

fn whole_field(call: &Call, _: &Environment) -> Result<Source, Unusable> {
    field(call, false)
}

fn field(call: &Call, is_list: bool) -> Result<Source, Unusable> {
    let name = call.argument(0);
    if !is_token(name) {
        return Err(Unusable::new(name, "is not the name of a header field"));
    }
    let place = if call.arguments.len() > 1 { Some(call.number(1)?) } else { None };
    let place = place.filter(|place| *place != 0);
    Ok(Source::Field(Field { name: name.to_ascii_lowercase(), is_list, place }))
}

fn count(source: Result<Source, Unusable>) -> Result<Source, Unusable> {
    Ok(match source? {
        Source::Field(field) => Source::FieldCount(field),
        Source::Cookie(name, field) => Source::CookieCount(name, field),
        other => other,
    })
}
