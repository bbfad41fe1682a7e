//! Phase 1, read head: waits for a whole head at the front of a client's buffer and has it decided about.
//!
//! Not here: what a head must look like (`http1::request`).

use super::{Decision, decide};
use crate::client::{Client, ClientStream, Ended, Protocol};
use crate::http1::request::Request;
use crate::http1::{Malformed, Parsed, field_space};
use crate::http2::{self, Begins};
use crate::observe::{Head, Observed};
use crate::worker::Shared;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

/// How long a proxy that is about to stop waits for another request after a response. A client that asks again and again has mostly sent
/// it already: to close the connection under it would lose it.
const NEXT_REQUEST: Duration = Duration::from_secs(1);

/// What ends a head, with the line end before it.
const EMPTY_LINE: &[u8] = b"\r\n\r\n";

/// For what a client is waited.
#[derive(Clone, Copy)]
pub(crate) enum Waiting {
    /// The first request of a connection. Until then it is not idle: the request may be on its way.
    First(Instant),
    /// Another request, after a response.
    Next,
    /// Nothing: the head is there already, because it came in a stream of its own.
    Nothing,
}

/// Why there is no request.
pub(super) enum NoHead {
    /// What came is none.
    Malformed(Malformed),
    /// Nothing more comes.
    Ended(Ended),
    /// What came begins HTTP/2.
    Http2,
}

/// Waits for a request and asks the live world about it. The client's deadline is set before its first byte and again with it, where bytes
/// are waited for.
pub(super) async fn next<S>(
    client: &mut Client<S>,
    shared: &Shared,
    waiting: Waiting,
    mut room: Vec<u8>,
) -> Result<(Decision, Observed), NoHead>
where
    S: AsyncRead + AsyncWrite + ClientStream + Unpin,
{
    let expected = match waiting {
        Waiting::First(until) => {
            client.deadline.set(shared.timeouts.http_request);
            Some(until)
        }
        Waiting::Next => Some(client.deadline.set(shared.timeouts.http_keep_alive) + NEXT_REQUEST),
        Waiting::Nothing => None,
    };
    let may_be_http2 = matches!(waiting, Waiting::First(_)) && shared.http2 && client.protocol == Protocol::Http1;
    let mut parsed_length = 0;
    let mut began = None;
    loop {
        let length = if client.is_blank() { 0 } else { client.buffered.len() };
        let begins = if may_be_http2 { http2::begins(&client.buffered) } else { Begins::Other };
        if begins == Begins::Http2 {
            return Err(NoHead::Http2);
        }
        // A head that trickles in is not read again for every byte: only when it may be whole, or has doubled.
        if length > 0
            && begins == Begins::Other
            && (ends_a_head(&client.buffered, parsed_length) || length >= 2 * parsed_length)
        {
            match read(client, shared, began, &mut room) {
                Ok(Parsed::Complete(decision)) => return Ok(decision),
                Err(malformed) => return Err(NoHead::Malformed(malformed)),
                Ok(Parsed::Partial) if parsed_length == 0 => {
                    began = Some(client.deadline.set(shared.timeouts.http_request));
                }
                Ok(Parsed::Partial) => {}
            }
            parsed_length = length;
        }
        let is_idle = || length == 0 && expected.is_none_or(|expected| Instant::now() >= expected);
        client.read(|| shared.is_draining() && is_idle()).await.map_err(NoHead::Ended)?;
    }
}

/// `began` is when the first byte came, if the head did not come whole.
fn read<S>(
    client: &Client<S>,
    shared: &Shared,
    began: Option<Instant>,
    room: &mut Vec<u8>,
) -> Result<Parsed<(Decision, Observed)>, Malformed> {
    let mut space = field_space();
    let Parsed::Complete(request) = Request::parse(&client.buffered, &mut space)? else {
        return Ok(Parsed::Partial);
    };
    let observed = client.origin.accepted.request(began, || Head {
        method: request.method.as_bytes(),
        target: request.target,
        host: request.host,
        version: match client.protocol {
            Protocol::Http2 => "HTTP/2.0",
            Protocol::Http1 if request.shape.http10 => "HTTP/1.0",
            Protocol::Http1 => "HTTP/1.1",
        },
        fields: &request,
    });
    let room = std::mem::take(room);
    let mut decision = shared.world.with(|world| decide::decide((world, shared), &request, client, room));
    if let Some(forward) = decision.forward_mut() {
        forward.client_keeps &= request.shape.keep_alive && !shared.is_draining();
    }
    Ok(Parsed::Complete((decision, observed)))
}

/// Whether the empty line that ends a head may be in `buffered`; before `from` it is known not to be.
fn ends_a_head(buffered: &[u8], from: usize) -> bool {
    // Mostly nothing follows it, and a search takes longer than all else that is asked about a head.
    buffered.ends_with(EMPTY_LINE) || memchr::memmem::find(&buffered[from.saturating_sub(3)..], EMPTY_LINE).is_some()
}
