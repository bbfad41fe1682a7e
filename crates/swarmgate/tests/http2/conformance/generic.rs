//! What any client does, and every server must take: h2spec's `generic` part.

use super::{ANSWERED, Case, Then, case, hold};
use crate::client::Event;
use crate::frame::{
    code, continuation, data, flag, frame, goaway, head, kind, last_data, ping, priority, priority_of, request, reset,
    setting, settings, window_update,
};
use crate::hpack::{Block, huffman};

fn get(stream: u32) -> Vec<u8> {
    request(stream, Block::get("/"))
}

fn post(stream: u32) -> Vec<u8> {
    head(stream, Block::post("/"))
}

#[tokio::test]
async fn generic_2_streams() {
    let answered = get(1);
    hold(vec![
        case("generic/2/1: PRIORITY on an idle stream", [priority(1, 0, 255), get(1)].concat(), ANSWERED),
        case(
            "generic/2/2: WINDOW_UPDATE on a half-closed stream",
            [get(1), window_update(1, 1)].concat(),
            Then::Ignored,
        ),
        case("generic/2/3: PRIORITY on a half-closed stream", [get(1), priority(1, 0, 255)].concat(), ANSWERED),
        case(
            "generic/2/4: RST_STREAM on a half-closed stream",
            [get(1), reset(1, code::CANCEL)].concat(),
            Then::Ignored,
        ),
        case("generic/2/5: PRIORITY on a closed stream", priority(1, 0, 255), Then::Ignored).after(1, answered.clone()),
        case("WINDOW_UPDATE on a closed stream", window_update(1, 1), Then::Ignored).after(1, answered.clone()),
        case("RST_STREAM on a closed stream", reset(1, code::CANCEL), Then::Ignored).after(1, answered),
    ])
    .await;
}

#[tokio::test]
async fn generic_3_frames() {
    let padded = |kind, flags, payload: &[u8]| frame(kind, flags | flag::PADDED, 1, [&[4], payload, &[0; 4]].concat());
    let block = Block::get("/");
    let with_priority = [priority_of(0, 255), block.as_ref().to_vec()].concat();
    let (first, rest) = block.as_ref().split_at(5);
    let (second, third) = rest.split_at(5);
    let begun = || frame(kind::HEADERS, flag::END_STREAM, 1, first);
    hold(vec![
        case("generic/3.1/1: DATA", [post(1), last_data(1, "test")].concat(), ANSWERED),
        case("generic/3.1/2: several DATA", [post(1), data(1, "test"), last_data(1, "test")].concat(), ANSWERED),
        case(
            "generic/3.1/3: DATA with padding",
            [post(1), padded(kind::DATA, flag::END_STREAM, b"test")].concat(),
            ANSWERED,
        ),
        case("generic/3.2/1: HEADERS", get(1), ANSWERED),
        case("generic/3.2/2: HEADERS with padding", padded(kind::HEADERS, flag::WHOLE, block.as_ref()), ANSWERED),
        case(
            "generic/3.2/3: HEADERS with a priority",
            frame(kind::HEADERS, flag::WHOLE | flag::PRIORITY, 1, with_priority),
            ANSWERED,
        ),
        case("generic/3.3/1: PRIORITY 1", [priority(1, 0, 0), get(1)].concat(), ANSWERED),
        case("generic/3.3/2: PRIORITY 256", [priority(1, 0, 255), get(1)].concat(), ANSWERED),
        case("generic/3.3/3: PRIORITY on another stream", [priority(3, 1, 255), get(1)].concat(), ANSWERED),
        case("generic/3.3/4: exclusive PRIORITY", [priority(3, 1 | 1 << 31, 255), get(1)].concat(), ANSWERED),
        case(
            "generic/3.3/5: PRIORITY on an idle stream, then a lower one",
            [priority(5, 0, 255), get(3)].concat(),
            Then::Answered(3),
        ),
        case("generic/3.4/1: RST_STREAM", [post(1), reset(1, code::CANCEL)].concat(), Then::Ignored),
        case(
            "generic/3.5/1: SETTINGS",
            settings(&[(setting::MAX_CONCURRENT_STREAMS, 10)]),
            Then::Comes(is_settings_ack),
        ),
        case("generic/3.7/1: PING", ping(), Then::Comes(crate::client::is_pong)),
        case(
            "generic/3.8/1: GOAWAY",
            [goaway(0, 0, code::NO_ERROR), ping()].concat(),
            Then::ConnectionError(&[code::NO_ERROR]),
        ),
        case("generic/3.9/1: WINDOW_UPDATE of the connection", [window_update(0, 1), get(1)].concat(), ANSWERED),
        case("generic/3.9/2: WINDOW_UPDATE of a stream", [get(1), window_update(1, 1)].concat(), ANSWERED),
        case("generic/3.10/1: CONTINUATION", [begun(), continuation(flag::END_HEADERS, 1, rest)].concat(), ANSWERED),
        case(
            "generic/3.10/2: several CONTINUATIONs",
            [begun(), continuation(flag::NONE, 1, second), continuation(flag::END_HEADERS, 1, third)].concat(),
            ANSWERED,
        ),
    ])
    .await;
}

