//! Phase 3, guard, where it takes time: a password that is known as a hash only is found out away from the threads that serve.
//!
//! Not here: all of the guard that costs nothing (`model::route`), and finding out (`logins`).

use super::Forward;
use crate::answer::Answer;
use crate::http1::request::Shape;
use crate::logins::Login;
use crate::worker::Shared;
use model::auth::Question;

/// A request that is forwarded if its password is right.
pub(crate) struct Check {
    pub(super) forward: Forward,
    pub(super) question: Question,
    /// What is told to a client whose password is not.
    pub(super) realm: String,
}

/// The request if it passes after all, else what the client is told.
pub(super) async fn settle(check: Check, shared: &Shared) -> Result<Forward, (Answer, Shape)> {
    let Check { forward, question, realm } = check;
    match shared.logins.ask(question).await {
        Login::Right => Ok(forward),
        Login::Wrong => Err((Answer::Unauthorized(realm), forward.shape)),
        Login::Busy => Err((Answer::TooManyLogins, forward.shape)),
    }
}
