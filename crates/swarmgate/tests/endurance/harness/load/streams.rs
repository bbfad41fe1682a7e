//! A client on a connection of HTTP/2 that it shares with others. The connection is never opened again: once it is gone, all is lost.

use super::super::client::Loss;
use super::super::http2::{Http2, Sending};
use super::super::pattern;
use super::{Ask, Asking, SLOW, length_of};
use std::time::{Duration, Instant};

impl Asking {
    pub(super) async fn run_on(self, connection: Http2) {
        while let Some(id) = self.shared.number() {
            let began = Instant::now();
            let asked = self.ask_once_on(&connection, id).await;
            if !self.count(id, began, asked).await {
                return;
            }
        }
    }

    async fn ask_once_on(&self, connection: &Http2, id: u64) -> Result<(), Loss> {
        match self.ask {
            Ask::Get | Ask::Fresh | Ask::Pipelined => self.get_on(connection, id, length_of(id), 1).await,
            Ask::Download(pieces) => self.get_on(connection, id, 40_000, pieces).await,
            Ask::Post(length) => self.post_on(connection, id, Sending::at_once(pattern(id, length))).await,
            Ask::Chunked(length) => {
                let body = pattern(id, length);
                let sending = Sending { body, is_announced: false, pieces: 3, pause: Duration::ZERO };
                self.post_on(connection, id, sending).await
            }
            Ask::Upload(pieces) => {
                let body = pattern(id, 40_000);
                self.post_on(connection, id, Sending { body, is_announced: false, pieces, pause: SLOW }).await
            }
        }
    }

    async fn get_on(&self, connection: &Http2, id: u64, length: usize, pieces: usize) -> Result<(), Loss> {
        let query = format!("id={id}&bytes={length}&pieces={pieces}&pause={}", SLOW.as_millis());
        let reply = connection.ask(&format!("{}?{query}", self.shared.path), None).await?;
        self.shared.judge(&reply, &pattern(id, length))
    }

    async fn post_on(&self, connection: &Http2, id: u64, sending: Sending) -> Result<(), Loss> {
        let expected = sending.body.clone();
        let reply = connection.ask(&format!("{}?id={id}", self.shared.path), Some(sending)).await?;
        self.shared.judge(&reply, &expected)
    }
}
