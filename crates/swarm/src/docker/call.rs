//! One `GET` over a connection of its own: HTTP/1.1 as `hyper` speaks it.
//!
//! Not here: what is asked for ([`super::Engine`]).

use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONNECTION, HOST, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::timeout;

use super::address::Address;
use super::error::Failure;
use crate::reason::said;

/// An answer whose first byte came in time may take this long to its last.
const WHOLE_ANSWER: Duration = Duration::from_secs(30);
/// The longest answer in bytes: some 100,000 tasks.
const LONGEST_ANSWER: usize = 512 * 1024 * 1024;
/// More than this is read into values on a thread that may be held up.
const SHORT_ANSWER: usize = 256 * 1024;

pub(super) struct Call<'e> {
    pub(super) address: &'e Address,
    pub(super) begins_within: Duration,
}

/// An answer with status 200 whose body is still to come.
pub(super) struct Answer {
    body: Incoming,
    /// Ends with the answer, or when the answer is dropped.
    _connection: JoinSet<()>,
    _sender: SendRequest<Empty<Bytes>>,
}

/// How Docker says what is wrong.
#[derive(Deserialize)]
struct Complaint {
    message: String,
}

impl Call<'_> {
    pub(super) async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Answer, Failure> {
        let answer = timeout(self.begins_within, self.send(path, query)).await.map_err(|_| Failure::TimedOut)??;
        let (head, answer) = answer;
        if head.status().is_success() {
            return Ok(answer);
        }
        let status = head.status().as_u16();
        let body = answer.bytes().await.unwrap_or_default();
        let message = match serde_json::from_slice::<Complaint>(&body) {
            Ok(complaint) => said(&complaint.message),
            Err(_) => "no message".to_owned(),
        };
        Err(Failure::Because(format!("status {status}: {message}")))
    }

    async fn send(&self, path: &str, query: &[(&str, String)]) -> Result<(Response<()>, Answer), Failure> {
        let stream = TokioIo::new(self.address.connect().await?);
        let (mut sender, connection) = http1::handshake(stream).await?;
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            // What goes wrong is told to who waits for the answer.
            let _ = connection.await;
        });
        let request = Request::get(target(path, query))
            .header(HOST, self.address.authority())
            .header(USER_AGENT, "swarmgate")
            .header(CONNECTION, "close")
            .body(Empty::new())?;
        let (head, body) = sender.send_request(request).await?.into_parts();
        Ok((Response::from_parts(head, ()), Answer { body, _connection: tasks, _sender: sender }))
    }
}

impl Answer {
    /// The whole body as one value.
    pub(super) async fn json<T: DeserializeOwned + Send + 'static>(self) -> Result<T, Failure> {
        let body = self.bytes().await?;
        if body.len() <= SHORT_ANSWER {
            return Ok(serde_json::from_slice(&body)?);
        }
        Ok(spawn_blocking(move || serde_json::from_slice(&body)).await??)
    }

    /// The next piece of the body; `None` at its end.
    pub(super) async fn piece(&mut self) -> Result<Option<Bytes>, Failure> {
        while let Some(frame) = self.body.frame().await {
            if let Ok(piece) = frame?.into_data() {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }

    async fn bytes(mut self) -> Result<Vec<u8>, Failure> {
        let whole = async {
            let mut body = Vec::new();
            while let Some(piece) = self.piece().await? {
                body.extend_from_slice(&piece);
                if body.len() > LONGEST_ANSWER {
                    return Err(Failure::Because(format!("its answer has more than {LONGEST_ANSWER} bytes")));
                }
            }
            Ok(body)
        };
        timeout(WHOLE_ANSWER, whole).await.map_err(|_| Failure::TimedOut)?
    }
}

fn target(path: &str, query: &[(&str, String)]) -> String {
    let query: Vec<_> = query.iter().map(|(name, value)| format!("{name}={}", crate::escape::escape(value))).collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}
