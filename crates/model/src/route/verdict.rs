//! What becomes of a request.
//!
//! Not here: the bytes of an answer; the proxy writes them.

use super::{RequestHead, Route};
use crate::auth::Question;

/// The decision about a request.
#[derive(Debug)]
pub enum Verdict<'t> {
    /// It goes to a backend.
    Forward(&'t Route),
    /// It goes to a backend if its password is right, which costs milliseconds to find out; else 401.
    Check {
        /// Where it goes.
        route: &'t Route,
        /// What is to be found out.
        question: Question,
        /// What the client is asked for if it is not right.
        realm: &'t str,
    },
    /// The client is sent elsewhere.
    Redirect(Redirect),
    /// 403.
    Deny,
    /// 401: the client must show credentials.
    Unauthorized {
        /// What for.
        realm: &'t str,
    },
    /// 503: nobody publishes this.
    NoRoute,
}

/// Another address for the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// 301, 302, 303, 307 or 308.
    pub status: u16,
    /// An absolute URI, safe to stand in a header field.
    pub location: Vec<u8>,
}

impl Redirect {
    /// The same host, with its port, and the same target over https.
    pub(super) fn to_https(head: &RequestHead<'_>, status: Option<u16>) -> Redirect {
        let location = [b"https://", head.host.unwrap_or_default(), place(head)].concat();
        Redirect { status: status.unwrap_or(302), location }
    }

    /// Another domain, the same target.
    pub(super) fn to_domain(head: &RequestHead<'_>, domain: &str) -> Redirect {
        let location = [b"http://", domain.as_bytes(), place(head)].concat();
        Redirect { status: 301, location }
    }
}

/// The target behind an authority; `*` stands behind none.
fn place<'r>(head: &RequestHead<'r>) -> &'r [u8] {
    if head.target == b"*" { b"/" } else { head.target }
}

#[cfg(test)]
mod tests {
    use super::{Redirect, RequestHead};
    use crate::route::FieldList;

    #[test]
    fn bug_a_redirect_of_options_star_leads_to_the_root() {
        let head = RequestHead {
            method: b"OPTIONS",
            host: Some(b"old.com"),
            target: b"*",
            path: b"",
            port: 80,
            secure: false,
            verified: false,
            fields: &FieldList(&[]),
        };
        assert_eq!(Redirect::to_domain(&head, "new.com").location, b"http://new.com/");
        assert_eq!(Redirect::to_https(&head, None).location, b"https://old.com/");
    }
}
