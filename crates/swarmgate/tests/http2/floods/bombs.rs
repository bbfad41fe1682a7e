//! Header blocks that are small on the wire and large behind it (RFC 7541 §7.3).

use super::{Scene, attack};
use crate::client::Client;
use crate::frame::{continuation, flag, frame, kind, request};
use crate::hpack::Block;

/// An entry that fills the table.
const VALUE: usize = 4_000;
/// Bombs on one connection.
const BOMBS: usize = 300;

fn stream(number: u32) -> u32 {
    2 * number + 1
}

/// A block that keeps a large field, or names what was kept as often as a frame has room.
fn bomb(number: u32, name: &str) -> Vec<u8> {
    if number == 0 {
        return request(1, Block::get("/").kept(name, "x".repeat(VALUE)));
    }
    request(stream(number), Block::get("/").raw(vec![0x80 | 62; 16_000]))
}

#[tokio::test]
async fn one_octet_indices() {
    let scene = Scene::new(&[]).await;
    for name in ["x-bomb", "cookie"] {
        let ended = attack(scene.address(), &[], true, BOMBS, |number| bomb(number, name)).await;
        println!("{name}: {ended:?}");
    }
    scene.ends_well();
}

#[tokio::test]
async fn cookie_crumbs() {
    let scene = Scene::new(&[]).await;
    let crumbs = (0..5_000).fold(Block::get("/"), |block, _| block.named(0, 4, 32, ""));
    let ended = attack(scene.address(), &[], true, BOMBS, |number| request(stream(number), &crumbs)).await;
    println!("empty crumbs: {ended:?}");
    let static_crumbs = Block::get("/").raw(vec![0x80 | 32; 16_000]);
    let ended = attack(scene.address(), &[], true, BOMBS, |number| request(stream(number), &static_crumbs)).await;
    println!("crumbs of one octet: {ended:?}");
    scene.ends_well();
}

#[tokio::test]
async fn a_bomb_is_refused_and_a_large_head_is_not() {
    let scene = Scene::new(&[]).await;
    let mut client = Client::open(scene.address()).await;
    let large = client.ask(1, Block::get("/").field("x", "y".repeat(15_000))).await;
    assert_eq!(large.status, 200);
    let crumbs = (0..300).fold(Block::get("/"), |block, _| block.field("cookie", "a"));
    assert_eq!(client.ask(3, crumbs).await.status, 200, "crumbs are one field");
    let fields = (0..300).fold(Block::get("/"), |block, _| block.field("x", "a"));
    assert_eq!(client.ask(5, fields).await.status, 431, "and others are not");
    scene.ends_well();
}

#[tokio::test]
async fn a_table_that_is_changed_over_and_over() {
    let scene = Scene::new(&[]).await;
    let sizes = (0..4_000).fold(Block::new(), |block, number| block.sized(if number % 2 == 0 { 0 } else { 4096 }));
    let sizes = sizes.raw(Block::get("/").kept("x", "y".repeat(VALUE)));
    let (first, rest) = sizes.as_ref().split_at(5);
    let mut client = Client::open(scene.address()).await;
    for number in 0..50 {
        let parts = [
            frame(kind::HEADERS, flag::END_STREAM, stream(number), first),
            continuation(flag::END_HEADERS, stream(number), rest),
        ];
        client.send(parts.concat()).await;
        assert_eq!(client.response(stream(number)).await.status, 200);
    }
    scene.ends_well();
}
