//! Converters: what a fetched value is made into (configuration manual §7.3.1).
//!
//! Not here: where the value came from.

use super::arguments::Call;
use super::value::{Kind, Value};
use super::{Unusable, date, replacement};
use crate::pattern::Pattern;
use crate::rewrite::{Groups, substitute};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// One converter with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Converter {
    /// As it was written.
    pub(super) call: Call,
    action: Action,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Action {
    Lower,
    Upper,
    Length,
    Not,
    IsTrue,
    Substitute {
        search: Pattern,
        replace: String,
        all: bool,
    },
    /// The part at a place, counted from 1, or from -1 back; runs of delimiters count as one where `is_word`.
    Part {
        place: i64,
        delimiters: Vec<u8>,
        is_word: bool,
    },
    Bytes {
        from: usize,
        length: usize,
    },
    Choose {
        yes: String,
        no: String,
    },
    Base64,
    FromBase64,
    UrlDecode,
    HttpDate(i64),
    Time {
        format: String,
        offset: i64,
    },
    Mask {
        v4: u32,
        v6: u128,
    },
    Calculate(Operation, i64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// Makes an action of a converter's arguments.
type Read = fn(&Call) -> Result<Action, Unusable>;

impl Converter {
    pub(super) fn new(call: Call) -> Result<Converter, Unusable> {
        let (counts, action): (_, Read) = match call.name.as_str() {
            "lower" => (0..=0, |_| Ok(Action::Lower)),
            "upper" => (0..=0, |_| Ok(Action::Upper)),
            "length" => (0..=0, |_| Ok(Action::Length)),
            "not" => (0..=0, |_| Ok(Action::Not)),
            "bool" => (0..=0, |_| Ok(Action::IsTrue)),
            "regsub" => (2..=3, substitution),
            "field" => (2..=2, |call| part(call, false)),
            "word" => (2..=2, |call| part(call, true)),
            "bytes" => (1..=2, bytes),
            "iif" => (2..=2, |call| Ok(Action::Choose { yes: call.argument(0).into(), no: call.argument(1).into() })),
            "base64" => (0..=0, |_| Ok(Action::Base64)),
            "b64dec" => (0..=0, |_| Ok(Action::FromBase64)),
            "url_dec" => (0..=1, |_| Ok(Action::UrlDecode)),
            "http_date" => (0..=1, |call| offset(call, 0).map(Action::HttpDate)),
            // The proxy's local time is UTC.
            "ltime" | "utime" => (1..=2, time),
            "ipmask" => (1..=2, mask),
            "add" => (1..=1, |call| Ok(Action::Calculate(Operation::Add, call.number(0)?))),
            "sub" => (1..=1, |call| Ok(Action::Calculate(Operation::Subtract, call.number(0)?))),
            "mul" => (1..=1, |call| Ok(Action::Calculate(Operation::Multiply, call.number(0)?))),
            "div" => (1..=1, |call| Ok(Action::Calculate(Operation::Divide, call.number(0)?))),
            "mod" => (1..=1, |call| Ok(Action::Calculate(Operation::Remainder, call.number(0)?))),
            name if name.starts_with("map") => {
                return Err(Unusable::new(name, "reads files, which no service may make the proxy do"));
            }
            name => return Err(Unusable::new(name, "is no converter that this proxy knows")),
        };
        call.expect(counts)?;
        Ok(Converter { action: action(&call)?, call })
    }

    /// The kind that comes of a kind.
    pub(super) fn kind(&self, before: Kind) -> Kind {
        match self.action {
            Action::Length | Action::Calculate(..) => Kind::Number,
            Action::Not | Action::IsTrue => Kind::Flag,
            Action::Mask { .. } => Kind::Address,
            Action::Lower | Action::Upper if before == Kind::Text => before,
            _ => Kind::Text,
        }
    }

    /// The converted value; `None` for one that cannot be converted, as for a sample without a value.
    pub(super) fn apply<'v>(&self, value: Value<'v>) -> Option<Value<'v>> {
        let text = |text: Vec<u8>| Some(Value::Text(text.into()));
        match &self.action {
            Action::Lower => text(value.text().to_ascii_lowercase()),
            Action::Upper => text(value.text().to_ascii_uppercase()),
            Action::Length => Some(Value::Number(value.text().len().try_into().unwrap_or(i64::MAX))),
            Action::Not => Some(Value::Flag(!value.flag())),
            Action::IsTrue => Some(Value::Flag(value.flag())),
            Action::Substitute { search, replace, all } => {
                let expand = |groups: &Groups<'_>, into: &mut Vec<u8>| {
                    replacement::expand(replace.as_bytes(), groups, into);
                };
                text(substitute(&value.text(), search, *all, &expand))
            }
            Action::Part { place, delimiters, is_word } => {
                part_of(&value.text(), *place, delimiters, *is_word).map(|part| Value::Text(part.to_vec().into()))
            }
            Action::Bytes { from, length } => {
                let value = value.text();
                let rest = value.get(*from..)?;
                text(rest[..rest.len().min(*length)].to_vec())
            }
            Action::Choose { yes, no } => text(if value.flag() { yes } else { no }.clone().into_bytes()),
            Action::Base64 => text(STANDARD.encode(value.text()).into_bytes()),
            Action::FromBase64 => STANDARD.decode(value.text()).ok().and_then(text),
            Action::UrlDecode => url_decoded(&value.text()).and_then(text),
            Action::HttpDate(offset) => text(date::http_date(value.number()?.checked_add(*offset)?).into_bytes()),
            Action::Time { format, offset } => {
                text(date::formatted(value.number()?.checked_add(*offset)?, format)?.into_bytes())
            }
            Action::Mask { v4, v6 } => Some(Value::Address(match value.address()? {
                IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() & v4).into(),
                IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & v6).into(),
            })),
            Action::Calculate(operation, by) => operation.apply(value.number()?, *by).map(Value::Number),
        }
    }
}

