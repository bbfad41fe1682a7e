//! What is done to an exchange beside passing it on. Only routes that ask for something have a treatment; the others never come here.
//!
//! Not here: moving bytes (`exchange::response`), and the request's head (`exchange::remake`).

use super::coding::{self, Coding};
use super::draft::Draft;
use super::message::Message;
use crate::balance::Stickiness;
use crate::http1::Malformed;
use crate::http1::request::Request;
use crate::http1::response::{Head, Response};
use crate::origin::Origin;
use crate::worker::Shared;
use crate::world::Upstream;
use model::compression::Algorithm;
use model::statement::Statements;
use model::{Backend, Fields};
use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;

/// The treatment of one exchange.
pub(crate) struct Treatment {
    /// Says what is asked for.
    backend: Arc<Backend>,
    /// The frontend's own.
    statements: Arc<Statements>,
    /// What statements may ask of the request.
    origin: Arc<Origin>,
    method: Box<str>,
    /// How the client would take the body of its response, until the head says whether it is compressed.
    algorithm: Option<Algorithm>,
    /// The body of the response, while it is compressed.
    coding: Option<Coding>,
    /// The server that the client stays with.
    sticky: Option<Stickiness>,
    /// The cookie's value for the server that was asked, if the client has another or none.
    correction: Option<String>,
}

impl Treatment {
    /// Of a request with these fields.
    pub(super) fn new(
        upstream: &Upstream,
        request: &Request<'_, '_>,
        origin: &Arc<Origin>,
        shared: &Shared,
    ) -> Box<Treatment> {
        let backend = Arc::clone(&upstream.backend);
        let algorithm = backend.compression.as_ref().and_then(|compression| compression.choose(request));
        let cookie = backend.cookie.as_ref();
        let sticky = cookie.map(|name| Stickiness::new(name, cookie_of(request, name), &shared.session_key));
        let statements = Arc::clone(&shared.frontend);
        let (origin, method) = (Arc::clone(origin), request.method.into());
        Box::new(Treatment { backend, statements, origin, method, algorithm, coding: None, sticky, correction: None })
    }

    /// The server that the client stays with, if it does.
    pub(super) fn sticky(&self) -> Option<&Stickiness> {
        self.sticky.as_ref()
    }

    /// This server is asked.
    pub(super) fn asks(&mut self, address: SocketAddr) {
        self.correction = self.sticky.as_ref().and_then(|sticky| sticky.correction(address));
    }

    /// The body is being compressed, or may be: its bytes cost time.
    pub(super) fn is_coding(&self) -> bool {
        self.coding.is_some() || self.algorithm.is_some()
    }

    /// The head that the client gets in place of this one; `None`: a statement refuses it. In HAProxy's order: statements, cookies,
    /// compression.
    pub(super) fn rewrite(&mut self, head: &Head<'_, '_>) -> Option<Vec<u8>> {
        let mut draft = self.run_statements(head)?;
        self.mark(&mut draft);
        self.compress(head, &mut draft);
        let mut written = Vec::with_capacity(head.bytes().len() + 128);
        draft.write(head.line(), &mut written);
        Some(written)
    }

    /// The backend's, then the frontend's. There is no answer in place of a server's any more: whatever would give one refuses the response.
    fn run_statements<'b>(&self, head: &'b Head<'_, 'b>) -> Option<Draft<'b>> {
        let draft = Draft::of(head.classified());
        let mut message = Message {
            origin: &self.origin,
            backend: &self.backend.name,
            method: self.method.as_bytes().into(),
            target: Cow::Borrowed(b""),
            status: Some(head.response.status),
            draft,
        };
        let refused =
            [&self.backend.statements, &self.statements].into_iter().any(|list| message.run(&list.response).is_some());
        (!refused).then_some(message.draft)
    }

    /// The cookie is the proxy's own: a server does not set it. A response that sets it is for its client alone (HAProxy's `indirect` and
    /// `nocache`).
    fn mark(&self, draft: &mut Draft<'_>) {
        let Some(Stickiness { name, .. }) = &self.sticky else { return };
        draft.retain("set-cookie", |value| !is_named(value, name));
        if let Some(value) = &self.correction {
            draft.add("Set-Cookie", format!("{name}={value}; path=/").into_bytes());
            draft.add("Cache-control", b"private".to_vec());
        }
    }

    fn compress(&mut self, head: &Head<'_, '_>, draft: &mut Draft<'_>) {
        let (Some(algorithm), Some(compression)) = (self.algorithm.take(), &self.backend.compression) else { return };
        if coding::suits(head, draft, compression) {
            self.coding = Coding::new(algorithm);
            if self.coding.is_some() {
                coding::announce(draft, algorithm);
            }
        }
    }

    /// Takes the body's bytes from the front of `bytes` if they are compressed, as [`Coding::pass`] does.
    pub(super) fn pass(
        &mut self,
        response: &mut Response,
        bytes: &[u8],
        outgoing: &mut Vec<u8>,
    ) -> Option<Result<usize, Malformed>> {
        let coding = self.coding.as_mut()?;
        Some(coding.pass(&mut response.body, bytes, outgoing))
    }
}

/// The first value of a cookie in a request.
fn cookie_of(request: &dyn Fields, name: &str) -> Option<Vec<u8>> {
    let mut found = None;
    request.any("cookie", &mut |value| {
        let crumb = value.split(|byte| *byte == b';').find(|crumb| is_named(crumb, name));
        found = crumb.map(|crumb| crumb.trim_ascii()[name.len()..].trim_ascii_start()[1..].trim_ascii().to_vec());
        found.is_some()
    });
    found
}

/// Whether this is `name=…`, a cookie in a request or at the start of Set-Cookie.
pub(super) fn is_named(crumb: &[u8], name: &str) -> bool {
    let rest = crumb.trim_ascii().strip_prefix(name.as_bytes());
    rest.is_some_and(|rest| rest.trim_ascii_start().starts_with(b"="))
}
