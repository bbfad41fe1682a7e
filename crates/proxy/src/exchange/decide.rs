//! Phases 2 to 4, find route → guard → rewrite request: asks the route table and writes the head for the server.
//!
//! Not here: the rules themselves (`model::route`), and the sockets.

use super::guard::Check;
use super::remake::Instead;
use super::treatment::Treatment;
use super::{Decision, Forward, Passed, remake};
use crate::answer::Answer;
use crate::client::Client;
use crate::http1::fields::is_forwarded;
use crate::http1::request::{Changes, Request, Shape};
use crate::origin::Origin;
use crate::trusted::Trust;
use crate::worker::Shared;
use crate::world::World;
use model::auth::Access;
use model::rewrite::Rewrite;
use model::service::ConnectionMode;
use model::{Fields, RequestHead, Route, Verdict};
use std::sync::Arc;

/// How whoever ended TLS before this proxy says so.
const PROTO: &str = "x-forwarded-proto";
/// Credentials.
const AUTHORIZATION: &str = "authorization";

/// Finds the route and writes the head for its server into `room`.
pub(super) fn decide<S>(
    live: (&World, &Shared),
    request: &Request<'_, '_>,
    client: &Client<S>,
    room: Vec<u8>,
) -> Decision {
    let origin = &client.origin;
    match live.1.frontend.request.is_empty() {
        true => find(live, &Asked::by(request, origin), origin, room),
        false => find_after_statements(live, request, origin, room),
    }
}

/// The frontend's statements come before everything else.
#[cold]
fn find_after_statements(
    live: (&World, &Shared),
    request: &Request<'_, '_>,
    origin: &Arc<Origin>,
    room: Vec<u8>,
) -> Decision {
    let statements = &live.1.frontend.request;
    match remake::in_frontend(request, origin, statements, |made| {
        // What the client may not say is gone; what is there now is the operator's word.
        find(live, &Asked { request: made, client: request, is_stranger: false }, origin, room)
    }) {
        Ok(decision) => decision,
        Err(instead) => Decision::Answer(instead.answer("EXTRA_FRONTEND"), request.shape),
    }
}

/// A request, as rules see it.
struct Asked<'r, 'h, 'b> {
    /// What is routed and forwarded.
    request: &'r Request<'h, 'b>,
    /// The request as its client sent it: credentials are judged as they came, whatever statements made of them.
    client: &'r Request<'h, 'b>,
    /// What it says of other clients does not count.
    is_stranger: bool,
}

impl<'r, 'h, 'b> Asked<'r, 'h, 'b> {
    fn by(request: &'r Request<'h, 'b>, origin: &Origin) -> Self {
        Asked { request, client: request, is_stranger: origin.trust == Trust::Stranger }
    }
}

fn find(live: (&World, &Shared), asked: &Asked<'_, '_, '_>, origin: &Arc<Origin>, room: Vec<u8>) -> Decision {
    let request = asked.request;
    let head = RequestHead {
        method: request.method.as_bytes(),
        host: request.host,
        target: request.target,
        path: request.path(),
        port: origin.port,
        secure: origin.is_encrypted() || (origin.trust == Trust::Listed && request.has_element(PROTO, b"https")),
        verified: origin.is_verified(),
        fields: asked,
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
        Verdict::Forward(route) => match to_server(live, route, asked, origin, room) {
            Ok(forward) => Decision::Forward(forward),
            Err((answer, shape)) => Decision::Answer(answer, shape),
        },
        Verdict::Check { route, question, realm } => {
            let passed = to_server(live, route, asked, origin, room);
            Decision::Check(Box::new(Check { passed, shape: request.shape, question, realm: realm.to_owned() }))
        }
        verdict => {
            let answer = Answer::to(verdict).unwrap_or(Answer::Status(503));
            Decision::Answer(answer, request.shape)
        }
    }
}

fn to_server(
    (world, shared): (&World, &Shared),
    route: &Route,
    asked: &Asked<'_, '_, '_>,
    origin: &Arc<Origin>,
    mut room: Vec<u8>,
) -> Passed {
    let request = asked.request;
    let upstream = world.upstream(route.backend);
    let mode = upstream.backend.connection_mode;
    let changes = Changes {
        client: &origin.address,
        rewritten: None,
        drop_authorization: route.access != Access::Open,
        drop_forwarded: asked.is_stranger,
        encrypted: origin.is_encrypted(),
        fallback_host: upstream.backend.dial.host(),
        close: mode != ConnectionMode::KeepAlive,
    };
    let (written, treatment) = match upstream.is_plain && shared.frontend.response.is_empty() {
        true => (write(route, request, &changes, &mut room), None),
        false => {
            let treatment = Treatment::new(upstream, request, origin, shared);
            (remake::write(request, origin, (route, &upstream.backend), &changes, &mut room), Some(treatment))
        }
    };
    match written {
        Err(instead) => Err((instead.answer(route.service().name.as_str()), request.shape)),
        Ok(shape) => Ok(Forward {
            shape,
            upstream: Arc::clone(upstream),
            head: room,
            client_keeps: mode != ConnectionMode::Close,
            treatment,
        }),
    }
}

/// Writes the head of a plain route.
fn write(
    route: &Route,
    request: &Request<'_, '_>,
    changes: &Changes<'_>,
    room: &mut Vec<u8>,
) -> Result<Shape, Instead> {
    if route.rewrites().is_empty() {
        request.write(changes, room);
        return Ok(request.shape);
    }
    let line = Rewrite::apply_all(route.rewrites(), request.method.as_bytes(), request.target);
    // HEAD decides whether a response has a body: client and server must see the same.
    let usable = line.ok().filter(|line| (line.method == b"HEAD") == request.shape.is_head);
    let line = usable.ok_or(Instead::Unusable)?;
    request.write(&Changes { rewritten: Some(&line), ..*changes }, room);
    Ok(request.shape.sent_as(&line.method))
}

impl Instead {
    /// The answer in place of a server's. `whose` rules they were is for the log.
    fn answer(self, whose: &str) -> Answer {
        match self {
            Instead::Answer(answer) => answer,
            Instead::Unusable => {
                tracing::debug!("{whose}: its rules made an unusable request; the client gets 500");
                Answer::Status(500)
            }
        }
    }
}

/// The fields as routes may see them: a stranger does not speak for others.
impl Fields for Asked<'_, '_, '_> {
    fn any(&self, name: &str, visit: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        !self.hides(name) && self.request.any(name, visit)
    }

    fn first(&self, name: &str) -> Option<&[u8]> {
        match name {
            AUTHORIZATION => self.client.first(name),
            _ if self.hides(name) => None,
            _ => self.request.first(name),
        }
    }
}

impl Asked<'_, '_, '_> {
    fn hides(&self, name: &str) -> bool {
        self.is_stranger && is_forwarded(name.as_bytes())
    }
}
