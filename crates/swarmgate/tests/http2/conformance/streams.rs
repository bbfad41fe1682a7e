//! The states of streams, their numbers, how many there may be, priorities and errors (RFC 9113 §5).

use super::{ANSWERED, Case, PROTOCOL_ERROR, Then, case, hold, proxy};
use crate::client::{Client, Event};
use crate::frame::{
    code, continuation, data, flag, frame, head, kind, last_data, priority, priority_of, request, reset, setting,
    window_update,
};
use crate::hpack::Block;

/// Of the first stream.
const CLOSED: Then = Then::StreamError(1, &[code::STREAM_CLOSED]);
/// RFC 9113 allows both where a CONTINUATION follows no open block.
const CLOSED_OR_PROTOCOL: Then = Then::ConnectionError(&[code::STREAM_CLOSED, code::PROTOCOL_ERROR]);

fn get(stream: u32) -> Vec<u8> {
    request(stream, Block::get("/"))
}

fn post(stream: u32) -> Vec<u8> {
    head(stream, Block::post("/"))
}

fn more_headers() -> Vec<u8> {
    continuation(flag::END_HEADERS, 1, Block::new().field("x", "y"))
}

#[tokio::test]
async fn http2_5_1_idle() {
    hold(vec![
        case("5.1/1: DATA on an idle stream", data(1, "test"), PROTOCOL_ERROR),
        case("5.1/2: RST_STREAM on an idle stream", reset(1, code::CANCEL), PROTOCOL_ERROR),
        case("5.1/3: WINDOW_UPDATE on an idle stream", window_update(1, 100), PROTOCOL_ERROR),
        case("5.1/4: CONTINUATION on an idle stream", more_headers(), PROTOCOL_ERROR),
    ])
    .await;
}

#[tokio::test]
async fn http2_5_1_half_closed() {
    hold(vec![
        case("5.1/5: DATA on a half-closed stream", [get(1), data(1, "test")].concat(), CLOSED).held(),
        case("5.1/6: HEADERS on a half-closed stream", [get(1), get(1)].concat(), CLOSED).held(),
        case("5.1/7: CONTINUATION on a half-closed stream", [get(1), more_headers()].concat(), CLOSED_OR_PROTOCOL)
            .held(),
    ])
    .await;
}

#[tokio::test]
async fn http2_5_1_closed() {
    let given_up = || [post(1), reset(1, code::CANCEL)].concat();
    let cases: Vec<Case> = vec![
        case("5.1/8: DATA on a stream that was reset", [given_up(), data(1, "test")].concat(), CLOSED),
        case("5.1/9: HEADERS on a stream that was reset", [given_up(), get(1)].concat(), CLOSED),
        case(
            "5.1/10: CONTINUATION on a stream that was reset",
            [given_up(), more_headers()].concat(),
            CLOSED_OR_PROTOCOL,
        ),
        case("5.1/11: DATA on a closed stream", data(1, "test"), CLOSED).after(1, get(1)),
        case("5.1/12: HEADERS on a closed stream", get(1), Then::ConnectionError(&[code::STREAM_CLOSED]))
            .after(1, get(1)),
        case("5.1/13: CONTINUATION on a closed stream", more_headers(), CLOSED_OR_PROTOCOL).after(1, get(1)),
    ];
    hold(cases).await;
}

#[tokio::test]
async fn http2_5_1_1_numbers() {
    hold(vec![
        case("5.1.1/1: an even number", get(2), PROTOCOL_ERROR),
        case("5.1.1/2: a smaller number than before", [get(5), get(3)].concat(), PROTOCOL_ERROR),
    ])
    .await;
}

#[tokio::test]
async fn http2_5_1_2_more_streams_than_allowed() {
    let (proxy, _server) = proxy().await;
    let mut client = Client::connect(proxy.address()).await.greet(&[(setting::INITIAL_WINDOW_SIZE, 0)]).await;
    let requests = (0..=100).flat_map(|number| get(2 * number + 1)).collect::<Vec<_>>();
    client.send(requests).await;
    let refused = |event: &Event| match event {
        Event::Frame(frame) if frame.kind == kind::RST_STREAM => Some((frame.stream, frame.number(0))),
        _ => None,
    };
    let refused = client.until("it refused a stream", refused).await;
    assert_eq!(refused, (201, code::REFUSED_STREAM), "5.1.2/1");
    client.is_alive().await;
}

#[tokio::test]
async fn http2_5_3_1_dependencies() {
    let itself = [priority_of(1, 255), Block::get("/").as_ref().to_vec()].concat();
    let malformed = || Then::StreamError(1, &[code::PROTOCOL_ERROR]);
    hold(vec![
        case(
            "5.3.1/1: HEADERS of a stream that depends on itself",
            frame(kind::HEADERS, flag::WHOLE | flag::PRIORITY, 1, itself),
            malformed(),
        ),
        case(
            "5.3.1/2: PRIORITY of a stream that depends on itself",
            [priority(1, 1, 255), get(1)].concat(),
            malformed(),
        ),
    ])
    .await;
}

#[tokio::test]
async fn http2_5_4_1_errors_of_the_connection() {
    let bad_ping = frame(kind::PING, flag::NONE, 3, [0; 8]);
    hold(vec![case("5.4.1/1, 2: GOAWAY and an end after a bad PING", bad_ping.clone(), PROTOCOL_ERROR)]).await;
    let (proxy, _server) = proxy().await;
    let mut client = Client::open(proxy.address()).await;
    client.send(bad_ping).await;
    assert_eq!(client.goaway().await, Some(code::PROTOCOL_ERROR));
    assert_eq!(client.next().await, Event::Closed);
}

#[tokio::test]
async fn a_stream_goes_on_when_another_one_is_in_error() {
    let bad = request(1, Block::get("/").field("X", "capital"));
    hold(vec![case("an error of stream 1, and stream 3", [post(3), bad].concat(), PROTOCOL_ERROR)]).await;
    hold(vec![
        case(
            "stream 3 after an error of stream 1",
            [request(1, Block::get("/").field("te", "gzip")), get(3)].concat(),
            Then::Answered(3),
        ),
        case(
            "the body of stream 1 after its error",
            [head(1, Block::post("/").field("te", "gzip")), last_data(1, "x"), get(3)].concat(),
            Then::Answered(3),
        ),
        case(
            "stream 1 is answered while 3 is in error",
            [post(1), request(3, Block::get("/").field("te", "gzip")), last_data(1, "x")].concat(),
            ANSWERED,
        ),
    ])
    .await;
}
