//! The head of a request where a route asks for more than the plain changes: it is made anew and read again.
//!
//! Not here: the plain way (`exchange::decide`), and what a head may hold (`http1`).

use super::draft::Draft;
use super::treatment::is_named;
use crate::http1::request::{Changes, Request};
use crate::http1::{Parsed, field_space};
use model::Backend;
use model::rewrite::Rewritten;

/// Writes the head for a server of `backend` into `into`. `None`: what came of it is no head.
pub(super) fn write(
    request: &Request<'_, '_>,
    backend: &Backend,
    changes: &Changes<'_>,
    into: &mut Vec<u8>,
) -> Option<()> {
    let mut draft = Draft::of(request.headers());
    if let (Some(host), true) = (request.host, request.is_host_elsewhere()) {
        draft.set("Host", host.to_vec());
    }
    if let Some(name) = &backend.cookie {
        forget_cookie(&mut draft, name);
    }
    let mut head = Vec::with_capacity(2 * into.capacity());
    draft.write(&line(request, changes.rewritten), &mut head);
    let mut space = field_space();
    let Ok(Parsed::Complete(made)) = Request::parse(&head, &mut space) else { return None };
    made.write(&Changes { rewritten: None, ..*changes }, into);
    Some(())
}

/// The request line, with its line end, in the client's version: what a client of HTTP/1.0 says is read by its rules.
fn line(request: &Request<'_, '_>, rewritten: Option<&Rewritten>) -> Vec<u8> {
    let (method, target) = match rewritten {
        None => (request.method.as_bytes(), request.target),
        Some(line) => (line.method.as_slice(), line.target.as_slice()),
    };
    let version: &[u8] = if request.shape.http10 { b" HTTP/1.0\r\n" } else { b" HTTP/1.1\r\n" };
    [method, b" ", target, version].concat()
}

/// The cookie of sticky sessions is between client and proxy (HAProxy's `indirect`).
fn forget_cookie(draft: &mut Draft<'_>, name: &str) {
    draft.change("cookie", |value| {
        let crumbs = value.split(|byte| *byte == b';');
        let others: Vec<_> = crumbs.map(<[u8]>::trim_ascii).filter(|crumb| !is_named(crumb, name)).collect();
        (!others.iter().all(|crumb| crumb.is_empty())).then(|| others.join(&b"; "[..]))
    });
}
