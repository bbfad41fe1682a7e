//! The cases of h2spec, by their numbers: what a client sends, and what RFC 9113 and RFC 7541 allow to become of it.
//!
//! An error of a stream may be answered as one of the connection, and a connection that ends needs no reason (RFC 9113 §5.4): so judges h2spec.
//! Its cases of priorities (RFC 7540 §5.3) are here although RFC 9113 has deprecated them.
//! Not here: what passes to a server (`passing`).

mod frames;
mod framing;
mod generic;
mod hpack;
mod messages;
mod streams;

use crate::client::{Client, Event, is_pong};
use crate::frame::{code, kind, setting};
use crate::it::harness::TestProxy;
use crate::recorder::Recorder;

/// A case.
struct Case {
    /// h2spec's number, and a sentence.
    name: &'static str,
    settings: Vec<(u16, u32)>,
    steps: Vec<Step>,
    then: Then,
}

enum Step {
    Send(Vec<u8>),
    /// Waits for the end of a stream.
    Ends(u32),
}

/// What must come back.
enum Then {
    /// GOAWAY with one of these codes or, as ever, PROTOCOL_ERROR, which is for whoever has none more specific; or the bare end of the connection.
    ConnectionError(&'static [u32]),
    /// RST_STREAM with one of these codes, or an error of the connection.
    StreamError(u32, &'static [u32]),
    /// A whole response with 200.
    Answered(u32),
    /// Something that the case knows.
    Comes(fn(&Event) -> bool),
    /// A PING is answered: all that was sent is ignored.
    Ignored,
}

/// A case that only sends.
fn case(name: &'static str, sends: impl Into<Vec<u8>>, then: Then) -> Case {
    Case { name, settings: Vec::new(), steps: vec![Step::Send(sends.into())], then }
}

impl Case {
    /// The responses wait: no window is open.
    fn held(mut self) -> Case {
        self.settings = vec![(setting::INITIAL_WINDOW_SIZE, 0)];
        self
    }

    /// This goes out before all the rest, once the stream has ended.
    fn after(mut self, stream: u32, sends: Vec<u8>) -> Case {
        self.steps.splice(0..0, [Step::Send(sends), Step::Ends(stream)]);
        self
    }
}

const fn connection_error(codes: &'static [u32]) -> Then {
    Then::ConnectionError(codes)
}

const PROTOCOL_ERROR: Then = connection_error(&[code::PROTOCOL_ERROR]);
const FRAME_SIZE_ERROR: Then = connection_error(&[code::FRAME_SIZE_ERROR]);
const COMPRESSION_ERROR: Then = connection_error(&[code::COMPRESSION_ERROR]);
const FLOW_CONTROL_ERROR: Then = connection_error(&[code::FLOW_CONTROL_ERROR]);
/// Of the first stream.
const MALFORMED: Then = Then::StreamError(1, &[code::PROTOCOL_ERROR]);
const ANSWERED: Then = Then::Answered(1);

/// Every case of a section.
async fn hold(cases: Vec<Case>) {
    let (proxy, _server) = proxy().await;
    let mut wrong = Vec::new();
    for case in cases {
        let mut client = Client::open_with(proxy.address(), &case.settings).await;
        if let Err(why) = check(&mut client, &case).await {
            wrong.push(format!("{}: {why}", case.name));
        }
        let innocent = Client::open(proxy.address()).await.ask(1, crate::hpack::Block::get("/innocent")).await;
        assert_eq!(innocent.status, 200, "the next client, after {}", case.name);
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// One whose every path leads to a server that says `hi`.
pub(crate) async fn proxy() -> (TestProxy, Recorder) {
    let server = Recorder::start();
    let proxy = TestProxy::start().await;
    let port = server.address.port();
    proxy.configure(&format!("serviceName=go&servicePath=/&port={port}&outboundHostname=127.0.0.1")).await;
    (proxy, server)
}

async fn check(client: &mut Client, case: &Case) -> Result<(), String> {
    for step in &case.steps {
        match step {
            // Whoever refuses something need not hear the rest.
            Step::Send(bytes) => _ = client.can_send(bytes).await,
            Step::Ends(stream) => _ = client.response(*stream).await,
        }
    }
    if matches!(case.then, Then::Ignored) {
        client.can_send(crate::frame::ping()).await;
    }
    let mut came = Vec::new();
    loop {
        let event = client.next().await;
        if let Some(verdict) = case.then.judge(&event) {
            return verdict.map_err(|why| format!("{why}; came: {came:?}, {event:?}"));
        }
        came.push(event);
    }
}

impl Then {
    /// Whether what came decides.
    fn judge(&self, event: &Event) -> Option<Result<(), String>> {
        let among = |codes: &[u32], number| match codes.contains(&number) || number == code::PROTOCOL_ERROR {
            true => Ok(()),
            false => Err(format!("expected one of {codes:?}, got {number}")),
        };
        match (self, event) {
            (Then::ConnectionError(_) | Then::StreamError(..), Event::Closed) => Some(Ok(())),
            (_, Event::Closed) => Some(Err("the proxy closed".to_owned())),
            (Then::ConnectionError(codes) | Then::StreamError(_, codes), Event::Frame(frame))
                if frame.kind == kind::GOAWAY =>
            {
                Some(among(codes, frame.number(4)))
            }
            (_, Event::Frame(frame)) if frame.kind == kind::GOAWAY => Some(Err("GOAWAY".to_owned())),
            (Then::StreamError(stream, codes), Event::Frame(frame)) if frame.is(kind::RST_STREAM, *stream) => {
                Some(among(codes, frame.number(0)))
            }
            (Then::StreamError(stream, _), event) => is_end(event, *stream).map(|_| Err("it was answered".to_owned())),
            (Then::Answered(stream), event) => is_end(event, *stream),
            (Then::Comes(is_it), event) if is_it(event) => Some(Ok(())),
            (Then::Ignored, event) if is_pong(event) => Some(Ok(())),
            _ => None,
        }
    }
}

fn is_end(event: &Event, stream: u32) -> Option<Result<(), String>> {
    let ok = (":status".to_owned(), "200".to_owned());
    match event {
        Event::Fields(of, fields, _) if *of == stream && fields[0].0 == ":status" && fields[0] != ok => {
            Some(Err("refused".to_owned()))
        }
        Event::Fields(of, _, true) if *of == stream => Some(Ok(())),
        Event::Frame(frame) if frame.is(kind::RST_STREAM, stream) => Some(Err("reset".to_owned())),
        Event::Frame(frame) if frame.is(kind::DATA, stream) && frame.has(crate::frame::flag::END_STREAM) => {
            Some(Ok(()))
        }
        _ => None,
    }
}
