//! One client's HTTP/2 connection: many requests at a time, and never opened again.
//!
//! Frames are the h2 library's. Not here: which requests (`load`), and how many were lost (`tally`).

use super::client::{Loss, Reply};
use super::target::{NoConnection, Target};
use super::{PATIENCE, soon};
use bytes::Bytes;
use h2::client::SendRequest;
use h2::{Reason, RecvStream};
use http::{Method, Request};
use std::io;
use std::time::Duration;
use tokio::task::AbortHandle;

/// A connection. Clones share it.
#[derive(Clone)]
pub(crate) struct Http2 {
    sender: SendRequest<Bytes>,
    speaking: AbortHandle,
}

/// What is sent behind the head of a request.
pub(crate) struct Sending {
    /// All of it.
    pub(crate) body: Vec<u8>,
    /// Whether the head says how long it is.
    pub(crate) is_announced: bool,
    /// In how many pieces it comes.
    pub(crate) pieces: usize,
    /// Between two of them.
    pub(crate) pause: Duration,
}

impl Sending {
    /// In one piece, with its length.
    pub(crate) fn at_once(body: Vec<u8>) -> Sending {
        Sending { body, is_announced: true, pieces: 1, pause: Duration::ZERO }
    }
}

impl Http2 {
    pub(crate) async fn open(target: &Target) -> anyhow::Result<Http2> {
        let stream = soon("a connection", target.connect()).await?.map_err(|why| match why {
            NoConnection::Refused(error) | NoConnection::NoTls(error) => error,
        })?;
        let (sender, connection) = soon("HTTP/2", h2::client::handshake(stream)).await??;
        let speaking = tokio::spawn(async move {
            // Its end shows in every request.
            let _ = connection.await;
        });
        Ok(Http2 { sender, speaking: speaking.abort_handle() })
    }

    /// An error if the other side has ended the connection, or said that it will.
    pub(crate) async fn is_open(&self) -> anyhow::Result<()> {
        anyhow::ensure!(!self.speaking.is_finished(), "the HTTP/2 connection has ended");
        let ready = soon("room for a request", self.sender.clone().ready()).await?;
        ready.map_err(|error| anyhow::anyhow!("the HTTP/2 connection: {error}"))?;
        Ok(())
    }

    /// Sends a request for `path_and_query` and waits for the whole response.
    pub(crate) async fn ask(&self, path_and_query: &str, sending: Option<Sending>) -> Result<Reply, Loss> {
        let paused = sending.as_ref().map_or(Duration::ZERO, |sending| sending.pause * sending.pieces as u32);
        let asking = tokio::time::timeout(PATIENCE + paused, self.ask_patiently(path_and_query, sending));
        match asking.await {
            Ok(asked) => asked.map_err(loss),
            Err(_) => Err(Loss::Cut(io::ErrorKind::TimedOut.into())),
        }
    }

    async fn ask_patiently(&self, path_and_query: &str, sending: Option<Sending>) -> Result<Reply, h2::Error> {
        let mut sender = self.sender.clone().ready().await?;
        let mut head = Request::new(());
        *head.method_mut() = if sending.is_some() { Method::POST } else { Method::GET };
        *head.uri_mut() = format!("https://a{path_and_query}").parse().expect("a target that the tests made");
        if let Some(sending) = sending.as_ref().filter(|sending| sending.is_announced) {
            head.headers_mut().insert("content-length", sending.body.len().into());
        }
        let (response, mut stream) = sender.send_request(head, sending.is_none())?;
        if let Some(Sending { body, pieces, pause, .. }) = sending {
            for piece in body.chunks(body.len().div_ceil(pieces).max(1)) {
                // The library keeps what the window does not take yet.
                stream.send_data(Bytes::copy_from_slice(piece), false)?;
                if !pause.is_zero() {
                    tokio::time::sleep(pause).await;
                }
            }
            stream.send_data(Bytes::new(), true)?;
        }
        let (head, body) = response.await?.into_parts();
        let by = head.headers.get("x-served-by").and_then(|by| by.to_str().ok()).unwrap_or_default().to_owned();
        Ok(Reply { status: head.status.as_u16(), by, last: false, body: whole(body).await? })
    }
}

async fn whole(mut body: RecvStream) -> Result<Vec<u8>, h2::Error> {
    let mut bytes = Vec::new();
    while let Some(data) = body.data().await {
        let data = data?;
        body.flow_control().release_capacity(data.len())?;
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

/// A goodbye says that nothing of the request was taken; it may be sent again elsewhere.
fn loss(error: h2::Error) -> Loss {
    match error.is_go_away() && error.is_remote() && error.reason() == Some(Reason::NO_ERROR) {
        true => Loss::Between,
        false => Loss::Cut(io::Error::other(error)),
    }
}
