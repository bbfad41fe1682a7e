//! A proxy that is slow, fails or refuses.

use std::collections::BTreeSet;
use std::time::Duration;

use swarm::Settings;

use crate::docker::FakeDocker;
use crate::log::Log;
use crate::receiver::{Receiver, Reply};
use crate::{settings, start};

const WEB: [(&str, &str); 2] = [("com.df.notify", "true"), ("com.df.port", "80")];
const WEB_CHANGED: [(&str, &str); 2] = [("com.df.notify", "true"), ("com.df.port", "8080")];

const CREATE: &str = "GET /reconfigure?distribute=true&port=80&replicas=1&serviceName=web";
const CREATE_CHANGED: &str = "GET /reconfigure?distribute=true&port=8080&replicas=1&serviceName=web";
const REMOVE: &str = "GET /remove?serviceName=web&distribute=true&port=80";

/// All services are listed again and again, so that what was given up gets its chance.
fn with_reconciliation(settings: Settings) -> Settings {
    Settings { reconcile_interval: Duration::from_millis(20), ..settings }
}

#[tokio::test]
async fn behaviour_152_and_153_requests_are_made_with_the_configured_methods() {
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    let settings = Settings {
        create_urls: vec![proxy.url("/create?team=a")],
        create_methods: vec!["POST".to_owned()],
        remove_methods: vec!["delete".to_owned()],
        ..settings(&docker, &proxy)
    };
    let _listener = start(settings, &mut docker).await;
    docker.sets("web", &WEB);
    assert_eq!(proxy.hears().await, "POST /create?team=a&distribute=true&port=80&replicas=1&serviceName=web");
    docker.removes("web");
    assert_eq!(proxy.hears().await, "DELETE /remove?serviceName=web&distribute=true&port=80");
}

#[tokio::test]
async fn notifications_bear_the_token_and_nothing_shows_it() {
    let log = Log::capture();
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    proxy.replies([Reply::Status(401)]);
    docker.sets("web", &WEB);
    let mut token = reqwest::header::HeaderValue::from_static("Bearer t0ken");
    token.set_sensitive(true);
    let settings = Settings { authorization: Some(token), ..settings(&docker, &proxy) };
    let _listener = start(settings, &mut docker).await;
    for _ in 0..2 {
        assert_eq!(proxy.hears().await, format!("{CREATE} Bearer t0ken"));
    }
    docker.removes("web");
    assert_eq!(proxy.hears().await, format!("{REMOVE} Bearer t0ken"));
    assert!(!log.all().contains("t0ken"));
}

#[tokio::test]
async fn behaviour_156_a_receiver_that_fails_at_first_is_tried_until_it_accepts() {
    let log = Log::capture();
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    proxy.replies([Reply::Status(500), Reply::Status(404), Reply::Status(202)]);
    docker.sets("web", &WEB);
    let _listener = start(settings(&docker, &proxy), &mut docker).await;
    for _ in 0..4 {
        assert_eq!(proxy.hears().await, CREATE);
    }
    docker.removes("web");
    assert_eq!(proxy.hears().await, REMOVE, "the fourth was accepted");
    assert_eq!(log.count("Retrying service created notification to http://"), 3);
    assert_eq!(log.count("(3 try)"), 1);
    assert_eq!(log.count("ERROR"), 0);
}

#[tokio::test]
async fn behaviour_155_a_create_that_is_refused_is_not_repeated() {
    let log = Log::capture();
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    let body = r#"{"Status":"NOK","Message":"port is not a number\n","Users":[{"Password":"hidden"}]}"#;
    proxy.replies([Reply::Conflict(body)]);
    docker.sets("web", &WEB);
    let _listener = start(with_reconciliation(settings(&docker, &proxy)), &mut docker).await;
    assert_eq!(proxy.hears().await, CREATE);
    log.says(r"refused a service created notification: port is not a number\n").await;
    docker.is_listed(3).await;
    assert!(proxy.unheard().is_empty());
    assert_eq!(log.count("WARN"), 1);
    assert!(!log.all().contains("hidden"));
}

#[tokio::test]
async fn bug_what_our_proxy_refused_with_400_was_repeated_until_the_service_changed() {
    let log = Log::capture();
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    let body =
        r#"{"Message":"the port query is mandatory","Users":[{"Password":"hidden"}],"Warnings":["web: give it port"]}"#;
    proxy.replies([Reply::Final(400, body)]);
    docker.sets("web", &WEB);
    let _listener = start(with_reconciliation(settings(&docker, &proxy)), &mut docker).await;
    assert_eq!(proxy.hears().await, CREATE);
    log.says("refused a service created notification: the port query is mandatory (web: give it port)").await;
    docker.is_listed(3).await;
    assert!(proxy.unheard().is_empty());
    assert_eq!((log.count("WARN"), log.count("Retrying")), (1, 0), "{}", log.all());
    assert!(!log.all().contains("hidden"));
    docker.sets("web", &WEB_CHANGED);
    assert_eq!(proxy.hears().await, CREATE_CHANGED);
}

