//! What a sample is worth for one message, and how one kind of value becomes another (configuration manual §7.3).
//!
//! Not here: where values come from (`expression::fetch`).

use crate::room::{self, MOST_WRITTEN};
use core::net::IpAddr;
use std::borrow::Cow;

/// The value of a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value<'v> {
    Flag(bool),
    Number(i64),
    Address(IpAddr),
    Text(Cow<'v, [u8]>),
}

/// What kind of value a fetch or converter gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Flag,
    Number,
    Address,
    Text,
}

impl<'v> Value<'v> {
    /// As text: a flag is `1` or `0`.
    pub(super) fn text(self) -> Cow<'v, [u8]> {
        match self {
            Value::Text(text) => text,
            Value::Flag(flag) => Cow::Borrowed(if flag { b"1" } else { b"0" }),
            Value::Number(number) => Cow::Owned(number.to_string().into_bytes()),
            Value::Address(address) => Cow::Owned(address.to_string().into_bytes()),
        }
    }

    /// As a number, if it is one.
    pub(super) fn number(&self) -> Option<i64> {
        match self {
            Value::Flag(flag) => Some((*flag).into()),
            Value::Number(number) => Some(*number),
            Value::Address(_) => None,
            Value::Text(text) => std::str::from_utf8(text).ok()?.parse().ok(),
        }
    }

    /// As an address, if it is one; an IPv4 address inside of an IPv6 one is the former.
    pub(super) fn address(&self) -> Option<IpAddr> {
        match self {
            Value::Address(address) => Some(address.to_canonical()),
            Value::Text(text) => std::str::from_utf8(text).ok()?.parse::<IpAddr>().ok().map(|ip| ip.to_canonical()),
            Value::Flag(_) | Value::Number(_) => None,
        }
    }

    /// As a truth: every number but 0, and `true` or `1` as a text.
    pub(super) fn flag(&self) -> bool {
        match self {
            Value::Text(text) => text.eq_ignore_ascii_case(b"true") || self.number().is_some_and(|number| number != 0),
            _ => self.number().is_some_and(|number| number != 0),
        }
    }

    /// Not longer than what may be written: a converter can make more of a text than it was, and many of them stand in a line.
    pub(super) fn cut(self) -> Value<'v> {
        match self {
            Value::Text(text) if text.len() > MOST_WRITTEN => Value::Text(text[..MOST_WRITTEN].to_vec().into()),
            value => value,
        }
    }

    pub(super) fn write(self, into: &mut Vec<u8>) {
        room::extend(into, &self.text());
    }
}

impl<'v> From<&'v [u8]> for Value<'v> {
    fn from(text: &'v [u8]) -> Value<'v> {
        Value::Text(Cow::Borrowed(text))
    }
}
