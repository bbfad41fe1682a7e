//! What happens in a Swarm is told to a proxy.

use std::time::{Duration, Instant};

use serde_json::json;
use swarm::{Listener, Settings, StartError};

use crate::docker::FakeDocker;
use crate::receiver::Receiver;
use crate::{settings, start};

const NOTIFY: (&str, &str) = ("com.df.notify", "true");

fn port(port: &str) -> [(&str, &str); 2] {
    [NOTIFY, ("com.df.port", port)]
}

#[tokio::test]
async fn at_the_start_every_service_is_announced() {
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    docker.sets("api", &port("80"));
    docker.sets("unlabelled", &[]);
    docker.sets("web", &[NOTIFY, ("com.df.servicePath", "/demo"), ("com.df.port", "8080")]);
    let _listener = start(settings(&docker, &proxy), &mut docker).await;
    let mut heard = [proxy.hears().await, proxy.hears().await];
    heard.sort();
    assert_eq!(
        heard,
        [
            "GET /reconfigure?distribute=true&port=80&replicas=1&serviceName=api",
            "GET /reconfigure?distribute=true&port=8080&replicas=1&serviceName=web&servicePath=%2Fdemo",
        ]
    );
    for _ in 0..2 {
        docker.hints();
        docker.is_listed(1).await;
    }
    assert!(proxy.unheard().is_empty());
}

#[tokio::test]
async fn a_service_created_changed_and_scaled_is_announced_each_time() {
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    let _listener = start(settings(&docker, &proxy), &mut docker).await;
    docker.sets("web", &port("80"));
    assert_eq!(proxy.hears().await, "GET /reconfigure?distribute=true&port=80&replicas=1&serviceName=web");
    docker.sets("web", &port("8080"));
    assert_eq!(proxy.hears().await, "GET /reconfigure?distribute=true&port=8080&replicas=1&serviceName=web");
    docker.sets_with_mode("web", &port("8080"), json!({ "Replicated": { "Replicas": 3 } }));
    assert_eq!(proxy.hears().await, "GET /reconfigure?distribute=true&port=8080&replicas=3&serviceName=web");
    docker.sets_with_mode("agent", &port("90"), json!({ "Global": {} }));
    assert_eq!(proxy.hears().await, "GET /reconfigure?distribute=true&port=90&serviceName=agent");
}

#[tokio::test]
async fn an_update_that_changes_no_parameter_is_not_announced() {
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    docker.sets("web", &port("80"));
    let _listener = start(settings(&docker, &proxy), &mut docker).await;
    proxy.hears().await;
    docker.sets("web", &port("80"));
    docker.is_listed(1).await;
    docker.sets("marker", &port("81"));
    assert!(proxy.hears().await.ends_with("serviceName=marker"));
    assert!(proxy.unheard().is_empty());
}

#[tokio::test]
async fn a_service_that_is_gone_is_removed_with_its_last_labels() {
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    docker.sets("go-demo", &[NOTIFY, ("com.df.aclName", "05-demo"), ("com.df.port", "8080")]);
    let _listener = start(settings(&docker, &proxy), &mut docker).await;
    proxy.hears().await;
    docker.removes("go-demo");
    assert_eq!(proxy.hears().await, "GET /remove?serviceName=go-demo&aclName=05-demo&distribute=true&port=8080");
}

#[tokio::test]
async fn a_service_that_loses_its_notify_label_is_removed() {
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    docker.sets("web", &port("80"));
    let _listener = start(settings(&docker, &proxy), &mut docker).await;
    proxy.hears().await;
    docker.sets("web", &[("com.df.port", "80")]);
    assert_eq!(proxy.hears().await, "GET /remove?serviceName=web&distribute=true&port=80");
    docker.sets("web", &port("80"));
    assert_eq!(proxy.hears().await, "GET /reconfigure?distribute=true&port=80&replicas=1&serviceName=web");
    docker.sets("web", &[("com.df.notify", "False"), ("com.df.port", "80")]);
    assert_eq!(proxy.hears().await, "GET /remove?serviceName=web&distribute=true&port=80");
}

#[tokio::test]
async fn a_service_created_again_is_announced_again_although_nothing_differs() {
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    docker.sets("web", &port("80"));
    let _listener = start(settings(&docker, &proxy), &mut docker).await;
    let first = proxy.hears().await;
    docker.falls_mute();
    docker.removes("web");
    docker.sets("web", &port("80"));
    docker.cuts_events();
    assert_eq!(proxy.hears().await, first);
}

