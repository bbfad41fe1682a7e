//! Not here: whole connections that are ended (the program's tests of HTTP/2).

use super::account::{ALLOWANCE, FORGIVEN_A_SECOND};
use super::frames::{DATA, RST_STREAM};
use super::*;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

const PING: u8 = 6;

fn frame(kind: u8, length: usize) -> Vec<u8> {
    let length = u32::try_from(length).unwrap().to_be_bytes();
    let head = [length[1], length[2], length[3], kind, 0, 0, 0, 0, 1];
    [&head[..], &vec![0xff; usize::from(length[3]) | usize::from(length[2]) << 8]].concat()
}

/// A connection whose client has sent its preface.
struct Pair {
    client: DuplexStream,
    watched: Watched<DuplexStream>,
    watch: Watch,
}

impl Pair {
    async fn new() -> Pair {
        let (mut client, server) = duplex(1 << 20);
        let (watched, watch) = Watched::new(server);
        let preface = [&[b'x'; PREFACE][..], &frame(SETTINGS, 0)].concat();
        client.write_all(&preface).await.unwrap();
        let mut pair = Pair { client, watched, watch };
        pair.read(preface.len()).await;
        pair
    }

    async fn read(&mut self, count: usize) {
        self.watched.read_exact(&mut vec![0; count]).await.unwrap();
    }

    /// The client sends a frame so many times; whether it may go on.
    async fn sends(&mut self, kind: u8, length: usize, times: i64) -> bool {
        let frame = frame(kind, length);
        for _ in 0..times {
            self.client.write_all(&frame).await.unwrap();
            self.read(frame.len()).await;
        }
        self.watch.objection().is_none()
    }

    async fn answers(&mut self, kind: u8, length: usize, times: i64) {
        let frame = frame(kind, length);
        for _ in 0..times {
            self.watched.write_all(&frame).await.unwrap();
            self.client.read_exact(&mut vec![0; frame.len()]).await.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn frames_that_bring_nothing_run_out() {
    for (kind, length) in [(PING, 8), (4, 0), (2, 5), (8, 4), (9, 0), (3, 4), (DATA, 0), (HEADERS, 10), (250, 100)] {
        let mut pair = Pair::new().await;
        assert!(pair.sends(kind, length, ALLOWANCE - 1).await, "{kind}");
        assert!(!pair.sends(kind, length, 1).await, "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn uploads_cost_nothing() {
    let mut pair = Pair::new().await;
    assert!(pair.sends(DATA, 1, 3 * ALLOWANCE).await);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_answered_goes_on_for_ever() {
    let mut pair = Pair::new().await;
    for _ in 0..3 * ALLOWANCE {
        assert!(pair.sends(HEADERS, 10, 1).await);
        pair.answers(HEADERS, 10, 1).await;
        pair.answers(DATA, 100, 2).await;
        assert!(pair.sends(8, 4, 4).await);
    }
}

#[tokio::test(start_paused = true)]
async fn requests_that_are_withdrawn_or_must_be_reset_run_out() {
    let mut pair = Pair::new().await;
    let mut pairs = 0;
    while pair.sends(HEADERS, 10, 1).await && pair.sends(3, 4, 1).await {
        pairs += 1;
    }
    assert_eq!(pairs, (ALLOWANCE - 1) / 2);
    let mut pair = Pair::new().await;
    let mut resets = 0;
    while pair.sends(HEADERS, 10, 1).await && pair.sends(8, 4, 1).await {
        pair.answers(RST_STREAM, 4, 1).await;
        resets += 1;
    }
    assert_eq!(resets, ALLOWANCE / 3, "the proxy's reset counts too");
}

#[tokio::test(start_paused = true)]
async fn time_forgives_so_much_and_no_more() {
    let mut pair = Pair::new().await;
    assert!(pair.sends(PING, 8, ALLOWANCE - 1).await);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(pair.sends(PING, 8, FORGIVEN_A_SECOND).await);
    tokio::time::advance(Duration::from_secs(86_400)).await;
    assert!(pair.sends(PING, 8, ALLOWANCE).await);
    assert!(!pair.sends(PING, 8, 1).await);
}

#[tokio::test(start_paused = true)]
async fn acknowledgements_earn_nothing() {
    let mut pair = Pair::new().await;
    for _ in 1..ALLOWANCE {
        assert!(pair.sends(PING, 8, 1).await);
        pair.answers(PING, 8, 1).await;
    }
    assert!(!pair.sends(PING, 8, 1).await);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_read_once_there_is_an_objection() {
    let mut pair = Pair::new().await;
    pair.sends(PING, 8, ALLOWANCE).await;
    pair.client.write_all(&frame(PING, 8)).await.unwrap();
    assert_eq!(pair.watch.objection(), Some(Reason::ENHANCE_YOUR_CALM));
    let mut read = poll_octet(&mut pair.watched);
    assert!(read().is_pending(), "once, so that the connection can be ended");
    assert!(matches!(read(), Poll::Ready(Err(_))));
}

/// Polls for one octet, without a task.
fn poll_octet(stream: &mut Watched<DuplexStream>) -> impl FnMut() -> Poll<io::Result<()>> {
    move || {
        let mut room = [0];
        let mut cx = Context::from_waker(std::task::Waker::noop());
        Pin::new(&mut *stream).poll_read(&mut cx, &mut ReadBuf::new(&mut room))
    }
}

#[tokio::test(start_paused = true)]
async fn pseudo_fields_in_trailers_end_the_connection() {
    let headers = |block: &[u8]| {
        let head = [0, 0, u8::try_from(block.len()).unwrap(), HEADERS, 5, 0, 0, 0, 1];
        [&head[..], block].concat()
    };
    for (second, objection) in [(&b"\x0f\x01\x01x"[..], None), (b"\x82", Some(Reason::PROTOCOL_ERROR))] {
        let mut pair = Pair::new().await;
        let sent = [headers(b"\x82\x84\x86"), frame(DATA, 3), headers(second)].concat();
        pair.client.write_all(&sent).await.unwrap();
        pair.read(sent.len()).await;
        assert_eq!(pair.watch.objection(), objection);
    }
}

#[tokio::test(start_paused = true)]
async fn settings_come_first() {
    let (mut client, server) = duplex(1 << 20);
    let (mut watched, watch) = Watched::new(server);
    let sent = [&[b'x'; PREFACE][..], &frame(PING, 8)].concat();
    client.write_all(&sent).await.unwrap();
    watched.read_exact(&mut vec![0; sent.len()]).await.unwrap();
    assert_eq!(watch.objection(), Some(Reason::PROTOCOL_ERROR));
}

#[tokio::test]
async fn a_read_that_found_nothing_is_not_tried_again_before_its_task_gives_way() {
    let mut pair = Pair::new().await;
    let looks = |pair: &mut Pair| {
        let (mut room, mut cx) = ([0; 64], Context::from_waker(std::task::Waker::noop()));
        Pin::new(&mut pair.watched).poll_read(&mut cx, &mut ReadBuf::new(&mut room)).is_ready()
    };
    assert!(!looks(&mut pair), "nothing has come");
    pair.watch.goes_on(true);
    pair.client.write_all(&frame(PING, 8)).await.unwrap();
    assert!(!looks(&mut pair), "the task is woken for what has come");
    pair.watch.goes_on(false);
    assert!(looks(&mut pair));
    pair.watch.goes_on(true);
    pair.client.write_all(&frame(PING, 8)).await.unwrap();
    assert!(looks(&mut pair), "as long as something comes it is read");
}
