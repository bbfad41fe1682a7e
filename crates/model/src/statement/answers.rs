//! Answers that a statement gives in place of a server: another address, or a text.
//!
//! Not here: the head of such a response; the proxy writes it.

use crate::expression::{Expression, Subject, fields};

/// An answer with another address (configuration manual, `http-request redirect`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// What the address is made of.
    pub to: RedirectTo,
    /// 301, 302, 303, 307 or 308.
    pub status: u16,
    /// The address has no query.
    pub drops_query: bool,
    /// Where the query is dropped, a path that does not end in a slash gets one.
    pub appends_slash: bool,
}

/// What the address of a redirect is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedirectTo {
    /// The address itself.
    Location(Expression),
    /// What stands before the path of the request; `/` stands for nothing.
    Prefix(Expression),
    /// The scheme; host and path stay.
    Scheme(Expression),
}

/// An answer with a text (configuration manual, `http-request return`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Return {
    /// Its status.
    pub status: u16,
    /// Its media type, where it has a text.
    pub content_type: Option<String>,
    /// Its text.
    pub body: Expression,
    /// More header fields, as names and values.
    pub headers: Vec<(String, Expression)>,
}

impl Redirect {
    /// The value of Location for a request.
    pub fn location(&self, subject: &dyn Subject) -> Vec<u8> {
        let mut location = Vec::new();
        match &self.to {
            RedirectTo::Location(address) => {
                address.write(subject, &mut location);
                return location;
            }
            RedirectTo::Prefix(prefix) => {
                prefix.write(subject, &mut location);
                if location == b"/" {
                    location.clear();
                }
            }
            RedirectTo::Scheme(scheme) => {
                scheme.write(subject, &mut location);
                location.extend_from_slice(b"://");
                subject.fields("host", &mut |host| {
                    location.extend_from_slice(host);
                    true
                });
            }
        }
        self.write_target(subject.target(), &mut location);
        location
    }

    fn write_target(&self, target: &[u8], into: &mut Vec<u8>) {
        let target = fields::without_authority(target).unwrap_or(b"/");
        if !self.drops_query {
            return into.extend_from_slice(target);
        }
        let path = target.split(|byte| *byte == b'?').next().unwrap_or_default();
        into.extend_from_slice(path);
        if self.appends_slash && !path.ends_with(b"/") {
            into.push(b'/');
        }
    }
}
