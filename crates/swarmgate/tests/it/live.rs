//! A reply to a change comes after the change is live, at once, and for every request.

use crate::harness::{Backend, TestProxy, get, got, ok, published};
use std::time::Instant;

#[tokio::test]
async fn a_thousand_changes_one_after_another_are_each_live_when_they_are_answered() {
    let (proxy, backend) = (TestProxy::start().await, Backend::start().await);
    let port = backend.port();
    backend.echoes();
    let mut client = proxy.client().await;
    let began = Instant::now();
    for number in 0..1000 {
        let query =
            format!("serviceName=service-{number}&servicePath=/{number}/&port={port}&outboundHostname=127.0.0.1");
        proxy.configure(&query).await;
        client.send(get(&format!("/{number}/hello"))).await;
        client.receives(ok(&format!("GET /{number}/hello HTTP/1.1"))).await;
    }
    println!("1000 changes, each seen live, took {:?} in this build", began.elapsed());
}

#[tokio::test]
async fn a_service_is_never_missing_while_it_is_replaced() {
    let (proxy, backend) = published().await;
    let mut others = Vec::new();
    for _ in 0..8 {
        others.push(proxy.client().await);
    }
    let port = backend.port();
    backend.echoes();
    let asking = async {
        for _ in 0..200 {
            for client in &mut others {
                client.send(get("/demo")).await;
            }
            for client in &mut others {
                client.receives(ok("GET /demo HTTP/1.1")).await;
            }
        }
    };
    let changing = async {
        for number in 0..200 {
            let query = format!("serviceName=go&servicePath=/demo,/{number}&port={port}&outboundHostname=127.0.0.1");
            proxy.configure(&query).await;
        }
    };
    tokio::join!(asking, changing);
}

#[tokio::test]
async fn a_request_that_was_routed_before_a_change_ends_as_it_began() {
    let (proxy, mut backend) = published().await;
    let mut client = proxy.client().await;
    client.send(get("/demo")).await;
    let mut server = backend.accept().await;
    server.receives(got("/demo")).await;
    assert_eq!(proxy.api("/remove?serviceName=go").await.status(), 200);
    server.send(ok("hi")).await;
    client.receives(ok("hi")).await;
    client.send(get("/demo")).await;
    assert_eq!(client.reply().await.status(), 503);
}

#[tokio::test]
async fn changes_at_the_same_time_are_all_made() {
    let (proxy, backend) = (TestProxy::start().await, Backend::start().await);
    let port = backend.port();
    backend.echoes();
    let calls: Vec<_> = (0..100)
        .map(|number| format!("serviceName=s{number}&servicePath=/{number}/&port={port}&outboundHostname=127.0.0.1"))
        .collect();
    futures_of(calls.iter().map(|query| proxy.configure(query))).await;
    for number in 0..100 {
        assert_eq!(proxy.ask(&get(&format!("/{number}/"))).await.status(), 200);
    }
}

/// Waits for all at once.
async fn futures_of<F: Future>(futures: impl Iterator<Item = F>) {
    let mut waiting: Vec<_> = futures.map(Box::pin).collect();
    std::future::poll_fn(|cx| {
        waiting.retain_mut(|future| future.as_mut().poll(cx).is_pending());
        if waiting.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}
