//! Counting, adding up and forgetting, without a socket; whole conversations are the program's tests.

mod log;

use super::*;
use model::service::Dial;
use model::{Backend, Fields, ServiceName};
use rustc_hash::FxHashSet;
use std::net::SocketAddr;
use tokio::time::advance;

const CLIENT: ([u8; 4], u16) = ([10, 0, 0, 1], 4000);

/// The backend of a service of this name.
fn backend(name: &str) -> Backend {
    Backend {
        name: format!("{name}-be80_0").into(),
        service: ServiceName::parse(name).unwrap(),
        dial: Arc::new(Dial::Service(name.to_owned())),
        port: 80,
        server_tls: None,
        timeout_server: None,
        timeout_tunnel: None,
        connection_mode: model::service::ConnectionMode::default(),
        compression: None,
        statements: Arc::default(),
        cookie: None,
        slots: None,
    }
}

/// The fields of a request.
struct Plain;

impl Fields for Plain {
    fn any(&self, name: &str, visit: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        let values: &[&[u8]] = if name == "X-A" { &[b"first", b"a{b|c}\"#d\x01\xff]"] } else { &[] };
        values.iter().any(|value| visit(value))
    }

    fn first(&self, _: &str) -> Option<&[u8]> {
        None
    }
}

fn head() -> Head<'static> {
    Head { method: b"GET", target: b"/a?b", host: Some(b"c"), version: "HTTP/1.1", fields: &Plain }
}

fn server(last: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, last], 80))
}

fn client() -> Accepted {
    Accepted::new(SocketAddr::from(CLIENT), 80)
}

/// A request of `backend` that ends well.
fn request(backend: &Backend, address: SocketAddr) {
    let mut session = client().request(None, head).forwarded(backend);
    session.connected(backend, address, false);
    session.moved(100, 0);
    session.responded(200);
    session.moved(0, 1000);
    session.finished();
}

#[tokio::test(start_paused = true)]
async fn threads_are_added_up() {
    let (observer, backend) = (Observer::new(), &backend("a"));
    std::thread::scope(|scope| {
        for last in [1, 2] {
            let observer = &observer;
            scope.spawn(move || {
                observer.enter();
                request(backend, server(last));
                accept_failed(80);
                client().refused(Why::HeadTooLarge, 0);
                leave();
            });
        }
    });
    let figures = observer.figures();
    let backend = &figures.backends[0];
    assert_eq!((backend.requests, backend.responses, backend.sessions), (2, [0, 2, 0, 0, 0], 0));
    assert_eq!((backend.request_bytes, backend.response_bytes, backend.connects), (200, 2000, 2));
    assert_eq!((backend.durations.counts[0], backend.durations.counts.iter().sum::<u64>()), (2, 2));
    assert_eq!(figures.servers.iter().map(|server| server.requests).collect::<Vec<_>>(), [1, 1]);
    let frontend = &figures.frontends[0];
    assert_eq!((frontend.accepted, frontend.closed, frontend.open, frontend.accept_errors), (4, 4, 0, 2));
    assert_eq!(frontend.responses, [0, 2, 0, 2, 0]);
    let too_large = figures.answers.iter().find(|answer| answer.status == 431).unwrap();
    assert_eq!((too_large.reason, too_large.count), ("head_too_large", 2));
}

#[tokio::test(start_paused = true)]
async fn a_duration_is_counted_in_the_first_group_that_holds_it() {
    let (observer, backend) = (Observer::new(), backend("a"));
    observer.enter();
    for milliseconds in [0, 1, 3, 61_000] {
        let mut session = client().request(None, head).forwarded(&backend);
        advance(Duration::from_millis(milliseconds)).await;
        session.responded(204);
        session.finished();
    }
    leave();
    let durations = &observer.figures().backends[0].durations;
    let mut expected = [0; DURATION_BOUNDS.len() + 1];
    (expected[0], expected[1], expected[3], expected[14]) = (1, 1, 1, 1);
    assert_eq!((durations.counts, durations.sum), (expected, Duration::from_millis(61_004)));
}

