//! What a listener counts.

use swarm::{Operation, Settings};

use crate::docker::{FakeDocker, Listing};
use crate::log::Log;
use crate::receiver::{Receiver, Reply};
use crate::{settings, start};

#[tokio::test]
async fn notifications_listings_and_failures_are_counted() {
    let log = Log::capture();
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    proxy.replies([Reply::Status(500)]);
    docker.has_node("a", "ready");
    docker.sets("web", &[("com.df.notify", "true")]);
    let settings = Settings { create_node_urls: vec![proxy.url("/node")], ..settings(&docker, &proxy) };
    let listener = start(settings, &mut docker).await;
    for _ in 0..3 {
        proxy.hears().await;
    }
    docker.is_heard_out().await;
    let figures = listener.figures();
    assert_eq!((figures.services, figures.nodes, figures.pending), (1, 1, 0));
    assert_eq!(Operation::NOTIFICATIONS.map(|operation| figures.sent(operation)), [1, 0, 1, 0]);
    let failed: u64 = Operation::NOTIFICATIONS.iter().map(|operation| figures.failed(*operation)).sum();
    assert_eq!(failed, 1);
    assert!(figures.docker_answers && figures.tasks_known);
    assert!(figures.services_listed.is_some() && figures.tasks_listed.is_some());
    assert_eq!(figures.streams, 1);
    docker.lists(Listing::NoLeader);
    docker.hints();
    log.says("services cannot be listed, all stay as they are").await;
    let figures = listener.figures();
    assert!(!figures.docker_answers && figures.failed(Operation::ListServices) > 0);
    assert_eq!(figures.services, 1, "they stay");
}
