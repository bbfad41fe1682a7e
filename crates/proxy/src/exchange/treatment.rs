//! What is done to a response beside passing it on. Only routes that ask for something have a treatment; the others never come here.
//!
//! Not here: moving bytes (`exchange::response`).

use super::coding::{self, Coding};
use super::draft::Draft;
use crate::http1::Malformed;
use crate::http1::response::{Head, Response};
use crate::world::Upstream;
use model::compression::Algorithm;
use model::{Backend, Fields};
use std::sync::Arc;

/// The treatment of one response.
pub(crate) struct Treatment {
    /// Says what is asked for.
    backend: Arc<Backend>,
    /// How the client would take its body, until the head says whether it is compressed.
    algorithm: Option<Algorithm>,
    /// Its body, while it is compressed.
    coding: Option<Coding>,
}

impl Treatment {
    /// Of the response to a request with these fields; `None` if there is nothing to do.
    pub(super) fn new(upstream: &Upstream, request: &dyn Fields) -> Option<Box<Treatment>> {
        let backend = &upstream.backend;
        let algorithm = backend.compression.as_ref().and_then(|compression| compression.choose(request));
        algorithm?;
        Some(Box::new(Treatment { backend: Arc::clone(backend), algorithm, coding: None }))
    }

    /// The body is being compressed, or may be: its bytes cost time.
    pub(super) fn is_coding(&self) -> bool {
        self.coding.is_some() || self.algorithm.is_some()
    }

    /// The head that the client gets in place of this one; `None`: the same.
    pub(super) fn rewrite(&mut self, head: &Head<'_, '_>) -> Option<Vec<u8>> {
        let compression = self.backend.compression.as_ref()?;
        let algorithm = self.algorithm.take().filter(|_| coding::suits(head, compression))?;
        self.coding = Coding::new(algorithm).ok();
        self.coding.as_ref()?;
        let mut draft = Draft::of(head.headers());
        coding::announce(&mut draft, algorithm);
        let mut written = Vec::with_capacity(head.bytes().len() + 100);
        draft.write(head.line(), &mut written);
        Some(written)
    }

    /// Takes the body's bytes from the front of `bytes`, if they are compressed; the rest as [`Coding::pass`].
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
