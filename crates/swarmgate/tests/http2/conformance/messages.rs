//! Requests as RFC 9113 §8 wants them: pseudo fields, forbidden fields, lengths, push.

use super::{ANSWERED, Case, MALFORMED, PROTOCOL_ERROR, case, hold};
use crate::frame::{data, flag, frame, head, kind, last_data, request};
use crate::hpack::Block;

fn malformed(name: &'static str, block: Block) -> Case {
    case(name, request(1, block), MALFORMED)
}

#[tokio::test]
async fn http2_8_1_an_exchange() {
    let second = head(1, Block::new().field("x-test", "ok"));
    hold(vec![
        case(
            "8.1/1: a second HEADERS that does not end the stream",
            [head(1, Block::post("/")), data(1, "test"), second.clone()].concat(),
            MALFORMED,
        ),
        case("and without DATA before it", [head(1, Block::post("/")), second].concat(), MALFORMED),
    ])
    .await;
}

#[tokio::test]
async fn http2_8_1_2_fields() {
    hold(vec![
        malformed("8.1.2/1: a name in capitals", Block::get("/").field("X-TEST", "ok")),
        malformed("8.1.2.1/1: a pseudo field that nobody knows", Block::get("/").field(":test", "ok")),
        malformed("8.1.2.1/2: a pseudo field of responses", Block::get("/").field(":status", "200")),
        case(
            "8.1.2.1/3: a pseudo field in trailers",
            [head(1, Block::post("/")), data(1, "test"), request(1, Block::new().field(":method", "200"))].concat(),
            MALFORMED,
        ),
        malformed("8.1.2.1/4: a pseudo field behind others", Block::new().field("x-test", "ok").raw(Block::get("/"))),
        malformed("8.1.2.2/1: a field of the connection", Block::get("/").field("connection", "keep-alive")),
        malformed("8.1.2.2/2: TE of more than trailers", Block::get("/").field("te", "trailers, deflate;q=0.5")),
        case("TE: trailers is allowed", request(1, Block::get("/").field("te", "trailers")), ANSWERED),
    ])
    .await;
}

#[tokio::test]
async fn http2_8_1_2_3_pseudo_fields() {
    let without = |name: &str| {
        let all = [(":method", "GET"), (":scheme", "http"), (":authority", "a"), (":path", "/")];
        let rest: Vec<_> = all.into_iter().filter(|(field, _)| *field != name).collect();
        Block::of(&rest)
    };
    let twice = |name: &str, value: &str| Block::new().field(name, value).raw(Block::get("/"));
    hold(vec![
        malformed("8.1.2.3/1: an empty :path", Block::get("")),
        malformed("8.1.2.3/2: no :method", without(":method")),
        malformed("8.1.2.3/3: no :scheme", without(":scheme")),
        malformed("8.1.2.3/4: no :path", without(":path")),
        malformed("8.1.2.3/5: :method twice", twice(":method", "GET")),
        malformed("8.1.2.3/6: :scheme twice", twice(":scheme", "http")),
        malformed("8.1.2.3/7: :path twice", twice(":path", "/")),
        malformed(":authority twice", twice(":authority", "a")),
    ])
    .await;
}

#[tokio::test]
async fn http2_8_1_2_6_lengths() {
    let post = || head(1, Block::post("/").field("content-length", "1"));
    hold(vec![
        case("8.1.2.6/1: content-length is not that of DATA", [post(), last_data(1, "test")].concat(), MALFORMED),
        case("8.1.2.6/2: nor of several DATA", [post(), data(1, "test"), last_data(1, "test")].concat(), MALFORMED),
        case(
            "content-length of a request without a body",
            request(1, Block::post("/").field("content-length", "1")),
            MALFORMED,
        ),
        case(
            "content-length is more than there is",
            [head(1, Block::post("/").field("content-length", "9")), last_data(1, "test")].concat(),
            MALFORMED,
        ),
        case(
            "content-length that is right",
            [head(1, Block::post("/").field("content-length", "4")), data(1, "te"), last_data(1, "st")].concat(),
            ANSWERED,
        ),
    ])
    .await;
}

#[tokio::test]
async fn http2_8_2_push() {
    let promise =
        frame(kind::PUSH_PROMISE, flag::END_HEADERS, 1, [&2_u32.to_be_bytes()[..], Block::get("/").as_ref()].concat());
    hold(vec![case("8.2/1: PUSH_PROMISE of a client", [head(1, Block::post("/")), promise].concat(), PROTOCOL_ERROR)])
        .await;
}
