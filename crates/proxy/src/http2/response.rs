//! A response on its way to a stream: a head, and the body as HTTP/1.1 frames it, taken apart into data and trailers.
//!
//! They come from the exchange, which has judged the server's response, or from the proxy itself; so they are well formed.
//! Not here: the request (`head`, `stream`).

use super::stream::broken;
use crate::http1::body::{Body, Part};
use crate::http1::request::Shape;
use crate::http1::response::{Head, Kind};
use crate::http1::{self, Parsed, field_space};
use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, SendStream};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, SERVER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use std::io;
use std::task::{Context, Poll, Waker, ready};

/// How far the response of one stream has come.
pub(super) struct Response {
    /// HEAD: whatever the fields say, no body follows.
    is_head: bool,
    respond: SendResponse<Bytes>,
    /// Once the final head is sent.
    sending: Option<Sending>,
}

/// What follows a head.
struct Sending {
    stream: SendStream<Bytes>,
    /// What is still to come.
    body: Body,
    /// The lines of trailers so far.
    trailers: Vec<u8>,
    /// END_STREAM is sent, or a reset.
    ended: bool,
}

impl Response {
    pub(super) fn new(is_head: bool, respond: SendResponse<Bytes>) -> Response {
        Response { is_head, respond, sending: None }
    }

    /// Takes heads whole, and of a body what the client's window has room for.
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut taken = 0;
        while self.sending.is_none() && taken < bytes.len() {
            taken += self.send_head(&bytes[taken..])?;
        }
        let Some(sending) = self.sending.as_mut().filter(|_| taken < bytes.len()) else {
            return Poll::Ready(Ok(taken));
        };
        match sending.poll_write(cx, &bytes[taken..]) {
            Poll::Ready(Ok(count)) => Poll::Ready(Ok(taken + count)),
            Poll::Pending if taken > 0 => Poll::Ready(Ok(taken)),
            other => other,
        }
    }

    /// Ready when the client has given the stream up, or the connection has ended.
    pub(super) fn poll_reset(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let reset = match &mut self.sending {
            Some(sending) => sending.stream.poll_reset(cx),
            None => self.respond.poll_reset(cx),
        };
        reset.map(|reason| match reason {
            Ok(reason) => io::Error::new(io::ErrorKind::ConnectionReset, reason.description()),
            Err(error) => broken(error),
        })
    }

    /// What the client has room for now.
    pub(super) fn capacity(&self) -> usize {
        self.sending.as_ref().map_or(0, |sending| sending.stream.capacity())
    }

    pub(super) fn reset(&mut self, reason: Reason) {
        match &mut self.sending {
            Some(sending) => {
                sending.ended = true;
                sending.stream.send_reset(reason);
            }
            None => self.respond.send_reset(reason),
        }
    }

    /// Ends a response whose end was not in its bytes.
    pub(super) fn end(&mut self) -> io::Result<()> {
        match &mut self.sending {
            Some(sending) if !sending.ended => {
                sending.ended = true;
                sending.stream.send_data(Bytes::new(), true).map_err(broken)
            }
            _ => Ok(()),
        }
    }

    /// Sends a head; returns its length.
    pub(super) fn give_head(&mut self, head: &Head<'_, '_>) -> io::Result<u64> {
        let http1::response::Response { status, kind, body, .. } = head.response;
        let mut response = http::Response::new(());
        *response.status_mut() = StatusCode::from_u16(status).map_err(|_| unusable())?;
        *response.headers_mut() = fields(head.bytes(), head.fields())?;
        if let Some(length) = head.odd_length() {
            response.headers_mut().insert(CONTENT_LENGTH, length.into());
        }
        match kind {
            Kind::Interim => self.respond.send_informational(response).map_err(broken)?,
            Kind::Switching => return Err(unusable()),
            Kind::Final => {
                let ended = body.is_finished();
                let stream = self.respond.send_response(response, ended).map_err(broken)?;
                self.sending = Some(Sending { stream, body, trailers: Vec::new(), ended });
            }
        }
        Ok(head.bytes().len() as u64)
    }

    /// Sends a head of the proxy's own, at the start of `bytes`; returns its length.
    fn send_head(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut space = field_space();
        match http1::response::read(bytes, &Shape::of_stream(self.is_head), true, &mut space) {
            Ok(Parsed::Complete(head)) => self.give_head(&head).map(|_| head.response.head_length),
            Ok(Parsed::Partial) | Err(_) => Err(unusable()),
        }
    }
}

