//! Reading typed values out of parameters. A bad value is refused or warned about as its row in PARAMS says.
//!
//! Not here: which values make a service (`service::parse`).

use super::{Context, Refused, Warning};
use crate::params::table::{Level, OnBad, param};
use crate::params::{self, Params};
use std::time::Duration;

/// Reads the values of one service, or of one destination of it, and gathers what is said about them.
pub(super) struct Reader<'p> {
    params: &'p Params,
    context: &'p Context,
    service: &'p str,
    index: Option<u8>,
    pub(super) warnings: Vec<Warning>,
    refused: Option<Refused>,
}

impl<'p> Reader<'p> {
    pub(super) fn new(params: &'p Params, context: &'p Context, service: &'p str) -> Self {
        Reader { params, context, service, index: None, warnings: Vec::new(), refused: None }
    }

    /// From here on destination-level names are read with `.index` first, then without.
    pub(super) fn at(&mut self, index: Option<u8>) {
        self.index = index;
    }

    /// The index of the destination being read; 0 without one.
    pub(super) fn index(&self) -> u8 {
        self.index.unwrap_or(0)
    }

    /// A flag that holds for all destinations when it is set without an index.
    pub(super) fn unindexed_flag(&mut self, name: &'static str) -> bool {
        let index = self.index.take();
        let flag = self.flag(name);
        self.index = index;
        flag
    }

    /// The first refusal, if there was one.
    pub(super) fn finish(self) -> Result<Vec<Warning>, Refused> {
        match self.refused {
            Some(refused) => Err(refused),
            None => Ok(self.warnings),
        }
    }

    pub(super) fn text(&self, name: &'static str) -> Option<&'p str> {
        let row = param(name).expect("only names of the table are read");
        if row.level == Level::Service {
            let mut names = std::iter::once(row.name).chain(row.aliases.iter().copied());
            return names.find_map(|name| self.params.get_any_case(name));
        }
        self.params.get_at(name, self.index)
    }

    /// The elements of a list, without blanks around them and without empty ones.
    pub(super) fn list(&self, name: &'static str) -> Vec<&'p str> {
        let elements = self.text(name).into_iter().flat_map(|text| text.split(self.context.separator.as_str()));
        elements.map(str::trim).filter(|element| !element.is_empty()).collect()
    }

    pub(super) fn flag(&mut self, name: &'static str) -> bool {
        let Some(text) = self.text(name) else { return false };
        match text.trim().to_ascii_lowercase().as_str() {
            "1" | "t" | "true" | "on" => true,
            "0" | "f" | "false" | "off" => false,
            _ => {
                self.bad(name, text, "is neither `true` nor `false`");
                false
            }
        }
    }

    pub(super) fn port(&mut self, name: &'static str) -> Option<u16> {
        let text = self.text(name)?.trim();
        let port = text.parse().ok().filter(|port| *port > 0);
        if port.is_none() {
            self.bad(name, text, "is not a port, 1 to 65535");
        }
        port
    }

    pub(super) fn seconds(&mut self, name: &'static str) -> Option<Duration> {
        let text = self.text(name)?.trim();
        let seconds = text.parse::<u32>().ok().filter(|seconds| *seconds > 0);
        if seconds.is_none() {
            self.bad(name, text, "is not a number of whole seconds");
        }
        seconds.map(|seconds| Duration::from_secs(seconds.into()))
    }

    /// The value if `read` understands it; the reason says what would have been understood.
    pub(super) fn parsed<T>(
        &mut self,
        name: &'static str,
        reason: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(name)?;
        let value = read(text);
        if value.is_none() {
            self.bad(name, text, reason);
        }
        value
    }

    /// Records a value that cannot be understood.
    pub(super) fn bad(&mut self, name: &'static str, value: &str, reason: &str) {
        let spelled = self.spelled(name);
        let value = shown(name, value);
        match param(name).map_or(OnBad::Refuse, |row| row.on_bad) {
            OnBad::Warn | OnBad::Zero => self.warn(spelled, format!("`{value}` {reason}; it is ignored")),
            OnBad::Refuse => self.refuse(format!("service `{}`: {spelled}: `{value}` {reason}", self.service)),
        }
    }

    /// Refuses a value of HAProxy's language, with the word that is at fault.
    pub(super) fn unusable(&mut self, name: &'static str, error: &dyn std::fmt::Display) {
        self.refuse(format!("service `{}`: {name}: {error}", self.service));
    }

    pub(super) fn refuse(&mut self, message: String) {
        self.refused.get_or_insert_with(|| Refused::unusable(message));
    }

    /// Refuses the service by its name.
    pub(super) fn refuse_because(&mut self, reason: String) {
        self.refuse(format!("service `{}`: {reason}", self.service));
    }

    pub(super) fn warn(&mut self, parameter: impl Into<String>, message: impl Into<String>) {
        let warning = Warning { parameter: parameter.into(), message: message.into() };
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// The name as the operator spelled it: with the index where the value came from there.
    fn spelled(&self, name: &str) -> String {
        let indexed = self.index.map(|index| format!("{name}.{index}"));
        indexed.filter(|spelled| self.params.get(spelled).is_some()).unwrap_or_else(|| name.to_owned())
    }
}

/// A value as an error may show it: no secret, no control character, not endless.
pub(crate) fn shown(name: &str, value: &str) -> String {
    let value = params::shown(name, value);
    let mut text: String = value.chars().take(80).flat_map(char::escape_debug).collect();
    if value.chars().nth(80).is_some() {
        text.push('…');
    }
    text
}
