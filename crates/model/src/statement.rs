//! Statements: lines of HAProxy's `http-request` and `http-response`, parsed once (configuration manual §4.2).
//!
//! Not here: the language of values and conditions (`expression`), and doing what a statement says: that is the proxy's.

mod answers;
mod items;
mod lines;
mod parse;
mod render;

pub use answers::{Redirect, RedirectTo, Return};
pub use lines::{BadLine, Extra, Section};

pub(crate) use items::{HEADER_PARAMETERS, split_items};

use crate::expression::{Condition, Expression, Substitution};

/// What is done with a message, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What is done.
    pub action: Action,
    /// When; `None`: always.
    pub condition: Option<Condition>,
}

/// What is done with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// One more field of this name.
    AddHeader {
        /// The name, as it is written into the message.
        name: String,
        /// Its value.
        value: Expression,
    },
    /// This field in place of all of its name.
    SetHeader {
        /// The name, as it is written into the message.
        name: String,
        /// Its value.
        value: Expression,
    },
    /// No field of this name.
    DelHeader {
        /// The name, in any case of letters.
        name: String,
    },
    /// In each field of this name, the whole value is searched, and where it matches, replaced.
    ReplaceHeader {
        /// The name, in any case of letters.
        name: String,
        /// What is looked for in the value, and the new value.
        substitution: Substitution,
    },
    /// The same for each element of a comma-separated value.
    ReplaceValue {
        /// The name, in any case of letters.
        name: String,
        /// What is looked for in the element, and the new element.
        substitution: Substitution,
    },
    /// Another method.
    SetMethod(Expression),
    /// Another path; the query stays.
    SetPath(Expression),
    /// Another query, without its question mark; an empty one is none.
    SetQuery(Expression),
    /// Another target.
    SetUri(Expression),
    /// A path in which the search matches is replaced as a whole; the query stays.
    ReplacePath(Substitution),
    /// The answer is an error page.
    Deny {
        /// Its status.
        status: u16,
    },
    /// The answer is another address.
    Redirect(Redirect),
    /// The answer is what stands here.
    Return(Return),
    /// No further statement of this list is looked at.
    Allow,
}

/// The statements of a service, in the order of HAProxy's rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statements {
    /// On requests, before the path rewrites and the guard: the header parameters.
    pub request: Vec<Statement>,
    /// On requests, after them: `backendExtra`.
    pub last: Vec<Statement>,
    /// On responses: the header parameters, then `backendExtra`.
    pub response: Vec<Statement>,
}

impl Statements {
    /// Takes in what lines say, behind everything else.
    pub(crate) fn extend(&mut self, extra: &Extra) {
        self.last.extend(extra.request.iter().cloned());
        self.response.extend(extra.response.iter().cloned());
    }

    /// Whether nothing is done with any message.
    pub fn is_empty(&self) -> bool {
        self.request.is_empty() && self.last.is_empty() && self.response.is_empty()
    }
}

/// Rules that stand alone: those of a frontend.
impl From<Extra> for Statements {
    fn from(extra: Extra) -> Statements {
        Statements { request: extra.request, last: Vec::new(), response: extra.response }
    }
}
