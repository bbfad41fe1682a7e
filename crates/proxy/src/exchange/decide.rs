//! Phases 2 to 4, find route → guard → rewrite request: asks the route table and writes the head for the server.
//!
//! Not here: the rules themselves (`model::route`), and the sockets.

use super::{Decision, Forward};
use crate::answer::Answer;
use crate::client::Client;
use crate::http1::request::{Changes, Request};
use crate::trusted::Trust;
use crate::world::World;
use model::auth::Access;
use model::rewrite::{Rewrite, Rewritten};
use model::service::ConnectionMode;
use model::{Fields, RequestHead, Route, Verdict};
use std::sync::Arc;

/// Finds the route and writes the head for its server into `room`.
pub(super) fn decide<S>(world: &World, request: &Request<'_, '_>, client: &Client<S>, room: Vec<u8>) -> Decision {
    let head = RequestHead {
        method: request.method.as_bytes(),
        host: request.host,
        target: request.target,
        path: request.path(),
        port: client.port,
        secure: client.trust == Trust::Listed && request.has_element("x-forwarded-proto", b"https"),
        fields: request,
    };
    match world.snapshot().routes.find(&head) {
        Verdict::Forward(route) => to_server(world, route, request, client, room),
        verdict => {
            let answer = Answer::to(verdict).unwrap_or(Answer::Status(503));
            Decision::Answer(answer, request.shape)
        }
    }
}

fn to_server<S>(
    world: &World,
    route: &Route,
    request: &Request<'_, '_>,
    client: &Client<S>,
    mut room: Vec<u8>,
) -> Decision {
    let upstream = world.upstream(route.backend);
    let rewritten = match rewrite(route, request) {
        Ok(rewritten) => rewritten,
        Err(answer) => return Decision::Answer(answer, request.shape),
    };
    let mode = upstream.backend.connection_mode;
    let changes = Changes {
        client: &client.address,
        rewritten: rewritten.as_ref(),
        drop_authorization: route.access != Access::Open,
        drop_forwarded: client.trust == Trust::Stranger,
        fallback_host: upstream.backend.dial.host(),
        close: mode != ConnectionMode::KeepAlive,
    };
    request.write(&changes, &mut room);
    Decision::Forward(Forward {
        shape: request.shape,
        upstream: Arc::clone(upstream),
        head: room,
        client_keeps: mode != ConnectionMode::Close,
    })
}

/// The request line after the route's rewrites; `None` if it has none.
fn rewrite(route: &Route, request: &Request<'_, '_>) -> Result<Option<Rewritten>, Answer> {
    if route.rewrites().is_empty() {
        return Ok(None);
    }
    let line = Rewrite::apply_all(route.rewrites(), request.method.as_bytes(), request.target);
    line.map(Some).map_err(|_| {
        tracing::debug!(
            "service {}: a rewrite made an unusable request line; the client gets 500",
            route.service().name
        );
        Answer::Status(500)
    })
}
