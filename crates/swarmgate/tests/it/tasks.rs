//! A proxy whose listener tells which tasks run: they are the servers, and DNS is asked where nobody tells.

use crate::dns::FakeDns;
use crate::harness::{Backend, FakeListener, Peer, TestProxy, Warnings, get, ok};
use std::time::Duration;

/// A proxy with the service `go` on `/demo`, a listener that tells tasks or does not, and a name server.
struct Stage {
    proxy: TestProxy,
    listener: FakeListener,
    dns: FakeDns,
    /// On the same port of 127.0.0.2 and 127.0.0.3.
    servers: [Backend; 2],
}

impl Stage {
    /// The listener tells tasks from the first question on.
    async fn set() -> Stage {
        let listener = FakeListener::start().await;
        listener.tasks_are(&[]);
        Stage::with(listener).await
    }

    async fn with(listener: FakeListener) -> Stage {
        let dns = FakeDns::start().await;
        let address = listener.address.clone();
        let proxy = TestProxy::with(&[("RESOLVERS", &dns.address.to_string())], |settings| {
            settings.listeners = vec![address];
            settings.reconcile_interval = Duration::from_secs(3600);
        })
        .await;
        let one = Backend::start().await;
        let servers = [one.another(2).await, one.another(3).await];
        proxy.configure(&format!("serviceName=go&servicePath=/demo&port={}", one.port())).await;
        Stage { proxy, listener, dns, servers }
    }

    /// The tasks of `go` run at 127.0.0.`last`, and the proxy knows.
    async fn runs(&self, last: &[u8]) {
        self.listener.tasks_are(&[("go", last)]);
        self.listener.tasks_are_known().await;
    }

    /// One request, which the server of this number answers; its connection.
    async fn is_answered_by(&mut self, server: usize) -> Peer {
        let mut client = self.proxy.client().await;
        client.send(get("/demo")).await;
        let mut server = self.servers[server].accept().await;
        server.receives_head().await;
        server.send(ok("hi")).await;
        client.receives(ok("hi")).await;
        server
    }
}

/// Lets time pass at once. Time stands still only in here: sockets need the real one.
async fn jump(duration: Duration) {
    tokio::time::pause();
    tokio::time::advance(duration).await;
    tokio::time::resume();
}

#[tokio::test]
async fn the_tasks_that_run_are_the_servers_at_once_and_no_others() {
    let mut stage = Stage::set().await;
    stage.runs(&[2]).await;
    let mut first = stage.is_answered_by(0).await;
    stage.runs(&[3]).await;
    stage.is_answered_by(1).await;
    stage.runs(&[2]).await;
    let mut client = stage.proxy.client().await;
    client.send(get("/demo")).await;
    first.receives_head().await;
    assert!(!stage.dns.questions().iter().any(|name| name.ends_with("go")), "DNS is not needed");
}

#[tokio::test]
async fn a_task_that_is_told_to_stop_gets_no_request_on_a_connection_that_was_kept() {
    let mut stage = Stage::set().await;
    stage.runs(&[2]).await;
    let mut kept = stage.is_answered_by(0).await;
    stage.runs(&[3]).await;
    for _ in 0..5 {
        let mut client = stage.proxy.client().await;
        client.send("POST /demo HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").await;
        let mut server = stage.servers[1].accept().await;
        server.receives_head().await;
        server.send("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").await;
        assert_eq!(client.reply().await.status(), 204);
    }
    stage.runs(&[2]).await;
    let mut client = stage.proxy.client().await;
    client.send(get("/demo")).await;
    assert!(kept.receives_head().await.starts_with("GET"), "it got nothing else meanwhile");
}

#[tokio::test]
async fn an_old_listener_is_asked_again_each_half_minute_and_dns_meanwhile() {
    let mut stage = Stage::with(FakeListener::start().await).await;
    stage.dns.resolves("tasks.go", &[2]);
    stage.is_answered_by(0).await;
    stage.listener.tasks_are(&[("go", &[3])]);
    jump(Duration::from_secs(31)).await;
    stage.listener.tasks_are_known().await;
    stage.is_answered_by(1).await;
}

#[tokio::test]
async fn a_listener_that_fails_takes_nobody_away() {
    let mut stage = Stage::set().await;
    stage.runs(&[2]).await;
    for (status, body) in [("503 Service Unavailable", ""), ("200 OK", "no json"), ("200 OK", r#"{"version":""}"#)] {
        stage.listener.answers_about_tasks(status, body);
        stage.listener.is_asked_for_tasks(2).await;
        drop(stage.is_answered_by(0).await);
    }
    stage.runs(&[3]).await;
    drop(stage.is_answered_by(1).await);
}

#[tokio::test]
async fn a_service_without_a_common_network_is_told_and_left_to_dns() {
    let (mut stage, warnings) = (Stage::set().await, Warnings::of_process());
    let port = stage.servers[0].port();
    let name = format!("alone-{port}");
    stage.proxy.configure(&format!("serviceName={name}&servicePath=/alone&port={port}")).await;
    let service = format!(
        r#"{{"serviceName":"{name}","networks":["far"],"tasks":[{{"addresses":[{{"network":"far","address":"198.51.100.5"}}]}}]}}"#
    );
    for _ in 0..3 {
        stage.listener.tasks_are_services(&service);
        stage.listener.tasks_are_known().await;
    }
    let expected = format!(
        "service {name} runs on network `far` alone, and this proxy is on `loop`: attach the service to `loop`, or the proxy to `far`"
    );
    assert_eq!(warnings.with(&expected).len(), 1, "told once");
    stage.dns.resolves(&format!("tasks.{name}"), &[3]);
    let mut client = stage.proxy.client().await;
    client.send(get("/alone")).await;
    stage.servers[1].accept().await.receives_head().await;
}

#[tokio::test]
async fn a_request_waits_for_the_next_task_of_a_service_that_has_just_lost_its_last() {
    let mut stage = Stage::set().await;
    stage.runs(&[2]).await;
    stage.runs(&[]).await;
    let mut client = stage.proxy.client().await;
    client.send(get("/demo")).await;
    stage.runs(&[3]).await;
    stage.servers[1].accept().await.receives_head().await;
    stage.runs(&[]).await;
    assert_eq!(stage.proxy.ask(&get("/demo")).await.status(), 503, "none came within a second");
}