fn is_settings_ack(event: &Event) -> bool {
    matches!(event, Event::Frame(frame) if frame.is(kind::SETTINGS, 0) && frame.has(flag::ACK))
}

#[tokio::test]
async fn generic_4_messages() {
    hold(vec![
        case("generic/4/1: GET", get(1), ANSWERED),
        case("generic/4/2: HEAD", request(1, Block::request("HEAD", "/")), ANSWERED),
        case("generic/4/3: POST", [post(1), last_data(1, "test")].concat(), ANSWERED),
        case(
            "generic/4/4: POST with trailers",
            [
                head(1, Block::post("/").field("trailer", "x-test")),
                data(1, "test"),
                request(1, Block::new().field("x-test", "ok")),
            ]
            .concat(),
            ANSWERED,
        ),
    ])
    .await;
}

#[tokio::test]
async fn generic_5_hpack() {
    let with = |name, block: Block| -> Case { case(name, request(1, block), ANSWERED) };
    let get = || Block::get("/");
    let coded = |text: &str| huffman(text.as_bytes());
    let literal = |first: u8, name: &[u8], value: &[u8]| Block::get("/").raw([first]).raw(name).raw(value);
    let plain = |text: &str| [&[text.len() as u8], text.as_bytes()].concat();
    hold(vec![
        with("generic/5/1: an indexed field", get().indexed(16)),
        with("generic/5/2: a literal that is kept, name of the table", get().named(0x40, 6, 58, "h2spec")),
        with("generic/5/3: and Huffman", get().raw([0x40 | 58]).raw(coded("h2spec"))),
        with("generic/5/4: a literal that is kept, new name", get().kept("x-test", "h2spec")),
        with("generic/5/5: and Huffman", literal(0x40, &coded("x-test"), &coded("h2spec"))),
        with("generic/5/6: a literal, name of the table", get().named(0, 4, 58, "h2spec")),
        with("generic/5/7: and Huffman", get().raw([0x0f, 58 - 15]).raw(coded("h2spec"))),
        with("generic/5/8: a literal, new name", get().field("x-test", "h2spec")),
        with("generic/5/9: and Huffman", literal(0, &coded("x-test"), &coded("h2spec"))),
        with("generic/5/10: a literal that is never kept, name of the table", get().named(0x10, 4, 58, "h2spec")),
        with("generic/5/11: and Huffman", get().raw([0x1f, 58 - 15]).raw(coded("h2spec"))),
        with("generic/5/12: a literal that is never kept, new name", get().never_kept("x-test", "h2spec")),
        with("generic/5/13: and Huffman", literal(0x10, &plain("x-test"), &coded("h2spec"))),
        with("generic/5/14: a change of the table's size", Block::new().sized(128).raw(get())),
        with("generic/5/15: several of them", Block::new().sized(128).sized(4096).raw(get())),
    ])
    .await;
}
