//! Frames that bring nothing, one after another.

use super::{Ended, Scene, attack};
use crate::frame::{
    code, continuation, data, flag, frame, head, kind, ping, priority, priority_of, request, reset, setting, settings,
    window_update,
};
use crate::hpack::Block;

/// More than any connection may send for nothing, and more than the buffers of two sockets hold: what they swallow says nothing of the proxy.
const MANY: usize = 2_000_000;

/// The connection was ended long before all was sent.
fn ended(what: &str, ended: Ended) {
    println!("{what}: {ended:?}");
    assert!(ended.closed && ended.frames < MANY, "{what}: {ended:?}");
    assert!(matches!(ended.code, None | Some(code::ENHANCE_YOUR_CALM | code::PROTOCOL_ERROR)), "{what}: {ended:?}");
}

fn stream(number: u32) -> u32 {
    2 * number + 1
}

fn get(stream: u32) -> Vec<u8> {
    request(stream, Block::get("/held"))
}

#[tokio::test]
async fn frames_of_the_connection() {
    let scene = Scene::new(&[]).await;
    let floods: [(&str, Vec<u8>); 7] = [
        ("PING", ping()),
        ("SETTINGS", settings(&[])),
        (
            "SETTINGS that change every window",
            settings(&[(setting::INITIAL_WINDOW_SIZE, 1), (setting::INITIAL_WINDOW_SIZE, 65_535)]),
        ),
        ("WINDOW_UPDATE of one octet", window_update(0, 1)),
        ("PRIORITY", priority(1_000_001, 0, 1)),
        ("an unknown type", frame(kind::UNKNOWN, flag::NONE, 0, [0; 100])),
        ("acknowledgements of nothing", frame(kind::PING, flag::ACK, 0, [0; 8])),
    ];
    for (what, flood) in floods {
        for listens in [true, false] {
            let how = if listens { "" } else { ", and nothing is read" };
            ended(&format!("{what}{how}"), attack(scene.address(), &[], listens, MANY, |_| flood.clone()).await);
        }
    }
    scene.ends_well();
}

#[tokio::test]
async fn frames_of_a_stream() {
    let scene = Scene::new(&[]).await;
    let floods: [(&str, Vec<u8>); 4] = [
        ("empty DATA", data(1, [])),
        ("DATA of nothing but padding", frame(kind::DATA, flag::PADDED, 1, [9, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
        ("WINDOW_UPDATE of one octet", window_update(1, 1)),
        ("PRIORITY", priority(1, 0, 1)),
    ];
    for (what, flood) in floods {
        let began = head(1, Block::post("/"));
        let next = |number| if number == 0 { began.clone() } else { flood.clone() };
        ended(what, attack(scene.address(), &[], true, MANY, next).await);
    }
    scene.ends_well();
}

#[tokio::test]
async fn rapid_reset() {
    let scene = Scene::new(&[]).await;
    let cancelled = |number| [get(stream(number)), reset(stream(number), code::CANCEL)].concat();
    ended("rapid reset", attack(scene.address(), &[], true, MANY, cancelled).await);
    ended("rapid reset, and nothing is read", attack(scene.address(), &[], false, MANY, cancelled).await);
    let upload = |number| {
        [head(stream(number), Block::post("/")), data(stream(number), "x"), reset(stream(number), code::CANCEL)]
            .concat()
    };
    ended("rapid reset of uploads", attack(scene.address(), &[], true, MANY, upload).await);
    scene.ends_well();
}

#[tokio::test]
async fn made_you_reset() {
    let scene = Scene::new(&[]).await;
    type Fault = fn(u32) -> Vec<u8>;
    let faults: [(&str, Fault); 8] = [
        ("an increment of 0", |stream| [get(stream), window_update(stream, 0)].concat()),
        ("a window above 2^31 - 1", |stream| [get(stream), window_update(stream, (1 << 31) - 1)].concat()),
        ("DATA behind the end", |stream| [get(stream), data(stream, "x")].concat()),
        ("HEADERS behind the end", |stream| [get(stream), get(stream)].concat()),
        ("PRIORITY on itself", |stream| [get(stream), priority(stream, stream, 1)].concat()),
        ("HEADERS on itself", |stream| {
            let block = [priority_of(stream, 1), Block::get("/held").as_ref().to_vec()].concat();
            frame(kind::HEADERS, flag::WHOLE | flag::PRIORITY, stream, block)
        }),
        ("a length that lies", |stream| {
            [head(stream, Block::post("/").field("content-length", "1")), data(stream, "xx")].concat()
        }),
        ("a field of the connection", |stream| request(stream, Block::get("/held").field("te", "gzip"))),
    ];
    for (what, fault) in faults {
        ended(what, attack(scene.address(), &[], true, MANY, |number| fault(stream(number))).await);
    }
    scene.ends_well();
}

#[tokio::test]
async fn header_blocks_that_never_end() {
    let scene = Scene::new(&[]).await;
    let begun = || frame(kind::HEADERS, flag::END_STREAM, 1, Block::get("/"));
    let field = Block::new().field("x", "y".repeat(16_000));
    let floods = [
        ("CONTINUATION", continuation(flag::NONE, 1, field)),
        ("empty CONTINUATION", continuation(flag::NONE, 1, [])),
        ("CONTINUATION of one octet", continuation(flag::NONE, 1, [0x82])),
    ];
    for (what, flood) in floods {
        let next = |number| if number == 0 { begun() } else { flood.clone() };
        ended(what, attack(scene.address(), &[], true, MANY, next).await);
    }
    ended("empty HEADERS", attack(scene.address(), &[], true, MANY, |number| request(stream(number), [])).await);
    let crumbs = |number: u32| {
        [
            frame(kind::HEADERS, flag::END_STREAM, stream(number), []),
            continuation(flag::END_HEADERS, stream(number), []),
        ]
        .concat()
    };
    ended("empty HEADERS with empty CONTINUATION", attack(scene.address(), &[], true, MANY, crumbs).await);
    scene.ends_well();
}

#[tokio::test]
async fn more_streams_than_allowed() {
    let scene = Scene::new(&[]).await;
    ended(
        "requests that must be refused",
        attack(scene.address(), &[], true, MANY, |number| get(stream(number))).await,
    );
    ended("and nothing is read", attack(scene.address(), &[], false, MANY, |number| get(stream(number))).await);
    ended(
        "RST_STREAM on idle streams",
        attack(scene.address(), &[], true, MANY, |number| reset(stream(number), 0)).await,
    );
    scene.ends_well();
}