#[tokio::test]
async fn asked_to_notify_all_it_repeats_every_service() {
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    docker.sets("web", &port("80"));
    let listener = start(settings(&docker, &proxy), &mut docker).await;
    let first = proxy.hears().await;
    listener.notify_all();
    assert_eq!(proxy.hears().await, first);
}

#[tokio::test]
async fn behaviour_151_services_are_parameter_maps_in_order_of_their_names() {
    let (docker, proxy) = (FakeDocker::start(), Receiver::start().await);
    docker.sets("web", &port("80"));
    docker.sets("my_api", &[NOTIFY, ("com.df.shortName", "true"), ("com.docker.stack.namespace", "my")]);
    docker.sets("off", &[("com.df.notify", "false")]);
    let alone = Settings { create_urls: vec![], remove_urls: vec![], ..settings(&docker, &proxy) };
    let listener = Listener::start(alone).expect("usable settings");
    let services = listener.services().await.expect("docker answers");
    let services: Vec<Vec<(&str, &str)>> = services.iter().map(|params| params.iter().collect()).collect();
    assert_eq!(
        services,
        [
            vec![("distribute", "true"), ("replicas", "1"), ("serviceName", "api"), ("shortName", "true")],
            vec![("distribute", "true"), ("port", "80"), ("replicas", "1"), ("serviceName", "web")],
        ]
    );
}

#[tokio::test]
async fn a_docker_host_may_be_a_tcp_address() {
    let (mut docker, mut proxy) = (FakeDocker::start_on_tcp().await, Receiver::start().await);
    docker.sets("web", &port("80"));
    let listener = start(settings(&docker, &proxy), &mut docker).await;
    assert!(proxy.hears().await.ends_with("serviceName=web"));
    assert_eq!(listener.services().await.expect("docker answers").len(), 1);
}

#[tokio::test]
async fn a_docker_host_that_is_no_address_is_refused() {
    let problem = Listener::start(Settings { docker_host: "docker:2375".to_owned(), ..Settings::default() }).err();
    assert!(matches!(problem, Some(StartError::Docker(_))));
}

#[tokio::test]
async fn a_change_without_an_event_is_found_in_time() {
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    docker.falls_mute();
    let settings = Settings { reconcile_interval: Duration::from_millis(20), ..settings(&docker, &proxy) };
    let _listener = start(settings, &mut docker).await;
    docker.sets("web", &port("80"));
    assert!(proxy.hears().await.ends_with("serviceName=web"));
    docker.removes("web");
    assert!(proxy.hears().await.starts_with("GET /remove?"));
}

#[tokio::test]
async fn a_storm_of_events_costs_few_listings() {
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    let mut settings = settings(&docker, &proxy);
    let debounce = Duration::from_millis(200);
    settings.pace.debounce = debounce;
    let began = Instant::now();
    let _listener = start(settings, &mut docker).await;
    for _ in 0..100 {
        docker.hints();
    }
    docker.sets("web", &port("80"));
    proxy.hears().await;
    let (listings, took) = (docker.listings(), began.elapsed());
    assert!(listings as u128 <= 1 + took.as_millis() / debounce.as_millis(), "{listings} listings in {took:?}");
}

#[tokio::test]
async fn a_flapping_service_is_announced_once_in_the_interval_and_at_last_as_it_is() {
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    let mut settings = settings(&docker, &proxy);
    let interval = Duration::from_millis(500);
    settings.pace.announce_interval = interval;
    let _listener = start(settings, &mut docker).await;
    let began = Instant::now();
    docker.sets("flap", &port("1"));
    assert!(proxy.hears().await.contains("port=1&"));
    for number in 2..=20 {
        docker.sets("flap", &port(&number.to_string()));
        docker.is_listed(1).await;
    }
    let updates = proxy.hears_up_to("port=20&").await;
    assert!(updates * interval <= began.elapsed(), "{updates} updates in {:?}", began.elapsed());
    docker.sets("web", &port("80"));
    assert!(proxy.hears().await.ends_with("serviceName=web"));
    assert!(proxy.unheard().is_empty());
}

#[tokio::test]
async fn a_listener_ends_with_its_last_handle_or_when_told() {
    let (mut docker, proxy) = (FakeDocker::start(), Receiver::start().await);
    let listener = start(settings(&docker, &proxy), &mut docker).await;
    let other = listener.clone();
    drop(listener);
    other.stop().await;
    docker.events_closed().await;

    let listener = start(settings(&docker, &proxy), &mut docker).await;
    drop(listener);
    docker.events_closed().await;
}
