//! A Docker Engine that is down, hangs, has no leader, or forgets its listeners.

use std::time::Duration;

use swarm::{DockerError, Listener, Settings};

use crate::docker::{FakeDocker, Listing};
use crate::log::Log;
use crate::receiver::Receiver;
use crate::{settings, start};

const WEB: [(&str, &str); 2] = [("com.df.notify", "true"), ("com.df.port", "80")];

/// A listener that has announced `web`.
async fn started(docker: &mut FakeDocker, proxy: &mut Receiver) -> Listener {
    docker.sets("web", &WEB);
    let listener = start(settings(docker, proxy), docker).await;
    assert!(proxy.hears().await.ends_with("serviceName=web"));
    listener
}

/// Nothing was said while listings failed, and what has changed is said when they work again.
async fn recovers(docker: &mut FakeDocker, proxy: &mut Receiver) {
    docker.lists(Listing::Whole);
    docker.sets("api", &WEB);
    assert!(proxy.hears().await.ends_with("serviceName=api"));
    assert!(proxy.unheard().is_empty());
    docker.removes("web");
    assert!(proxy.hears().await.starts_with("GET /remove?"), "it was still known");
}

#[tokio::test]
async fn a_swarm_without_a_leader_removes_nothing() {
    let log = Log::capture();
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    let listener = started(&mut docker, &mut proxy).await;
    docker.lists(Listing::NoLeader);
    docker.hints();
    docker.is_listed(4).await;
    log.says("services cannot be listed, all stay as they are").await;
    assert_eq!(log.count("The swarm does not have a leader"), 1, "said once:\n{}", log.all());
    assert!(matches!(listener.services().await, Err(DockerError::Failed { .. })), "never an empty list");
    recovers(&mut docker, &mut proxy).await;
    assert_eq!(log.count("Docker answers again"), 1);
    assert_eq!(log.count("Using Docker Client API version: 1.41"), 1);
}

#[tokio::test]
async fn an_answer_that_is_cut_short_or_garbage_removes_nothing() {
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    let listener = started(&mut docker, &mut proxy).await;
    for listing in [Listing::Truncated, Listing::Garbage] {
        docker.lists(listing);
        docker.hints();
        docker.is_listed(3).await;
        assert!(listener.services().await.is_err());
    }
    recovers(&mut docker, &mut proxy).await;
}

#[tokio::test]
async fn bug_an_answer_that_is_whole_and_wrong_removes_nothing() {
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    let listener = started(&mut docker, &mut proxy).await;
    for body in ["[{}]", r#"[{"ID":"a"}]"#, r#"[{"ID":"a","Spec":{"Name":"web","Labels":{}}}]"#] {
        docker.lists(Listing::Wrong("/services", body));
        docker.hints();
        docker.is_listed(3).await;
        assert!(listener.services().await.is_err(), "{body}");
    }
    recovers(&mut docker, &mut proxy).await;
}

#[tokio::test]
async fn bug_one_list_without_services_is_not_believed_and_a_second_one_is() {
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    let listener = started(&mut docker, &mut proxy).await;
    docker.lists(Listing::EmptyOnce);
    docker.hints();
    docker.is_listed(2).await;
    docker.lists(Listing::EmptyOnce);
    assert_eq!(listener.services().await.expect("docker answers").len(), 1);
    recovers(&mut docker, &mut proxy).await;
    docker.removes("api");
    assert!(proxy.hears().await.starts_with("GET /remove?serviceName=api&"));
    assert!(listener.services().await.expect("docker answers").is_empty());
}

#[tokio::test]
async fn an_answer_that_never_comes_is_given_up_and_asked_for_again() {
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    let listener = started(&mut docker, &mut proxy).await;
    docker.lists(Listing::Silence);
    docker.hints();
    docker.is_listed(1).await;
    assert!(matches!(listener.services().await, Err(DockerError::TimedOut { .. })));
    recovers(&mut docker, &mut proxy).await;
}

