//! Who is called for a request, in the order in which tasks happen to run.

use super::*;
use h2::client;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;
use tokio::io::duplex;

/// A task that only counts how often it was called.
#[derive(Default)]
struct Calls(AtomicUsize);

impl Wake for Calls {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Some requests as they come from h2.
async fn requests(count: usize) -> Vec<Job> {
    let (near, far) = duplex(64 * 1024);
    let (server, client) = tokio::join!(h2::server::handshake(near), client::handshake(far));
    let (mut server, (mut client, connection)) = (server.unwrap(), client.unwrap());
    tokio::spawn(connection);
    let mut jobs = Vec::new();
    for _ in 0..count {
        let request = Request::get("http://a/").body(()).unwrap();
        drop(client.send_request(request, true).unwrap());
        let (request, respond) = server.accept().await.unwrap().unwrap();
        jobs.push(Job { request, respond });
    }
    jobs
}

#[tokio::test]
async fn bug_a_task_that_was_woken_by_chance_took_another_ones_call_with_it() {
    let (desks, calls) = (Desks::new(), [Arc::new(Calls::default()), Arc::new(Calls::default())]);
    let mut jobs = requests(2).await.into_iter();
    let wakers = calls.clone().map(Waker::from);
    let poll = |task: usize| desks.0.poll_next(&mut Context::from_waker(&wakers[task])).is_ready();
    let called = |task: usize| calls[task].0.load(Ordering::Relaxed);
    assert!(!poll(0) && !poll(1), "both wait");
    desks.give(jobs.next().unwrap(), |_| panic!("somebody waits"));
    assert_eq!((called(0), called(1)), (0, 1));
    // The first one's timer wakes it before the second one runs: it takes the request, and is busy with it.
    assert!(poll(0));
    assert!(!poll(1), "nothing is left for the one that was called");
    desks.give(jobs.next().unwrap(), |_| panic!("somebody waits"));
    assert_eq!((called(0), called(1)), (0, 2), "who waits is called, not who is busy");
    assert!(poll(1));
}
