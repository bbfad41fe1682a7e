//! The preface, and frames as such (RFC 9113 §3.4, §4).

use super::{ANSWERED, COMPRESSION_ERROR, Case, FRAME_SIZE_ERROR, PROTOCOL_ERROR, Then, case, hold, proxy};
use crate::client::Client;
use crate::frame::{PREFACE, code, data, flag, frame, head, kind, lying, ping, priority, request, settings};
use crate::hpack::Block;

#[tokio::test]
async fn http2_3_5_the_preface() {
    let (proxy, _server) = proxy().await;
    let mut client = Client::connect(proxy.address()).await;
    client.send([PREFACE, &settings(&[])].concat()).await;
    client
        .until("1: settings", |event| {
            matches!(event, crate::client::Event::Frame(frame) if frame.kind == kind::SETTINGS).then_some(())
        })
        .await;
    for wrong in [
        &b"INVALID CONNECTION PREFACE\r\n\r\n"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\r",
        b"PRI * HTTP/2.1\r\n\r\nSM\r\n\r\n",
    ] {
        let mut stream = proxy.client().await;
        stream.send(wrong).await;
        let answer = String::from_utf8_lossy(&stream.rest().await.expect("an end in good order")).into_owned();
        assert!(answer.starts_with("HTTP/1.1 400 "), "2: {answer:?}");
    }
    let mut client = Client::connect(proxy.address()).await;
    client.send([PREFACE, &ping()].concat()).await;
    assert!(matches!(client.goaway().await, None | Some(code::PROTOCOL_ERROR)), "settings come first");
}

#[tokio::test]
async fn http2_4_1_frame_format() {
    let reserved = frame(kind::PING, flag::NONE, 1 << 31, b"swarming");
    hold(vec![
        case("4.1/1: a frame of an unknown type", frame(0x16, flag::NONE, 0, [0; 8]), Then::Ignored),
        case("4.1/2: an undefined flag", frame(kind::PING, 0x16, 0, [0; 8]), Then::Ignored),
        case("4.1/3: the reserved bit", reserved, Then::Ignored),
    ])
    .await;
}

#[tokio::test]
async fn http2_4_2_frame_size() {
    let size = 16 * 1024;
    let long = Block::post("/").field("x-long", "x".repeat(size));
    hold(vec![
        case(
            "4.2/1: DATA of 2^14 octets",
            [head(1, Block::post("/")), frame(kind::DATA, flag::END_STREAM, 1, vec![0; size])].concat(),
            ANSWERED,
        ),
        case(
            "4.2/2: DATA longer than SETTINGS_MAX_FRAME_SIZE",
            [head(1, Block::post("/")), data(1, vec![0; size + 1])].concat(),
            Then::StreamError(1, &[code::FRAME_SIZE_ERROR]),
        ),
        case("4.2/3: HEADERS longer than SETTINGS_MAX_FRAME_SIZE", request(1, long), FRAME_SIZE_ERROR),
        case("a frame that says it has 16 MiB", lying((1 << 24) - 1, kind::DATA, flag::NONE, 1, []), FRAME_SIZE_ERROR),
    ])
    .await;
}

#[tokio::test]
async fn http2_4_3_header_blocks() {
    let open = frame(kind::HEADERS, flag::END_STREAM, 1, Block::get("/"));
    hold(vec![
        case("4.3/1: a block that cannot be read", request(1, Block::new().raw([0x00, 0x82, 0xff])), COMPRESSION_ERROR),
        case("4.3/2: PRIORITY within a block", [open.clone(), priority(1, 0, 255)].concat(), PROTOCOL_ERROR),
        case(
            "4.3/3: HEADERS of another stream within a block",
            [open, request(3, Block::get("/"))].concat(),
            PROTOCOL_ERROR,
        ),
    ])
    .await;
}

#[tokio::test]
async fn http2_5_5_extensions() {
    let open = frame(kind::HEADERS, flag::END_STREAM, 1, Block::get("/"));
    let extension = |stream| frame(kind::UNKNOWN, flag::NONE, stream, [0; 8]);
    let cases: Vec<Case> = vec![
        case("5.5/1: an unknown extension", extension(0), Then::Ignored),
        case("an unknown extension on a stream", [head(1, Block::post("/")), extension(1)].concat(), Then::Ignored),
        case("5.5/2: an unknown extension within a block", [open, extension(1)].concat(), PROTOCOL_ERROR),
    ];
    hold(cases).await;
}
