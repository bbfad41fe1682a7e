//! What a proxy makes of good exchanges: requests become HTTP/1.1 for the server, and its responses HTTP/2 for the client.
//!
//! Not here: what is malformed (`conformance`), and what must not be smuggled (`smuggling`).

mod bodies;
mod connections;
mod requests;
mod responses;

use crate::client::{Client, Response};
use crate::hpack::Block;
use crate::it::harness::{Backend, Peer, TestProxy};

/// A client of a proxy with one server, and that server in the hand of the test.
struct Trio {
    proxy: TestProxy,
    client: Client,
    backend: Backend,
}

impl Trio {
    async fn new() -> Trio {
        Trio::with(&[], &[]).await
    }

    /// With these variables of the proxy, and settings of the client.
    async fn with(variables: &[(&str, &str)], settings: &[(u16, u32)]) -> Trio {
        let proxy = TestProxy::with(variables, |_| {}).await;
        let backend = Backend::start().await;
        let port = backend.port();
        proxy.configure(&format!("serviceName=go&servicePath=/&port={port}&outboundHostname=127.0.0.1")).await;
        let client = Client::open_with(proxy.address(), settings).await;
        Trio { proxy, client, backend }
    }

    /// Sends the frames; the server reads the head of a request.
    async fn server_gets(&mut self, frames: Vec<u8>) -> (Peer, String) {
        self.client.send(frames).await;
        let mut server = self.backend.accept().await;
        let head = server.receives_head().await;
        (server, head)
    }

    /// What the first stream gets if the server answers a GET with these bytes.
    async fn answered_with(&mut self, block: Block, answer: &str) -> Response {
        let (mut server, _) = self.server_gets(crate::frame::request(1, block)).await;
        server.send(answer).await;
        self.client.response(1).await
    }
}
