//! Phases 2 to 4, find route → guard → rewrite request: asks the route table and writes the head for the server.
//!
//! Not here: the rules themselves (`model::route`), and the sockets.

use super::guard::Check;
use super::treatment::Treatment;
use super::{Decision, Forward, remake};
use crate::answer::Answer;
use crate::client::Client;
use crate::http1::fields::is_forwarded;
use crate::http1::request::{Changes, Request};
use crate::origin::Origin;
use crate::trusted::Trust;
use crate::worker::Shared;
use crate::world::World;
use model::auth::Access;
use model::rewrite::{Rewrite, Rewritten};
use model::service::ConnectionMode;
use model::{Fields, RequestHead, Route, Verdict};
use std::sync::Arc;

/// How whoever ended TLS before this proxy says so.
const PROTO: &str = "x-forwarded-proto";

/// Finds the route and writes the head for its server into `room`.
pub(super) fn decide<S>(
    live: (&World, &Shared),
    request: &Request<'_, '_>,
    client: &Client<S>,
    room: Vec<u8>,
) -> Decision {
    let origin = &*client.origin;
    let head = RequestHead {
        method: request.method.as_bytes(),
        host: request.host,
        target: request.target,
        path: request.path(),
        port: origin.port,
        secure: origin.is_encrypted() || (origin.trust == Trust::Listed && request.has_element(PROTO, b"https")),
        verified: origin.is_verified(),
        fields: &Believed { request, is_stranger: origin.trust == Trust::Stranger },
    };
    let (world, shared) = live;
    if let Some(statistics) = &shared.statistics
        && let Some(answer) = statistics.answer(request, origin.port)
    {
        // HAProxy redirects in the frontend before it looks for the page; a port of its own has no such rules.
        let redirect = statistics.port.map_or_else(|| world.snapshot().routes.redirect(&head), |_| None);
        return Decision::Answer(redirect.map_or(answer, Answer::Redirect), request.shape);
    }
    match world.snapshot().routes.find(&head) {
        Verdict::Forward(route) => to_server(live, route, request, origin, room),
        Verdict::Check { route, question, realm } => match to_server(live, route, request, origin, room) {
            Decision::Forward(forward) => {
                Decision::Check(Box::new(Check { forward, question, realm: realm.to_owned() }))
            }
            decision => decision,
        },
        verdict => {
            let answer = Answer::to(verdict).unwrap_or(Answer::Status(503));
            Decision::Answer(answer, request.shape)
        }
    }
}

fn to_server(
    (world, shared): (&World, &Shared),
    route: &Route,
    request: &Request<'_, '_>,
    origin: &Origin,
    mut room: Vec<u8>,
) -> Decision {
    let upstream = world.upstream(route.backend);
    let rewritten = match rewrite(route, request) {
        Ok(rewritten) => rewritten,
        Err(answer) => return Decision::Answer(answer, request.shape),
    };
    let mode = upstream.backend.connection_mode;
    let changes = Changes {
        client: &origin.address,
        rewritten: rewritten.as_ref(),
        drop_authorization: route.access != Access::Open,
        drop_forwarded: origin.trust == Trust::Stranger,
        encrypted: origin.is_encrypted(),
        fallback_host: upstream.backend.dial.host(),
        close: mode != ConnectionMode::KeepAlive,
    };
    let mut treatment = None;
    if upstream.is_plain {
        request.write(&changes, &mut room);
    } else {
        if remake::write(request, &upstream.backend, &changes, &mut room).is_none() {
            return Decision::Answer(unusable(route), request.shape);
        }
        treatment = Some(Treatment::new(upstream, request, &shared.session_key));
    }
    let shape = rewritten.as_ref().map_or(request.shape, |line| request.shape.sent_as(&line.method));
    Decision::Forward(Forward {
        shape,
        upstream: Arc::clone(upstream),
        head: room,
        client_keeps: mode != ConnectionMode::Close,
        treatment,
    })
}

/// The request line after the route's rewrites; `None` if it has none.
fn rewrite(route: &Route, request: &Request<'_, '_>) -> Result<Option<Rewritten>, Answer> {
    if route.rewrites().is_empty() {
        return Ok(None);
    }
    let line = Rewrite::apply_all(route.rewrites(), request.method.as_bytes(), request.target);
    // HEAD decides whether a response has a body: client and server must see the same.
    let usable = line.ok().filter(|line| (line.method == b"HEAD") == request.shape.is_head);
    usable.map(Some).ok_or_else(|| unusable(route))
}

/// What came of a request is none.
fn unusable(route: &Route) -> Answer {
    tracing::debug!("service {}: its rules made an unusable request; the client gets 500", route.service().name);
    Answer::Status(500)
}

/// The fields of a request as routes may see them: a stranger does not speak for others.
struct Believed<'r, 'h, 'b> {
    request: &'r Request<'h, 'b>,
    is_stranger: bool,
}

impl Fields for Believed<'_, '_, '_> {
    fn any(&self, name: &str, visit: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        !self.hides(name) && self.request.any(name, visit)
    }

    fn first(&self, name: &str) -> Option<&[u8]> {
        if self.hides(name) { None } else { self.request.first(name) }
    }
}

impl Believed<'_, '_, '_> {
    fn hides(&self, name: &str) -> bool {
        self.is_stranger && is_forwarded(name.as_bytes())
    }
}
