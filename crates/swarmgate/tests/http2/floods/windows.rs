//! Responses that nobody takes: windows that stay closed, sockets that are not read.

use super::{BIG, Scene, attack};
use crate::client::{Client, Event};
use crate::frame::{kind, request, setting, window_update};
use crate::hpack::Block;

const STREAMS: u32 = 100;
/// Connections at once.
const CONNECTIONS: usize = 10;
/// Connections whose responses all set out at once: it is memory that counts here, and a debug build that moves them.
const UNREAD: usize = 4;

fn requests(path: &str) -> Vec<u8> {
    (0..STREAMS).flat_map(|number| request(2 * number + 1, Block::get(path))).collect()
}

/// Requests a lot and waits until all of it has begun to come; takes nothing.
async fn greedy(scene: &Scene, window: u32) -> Client {
    let mut client = Client::open_with(scene.address(), &[(setting::INITIAL_WINDOW_SIZE, window)]).await;
    client.gives_windows = false;
    client.send(requests("/big")).await;
    for _ in 0..STREAMS {
        client.until("a response's head", |event| matches!(event, Event::Fields(..)).then_some(())).await;
    }
    client
}

#[tokio::test]
async fn a_window_of_nothing() {
    let scene = Scene::new(&[]).await;
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        clients.push(greedy(&scene, 0).await);
    }
    // One of them was only slow.
    let client = &mut clients[0];
    client.send([window_update(0, BIG as u32), window_update(1, BIG as u32)].concat()).await;
    client.gives_windows = true;
    assert_eq!(client.response(1).await.body.len(), BIG);
    drop(clients);
    scene.ends_well();
}

#[tokio::test]
async fn large_windows_and_a_socket_that_nobody_reads() {
    let scene = Scene::new(&[]).await;
    let mut clients = Vec::new();
    for _ in 0..UNREAD {
        let mut client = Client::open_with(scene.address(), &[(setting::INITIAL_WINDOW_SIZE, (1 << 31) - 1)]).await;
        client.send([window_update(0, 1 << 30), requests("/big")].concat()).await;
        clients.push(client);
    }
    // One of them was only slow; it reads the first tenth of what it asked for.
    let client = &mut clients[0];
    client.gives_windows = false;
    let mut left = STREAMS as usize * BIG / 10;
    while left > 0 {
        let came = |event: &Event| match event {
            Event::Frame(frame) if frame.kind == kind::DATA => Some(frame.payload.len()),
            _ => None,
        };
        left = left.saturating_sub(client.until("more", came).await);
    }
    drop(clients);
    scene.ends_well();
}

#[tokio::test]
async fn windows_opened_octet_by_octet() {
    let scene = Scene::new(&[]).await;
    let first = requests("/big");
    let next = |number: u32| match number {
        0 => first.clone(),
        number => window_update(2 * (number % STREAMS) + 1, 1),
    };
    let ended = attack(scene.address(), &[(setting::INITIAL_WINDOW_SIZE, 0)], true, 100_000, next).await;
    println!("{ended:?}");
    scene.ends_well();
}