#[tokio::test]
async fn bug_the_listener_did_not_say_why_it_tries_again() {
    let log = Log::capture();
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    let body = r#"{"Message":"the port query is mandatory","Warnings":["of somebody else"]}"#;
    // Docker Flow's proxy shows its whole haproxy.cfg where HAProxy does not take it.
    let secret = r#"{"Message":"Config validation failed\n    user admin insecure-password hidden"}"#;
    proxy.replies([Reply::Body(400, body), Reply::Body(400, body), Reply::Body(500, secret)]);
    docker.sets("web", &WEB);
    let _listener = start(settings(&docker, &proxy), &mut docker).await;
    for _ in 0..4 {
        assert_eq!(proxy.hears().await, CREATE, "Docker Flow's 400 is tried again");
    }
    let told = |reason: &str| log.count(&format!("does not accept a service created notification: {reason}; "));
    assert_eq!((told("status 400: the port query is mandatory"), told("status 500")), (1, 1), "{}", log.all());
    assert_eq!((log.count("WARN"), log.count("Retrying")), (2, 3), "{}", log.all());
    assert!(!log.all().contains("hidden"));
}

#[tokio::test]
async fn behaviour_155_a_remove_is_accepted_only_with_200() {
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    docker.sets("web", &WEB);
    let _listener = start(settings(&docker, &proxy), &mut docker).await;
    proxy.hears().await;
    proxy.replies([Reply::Conflict("{}")]);
    docker.removes("web");
    assert_eq!(proxy.hears().await, REMOVE);
    assert_eq!(proxy.hears().await, REMOVE);
}

#[tokio::test]
async fn behaviour_155_after_the_last_retry_it_is_an_error_and_told_again_while_it_is_true() {
    let log = Log::capture();
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    proxy.always_replies(Reply::Status(503));
    docker.sets("web", &WEB);
    let settings = Settings { retry: 2, ..with_reconciliation(settings(&docker, &proxy)) };
    let _listener = start(settings, &mut docker).await;
    for _ in 0..6 {
        assert_eq!(proxy.hears().await, CREATE);
    }
    proxy.always_replies(Reply::Status(200));
    log.says("answered a service created notification after all").await;
    assert_eq!(log.count("ERROR"), 1, "said once:\n{}", log.all());
    assert_eq!(log.count("has not accepted a service created notification: status 503"), 1);
    assert_eq!(log.count("Retrying"), 2);
    proxy.unheard();
    docker.is_listed(3).await;
    assert!(proxy.unheard().is_empty(), "accepted is accepted");
}

#[tokio::test]
async fn without_an_interval_there_are_no_retries_before_the_next_reconciliation() {
    let log = Log::capture();
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    proxy.replies([Reply::Status(500), Reply::Status(500)]);
    docker.sets("web", &WEB);
    let settings = Settings { retry_interval: Duration::ZERO, ..settings(&docker, &proxy) };
    let _listener = start(settings, &mut docker).await;
    proxy.hears().await;
    log.says("has not accepted").await;
    assert!(proxy.unheard().is_empty());
    docker.hints();
    assert_eq!(proxy.hears().await, CREATE);
    assert_eq!(log.count("Retrying"), 0);
}

#[tokio::test]
async fn behaviour_157_a_newer_notification_cancels_the_older_at_once() {
    let log = Log::capture();
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    proxy.replies([Reply::Silence]);
    docker.sets("web", &WEB);
    let _listener = start(with_reconciliation(settings(&docker, &proxy)), &mut docker).await;
    assert_eq!(proxy.hears().await, CREATE);
    docker.sets("web", &WEB_CHANGED);
    proxy.is_hung_up_on().await;
    assert_eq!(proxy.hears().await, CREATE_CHANGED);
    docker.is_listed(3).await;
    assert!(proxy.unheard().is_empty(), "the older is not tried again");
    assert_eq!(log.count("Canceling service created notification to http://"), 1);
    assert_eq!(log.count("ERROR"), 0);
}

