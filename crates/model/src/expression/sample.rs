//! A sample: what is fetched from a message, and what it is converted to (configuration manual §7.3).
//!
//! Not here: which fetches and converters there are.

use super::arguments::Call;
use super::converter::Converter;
use super::fetch::{Fetch, Visit};
use super::value::{Kind, Value};
use super::{Known, Subject, Unusable};
use std::fmt;

/// A fetch and its converters, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) fetch: Fetch,
    converters: Vec<Converter>,
}

impl Sample {
    /// The sample at the start of `text`, and what is behind it.
    pub(super) fn parse_start<'t>(text: &'t str, known: Known<'_>) -> Result<(Sample, &'t str), Unusable> {
        let (call, rest) = Call::parse_start(text)?;
        Sample::parse_behind(call, rest, known)
    }

    /// The sample that begins with `call`.
    pub(super) fn parse_behind<'t>(
        call: Call,
        mut rest: &'t str,
        known: Known<'_>,
    ) -> Result<(Sample, &'t str), Unusable> {
        let fetch = Fetch::new(call, known)?;
        let mut converters = Vec::new();
        while let Some(behind) = rest.strip_prefix(',') {
            let (call, behind) = Call::parse_start(behind)?;
            converters.push(Converter::new(call)?);
            rest = behind;
        }
        Ok((Sample { fetch, converters }, rest))
    }

    /// What kind of value it gives in the end.
    pub(super) fn kind(&self) -> Kind {
        self.converters.iter().fold(self.fetch.kind, |kind, converter| converter.kind(kind))
    }

    /// Calls `visit` with each value until it returns true; returns whether it did.
    pub(super) fn any(&self, subject: &dyn Subject, visit: &mut Visit<'_>) -> bool {
        self.fetch.any(subject, &mut |value| self.convert(value).is_some_and(&mut *visit))
    }

    /// Writes the one value, if there is one.
    pub(super) fn write(&self, subject: &dyn Subject, into: &mut Vec<u8>) {
        self.fetch.one(subject, &mut |value| {
            if let Some(value) = self.convert(value) {
                value.write(into);
            }
            true
        });
    }

    fn convert<'v>(&self, value: Value<'v>) -> Option<Value<'v>> {
        let value = match self.fetch.kind {
            Kind::Number => Value::Number(value.number()?),
            Kind::Address => Value::Address(value.address()?),
            Kind::Flag | Kind::Text => value,
        };
        self.converters.iter().try_fold(value, |value, converter| converter.apply(value).map(Value::cut))
    }

    /// As it is written with `suffix` behind the fetch's name, such as `_beg`.
    pub(super) fn spelled(&self, suffix: &str) -> String {
        let call = &self.fetch.call;
        let call = Call { name: format!("{}{suffix}", call.name), arguments: call.arguments.clone() };
        self.converters.iter().fold(call.to_string(), |text, converter| format!("{text},{}", converter.call))
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spelled(""))
    }
}
