//! Words → a statement, or the reason why not.
//!
//! Not here: dividing a line into words, and a condition (`expression`).

use super::{Action, Redirect, RedirectTo, Return, Statement};
use crate::expression::fields::is_token;
use crate::expression::{Condition, Expression, Known, Names, Scope, Substitution, Unusable};
use crate::pattern::Pattern;

/// Fields that say how long a message is, or belong to a connection: whoever sets them makes one side see another message.
const FRAMING: [&str; 9] = [
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "upgrade",
    "http2-settings",
];

impl Statement {
    /// Parses what is behind `http-request` or `http-response`.
    pub(crate) fn parse(words: &[String], names: &Names, known: Known<'_>) -> Result<Statement, Unusable> {
        let Some((name, rest)) = words.split_first() else {
            return Err(Unusable::new("http-request", "has no action behind it"));
        };
        let mut line = Line { name, rest, known };
        let action = match known.scope {
            Scope::Request => line.request_action()?,
            Scope::Response => line.response_action()?,
        };
        let condition = Condition::parse_with(line.rest, names, known)?;
        Ok(Statement { action, condition })
    }
}

/// A statement's words.
struct Line<'w> {
    name: &'w str,
    rest: &'w [String],
    known: Known<'w>,
}

impl<'w> Line<'w> {
    fn request_action(&mut self) -> Result<Action, Unusable> {
        match self.name {
            "set-method" => Ok(Action::SetMethod(self.expression("a method")?)),
            "set-path" => Ok(Action::SetPath(self.expression("a path")?)),
            "set-query" => Ok(Action::SetQuery(self.expression("a query")?)),
            "set-uri" => Ok(Action::SetUri(self.expression("a URI")?)),
            "replace-path" => Ok(Action::ReplacePath(self.substitution()?)),
            "deny" => self.deny(),
            "redirect" => self.redirect(),
            "return" => self.give(),
            _ => self.common_action(),
        }
    }

    fn response_action(&mut self) -> Result<Action, Unusable> {
        self.common_action()
    }

    fn common_action(&mut self) -> Result<Action, Unusable> {
        match self.name {
            "add-header" => self.field_and_value().map(|(name, value)| Action::AddHeader { name, value }),
            "set-header" => self.field_and_value().map(|(name, value)| Action::SetHeader { name, value }),
            "del-header" => Ok(Action::DelHeader { name: self.field()? }),
            "replace-header" => Ok(Action::ReplaceHeader { name: self.field()?, substitution: self.substitution()? }),
            "replace-value" => Ok(Action::ReplaceValue { name: self.field()?, substitution: self.substitution()? }),
            "allow" => Ok(Action::Allow),
            name => Err(Unusable::new(name, "is no action that this proxy has here")),
        }
    }

