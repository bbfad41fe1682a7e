//! A client of HTTP/2, for tests whose topic is not HTTP/2 itself: one request on a connection of its own.

use super::{TestProxy, soon};
use http::{HeaderMap, Request, StatusCode};
use tokio::net::TcpStream;

/// A response over HTTP/2.
#[derive(Debug)]
pub(crate) struct Reply2 {
    pub(crate) status: StatusCode,
    pub(crate) fields: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Option<HeaderMap>,
}

impl Reply2 {
    /// The values of a field, one a line.
    pub(crate) fn field(&self, name: &str) -> String {
        let values: Vec<_> =
            self.fields.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        values.join("\n")
    }
}

impl TestProxy {
    /// Asks with prior knowledge (RFC 9113 §3.3). A body that breaks off fails the test.
    pub(crate) async fn ask_http2(&self, request: Request<()>) -> Reply2 {
        self.try_http2(request).await.unwrap_or_else(|error| panic!("the response broke off: {error}"))
    }

    /// The same, where the response may break off.
    pub(crate) async fn try_http2(&self, request: Request<()>) -> Result<Reply2, h2::Error> {
        let stream = soon("a connection", TcpStream::connect(self.address())).await.expect("a proxy");
        let (client, connection) = soon("a handshake", h2::client::handshake(stream)).await?;
        let serving = tokio::spawn(connection);
        let mut client = soon("room for a stream", client.ready()).await?;
        let (response, _) = client.send_request(request, true)?;
        let (head, mut stream) = soon("a response", response).await?.into_parts();
        let mut body = Vec::new();
        while let Some(data) = soon("more of the body", stream.data()).await {
            let data = data?;
            stream.flow_control().release_capacity(data.len())?;
            body.extend_from_slice(&data);
        }
        let trailers = soon("trailers", stream.trailers()).await?;
        serving.abort();
        Ok(Reply2 { status: head.status, fields: head.headers, body, trailers })
    }
}
