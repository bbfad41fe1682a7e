//! Frame by frame (RFC 9113 §6), and codes that nobody knows (§7).

use super::{ANSWERED, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, PROTOCOL_ERROR, Then, case, hold, proxy};
use crate::client::{Client, Event};
use crate::frame::{
    Frame, code, continuation, data, flag, frame, goaway, head, kind, last_data, ping, priority, request, reset,
    setting, settings, window_update,
};
use crate::hpack::Block;

const LARGEST: u32 = (1 << 31) - 1;

fn get(stream: u32) -> Vec<u8> {
    request(stream, Block::get("/"))
}

fn post(stream: u32) -> Vec<u8> {
    head(stream, Block::post("/"))
}

/// HEADERS whose block goes on.
fn begun(stream: u32) -> Vec<u8> {
    frame(kind::HEADERS, flag::END_STREAM, stream, Block::get("/"))
}

fn more(flags: u8, stream: u32) -> Vec<u8> {
    continuation(flags, stream, Block::new().field("x", "y"))
}

#[tokio::test]
async fn http2_6_1_data() {
    let padded = frame(kind::DATA, flag::END_STREAM | flag::PADDED, 1, [6, b't', b'e', b's', b't', 0]);
    hold(vec![
        case("6.1/1: DATA of the connection", data(0, "test"), PROTOCOL_ERROR),
        case("6.1/2: DATA on a stream that is not open", data(1, "test"), Then::StreamError(1, &[code::STREAM_CLOSED]))
            .after(1, get(1)),
        case("6.1/3: more padding than there is", [post(1), padded].concat(), PROTOCOL_ERROR),
    ])
    .await;
}

#[tokio::test]
async fn http2_6_2_headers() {
    let block = Block::get("/");
    let padding = [&[u8::try_from(block.len()).expect("a short block") + 2][..], block.as_ref()].concat();
    hold(vec![
        case("6.2/1: PRIORITY within a block", [begun(1), priority(1, 0, 255)].concat(), PROTOCOL_ERROR),
        case("6.2/2: HEADERS of another stream within a block", [begun(1), get(3)].concat(), PROTOCOL_ERROR),
        case("6.2/3: HEADERS of the connection", get(0), PROTOCOL_ERROR),
        case(
            "6.2/4: more padding than there is",
            frame(kind::HEADERS, flag::WHOLE | flag::PADDED, 1, padding),
            PROTOCOL_ERROR,
        ),
    ])
    .await;
}

#[tokio::test]
async fn http2_6_3_priority() {
    let short = frame(kind::PRIORITY, flag::NONE, 1, [0; 4]);
    hold(vec![
        case("6.3/1: PRIORITY of the connection", priority(0, 0, 255), PROTOCOL_ERROR),
        case(
            "6.3/2: PRIORITY of four octets",
            [post(1), short].concat(),
            Then::StreamError(1, &[code::FRAME_SIZE_ERROR]),
        ),
    ])
    .await;
}

#[tokio::test]
async fn http2_6_4_rst_stream() {
    hold(vec![
        case("6.4/1: RST_STREAM of the connection", reset(0, code::CANCEL), PROTOCOL_ERROR),
        case("6.4/2: RST_STREAM on an idle stream", reset(1, code::CANCEL), PROTOCOL_ERROR),
        case(
            "6.4/3: RST_STREAM of three octets",
            [post(1), frame(kind::RST_STREAM, flag::NONE, 1, [0; 3])].concat(),
            FRAME_SIZE_ERROR,
        ),
    ])
    .await;
}

#[tokio::test]
async fn http2_6_5_settings() {
    hold(vec![
        case("6.5/1: an acknowledgement with a payload", frame(kind::SETTINGS, flag::ACK, 0, [0; 6]), FRAME_SIZE_ERROR),
        case("6.5/2: SETTINGS of a stream", frame(kind::SETTINGS, flag::NONE, 1, [0, 3, 0, 0, 0, 100]), PROTOCOL_ERROR),
        case("6.5/3: SETTINGS of three octets", frame(kind::SETTINGS, flag::NONE, 0, [0, 3, 0]), FRAME_SIZE_ERROR),
    ])
    .await;
}

