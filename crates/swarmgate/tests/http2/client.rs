//! A client that writes frames by hand and reads what comes back.
//!
//! It acknowledges settings and, unless told otherwise, answers PINGs and gives back every window it uses; nothing else goes out by itself.
//! Not here: what should come back.

use crate::frame::{self, Frame, PREFACE, code, flag, kind};
use crate::hpack::{Decoder, Field};
use crate::it::harness::soon;
use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// What lies between a client and the proxy.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A connection.
pub(crate) struct Client {
    stream: Box<dyn Stream>,
    buffered: Vec<u8>,
    /// How much of it was looked at.
    read: usize,
    decoder: Decoder,
    /// A header block whose end has not come.
    block: Vec<u8>,
    /// Windows are given back.
    pub(crate) gives_windows: bool,
    /// PINGs are answered.
    pub(crate) answers_pings: bool,
}

/// What came next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Frame(Frame),
    /// The fields of a whole header block, and whether the stream ends with them.
    Fields(u32, Vec<Field>, bool),
    /// The end of the connection, in good order or not.
    Closed,
}

/// A response, or what there was of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Response {
    /// The statuses of interim responses.
    pub(crate) interim: Vec<u16>,
    pub(crate) status: u16,
    pub(crate) fields: Vec<Field>,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Vec<Field>,
    /// It was whole.
    pub(crate) ended: bool,
    /// The stream was reset with this code.
    pub(crate) reset: Option<u32>,
}

impl Client {
    /// One that has said nothing yet.
    pub(crate) async fn connect(address: SocketAddr) -> Client {
        let stream = soon("a connection", TcpStream::connect(address)).await.expect("a proxy that listens");
        stream.set_nodelay(true).expect("a TCP socket");
        Client::over(Box::new(stream))
    }

    pub(crate) fn over(stream: Box<dyn Stream>) -> Client {
        Client {
            stream,
            buffered: Vec::new(),
            read: 0,
            decoder: Decoder::default(),
            block: Vec::new(),
            gives_windows: true,
            answers_pings: true,
        }
    }

    /// One that has exchanged settings.
    pub(crate) async fn open(address: SocketAddr) -> Client {
        Client::open_with(address, &[]).await
    }

    pub(crate) async fn open_with(address: SocketAddr, settings: &[(u16, u32)]) -> Client {
        Client::connect(address).await.greet(settings).await
    }

    /// Exchanges settings.
    pub(crate) async fn greet(mut self, settings: &[(u16, u32)]) -> Client {
        self.send([PREFACE, &frame::settings(settings)].concat()).await;
        loop {
            match self.next().await {
                Event::Frame(frame) if frame.kind == kind::SETTINGS && frame.has(flag::ACK) => return self,
                Event::Closed => panic!("the proxy closed before it had acknowledged the settings"),
                _ => {}
            }
        }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        assert!(self.can_send(bytes).await, "the proxy takes nothing more");
    }

