//! Why a service is refused, and what is merely said about it.
//!
//! Not here: HTTP statuses; the API gives each kind of refusal its own.

use super::ServiceName;
use std::fmt;

/// A call that is refused: nothing changes, the last good version of the service stays live.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    /// Which kind of fault it is.
    pub kind: Refusal,
    /// For the caller: the service, the parameter, the value, the reason and the way out.
    pub message: String,
    /// What the message does not say, where it is Docker Flow's to the letter: the service, the parameter and the way out.
    pub advice: Option<String>,
    /// Whose call it was, once the catalog has refused it; `None` where the call names nobody.
    pub service: Option<ServiceName>,
}

/// The kinds of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A mandatory parameter is missing in a way that a later call may mend.
    Incomplete,
    /// The service cannot work as it is described; trying again without a change is useless.
    Unusable,
}

/// A parameter that was ignored or bent, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The parameter as it was spelled.
    pub parameter: String,
    /// What became of it, and why.
    pub message: String,
}

impl Refused {
    /// A mandatory parameter is missing.
    pub fn incomplete(message: impl Into<String>) -> Refused {
        Refused::new(Refusal::Incomplete, message.into())
    }

    /// The service cannot work as described.
    pub fn unusable(message: impl Into<String>) -> Refused {
        Refused::new(Refusal::Unusable, message.into())
    }

    fn new(kind: Refusal, message: String) -> Refused {
        Refused { kind, message, advice: None, service: None }
    }

    /// The same with what the message does not say.
    #[must_use]
    pub(super) fn advising(self, advice: String) -> Refused {
        Refused { advice: Some(advice), ..self }
    }

    /// The same with more of it.
    #[must_use]
    pub(super) fn advising_also(self, more: String) -> Refused {
        let advice = match &self.advice {
            Some(advice) => format!("{advice}; {more}"),
            None => more,
        };
        self.advising(advice)
    }

    /// The message and the advice, for who is shown one text.
    pub fn explained(&self) -> String {
        match &self.advice {
            Some(advice) => format!("{} ({advice})", self.message),
            None => self.message.clone(),
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.parameter, self.message)
    }
}
