//! Phase 3, guard, where it takes time: a password that is known as a hash only is found out away from the threads that serve.
//!
//! Not here: all of the guard that costs nothing (`model::route`), and finding out (`logins`).

use super::Passed;
use crate::answer::Answer;
use crate::http1::request::Shape;
use crate::logins::Login;
use crate::worker::Shared;
use model::auth::Question;
use std::net::IpAddr;

/// A request that passes if its password is right. Until that is known nothing of what would become of it is shown.
pub(crate) struct Check {
    pub(super) passed: Passed,
    pub(super) shape: Shape,
    pub(super) question: Question,
    /// What is told to a client whose password is not.
    pub(super) realm: String,
}

/// What becomes of the request of a client after all.
pub(super) async fn settle(check: Check, client: IpAddr, shared: &Shared) -> Passed {
    let Check { passed, shape, question, realm } = check;
    match shared.logins.ask(question, client).await {
        Login::Right => passed,
        Login::Wrong => Err((Answer::Unauthorized(realm), shape)),
        Login::Busy => Err((Answer::TooManyLogins, shape)),
    }
}