#[tokio::test]
async fn http2_6_5_2_values() {
    let with = |name, value| settings(&[(name, value)]);
    hold(vec![
        case("6.5.2/1: ENABLE_PUSH of 2", with(setting::ENABLE_PUSH, 2), PROTOCOL_ERROR),
        case("6.5.2/2: INITIAL_WINDOW_SIZE of 2^31", with(setting::INITIAL_WINDOW_SIZE, 1 << 31), FLOW_CONTROL_ERROR),
        case("6.5.2/3: MAX_FRAME_SIZE of 2^14 - 1", with(setting::MAX_FRAME_SIZE, (1 << 14) - 1), PROTOCOL_ERROR),
        case("6.5.2/4: MAX_FRAME_SIZE of 2^24", with(setting::MAX_FRAME_SIZE, 1 << 24), PROTOCOL_ERROR),
        case("6.5.2/5: a setting that nobody knows", with(0xff, 1), Then::Ignored),
        case("no header table at all", [with(setting::HEADER_TABLE_SIZE, 0), get(1)].concat(), ANSWERED),
    ])
    .await;
}

#[tokio::test]
async fn http2_6_5_3_they_take_effect_in_order() {
    let twice = settings(&[(setting::INITIAL_WINDOW_SIZE, 100), (setting::INITIAL_WINDOW_SIZE, 1)]);
    hold(vec![
        case(
            "6.5.3/1: the last of several values counts",
            [twice, get(1)].concat(),
            Then::Comes(|event| is_data(event, 1)),
        ),
        case("6.5.3/2: SETTINGS are acknowledged", settings(&[]), Then::Comes(|event| has_come(event, kind::SETTINGS))),
    ])
    .await;
}

/// An acknowledgement.
fn has_come(event: &Event, kind: u8) -> bool {
    matches!(event, Event::Frame(frame) if frame.is(kind, 0) && frame.has(flag::ACK))
}

/// DATA of so many octets on the first stream.
fn is_data(event: &Event, length: usize) -> bool {
    matches!(event, Event::Frame(Frame { kind: kind::DATA, stream: 1, payload, .. }) if payload.len() == length)
}

#[tokio::test]
async fn http2_6_7_ping() {
    hold(vec![
        case("6.7/1: PING", ping(), Then::Comes(crate::client::is_pong)),
        case("6.7/2: an answer that nobody asked for", frame(kind::PING, flag::ACK, 0, b"invalid!"), Then::Ignored),
        case("6.7/3: PING of a stream", frame(kind::PING, flag::NONE, 1, [0; 8]), PROTOCOL_ERROR),
        case("6.7/4: PING of six octets", frame(kind::PING, flag::NONE, 0, [0; 6]), FRAME_SIZE_ERROR),
    ])
    .await;
}

#[tokio::test]
async fn http2_6_8_goaway() {
    hold(vec![case("6.8/1: GOAWAY of a stream", goaway(1, 0, code::NO_ERROR), PROTOCOL_ERROR)]).await;
    hold(vec![case("what is under way is answered", [get(1), goaway(0, 0, code::NO_ERROR)].concat(), ANSWERED)]).await;
}

#[tokio::test]
async fn http2_6_9_window_update() {
    hold(vec![
        case("6.9/1: an increment of 0", window_update(0, 0), PROTOCOL_ERROR),
        case(
            "6.9/2: an increment of 0 on a stream",
            [post(1), window_update(1, 0)].concat(),
            Then::StreamError(1, &[code::PROTOCOL_ERROR]),
        ),
        case(
            "6.9/3: WINDOW_UPDATE of three octets",
            frame(kind::WINDOW_UPDATE, flag::NONE, 0, [0; 3]),
            FRAME_SIZE_ERROR,
        ),
    ])
    .await;
}