#[tokio::test(start_paused = true)]
async fn a_tunnel_is_counted_when_it_begins_and_open_until_it_ends() {
    let (observer, backend) = (Observer::new(), &backend("a"));
    observer.enter();
    let mut session = client().request(None, head).forwarded(backend);
    session.connected(backend, server(1), false);
    session.responded(101);
    session.switched();
    advance(Duration::from_secs(3600)).await;
    let figures = observer.figures();
    assert_eq!((figures.backends[0].responses, figures.backends[0].sessions), ([1, 0, 0, 0, 0], 1));
    assert_eq!(figures.servers[0].sessions, 1);
    drop(session);
    let figures = observer.figures();
    assert_eq!((figures.backends[0].responses, figures.backends[0].sessions), ([1, 0, 0, 0, 0], 0));
    assert_eq!((figures.servers[0].sessions, figures.backends[0].durations.counts[0]), (0, 1));
    leave();
}

#[tokio::test(start_paused = true)]
async fn what_has_vanished_is_forgotten_and_begun_anew_when_it_returns() {
    let (observer, a, b) = (Observer::new(), &backend("a"), &backend("b"));
    observer.enter();
    request(a, server(1));
    request(b, server(1));
    request(b, server(2));
    let only_b = [&*b.name].into_iter().collect();
    let forget = || observer.ledger().forget(&only_b, Instant::now());
    forget();
    advance(Duration::from_secs(14 * 60)).await;
    request(b, server(2));
    forget();
    assert_eq!(observer.figures().backends.len(), 2, "not long enough ago");
    advance(Duration::from_secs(2 * 60)).await;
    forget();
    let figures = observer.figures();
    assert_eq!(
        figures.backends.iter().map(|backend| (&*backend.backend, backend.requests)).collect::<Vec<_>>(),
        [(&*b.name, 3)]
    );
    assert_eq!(figures.servers.iter().map(|server| server.address).collect::<Vec<_>>(), [server(2)]);
    request(a, server(1));
    assert_eq!(observer.figures().backends[0].requests, 1);
    sweep();
    request(a, server(1));
    assert_eq!(observer.figures().backends[0].requests, 2);
    leave();
}

#[tokio::test(start_paused = true)]
async fn what_is_open_is_not_forgotten() {
    let (observer, backend) = (Observer::new(), &backend("a"));
    observer.enter();
    let mut session = client().request(None, head).forwarded(backend);
    session.connected(backend, server(1), true);
    for _ in 0..100 {
        advance(Duration::from_secs(60)).await;
        observer.ledger().forget(&FxHashSet::default(), Instant::now());
    }
    let figures = observer.figures();
    assert_eq!((figures.backends[0].sessions, figures.servers[0].sessions), (1, 1));
    drop(session);
    leave();
}

#[test]
fn services_that_come_and_go_for_ever_leave_nothing_behind() {
    let observer = Observer::new();
    observer.enter();
    let mut now = Instant::now();
    for round in 0..50 {
        (0..20).for_each(|number| request(&backend(&format!("s{round}-{number}")), server(1)));
        observer.ledger().forget(&FxHashSet::default(), now);
        now += Duration::from_secs(3600);
        observer.ledger().forget(&FxHashSet::default(), now);
        sweep();
        assert_eq!((observer.figures().backends.len(), book::ask(|book| book.sizes())), (0, (0, 0)));
    }
    leave();
}

#[test]
fn a_panic_is_counted_and_closes_its_connection() {
    let observer = Observer::new();
    std::thread::scope(|scope| {
        let panicked = scope.spawn(|| {
            observer.enter();
            let _accepted = client();
            std::panic::resume_unwind(Box::new("a bug"));
        });
        assert!(panicked.join().is_err());
    });
    let figures = observer.figures();
    assert_eq!((figures.panics, figures.frontends[0].open), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn what_nobody_ended_was_ended_by_the_proxy() {
    let (observer, backend) = (Observer::new(), backend("a"));
    observer.enter();
    let mut session = client().request(None, head).forwarded(&backend);
    session.responded(200);
    drop(session);
    drop(client().request(None, head).forwarded(&backend));
    leave();
    let backend = &observer.figures().backends[0];
    assert_eq!((backend.requests, backend.broken_off, backend.responses), (2, 1, [0, 1, 0, 0, 0]));
}