#[tokio::test]
async fn behaviour_157_a_service_created_again_cancels_its_removal() {
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    docker.sets("web", &WEB);
    let _listener = start(with_reconciliation(settings(&docker, &proxy)), &mut docker).await;
    proxy.hears().await;
    proxy.replies([Reply::Status(500), Reply::Silence]);
    docker.removes("web");
    assert_eq!(proxy.hears().await, REMOVE);
    assert_eq!(proxy.hears().await, REMOVE);
    docker.sets("web", &WEB);
    proxy.is_hung_up_on().await;
    assert_eq!(proxy.hears().await, CREATE);
    docker.is_listed(3).await;
    assert!(proxy.unheard().is_empty());
}

#[tokio::test]
async fn a_receiver_that_says_nothing_is_given_up_and_tried_again_and_has_forgotten_nothing() {
    let log = Log::capture();
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    docker.sets("api", &WEB);
    let mut settings = settings(&docker, &proxy);
    settings.pace.request_timeout = Duration::from_millis(500);
    let _listener = start(settings, &mut docker).await;
    assert!(proxy.hears().await.ends_with("serviceName=api"));
    proxy.replies([Reply::Silence]);
    docker.sets("web", &WEB);
    assert_eq!(proxy.hears().await, CREATE);
    proxy.is_hung_up_on().await;
    assert_eq!(proxy.hears().await, CREATE);
    docker.is_heard_out().await;
    assert!(proxy.unheard().is_empty());
    assert_eq!(log.count("cannot be reached"), 0, "{}", log.all());
}

#[tokio::test]
async fn behaviour_162_every_receiver_is_told_and_a_failing_one_delays_no_other() {
    let (mut docker, mut good, mut bad) = (FakeDocker::start(), Receiver::start().await, Receiver::start().await);
    bad.always_replies(Reply::Silence);
    let urls = vec![bad.url("/x"), good.url("/one"), good.url("/two")];
    let settings = Settings { create_urls: urls, ..settings(&docker, &good) };
    let _listener = start(settings, &mut docker).await;
    docker.sets("web", &WEB);
    assert!(bad.hears().await.starts_with("GET /x?"));
    let mut heard = [good.hears().await, good.hears().await];
    heard.sort();
    assert!(heard[0].starts_with("GET /one?"), "behaviour 158, mended: several paths on one host");
    assert!(heard[1].starts_with("GET /two?"));
    docker.sets("api", &WEB);
    assert!(good.hears().await.ends_with("serviceName=api"));
    assert!(good.hears().await.ends_with("serviceName=api"));
}

#[tokio::test]
async fn a_service_that_is_refused_holds_no_other_back() {
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    proxy.replies([Reply::Silence]);
    docker.sets("slow", &WEB);
    let _listener = start(settings(&docker, &proxy), &mut docker).await;
    assert!(proxy.hears().await.ends_with("serviceName=slow"));
    docker.sets("web", &WEB);
    assert_eq!(proxy.hears().await, CREATE);
}

#[tokio::test]
async fn a_receiver_is_told_of_many_services_a_few_at_a_time() {
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    docker.falls_mute();
    for number in 0..500 {
        docker.sets(&format!("web-{number}"), &WEB);
    }
    let _listener = start(settings(&docker, &proxy), &mut docker).await;
    for _ in 0..500 {
        proxy.hears().await;
    }
    assert!(proxy.most_at_once() <= 8, "{} at once", proxy.most_at_once());
}

#[tokio::test]
async fn behaviour_154_an_address_that_cannot_be_parsed_is_reported_and_the_others_are_told() {
    let log = Log::capture();
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    let urls = vec!["%%%".to_owned(), proxy.url("/reconfigure")];
    let _listener = start(Settings { create_urls: urls, ..settings(&docker, &proxy) }, &mut docker).await;
    docker.sets("web", &WEB);
    assert_eq!(proxy.hears().await, CREATE);
    assert_eq!(log.count("ERROR service created notifications: address 1 cannot be parsed"), 1);
}

#[tokio::test]
async fn the_log_says_what_is_sent_where_and_keeps_passwords_to_itself() {
    let log = Log::capture();
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    proxy.replies([Reply::Status(500)]);
    docker.sets("web", &[WEB[0], ("com.df.users", "admin:secret"), ("com.df.serviceCert", "secret")]);
    let _listener = start(settings(&docker, &proxy), &mut docker).await;
    proxy.hears().await;
    assert!(proxy.hears().await.contains("serviceCert=secret&serviceName=web&users=admin%3Asecret"));
    docker.removes("web");
    proxy.hears().await;
    let query = "serviceCert=*****&serviceName=web&users=*****";
    let created = proxy.url(&format!("/reconfigure?distribute=true&replicas=1&{query}"));
    let removed = proxy.url("/remove?serviceName=web&distribute=true&serviceCert=*****&users=*****");
    assert_eq!(log.count(&format!(" INFO Sending service created notification to {created}")), 1);
    assert_eq!(log.count(&format!(" INFO Sending service removed notification to {removed}")), 1);
    assert!(!log.all().contains("secret"), "{}", log.all());
}

