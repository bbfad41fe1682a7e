//! STATE_DIR: what was known before a start is served from the first request on, and goes or stays by its source.

use crate::harness::{Backend, FakeListener, Folder, TestProxy, Warnings, get};
use serde_json::Value;
use std::fs;
use std::time::Duration;

/// A proxy that keeps its state in `folder`, and asks these listeners once in a thousand seconds.
async fn keeping(folder: &Folder, listeners: &[&FakeListener]) -> TestProxy {
    let environment =
        [("DFP_SERVICE_SERVICE_NAME", "env"), ("DFP_SERVICE_SERVICE_PATH", "/env"), ("DFP_SERVICE_PORT", "1")];
    let state = folder.text("state");
    let variables: Vec<_> = environment.into_iter().chain([("STATE_DIR", state.as_str())]).collect();
    TestProxy::with(&variables, |settings| {
        settings.listeners = listeners.iter().map(|listener| listener.address.clone()).collect();
        settings.reconcile_interval = Duration::from_secs(1000);
    })
    .await
}

/// A server that answers everything; its port.
async fn server() -> u16 {
    let backend = Backend::start().await;
    let port = backend.port();
    backend.echoes();
    port
}

fn service(name: &str, port: u16) -> String {
    format!("serviceName={name}&servicePath=/{name}&port={port}&outboundHostname=127.0.0.1")
}

fn list(name: &str, port: u16) -> String {
    let place = format!(r#""servicePath":"/{name}","port":"{port}","outboundHostname":"127.0.0.1""#);
    format!(r#"[{{"serviceName":"{name}",{place}}}]"#)
}

/// The services, each with its source.
async fn sources(proxy: &TestProxy) -> Vec<String> {
    let status = proxy.api("/status?distribute=false").await.json();
    let services = status["Services"].as_array().expect("services").iter();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    services.map(|service| format!("{} {}", text(&service["ServiceName"]), text(&service["Source"]))).collect()
}

#[tokio::test]
async fn what_was_known_is_served_after_a_start_and_a_complete_list_takes_what_left_it() {
    let (folder, port) = (Folder::new(), server().await);
    let first = FakeListener::start().await;
    first.lists(&list("listed", port));
    let before = keeping(&folder, &[&first]).await;
    before.configure(&service("hand", port)).await;
    assert_eq!(before.api("/reload").await.status(), 200);
    before.configure(&service("gone", port)).await;
    before.api("/remove?serviceName=gone").await;
    before.drain().await;

    let listener = FakeListener::start().await;
    let proxy = keeping(&folder, &[&listener]).await;
    for name in ["hand", "listed"] {
        assert_eq!(proxy.ask(&get(&format!("/{name}"))).await.status(), 200, "{name}, though no listener answers");
    }
    assert_eq!(sources(&proxy).await, ["env environment", "hand api", "listed list"]);
    listener.lists("[]");
    assert_eq!(proxy.api("/reload").await.status(), 200);
    assert_eq!(sources(&proxy).await, ["env environment", "hand api"]);
    proxy.drain().await;
    assert_eq!(sources(&keeping(&folder, &[]).await).await, ["env environment", "hand api"]);
}

#[tokio::test]
async fn a_replica_that_serves_what_was_known_is_ready_after_five_seconds_without_a_listener() {
    let (folder, mut listener) = (Folder::new(), FakeListener::start().await);
    let before = keeping(&folder, &[]).await;
    before.configure(&service("hand", 1)).await;
    before.drain().await;
    let proxy = keeping(&folder, &[&listener]).await;
    listener.is_asked(1).await;
    assert_eq!(proxy.api("/successfulinitreload").await.status(), 500);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(5)).await;
    tokio::time::resume();
    assert_eq!(proxy.api("/successfulinitreload").await.status(), 200);
    let degraded = proxy.api("/status?services=false&distribute=false").await.json()["Degraded"].to_string();
    assert!(degraded.contains("after 5 s"), "{degraded}");
}

#[tokio::test]
async fn a_broken_file_is_told_of_and_kept_aside() {
    let (folder, warnings) = (Folder::new(), Warnings::of_process());
    folder.write(
        "state/services.json",
        "{\"format\":\"swarmgate services\",\"version\":1,\"sha256\":\"0\"}\n{\"services\":[]}\n",
    );
    folder.write("state/.swarmgate-1-0.tmp", "half");
    let proxy = keeping(&folder, &[]).await;
    let told = warnings.with(&folder.text("state/services.json"));
    assert!(told.len() == 1 && told[0].contains("not whole"), "{told:?}");
    assert!(folder.path("state/services.json.bad").exists() && !folder.path("state/.swarmgate-1-0.tmp").exists());
    proxy.configure(&service("hand", 1)).await;
    proxy.drain().await;
    assert_eq!(sources(&keeping(&folder, &[]).await).await, ["env environment", "hand api"]);
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_told_of_once_and_hurts_nobody() {
    let (folder, warnings) = (Folder::new(), Warnings::of_process());
    folder.write("state", "a file, and no folder");
    let (proxy, port) = (keeping(&folder, &[]).await, server().await);
    for name in ["one", "two", "three"] {
        proxy.configure(&service(name, port)).await;
        assert_eq!(proxy.ask(&get(&format!("/{name}"))).await.status(), 200);
    }
    proxy.drain().await;
    let told = warnings.with(&format!("cannot be kept in {}", folder.text("state")));
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(fs::read_to_string(folder.path("state")).expect("the file"), "a file, and no folder");
}