    fn next(&mut self, what: &str) -> Result<&'w str, Unusable> {
        let Some((word, rest)) = self.rest.split_first() else {
            return Err(Unusable::new(self.name, format!("needs {what}")));
        };
        self.rest = rest;
        Ok(word)
    }

    /// Takes the next word if it is this one.
    fn take(&mut self, wanted: &str) -> bool {
        let is_next = self.rest.first().is_some_and(|word| word == wanted);
        self.rest = &self.rest[usize::from(is_next)..];
        is_next
    }

    fn expression(&mut self, what: &str) -> Result<Expression, Unusable> {
        Expression::parse(self.next(what)?, self.known.scope, self.known.environment)
    }

    fn field(&mut self) -> Result<String, Unusable> {
        let name = self.next("the name of a header field")?;
        if !is_token(name) {
            return Err(Unusable::new(name, "is not the name of a header field"));
        }
        if FRAMING.iter().any(|framing| framing.eq_ignore_ascii_case(name)) {
            return Err(Unusable::new(name, "is a field that the proxy itself makes for each connection"));
        }
        Ok(name.to_owned())
    }

    fn field_and_value(&mut self) -> Result<(String, Expression), Unusable> {
        let name = self.field()?;
        let value = self.expression("a name and a value; a value that holds blanks or a separator is quoted");
        value.and_then(|value| match self.rest.first().map(String::as_str) {
            None | Some("if" | "unless") => Ok((name, value)),
            Some(other) => Err(Unusable::new(other, "is behind the value; quote a value that holds blanks")),
        })
    }

    fn substitution(&mut self) -> Result<Substitution, Unusable> {
        let source = self.next("a regular expression and a replacement")?;
        let search = Pattern::compile(source, false).map_err(|error| Unusable::new(source, error.to_string()))?;
        let replace = self.expression("a replacement")?;
        match source.is_empty() || replace.as_text() == Some("") {
            true => Err(Unusable::new(self.name, "needs a regular expression and a replacement that are not empty")),
            false => Ok(Substitution { search, replace }),
        }
    }

    fn status(&mut self, possible: &[u16]) -> Result<u16, Unusable> {
        let text = self.next("a status")?;
        let status = text.parse().ok().filter(|status| possible.contains(status));
        status.ok_or_else(|| Unusable::new(text, format!("is not one of the statuses {possible:?}")))
    }

    fn deny(&mut self) -> Result<Action, Unusable> {
        // Those that HAProxy has a page for.
        const STATUSES: [u16; 17] =
            [200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 425, 429, 500, 501, 502, 503, 504];
        let is_given = self.take("deny_status") || self.take("status");
        Ok(Action::Deny { status: if is_given { self.status(&STATUSES)? } else { 403 } })
    }

    fn redirect(&mut self) -> Result<Action, Unusable> {
        let (mut to, mut status, mut drops_query, mut appends_slash) = (None, 302, false, false);
        while let Some(word) = self.rest.first().filter(|word| !matches!(word.as_str(), "if" | "unless")) {
            self.rest = &self.rest[1..];
            match word.as_str() {
                "location" => to = Some(RedirectTo::Location(self.expression("an address")?)),
                "prefix" => to = Some(RedirectTo::Prefix(self.expression("a prefix")?)),
                "scheme" => to = Some(RedirectTo::Scheme(self.expression("a scheme")?)),
                "code" => status = self.status(&[301, 302, 303, 307, 308])?,
                "drop-query" => drops_query = true,
                "append-slash" => appends_slash = true,
                other => return Err(Unusable::new(other, "is no part of a redirect that this proxy has")),
            }
        }
        match to {
            Some(to) => Ok(Action::Redirect(Redirect { to, status, drops_query, appends_slash })),
            None => Err(Unusable::new("redirect", "needs `location`, `prefix` or `scheme`")),
        }
    }

    fn give(&mut self) -> Result<Action, Unusable> {
        let (mut status, mut content_type, mut body, mut headers) = (200, None, Expression::text(""), Vec::new());
        while let Some(word) = self.rest.first().filter(|word| !matches!(word.as_str(), "if" | "unless")) {
            self.rest = &self.rest[1..];
            match word.as_str() {
                "status" => {
                    let text = self.next("a status")?;
                    let parsed = text.parse().ok().filter(|status| (200..600).contains(status));
                    status = parsed.ok_or_else(|| Unusable::new(text, "is not a status, 200 to 599"))?;
                }
                "content-type" => content_type = Some(self.next("a media type")?.to_owned()),
                "string" => body = Expression::text(self.next("a text")?),
                "lf-string" => body = self.expression("a text")?,
                "hdr" => headers.push(self.field_and_expression()?),
                other => return Err(Unusable::new(other, "is no part of an answer that this proxy has")),
            }
        }
        match (body.as_text(), &content_type, status) {
            (Some(""), ..) => {}
            (_, _, 204 | 304) => {
                return Err(Unusable::new(status.to_string(), "is the status of an answer without a text"));
            }
            (_, None, _) => return Err(Unusable::new("return", "needs a `content-type` where it has a text")),
            _ => {}
        }
        Ok(Action::Return(Return { status, content_type, body, headers }))
    }

    fn field_and_expression(&mut self) -> Result<(String, Expression), Unusable> {
        Ok((self.field()?, self.expression("a value")?))
    }
}