#[tokio::test]
async fn a_receiver_that_is_not_there_is_a_failure_without_passwords() {
    let log = Log::capture();
    let (mut docker, proxy) = (FakeDocker::start(), Receiver::start().await);
    docker.sets("web", &[WEB[0], ("com.df.users", "admin:secret")]);
    let settings = Settings { retry: 0, ..settings(&docker, &proxy) };
    drop(proxy);
    let _listener = start(settings, &mut docker).await;
    log.says("has not accepted a service created notification").await;
    assert_eq!(log.count("ERROR"), 1, "{}", log.all());
    assert_eq!(log.count("onnection refused"), 2, "of the receiver, and of the notification: {}", log.all());
    assert!(!log.all().contains("secret"), "{}", log.all());
}

#[tokio::test]
async fn a_receiver_that_was_not_there_is_told_everything_when_it_is() {
    let log = Log::capture();
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    for name in ["api", "web"] {
        docker.sets(name, &WEB);
    }
    let _listener = start(settings(&docker, &proxy), &mut docker).await;
    proxy.hears().await;
    proxy.hears().await;
    proxy.goes_down().await;
    docker.sets("blog", &WEB);
    log.says("cannot be reached: ").await;
    proxy.comes_up().await;
    let mut missing = BTreeSet::from(["api", "blog", "web"]);
    while !missing.is_empty() {
        let request = proxy.hears().await;
        missing.retain(|name| !request.ends_with(&format!("serviceName={name}")));
    }
    docker.is_heard_out().await;
    assert!(proxy.unheard().len() <= 1, "what brought it back may be told twice, nothing else");
    assert_eq!(log.count("cannot be reached: "), 1, "{}", log.all());
    assert_eq!(log.count("can be reached again and is told everything"), 1, "{}", log.all());
}

#[tokio::test]
async fn bug_a_receiver_that_was_away_for_a_moment_heard_after_the_retry_interval_only() {
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    for retry in [0, 50] {
        let log = Log::capture();
        proxy.goes_down().await;
        proxy.unheard();
        let settings = Settings { retry, retry_interval: crate::NEVER, ..settings(&docker, &proxy) };
        docker.sets("web", &WEB);
        let listener = start(settings, &mut docker).await;
        log.says("cannot be reached: ").await;
        proxy.comes_up().await;
        assert_eq!(proxy.hears().await, CREATE);
        listener.stop().await;
    }
}

#[tokio::test]
async fn bug_a_receiver_that_started_anew_between_two_notifications_was_told_nothing() {
    let log = Log::capture();
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    docker.sets("web", &WEB);
    let mut settings = settings(&docker, &proxy);
    settings.pace.receiver_pause = Duration::from_millis(5);
    let _listener = start(settings, &mut docker).await;
    assert_eq!(proxy.hears().await, CREATE);
    proxy.goes_down().await;
    log.says("cannot be reached: ").await;
    proxy.comes_up().await;
    assert_eq!(proxy.hears().await, CREATE);
    assert_eq!(log.count("cannot be reached: "), 1, "{}", log.all());
}

#[tokio::test]
async fn a_receiver_that_answers_badly_has_forgotten_nothing() {
    let log = Log::capture();
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    docker.sets("web", &WEB);
    let _listener = start(settings(&docker, &proxy), &mut docker).await;
    proxy.hears().await;
    proxy.replies([Reply::Status(400), Reply::Status(503)]);
    docker.sets("api", &WEB);
    for _ in 0..3 {
        assert!(proxy.hears().await.ends_with("serviceName=api"));
    }
    docker.is_heard_out().await;
    assert!(proxy.unheard().is_empty());
    assert_eq!(log.count("cannot be reached"), 0);
}

#[tokio::test]
async fn a_receiver_that_is_down_costs_one_try_at_a_time_however_much_there_is_to_say() {
    let log = Log::capture();
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    docker.falls_mute();
    for number in 0..500 {
        docker.sets(&format!("web-{number}"), &WEB);
    }
    proxy.goes_down().await;
    let _listener = start(settings(&docker, &proxy), &mut docker).await;
    log.says("cannot be reached: ").await;
    proxy.comes_up().await;
    for _ in 0..500 {
        proxy.hears().await;
    }
    assert!(log.count("Retrying") <= 16, "{} tries", log.count("Retrying"));
    assert_eq!(log.count("ERROR"), 0);
}