impl Sending {
    /// Sends what the window has room for, and the end with the last of it.
    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.ended {
            return Poll::Ready(Ok(bytes.len()));
        }
        // Room that is there at once would wake the task that asks for it, if it had waited for a reset before: once more for each response.
        let _ = self.stream.poll_reset(&mut Context::from_waker(Waker::noop()));
        self.stream.reserve_capacity(bytes.len());
        let mut taken = self.send(bytes)?;
        while taken == 0 {
            // Framing alone needs no room, so it is data that waits.
            ready!(self.stream.poll_capacity(cx)).ok_or_else(unusable)?.map_err(broken)?;
            taken = self.send(bytes)?;
        }
        Poll::Ready(Ok(taken))
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Sending { stream, body, trailers, ended } = self;
        let room = stream.capacity();
        // As long as it will be, where no framing is among it: then it is not moved again.
        let mut data = Vec::with_capacity(bytes.len().min(room));
        let taken = body.advance_parts(bytes, room, |part| match part {
            Part::Data(bytes) => data.extend_from_slice(bytes),
            Part::Trailer(byte) => trailers.push(byte),
        });
        let taken = taken.map_err(|_| unusable())?;
        *ended = body.is_finished();
        let ends_here = *ended && trailers.is_empty();
        if !data.is_empty() || ends_here {
            stream.send_data(data.into(), ends_here).map_err(broken)?;
        }
        if *ended && !ends_here {
            stream.send_trailers(read_trailers(trailers)?).map_err(broken)?;
        }
        Ok(taken)
    }
}

/// Fields that stand in `bytes`. They are copied once, all together.
fn fields<'f>(bytes: &[u8], read: impl Iterator<Item = (&'f str, &'f [u8])>) -> io::Result<HeaderMap> {
    let copy = Bytes::copy_from_slice(bytes);
    // Few, and rarely more: room for many would be a large piece of memory for each response.
    let mut fields = HeaderMap::with_capacity(6);
    for (name, value) in read {
        let start = http1::offset(bytes, value);
        let name = name_of(name)?;
        let value = HeaderValue::from_maybe_shared(copy.slice(start..start + value.len())).map_err(|_| unusable())?;
        fields.append(name, value);
    }
    Ok(fields)
}

/// The name of a field. Those that most responses have are not read letter by letter.
fn name_of(name: &str) -> io::Result<HeaderName> {
    const COMMON: [(&str, HeaderName); 4] =
        [("content-length", CONTENT_LENGTH), ("content-type", CONTENT_TYPE), ("date", DATE), ("server", SERVER)];
    match COMMON.iter().find(|(common, _)| name.eq_ignore_ascii_case(common)) {
        Some((_, name)) => Ok(name.clone()),
        None => HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable()),
    }
}

fn read_trailers(lines: &mut Vec<u8>) -> io::Result<HeaderMap> {
    lines.extend_from_slice(b"\r\n");
    let mut space = [httparse::EMPTY_HEADER; http1::MAX_FIELDS];
    match httparse::parse_headers(lines, &mut space) {
        Ok(httparse::Status::Complete((_, headers))) => {
            fields(lines, headers.iter().map(|header| (header.name, header.value)))
        }
        _ => Err(unusable()),
    }
}

fn unusable() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the response is none that HTTP/2 can carry")
}