#[tokio::test]
async fn a_stream_of_events_that_is_cut_is_opened_again_where_it_ended() {
    let log = Log::capture();
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    let _listener = started(&mut docker, &mut proxy).await;
    docker.sets("api", &WEB);
    proxy.hears().await;
    docker.cuts_events();
    assert!(docker.events_opened().await.contains(&docker.since_last_event()));
    assert_eq!(log.count("ended the stream of events, Restarting docker event stream"), 1);
    docker.sets("blog", &WEB);
    assert!(proxy.hears().await.ends_with("serviceName=blog"));
}

#[tokio::test]
async fn bug_an_event_that_cannot_be_read_is_a_hint_and_not_the_end_of_the_stream() {
    let log = Log::capture();
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    let _listener = started(&mut docker, &mut proxy).await;
    for line in ["<html>".to_owned(), r#"{"time":"now"}"#.to_owned(), "x".repeat(1536 * 1024)] {
        docker.babbles(&line);
        docker.is_listed(1).await;
    }
    docker.sets("api", &WEB);
    assert!(proxy.hears().await.ends_with("serviceName=api"));
    assert_eq!(log.count("Restarting docker event stream"), 0, "{}", log.all());
}

#[tokio::test]
async fn a_stream_of_events_that_is_silent_for_long_is_opened_again() {
    let (mut docker, proxy) = (FakeDocker::start(), Receiver::start().await);
    let mut settings = settings(&docker, &proxy);
    settings.pace.events_silence = Duration::from_millis(30);
    let _listener = start(settings, &mut docker).await;
    docker.events_closed().await;
    docker.events_opened().await;
}

#[tokio::test]
async fn docker_may_come_up_after_the_listener() {
    let log = Log::capture();
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    docker.goes_down().await;
    docker.sets("web", &WEB);
    let listener = Listener::start(settings(&docker, &proxy)).expect("usable settings");
    log.says("services cannot be listed, trying until they can").await;
    assert!(listener.services().await.is_err());
    docker.comes_up();
    assert!(proxy.hears().await.ends_with("serviceName=web"));
    assert_eq!(log.count("ERROR"), 1, "{}", log.all());
    assert_eq!(log.count("Using Docker Client API version: 1.41"), 1);
}

#[tokio::test]
async fn a_wish_to_notify_all_outlives_a_docker_that_is_down() {
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    let listener = started(&mut docker, &mut proxy).await;
    docker.goes_down().await;
    listener.notify_all();
    assert!(listener.services().await.is_err());
    docker.comes_up();
    assert!(proxy.hears().await.ends_with("serviceName=web"));
}

#[tokio::test]
async fn what_changed_while_docker_was_down_is_told_when_it_is_back() {
    let log = Log::capture();
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    let _listener = started(&mut docker, &mut proxy).await;
    docker.falls_mute();
    docker.goes_down().await;
    docker.removes("web");
    docker.sets("api", &WEB);
    log.says("services cannot be listed, all stay as they are").await;
    assert!(proxy.unheard().is_empty());
    docker.comes_up();
    let mut heard = [proxy.hears().await, proxy.hears().await];
    heard.sort();
    assert!(heard[0].starts_with("GET /reconfigure?") && heard[0].ends_with("serviceName=api"), "{heard:?}");
    assert!(heard[1].starts_with("GET /remove?serviceName=web&"), "{heard:?}");
}

#[tokio::test]
async fn many_cuts_are_survived() {
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    let settings = Settings { reconcile_interval: Duration::from_millis(50), ..settings(&docker, &proxy) };
    let _listener = start(settings, &mut docker).await;
    for number in 0..20 {
        docker.cuts_events();
        docker.events_opened().await;
        docker.sets("web", &[WEB[0], ("com.df.port", &number.to_string())]);
        assert!(proxy.hears().await.contains(&format!("port={number}&")));
    }
}
