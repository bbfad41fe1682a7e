//! Header blocks that cannot be read (RFC 7541): h2spec's `hpack` part.

use super::{ANSWERED, COMPRESSION_ERROR, Case, case, hold};
use crate::frame::request;
use crate::hpack::Block;

fn broken(name: &'static str, block: Block) -> Case {
    case(name, request(1, block), COMPRESSION_ERROR)
}

/// `:path` is `/` in Huffman's code with this value of one field behind it.
fn coded(value: &[u8]) -> Block {
    let length = u8::try_from(value.len()).expect("a short value");
    Block::get("/").raw([0x00, 4]).raw("test").raw([0x80 | length]).raw(value)
}

#[tokio::test]
async fn hpack_2_3_3_the_table() {
    hold(vec![
        broken("hpack/2.3.3/1: a field that no table has", Block::get("/").indexed(70)),
        broken("hpack/2.3.3/2: a name that no table has", Block::get("/").named(0x40, 6, 70, "x")),
    ])
    .await;
}

#[tokio::test]
async fn hpack_4_2_and_6_3_sizes() {
    hold(vec![
        broken("hpack/4.2/1: a change of size at the end of a block", Block::get("/").sized(1)),
        broken("hpack/6.3/1: a size above SETTINGS_HEADER_TABLE_SIZE", Block::new().sized(4097).raw(Block::get("/"))),
        broken(
            "a size of nearly 2^64",
            Block::new().raw([0x3f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]).raw(Block::get("/")),
        ),
        case("a size of nothing", request(1, Block::new().sized(0).raw(Block::get("/"))), ANSWERED),
    ])
    .await;
}

#[tokio::test]
async fn hpack_5_2_strings() {
    // `t` is 01001, `e` 00101, `s` 01000: `test` has 19 bits, so five of the end follow.
    hold(vec![
        case("a string that is right", request(1, coded(&[0x49, 0x50, 0x9f])), ANSWERED),
        broken("hpack/5.2/1: more than seven bits of padding", coded(&[0x49, 0x50, 0x9f, 0xff])),
        broken("hpack/5.2/2: padding of zeros", coded(&[0x49, 0x50, 0x80])),
        broken("hpack/5.2/3: the end of the string within it", coded(&[0x49, 0x50, 0x9f, 0xff, 0xff, 0xff, 0xff])),
        broken("a string longer than its block", Block::get("/").raw([0x00, 0x7f, 0xff, 0x01])),
    ])
    .await;
}

#[tokio::test]
async fn hpack_6_1_an_indexed_field() {
    hold(vec![broken("hpack/6.1/1: the field of the number 0", Block::get("/").indexed(0))]).await;
}
