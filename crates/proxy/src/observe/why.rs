//! Why the proxy answered in place of a server, and why a response was cut: for counters, and in HAProxy's letters for the log.
//!
//! Not here: the answers themselves (`answer`).

use crate::http1::Malformed;

/// How a session ended, in the two letters of HAProxy's manual, "Session state at disconnection": who ended it, and in what state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Termination(pub(super) [u8; 2]);

/// Why the proxy itself answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    Statistics,
    Returned,
    MovedPermanently,
    Found,
    SeeOther,
    TemporaryRedirect,
    PermanentRedirect,
    MalformedHead,
    MalformedBody,
    Unauthorized,
    Denied,
    MethodNotAllowed,
    HeadTimeout,
    BodyTimeout,
    TargetTooLong,
    BadExpectation,
    HeadTooLarge,
    BadRewrite,
    BadResponseRewrite,
    MethodTooLong,
    BadResponse,
    ServerClosed,
    NoRoute,
    NoServer,
    ServerTls,
    TooManyLogins,
    ServerTimeout,
}

/// Why a response ended before it was whole, or never began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The client left.
    ClientGone,
    /// The client took nothing more, or sent nothing more, for too long.
    ClientTooSlow,
    /// The server closed or reset.
    ServerGone,
    /// The server was silent for too long.
    ServerTooSlow,
    /// What the server sent is no response.
    BadResponse,
    /// What the client sent is no body.
    BadRequest,
    /// The proxy stops, or a panic ended the connection.
    Proxy,
}

/// The row of each [`Why`], in its order: status, a word, letters.
const ROWS: [(Why, u16, &str, &[u8; 2]); Why::COUNT] = [
    (Why::Statistics, 200, "statistics", b"LR"),
    (Why::Returned, 200, "returned", b"LR"),
    (Why::MovedPermanently, 301, "redirect", b"LR"),
    (Why::Found, 302, "redirect", b"LR"),
    (Why::SeeOther, 303, "redirect", b"LR"),
    (Why::TemporaryRedirect, 307, "redirect", b"LR"),
    (Why::PermanentRedirect, 308, "redirect", b"LR"),
    (Why::MalformedHead, 400, "malformed_head", b"PR"),
    (Why::MalformedBody, 400, "malformed_body", b"PR"),
    (Why::Unauthorized, 401, "unauthorized", b"PR"),
    (Why::Denied, 403, "denied", b"PR"),
    (Why::MethodNotAllowed, 405, "method_not_allowed", b"PR"),
    (Why::HeadTimeout, 408, "head_timeout", b"cR"),
    (Why::BodyTimeout, 408, "body_timeout", b"cD"),
    (Why::TargetTooLong, 414, "target_too_long", b"PR"),
    (Why::BadExpectation, 417, "bad_expectation", b"PR"),
    (Why::HeadTooLarge, 431, "head_too_large", b"PR"),
    (Why::BadRewrite, 500, "bad_rewrite", b"PR"),
    (Why::BadResponseRewrite, 500, "bad_response_rewrite", b"PH"),
    (Why::MethodTooLong, 501, "method_too_long", b"PR"),
    (Why::BadResponse, 502, "bad_response", b"PH"),
    (Why::ServerClosed, 502, "server_closed", b"SH"),
    (Why::NoRoute, 503, "no_route", b"SC"),
    (Why::NoServer, 503, "no_server", b"SC"),
    (Why::ServerTls, 503, "server_tls", b"SC"),
    (Why::TooManyLogins, 503, "too_many_logins", b"PR"),
    (Why::ServerTimeout, 504, "server_timeout", b"sH"),
];

impl Termination {
    /// Nothing was amiss.
    pub(super) const NORMAL: Termination = Termination(*b"--");

    /// Something other than a client, a server or a limit doing what it is there for (HAProxy's `option dontlog-normal`).
    pub(super) fn is_error(self) -> bool {
        !matches!(self.0[0], b'-' | b'L')
    }
}

impl Why {
    pub(super) const COUNT: usize = 27;

    /// Of a redirect with this status.
    pub(crate) fn redirect(status: u16) -> Why {
        match status {
            301 => Why::MovedPermanently,
            303 => Why::SeeOther,
            307 => Why::TemporaryRedirect,
            308 => Why::PermanentRedirect,
            _ => Why::Found,
        }
    }

    /// Of a request that could not be read.
    pub(crate) fn malformed(malformed: Malformed) -> Why {
        match malformed {
            Malformed::Syntax => Why::MalformedHead,
            Malformed::HeadTooLarge => Why::HeadTooLarge,
            Malformed::TargetTooLong => Why::TargetTooLong,
            Malformed::MethodNotAllowed => Why::MethodNotAllowed,
            Malformed::Expectation => Why::BadExpectation,
            Malformed::MethodTooLong => Why::MethodTooLong,
        }
    }

    /// All, with status and word.
    pub(super) fn all() -> impl Iterator<Item = (Why, u16, &'static str)> {
        ROWS.iter().map(|(why, status, word, _)| (*why, *status, *word))
    }

    pub(super) fn place(self) -> usize {
        self as usize
    }

    pub(crate) fn status(self) -> u16 {
        ROWS[self.place()].1
    }

    pub(super) fn termination(self) -> Termination {
        Termination(*ROWS[self.place()].3)
    }
}

impl Cut {
    /// While the response's head was waited for, or in the middle of its body.
    pub(super) fn termination(self, has_begun: bool) -> Termination {
        let who = match self {
            Cut::ClientGone => b'C',
            Cut::ClientTooSlow => b'c',
            Cut::ServerGone => b'S',
            Cut::ServerTooSlow => b's',
            Cut::BadResponse | Cut::BadRequest => b'P',
            Cut::Proxy => b'K',
        };
        Termination([who, if has_begun { b'D' } else { b'H' }])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_the_reasons() {
        for (place, (why, ..)) in Why::all().enumerate() {
            assert_eq!(why.place(), place, "{why:?}");
        }
    }
}
