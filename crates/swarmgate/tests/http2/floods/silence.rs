//! Clients that begin something and say no more.

use super::Scene;
use crate::client::Client;
use crate::frame::{PREFACE, flag, frame, head, kind, request, setting, settings, window_update};
use crate::hpack::Block;
use std::time::{Duration, Instant};

/// Shorter than the defaults, so that the end can be waited for.
const SHORT: [(&str, &str); 3] =
    [("TIMEOUT_HTTP_REQUEST", "1"), ("TIMEOUT_HTTP_KEEP_ALIVE", "1"), ("TIMEOUT_CLIENT", "1")];
/// The sum of them, and a second for goodbyes.
const LONGEST: Duration = Duration::from_secs(4);

#[tokio::test]
async fn what_is_not_finished_ends() {
    let scene = Scene::new(&SHORT).await;
    let whole = [PREFACE, &settings(&[])].concat();
    let block = Block::get("/");
    let mut clients = Vec::new();
    let began = Instant::now();
    for (what, said) in [
        ("nothing", Vec::new()),
        ("half a preface", PREFACE[..20].to_vec()),
        ("a preface", PREFACE.to_vec()),
        ("half of the settings", whole[..whole.len() - 3].to_vec()),
        ("settings", whole.clone()),
        ("half a head of a frame", [&whole[..], &frame(kind::PING, flag::NONE, 0, [0; 8])[..5]].concat()),
        ("half a frame", [&whole[..], &frame(kind::PING, flag::NONE, 0, [0; 8])[..12]].concat()),
        ("half a header block", [whole.clone(), frame(kind::HEADERS, flag::END_STREAM, 1, block.as_ref())].concat()),
    ] {
        let mut client = Client::connect(scene.address()).await;
        client.send(said).await;
        clients.push((what, client));
    }
    for (what, mut client) in clients {
        while client.next_raw().await {}
        assert!(began.elapsed() < LONGEST, "{what} took {:?}", began.elapsed());
    }
    scene.ends_well();
}

#[tokio::test]
async fn bug_a_client_that_reads_nothing_was_kept_for_ever() {
    /// Those of the neighbours.
    const OTHERS: usize = 2;
    let scene = Scene::new(&SHORT).await;
    let mut clients = Vec::new();
    for _ in 0..3 {
        let mut client = Client::open_with(scene.address(), &[(setting::INITIAL_WINDOW_SIZE, (1 << 31) - 1)]).await;
        let requests = (0..50).flat_map(|number| request(2 * number + 1, Block::get("/big"))).collect::<Vec<_>>();
        client.send([window_update(0, 1 << 30), requests].concat()).await;
        clients.push(client);
    }
    while scene.open_connections().await < OTHERS + clients.len() {}
    let began = Instant::now();
    while scene.open_connections().await > OTHERS {
        // Three times TIMEOUT_CLIENT, a round of the timer, and a machine that has other things to do.
        assert!(began.elapsed() < Duration::from_secs(10), "they are still there");
    }
    drop(clients);
    scene.ends_well();
}

#[tokio::test]
async fn a_body_that_does_not_come() {
    let scene = Scene::new(&SHORT).await;
    let mut client = Client::open(scene.address()).await;
    let began = Instant::now();
    client.send(head(1, Block::post("/"))).await;
    let response = client.response(1).await;
    assert_eq!(response.status, 408, "{response:?}");
    assert!(began.elapsed() < LONGEST);
    scene.ends_well();
}

#[tokio::test]
async fn many_connections_with_open_streams() {
    let scene = Scene::new(&[]).await;
    let mut clients = Vec::new();
    for _ in 0..20 {
        let mut client = Client::open(scene.address()).await;
        let requests = (0..50).flat_map(|number| request(2 * number + 1, Block::get("/held"))).collect::<Vec<_>>();
        client.send(requests).await;
        client.is_alive().await;
        clients.push(client);
    }
    let mut fresh = Client::open(scene.address()).await;
    assert_eq!(fresh.ask(1, Block::get("/")).await.status, 200);
    drop(clients);
    scene.ends_well();
}