impl Operation {
    fn apply(self, number: i64, by: i64) -> Option<i64> {
        match self {
            Operation::Add => number.checked_add(by),
            Operation::Subtract => number.checked_sub(by),
            Operation::Multiply => number.checked_mul(by),
            Operation::Divide => number.checked_div(by),
            Operation::Remainder => number.checked_rem(by),
        }
    }
}

fn substitution(call: &Call) -> Result<Action, Unusable> {
    let flags = call.argument(2);
    if let Some(flag) = flags.chars().find(|flag| !"gi".contains(*flag)) {
        return Err(Unusable::new(flag, "is no flag of `regsub`; there are `g` and `i`"));
    }
    let source = call.argument(0);
    let search =
        Pattern::compile(source, flags.contains('i')).map_err(|error| Unusable::new(source, error.to_string()))?;
    let replace = call.argument(1).to_owned();
    Ok(Action::Substitute { search, replace, all: flags.contains('g') })
}

fn part(call: &Call, is_word: bool) -> Result<Action, Unusable> {
    let (place, delimiters) = (call.number(0)?, call.argument(1).as_bytes().to_vec());
    match place != 0 && !delimiters.is_empty() {
        true => Ok(Action::Part { place, delimiters, is_word }),
        false => Err(Unusable::new(call.to_string(), "names no part: places begin at 1, and there are delimiters")),
    }
}

fn part_of<'t>(text: &'t [u8], place: i64, delimiters: &[u8], is_word: bool) -> Option<&'t [u8]> {
    let parts = text.split(|byte| delimiters.contains(byte)).filter(|part| !is_word || !part.is_empty());
    let skipped = usize::try_from(place.unsigned_abs() - 1).ok()?;
    let parts: Vec<_> = parts.collect();
    match place > 0 {
        true => parts.get(skipped).copied(),
        false => parts.iter().rev().nth(skipped).copied(),
    }
}

fn bytes(call: &Call) -> Result<Action, Unusable> {
    let length = if call.arguments.len() > 1 { call.number(1)? } else { usize::MAX };
    Ok(Action::Bytes { from: call.number(0)?, length })
}

fn offset(call: &Call, place: usize) -> Result<i64, Unusable> {
    if call.arguments.len() > place { call.number(place) } else { Ok(0) }
}

fn time(call: &Call) -> Result<Action, Unusable> {
    let format = call.argument(0);
    match date::formatted(0, format) {
        Some(_) => Ok(Action::Time { format: format.to_owned(), offset: offset(call, 1)? }),
        None => Err(Unusable::new(format, "is not a format of times: a letter behind a `%` is not known")),
    }
}

/// `ipmask(24)`, `ipmask(255.255.255.0)`, and the length for IPv6 behind it.
fn mask(call: &Call) -> Result<Action, Unusable> {
    let text = call.argument(0);
    let v4 = match text.parse::<Ipv4Addr>() {
        Ok(mask) => mask.to_bits(),
        Err(_) => leading_ones(call.number(0)?, 32, text)?.try_into().unwrap_or(u32::MAX),
    };
    let v6 = match call.arguments.len() {
        1 => u128::MAX,
        _ => leading_ones(call.number(1)?, 128, call.argument(1))?,
    };
    Ok(Action::Mask { v4, v6 })
}

/// A mask of `length` ones at the head of `width` bits.
fn leading_ones(length: u32, width: u32, text: &str) -> Result<u128, Unusable> {
    if length > width {
        return Err(Unusable::new(text, format!("is not the length of a mask, 0 to {width}")));
    }
    let ones = u128::MAX >> (128 - width);
    Ok(ones & ones.checked_shl(width - length).unwrap_or(0))
}

/// Percent-encoding taken off; `None` where it is broken.
fn url_decoded(text: &[u8]) -> Option<Vec<u8>> {
    let mut parts = text.split(|byte| *byte == b'%');
    let mut decoded = parts.next().unwrap_or_default().to_vec();
    for part in parts {
        let code = std::str::from_utf8(part.get(..2)?).ok()?;
        decoded.push(u8::from_str_radix(code, 16).ok()?);
        decoded.extend_from_slice(&part[2..]);
    }
    Some(decoded)
}