#[tokio::test]
async fn http2_6_9_1_windows() {
    let too_much = Then::StreamError(1, &[code::FLOW_CONTROL_ERROR]);
    let first = settings(&[(setting::INITIAL_WINDOW_SIZE, 1)]);
    hold(vec![
        case("6.9.1/1: a window of one octet", [first, get(1)].concat(), Then::Comes(|event| is_data(event, 1))),
        case(
            "6.9.1/2: a window above 2^31 - 1",
            [window_update(0, LARGEST), window_update(0, LARGEST)].concat(),
            FLOW_CONTROL_ERROR,
        ),
        case(
            "6.9.1/3: and on a stream",
            [post(1), window_update(1, LARGEST), window_update(1, LARGEST)].concat(),
            too_much,
        ),
    ])
    .await;
}

#[tokio::test]
async fn http2_6_9_2_the_first_window_changes() {
    let window = |size| settings(&[(setting::INITIAL_WINDOW_SIZE, size)]);
    hold(vec![
        case("6.9.2/1: it opens after HEADERS", [get(1), window(1)].concat(), Then::Comes(|event| is_data(event, 1)))
            .held(),
        case("6.9.2/3: above 2^31 - 1", window(1 << 31), FLOW_CONTROL_ERROR),
        case(
            "a stream's window grows above 2^31 - 1 with the first one",
            [post(1), window_update(1, LARGEST - 65_535), window(65_536)].concat(),
            FLOW_CONTROL_ERROR,
        ),
    ])
    .await;
}

#[tokio::test]
async fn http2_6_9_2_2_a_window_becomes_negative() {
    let (proxy, _server) = proxy().await;
    let mut client = Client::open_with(proxy.address(), &[(setting::INITIAL_WINDOW_SIZE, 1)]).await;
    client.gives_windows = false;
    client.send(get(1)).await;
    client.until("the first octet", |event| is_data(event, 1).then_some(())).await;
    client.send([settings(&[(setting::INITIAL_WINDOW_SIZE, 0)]), window_update(1, 1), ping()].concat()).await;
    let came = |event: &Event| match event {
        Event::Frame(frame) if frame.kind == kind::DATA => Some(frame.payload.len()),
        event => crate::client::is_pong(event).then_some(0),
    };
    assert_eq!(client.until("an answer", came).await, 0, "the window is closed again");
    client.send(window_update(1, 1)).await;
    client.until("the second octet", |event| is_data(event, 1).then_some(())).await;
}

#[tokio::test]
async fn http2_6_10_continuation() {
    hold(vec![
        case(
            "6.10/1: several CONTINUATIONs",
            [begun(1), more(flag::NONE, 1), more(flag::END_HEADERS, 1)].concat(),
            ANSWERED,
        ),
        case(
            "6.10/2: something else behind CONTINUATION",
            [begun(1), more(flag::NONE, 1), data(1, "test")].concat(),
            PROTOCOL_ERROR,
        ),
        case("6.10/3: CONTINUATION of the connection", [begun(1), more(flag::END_HEADERS, 0)].concat(), PROTOCOL_ERROR),
        case(
            "6.10/4: behind HEADERS that end their block",
            [post(1), more(flag::END_HEADERS, 1)].concat(),
            PROTOCOL_ERROR,
        ),
        case(
            "6.10/5: behind CONTINUATION that ends its block",
            [begun(1), more(flag::END_HEADERS, 1), more(flag::END_HEADERS, 1)].concat(),
            PROTOCOL_ERROR,
        ),
        case("6.10/6: behind DATA", [post(1), data(1, "test"), more(flag::END_HEADERS, 1)].concat(), PROTOCOL_ERROR),
    ])
    .await;
}

#[tokio::test]
async fn http2_7_codes_that_nobody_knows() {
    hold(vec![
        case("7/1: GOAWAY", [get(1), goaway(0, 0, 0xff)].concat(), Then::ConnectionError(&[code::NO_ERROR, 0xff])),
        case("7/2: RST_STREAM", [post(1), reset(1, 0xff), get(3)].concat(), Then::Answered(3)),
    ])
    .await;
    let (proxy, _server) = proxy().await;
    let mut client = Client::open(proxy.address()).await;
    client.send([post(1), last_data(1, "x")].concat()).await;
    assert_eq!(client.response(1).await.status, 200);
}
