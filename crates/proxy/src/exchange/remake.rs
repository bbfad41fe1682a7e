//! The head of a request where a route, or the frontend, asks for more than the plain changes: it is made anew and read again, by the parser
//! that judged the client's.
//!
//! Not here: the plain way (`exchange::decide`), and what a statement does (`exchange::message`).

use super::draft::Draft;
use super::message::{Message, NO_BACKEND};
use super::treatment::is_named;
use crate::answer::Answer;
use crate::http1::fields::is_forwarded;
use crate::http1::request::{Changes, Request, Shape};
use crate::http1::{Parsed, field_space};
use crate::origin::Origin;
use crate::trusted::Trust;
use model::auth::Access;
use model::rewrite::Rewrite;
use model::statement::Statement;
use model::{Backend, Route};

/// Why there is no head for a server.
pub(super) enum Instead {
    /// A statement answers.
    Answer(Answer),
    /// What came of it is no request.
    Unusable,
}

/// Writes the head for a server of `backend` into `into`; returns what the exchange must know of it. The order is HAProxy's: header
/// parameters, path rewrites, credentials, further statements, cookies.
pub(super) fn write(
    request: &Request<'_, '_>,
    origin: &Origin,
    (route, backend): (&Route, &Backend),
    changes: &Changes<'_>,
    into: &mut Vec<u8>,
) -> Result<Shape, Instead> {
    let statements = &backend.statements;
    let mut message = message(request, origin, &backend.name, changes.drop_forwarded);
    if changes.encrypted {
        message.draft.set("X-Forwarded-Proto", b"https".to_vec());
    }
    answered(message.run(&statements.request))?;
    if !route.rewrites().is_empty() {
        let line = Rewrite::apply_all(route.rewrites(), &message.method, &message.target);
        let line = line.map_err(|_| Instead::Unusable)?;
        (message.method, message.target) = (line.method.into(), line.target.into());
    }
    if route.access != Access::Open {
        message.draft.remove("authorization");
    }
    answered(message.run(&statements.last))?;
    if let Some(name) = &backend.cookie {
        forget_cookie(&mut message.draft, name);
    }
    // All of this is done.
    let left =
        Changes { rewritten: None, drop_authorization: false, drop_forwarded: false, encrypted: false, ..*changes };
    read_again(request, &message, |made| {
        made.write(&left, into);
        request.shape.sent_as(made.method.as_bytes())
    })
}

/// What the frontend's statements make of a request, lent to `decide`; the exchange goes on with the client's own shape.
pub(super) fn in_frontend<T>(
    request: &Request<'_, '_>,
    origin: &Origin,
    statements: &[Statement],
    decide: impl FnOnce(&Request<'_, '_>) -> T,
) -> Result<T, Instead> {
    let mut message = message(request, origin, NO_BACKEND, origin.trust == Trust::Stranger);
    answered(message.run(statements))?;
    read_again(request, &message, decide)
}

/// A request with one Host, and without what its client may not say where it may not speak for others (`is_stranger`).
fn message<'m>(request: &Request<'_, 'm>, origin: &'m Origin, backend: &'m str, is_stranger: bool) -> Message<'m, 'm> {
    let mut draft = Draft::of(request.classified());
    if let (Some(host), true) = (request.host, request.is_host_elsewhere()) {
        draft.set("Host", host.to_vec());
    }
    if is_stranger {
        draft.retain_names(|name| !is_forwarded(name.as_bytes()));
    }
    let (method, target) = (request.method.as_bytes().into(), request.target.into());
    Message { origin, backend, method, target, status: None, draft }
}

fn answered(answer: Option<Answer>) -> Result<(), Instead> {
    answer.map_or(Ok(()), |answer| Err(Instead::Answer(answer)))
}

/// Lends what the message has become, if it is a request. HEAD decides whether a response has a body: client and server must see the same.
fn read_again<T>(
    request: &Request<'_, '_>,
    message: &Message<'_, '_>,
    take: impl FnOnce(&Request<'_, '_>) -> T,
) -> Result<T, Instead> {
    // In the client's version: what a client of HTTP/1.0 says is read by its rules.
    let version: &[u8] = if request.shape.http10 { b" HTTP/1.0\r\n" } else { b" HTTP/1.1\r\n" };
    let mut head = Vec::with_capacity(2 * request.shape.head_length);
    message.draft.write(&[&*message.method, b" ", &*message.target, version].concat(), &mut head);
    let mut space = field_space();
    match Request::parse(&head, &mut space) {
        Ok(Parsed::Complete(mut made)) if made.shape.is_head == request.shape.is_head => {
            made.shape = request.shape.sent_as(made.method.as_bytes());
            Ok(take(&made))
        }
        _ => Err(Instead::Unusable),
    }
}

/// The cookie of sticky sessions is between client and proxy (HAProxy's `indirect`).
fn forget_cookie(draft: &mut Draft<'_>, name: &str) {
    draft.change("cookie", |value| {
        let crumbs = value.split(|byte| *byte == b';');
        let others: Vec<_> = crumbs.map(<[u8]>::trim_ascii).filter(|crumb| !is_named(crumb, name)).collect();
        (!others.iter().all(|crumb| crumb.is_empty())).then(|| others.join(&b"; "[..]))
    });
}
