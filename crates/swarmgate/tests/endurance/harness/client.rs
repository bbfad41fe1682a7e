//! One client of the proxy: request by request, on a connection that it keeps as long as it may.
//!
//! Not here: which requests (`load`), and how many were lost (`tally`).

use super::PATIENCE;
use super::target::{NoConnection, Target};
use super::wire::Wire;
use std::fmt;
use std::io;

/// A client; it connects when it needs to.
pub(crate) struct Client {
    target: Target,
    wire: Option<Wire>,
    /// Bytes of the connection up to the last whole response; 0 before the first one.
    whole: usize,
}

/// A whole response.
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// The address of the server that says it has answered; empty where the proxy has.
    pub(crate) by: String,
    /// The response said that it is the last one.
    pub(crate) last: bool,
    pub(crate) body: Vec<u8>,
}

/// Why there is no whole response.
#[derive(Debug)]
pub(crate) enum Loss {
    /// No connection.
    NotConnected(io::Error),
    /// A kept connection ended before a byte of the response: any client must expect that, and may ask again.
    Between,
    /// The connection broke, or nothing came.
    Cut(io::Error),
    /// A whole response that is not the right one.
    Wrong(String),
}

impl Client {
    pub(crate) fn of(target: impl Into<Target>) -> Client {
        Client { target: target.into(), wire: None, whole: 0 }
    }

    /// Sends a request and waits for the whole response.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Result<Reply, Loss> {
        self.send(request).await?;
        self.reply().await
    }

    /// Sends a part of a request.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> Result<(), Loss> {
        self.connect().await?;
        match in_time(self.wire().send(bytes)).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.lose(error)),
        }
    }

    /// Connects unless a connection is there.
    pub(crate) async fn connect(&mut self) -> Result<(), Loss> {
        if self.wire.is_none() {
            let connecting = tokio::time::timeout(PATIENCE, self.target.connect()).await;
            let stream = match connecting {
                Ok(Ok(stream)) => stream,
                Ok(Err(NoConnection::Refused(error))) => return Err(Loss::NotConnected(error)),
                Ok(Err(NoConnection::NoTls(error))) => return Err(Loss::Cut(error)),
                Err(_) => return Err(Loss::Cut(io::ErrorKind::TimedOut.into())),
            };
            self.wire = Some(Wire::new(stream));
            self.whole = 0;
        }
        Ok(())
    }

    /// The connection.
    ///
    /// # Panics
    /// Before [`Client::connect`].
    pub(crate) fn wire(&mut self) -> &mut Wire {
        self.wire.as_mut().expect("connected before")
    }

    /// The next response on the connection. After the last one, and after a loss, the next request connects anew.
    pub(crate) async fn reply(&mut self) -> Result<Reply, Loss> {
        match in_time(receive(self.wire())).await {
            Ok(Some(reply)) => {
                self.whole = self.wire().came;
                if reply.last {
                    self.wire = None;
                }
                Ok(reply)
            }
            Ok(None) => Err(self.lose(io::ErrorKind::UnexpectedEof.into())),
            Err(error) => Err(self.lose(error)),
        }
    }

    /// Leaves; the next request comes on a new connection.
    pub(crate) fn leave(&mut self) {
        self.wire = None;
    }

    fn lose(&mut self, error: io::Error) -> Loss {
        let came = self.wire.take().map_or(0, |wire| wire.came);
        let is_end = !matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::Other);
        if is_end && self.whole > 0 && came == self.whole { Loss::Between } else { Loss::Cut(error) }
    }
}

async fn receive(wire: &mut Wire) -> io::Result<Option<Reply>> {
    let Some(head) = wire.head().await? else { return Ok(None) };
    let body = wire.body(&head).await?;
    let status = head.first_line().split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok(Some(Reply {
        status: status.ok_or_else(|| io::Error::other(format!("no status in {:?}", head.first_line())))?,
        by: head.field("x-served-by").unwrap_or_default().to_owned(),
        last: head.field("connection").is_some_and(|value| value.eq_ignore_ascii_case("close")),
        body,
    }))
}

async fn in_time<T>(event: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout(PATIENCE, event).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Loss::NotConnected(error) => write!(f, "no connection: {error}"),
            Loss::Between => f.write_str("a kept connection ended before the response"),
            Loss::Wrong(what) => f.write_str(what),
            Loss::Cut(error) => write!(f, "cut: {error}"),
        }
    }
}
