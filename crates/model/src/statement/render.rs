//! Statements as lines of haproxy.cfg, quoted so that nothing leaves its place.
//!
//! Not here: `http-request` or `http-response` before them.

use super::{Action, Redirect, RedirectTo, Return, Statement};
use crate::expression::{Expression, Substitution};
use crate::params::names_credential;
use crate::quote::{format_string, word};
use std::fmt;

/// What is behind `http-request` or `http-response`. It parses to the same statement.
impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.action.fmt(f)?;
        match &self.condition {
            Some(condition) => write!(f, " {condition}"),
            None => Ok(()),
        }
    }
}

impl Statement {
    /// The same, but for all values beside a field that only its sender and its receiver may see.
    pub(crate) fn masked(&self) -> String {
        let condition = self.condition.as_ref().map(|condition| format!(" {}", condition.masked()));
        format!("{}{}", self.action.masked(), condition.unwrap_or_default())
    }
}

impl Action {
    /// Everything behind the keyword, and behind the field's name where there is one, of an action that speaks of a credential.
    fn masked(&self) -> String {
        let text = self.to_string();
        let words = match self {
            Action::DelHeader { .. } => return text,
            Action::AddHeader { .. }
            | Action::SetHeader { .. }
            | Action::ReplaceHeader { .. }
            | Action::ReplaceValue { .. } => 2,
            _ => 1,
        };
        match names_credential(&text) {
            // Neither a keyword nor a field's name holds a blank.
            true => format!("{} *****", text.splitn(words + 1, ' ').take(words).collect::<Vec<_>>().join(" ")),
            false => text,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::AddHeader { name, value } => write!(f, "add-header {} {}", word(name), quoted(value)),
            Action::SetHeader { name, value } => write!(f, "set-header {} {}", word(name), quoted(value)),
            Action::DelHeader { name } => write!(f, "del-header {}", word(name)),
            Action::ReplaceHeader { name, substitution } => write!(f, "replace-header {} {substitution}", word(name)),
            Action::ReplaceValue { name, substitution } => write!(f, "replace-value {} {substitution}", word(name)),
            Action::SetMethod(method) => write!(f, "set-method {}", quoted(method)),
            Action::SetPath(path) => write!(f, "set-path {}", quoted(path)),
            Action::SetQuery(query) => write!(f, "set-query {}", quoted(query)),
            Action::SetUri(uri) => write!(f, "set-uri {}", quoted(uri)),
            Action::ReplacePath(substitution) => write!(f, "replace-path {substitution}"),
            Action::Deny { status: 403 } => f.write_str("deny"),
            Action::Deny { status } => write!(f, "deny deny_status {status}"),
            Action::Redirect(redirect) => redirect.fmt(f),
            Action::Return(answer) => answer.fmt(f),
            Action::Allow => f.write_str("allow"),
        }
    }
}

impl fmt::Display for Substitution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", word(self.search.as_str()), quoted(&self.replace))
    }
}

impl fmt::Display for Redirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (keyword, value) = match &self.to {
            RedirectTo::Location(value) => ("location", value),
            RedirectTo::Prefix(value) => ("prefix", value),
            RedirectTo::Scheme(value) => ("scheme", value),
        };
        write!(f, "redirect {keyword} {}", quoted(value))?;
        if self.status != 302 {
            write!(f, " code {}", self.status)?;
        }
        f.write_str(if self.drops_query { " drop-query" } else { "" })?;
        f.write_str(if self.appends_slash { " append-slash" } else { "" })
    }
}

impl fmt::Display for Return {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "return status {}", self.status)?;
        if let Some(content_type) = &self.content_type {
            write!(f, " content-type {}", word(content_type))?;
        }
        match self.body.as_text() {
            Some("") => {}
            Some(text) => write!(f, " string {}", word(text))?,
            None => write!(f, " lf-string {}", quoted(&self.body))?,
        }
        self.headers.iter().try_for_each(|(name, value)| write!(f, " hdr {} {}", word(name), quoted(value)))
    }
}

fn quoted(expression: &Expression) -> String {
    match expression.as_text() {
        Some(text) => format_string(text),
        None => word(&expression.to_string()).into_owned(),
    }
}
