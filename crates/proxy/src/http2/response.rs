//! A response on its way to a stream: the bytes that HTTP/1.1 would send, taken apart into fields, data and trailers.
//!
//! They come from the exchange, which has judged the server's response, or from the proxy itself; so they are well formed.
//! Not here: the request (`head`, `stream`).

use super::stream::broken;
use crate::http1::body::{Body, Part};
use crate::http1::field_space;
use bytes::{Bytes, BytesMut};
use h2::server::SendResponse;
use h2::{Reason, SendStream};
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use std::io;
use std::task::{Context, Poll, ready};

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

    /// Sends the head at the start of `bytes`; returns its length.
    fn send_head(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut space = field_space();
        let mut parser = httparse::Response::new(&mut []);
        let parsed =
            httparse::ParserConfig::default().parse_response_with_uninit_headers(&mut parser, bytes, &mut space);
        let Ok(httparse::Status::Complete(length)) = parsed else { return Err(unusable()) };
        let status = parser.code.and_then(|code| StatusCode::from_u16(code).ok()).ok_or_else(unusable)?;
        let fields = fields(parser.headers)?;
        let body = self.body(status, parser.headers)?;
        let mut response = http::Response::new(());
        *response.status_mut() = status;
        *response.headers_mut() = fields;
        if status.is_informational() {
            self.respond.send_informational(response).map_err(broken)?;
            return Ok(length);
        }
        let ended = body.is_finished();
        let stream = self.respond.send_response(response, ended).map_err(broken)?;
        self.sending = Some(Sending { stream, body, trailers: Vec::new(), ended });
        Ok(length)
    }

    /// Where the body ends, as HTTP/1.1 says it (RFC 9112 §6.3).
    fn body(&self, status: StatusCode, fields: &[httparse::Header<'_>]) -> io::Result<Body> {
        if self.is_head || status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED {
            return Ok(Body::EMPTY);
        }
        let value = |name: &HeaderName| {
            fields.iter().find(|field| field.name.eq_ignore_ascii_case(name.as_str())).map(|field| field.value)
        };
        if value(&TRANSFER_ENCODING).is_some() {
            return Ok(Body::CHUNKED);
        }
        let Some(length) = value(&CONTENT_LENGTH) else { return Ok(Body::UntilClose) };
        let length = std::str::from_utf8(length).ok().and_then(|length| length.parse().ok());
        length.map(Body::Length).ok_or_else(unusable)
    }
}

impl Sending {
    /// Sends what the window has room for, and the end with the last of it.
    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.ended {
            return Poll::Ready(Ok(bytes.len()));
        }
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
        let mut data = BytesMut::new();
        let taken = body.advance_parts(bytes, room, |part| match part {
            Part::Data(bytes) => data.extend_from_slice(bytes),
            Part::Trailer(byte) => trailers.push(byte),
        });
        let taken = taken.map_err(|_| unusable())?;
        *ended = body.is_finished();
        let ends_here = *ended && trailers.is_empty();
        if !data.is_empty() || ends_here {
            stream.send_data(data.freeze(), ends_here).map_err(broken)?;
        }
        if *ended && !ends_here {
            stream.send_trailers(read_trailers(trailers)?).map_err(broken)?;
        }
        Ok(taken)
    }
}

/// The fields of a head, without those of HTTP/1.1's connection (RFC 9113 §8.2.2).
fn fields(headers: &[httparse::Header<'_>]) -> io::Result<HeaderMap> {
    let mut fields = HeaderMap::with_capacity(headers.len());
    for header in headers {
        let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| unusable())?;
        if name != CONNECTION && name != TRANSFER_ENCODING && name != UPGRADE {
            fields.append(name, HeaderValue::from_bytes(header.value).map_err(|_| unusable())?);
        }
    }
    Ok(fields)
}

fn read_trailers(lines: &mut Vec<u8>) -> io::Result<HeaderMap> {
    lines.extend_from_slice(b"\r\n");
    let mut space = [httparse::EMPTY_HEADER; crate::http1::MAX_FIELDS];
    match httparse::parse_headers(lines, &mut space) {
        Ok(httparse::Status::Complete((_, headers))) => fields(headers),
        _ => Err(unusable()),
    }
}

fn unusable() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the response is none that HTTP/2 can carry")
}
