//! HTTP/1.1 on the wire: heads in and out, and where bodies end (RFC 9112). Strict: what two readers could read in two ways is refused.
//!
//! Not here: sockets and time (`connection`, `exchange`), and what becomes of a request (`model::route`).

pub(crate) mod authority;
pub(crate) mod body;
pub(crate) mod fields;
pub(crate) mod request;
pub(crate) mod response;

use std::mem::MaybeUninit;

/// The largest head that is taken, in bytes; a larger one gets 431, from a server 502.
pub(crate) const MAX_HEAD: usize = 32 * 1024;
/// The most header fields in one head.
pub(crate) const MAX_FIELDS: usize = 256;
/// The longest request target, in bytes; a longer one gets 414.
pub(crate) const MAX_TARGET: usize = 16 * 1024;

/// The longest method, in bytes; a longer one gets 501 (RFC 9112 §3). The longest registered one has 17.
pub(crate) const MAX_METHOD: usize = 32;
/// The most bytes of empty lines before a request: old clients send one behind a body (RFC 9112 §2.2).
pub(crate) const MAX_EMPTY_LINES: usize = 8 * b"\r\n".len();

/// Room for the fields of one head, on the caller's stack: what was read of a head is small, and refers to it.
pub(crate) struct FieldSpace<'b> {
    headers: [MaybeUninit<httparse::Header<'b>>; MAX_FIELDS],
    classes: [fields::Class; MAX_FIELDS],
}

/// Fresh room.
pub(crate) const fn field_space<'b>() -> FieldSpace<'b> {
    FieldSpace { headers: [const { MaybeUninit::uninit() }; MAX_FIELDS], classes: [fields::Class::Plain; MAX_FIELDS] }
}

/// What was read of a head so far.
pub(crate) enum Parsed<T> {
    /// All of it.
    Complete(T),
    /// More bytes are needed.
    Partial,
}

/// A message that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    /// It breaks RFC 9112, or two readers could read it in two ways.
    #[error("the message is not HTTP/1.1")]
    Syntax,
    /// Too many or too long header fields.
    #[error("the head is too large")]
    HeadTooLarge,
    /// Too long a target.
    #[error("the request target is too long")]
    TargetTooLong,
    /// Longer than any method that is.
    #[error("the method is too long")]
    MethodTooLong,
    /// Something else is expected than to be asked for the body (RFC 9110 §10.1.1).
    #[error("the expectation is unknown")]
    Expectation,
    /// CONNECT, which a reverse proxy does not offer.
    #[error("the method is not offered")]
    MethodNotAllowed,
}

/// Where `part`, a slice of `whole`, begins in it.
pub(crate) fn offset(whole: &[u8], part: &[u8]) -> usize {
    part.as_ptr() as usize - whole.as_ptr() as usize
}
