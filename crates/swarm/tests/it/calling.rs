//! What Docker is asked: in which version of its API, and never for a change.

use crate::docker::FakeDocker;
use crate::receiver::Receiver;
use crate::{settings, soon, start};

const WEB: [(&str, &str); 2] = [("com.df.notify", "true"), ("com.df.port", "80")];

/// All that a listener asks a daemon of this version, after services and tasks have been listed and an event has come.
async fn calls_of(version: &str) -> Vec<String> {
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    docker.speaks(version);
    docker.has_node("a", "ready");
    docker.sets("web", &WEB);
    docker.runs("web", &[("a", "running", "10.0.1.14")]);
    let listener = start(settings(&docker, &proxy), &mut docker).await;
    proxy.hears().await;
    let mut known = listener.task_list();
    soon("a task", known.wait_for(|list| list.as_ref().is_some_and(|list| !list.services[0].tasks.is_empty())))
        .await
        .expect("the listener lives");
    docker.sets("api", &WEB);
    proxy.hears().await;
    docker.calls()
}

#[tokio::test]
async fn every_version_of_the_api_is_spoken_and_only_reads_are_made() {
    for (daemon, spoken) in [("1.24", "1.24"), ("1.41", "1.41"), ("1.53", "1.53")] {
        let mut calls = vec!["GET /version".to_owned()];
        calls.extend(["events", "nodes", "services", "tasks"].map(|what| format!("GET /v{spoken}/{what}")));
        calls.sort();
        assert_eq!(calls_of(daemon).await, calls);
    }
}