    /// Sends, if the proxy still takes it.
    pub(crate) async fn can_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        let sending = async {
            self.stream.write_all(bytes.as_ref()).await?;
            self.stream.flush().await
        };
        soon("sending", sending).await.is_ok()
    }

    /// The next frame or header block.
    pub(crate) async fn next(&mut self) -> Event {
        loop {
            let Some(frame) = self.next_frame().await else { return Event::Closed };
            if frame.kind == kind::SETTINGS && !frame.has(flag::ACK) {
                // The proxy may have closed already.
                self.can_send(frame::settings_ack()).await;
            }
            if frame.kind == kind::PING && !frame.has(flag::ACK) && self.answers_pings {
                self.can_send(frame::frame(kind::PING, flag::ACK, 0, &frame.payload)).await;
            }
            if frame.kind == kind::DATA && !frame.payload.is_empty() && self.gives_windows {
                let length = frame.payload.len() as u32;
                self.can_send([frame::window_update(0, length), frame::window_update(frame.stream, length)].concat())
                    .await;
            }
            if !matches!(frame.kind, kind::HEADERS | kind::CONTINUATION) {
                return Event::Frame(frame);
            }
            assert!(!frame.has(flag::PADDED | flag::PRIORITY), "a plain header block");
            self.block.extend_from_slice(&frame.payload);
            if frame.has(flag::END_HEADERS) {
                let fields = self.decoder.read(&std::mem::take(&mut self.block));
                return Event::Fields(frame.stream, fields, frame.has(flag::END_STREAM));
            }
        }
    }

    /// Reads whatever comes; whether anything did.
    pub(crate) async fn next_raw(&mut self) -> bool {
        self.buffered.clear();
        soon("the end", self.stream.read_buf(&mut self.buffered)).await.is_ok_and(|count| count > 0)
    }

    /// `None` at the end.
    async fn next_frame(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = Frame::take(&mut self.buffered, &mut self.read) {
                return Some(frame);
            }
            self.buffered.reserve(64 * 1024);
            let read = soon("more of the proxy", self.stream.read_buf(&mut self.buffered)).await;
            if read.unwrap_or(0) == 0 {
                return None;
            }
        }
    }

    /// Reads until something is found.
    pub(crate) async fn until<T>(&mut self, what: &str, found: impl Fn(&Event) -> Option<T>) -> T {
        loop {
            let event = self.next().await;
            if let Some(found) = found(&event) {
                return found;
            }
            assert_ne!(event, Event::Closed, "the proxy closed before {what}");
        }
    }

    /// Reads until the response on this stream has ended, one way or the other.
    pub(crate) async fn response(&mut self, stream: u32) -> Response {
        let mut response = Response::default();
        while !response.take(stream, self.next().await) {}
        response
    }

    /// A request and its response.
    pub(crate) async fn ask(&mut self, stream: u32, block: impl AsRef<[u8]>) -> Response {
        self.send(frame::request(stream, block)).await;
        self.response(stream).await
    }

    /// The code of the GOAWAY that ends the connection; `None` if it ends without one.
    pub(crate) async fn goaway(&mut self) -> Option<u32> {
        loop {
            match self.next().await {
                // The first half of a shutdown in good order names no stream yet.
                Event::Frame(frame) if frame.kind == kind::GOAWAY && frame.number(4) != code::NO_ERROR => {
                    return Some(frame.number(4));
                }
                Event::Closed => return None,
                _ => {}
            }
        }
    }

    /// A PING comes back: the proxy has seen everything that was sent before, and is well.
    pub(crate) async fn is_alive(&mut self) {
        self.send(frame::ping()).await;
        self.until("it answered a PING", |event| is_pong(event).then_some(())).await;
    }
}

/// Whether it answers [`frame::ping`].
pub(crate) fn is_pong(event: &Event) -> bool {
    let Event::Frame(frame) = event else { return false };
    frame.is(kind::PING, 0) && frame.has(flag::ACK) && frame.payload == b"swarming"
}

impl Response {
    /// Takes what belongs to it; whether it has ended.
    fn take(&mut self, stream: u32, event: Event) -> bool {
        match event {
            Event::Fields(of, fields, ends) if of == stream => {
                self.take_fields(fields);
                self.ended = ends;
                ends
            }
            Event::Frame(frame) if frame.is(kind::DATA, stream) => {
                self.body.extend_from_slice(&frame.payload);
                self.ended = frame.has(flag::END_STREAM);
                self.ended
            }
            Event::Frame(frame) if frame.is(kind::RST_STREAM, stream) => {
                self.reset = Some(frame.number(0));
                true
            }
            Event::Frame(frame) if frame.kind == kind::GOAWAY && frame.number(4) != code::NO_ERROR => {
                panic!("GOAWAY with {} before the response on {stream} had ended: {self:?}", frame.number(4))
            }
            Event::Closed => panic!("the proxy closed before the response on {stream} had ended: {self:?}"),
            _ => false,
        }
    }

    fn take_fields(&mut self, fields: Vec<Field>) {
        let status = fields.iter().find(|(name, _)| name == ":status").map(|(_, status)| status.parse());
        match status.map(|status| status.expect("a number")) {
            Some(status @ 100..200) => self.interim.push(status),
            Some(status) => (self.status, self.fields) = (status, fields),
            None => self.trailers = fields,
        }
    }

    /// The value of a field; empty if there is none.
    pub(crate) fn field(&self, name: &str) -> &str {
        let field = self.fields.iter().find(|(field, _)| field == name);
        field.map_or("", |(_, value)| value)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
