//! Conversations with a DNS server on a loopback port. Time jumps where a test needs it to pass.

mod dns;
mod tasks;

use super::host::{FRESH, LONGEST_WAIT, OLD};
use super::*;
use dns::{FakeDns, Says};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::Instant;

/// A DNS server and a resolver that asks it.
async fn start() -> (FakeDns, Resolver) {
    let dns = FakeDns::start().await;
    let resolver = Resolver::start(&[dns.address]).unwrap();
    (dns, resolver)
}

fn service(name: &str) -> Dial {
    Dial::Service(name.to_owned())
}

/// The last number of each address of 127.0.0.0.
async fn last(host: &Arc<Host>) -> Vec<u8> {
    host.addresses().await.iter().map(|ip| if let IpAddr::V4(ip) = ip { ip.octets()[3] } else { 0 }).collect()
}

/// Lets time pass at once. Time stands still only in here: sockets need the real one.
async fn jump(duration: Duration) {
    tokio::time::pause();
    tokio::time::advance(duration).await;
    tokio::time::resume();
}

/// Waits for the answer to a question that was asked in passing.
async fn answered(host: &Host) {
    while host.asked.load(Ordering::Acquire) {
        let answered = host.answered.notified();
        if host.asked.load(Ordering::Acquire) {
            answered.await;
        }
    }
}

#[tokio::test]
async fn a_services_tasks_are_dialled_where_they_are_known() {
    let (mut dns, resolver) = start().await;
    dns.resolves("tasks.go", &[3, 2]);
    dns.resolves("go", &[9]);
    assert_eq!(last(&resolver.host(&service("go"))).await, [2, 3]);
    assert_eq!(dns.questions(), ["go", "tasks.go"]);
}

#[tokio::test]
async fn a_service_without_tasks_is_dialled_by_its_name() {
    let (dns, resolver) = start().await;
    for (name, tasks) in [("a", Says::NoSuchName), ("b", Says::Failure), ("c", Says::Addresses(Vec::new()))] {
        dns.about(&format!("tasks.{name}"), tasks);
        dns.resolves(name, &[9]);
        assert_eq!(last(&resolver.host(&service(name))).await, [9], "{name}");
    }
}

#[tokio::test]
async fn known_tasks_do_not_wait_for_the_name() {
    let (dns, resolver) = start().await;
    dns.resolves("tasks.go", &[2]);
    dns.about("go", Says::Silence);
    let (started, host) = (Instant::now(), resolver.host(&service("go")));
    assert_eq!(last(&host).await, [2]);
    assert!(started.elapsed() < Duration::from_millis(700), "{:?}", started.elapsed());
}

#[tokio::test]
async fn bug_a_name_without_an_address_was_told_of_as_rust_writes_it() {
    let (dns, resolver) = start().await;
    dns.about("failing", Says::Failure);
    for (name, words) in [("tasks.nobody.", "DNS knows no address of tasks.nobody"), ("failing.", "Server Failure")] {
        let error = resolver.addresses(name).await.unwrap_err();
        assert!(error.contains(words) && !error.contains('{') && !error.contains('('), "{error}");
    }
}

#[tokio::test]
async fn other_hosts_are_asked_for_as_they_are() {
    let (mut dns, resolver) = start().await;
    for dial in [Dial::Host("db".to_owned()), Dial::VirtualAddress("db".to_owned()), service("db.example")] {
        dns.resolves(dial.host(), &[4]);
        dns.resolves(&format!("tasks.{}", dial.host()), &[5]);
        assert_eq!(last(&resolver.host(&dial)).await, [4], "{dial:?}");
        assert_eq!(dns.questions(), [dial.host()]);
    }
}

#[tokio::test]
async fn addresses_need_no_dns() {
    let (mut dns, resolver) = start().await;
    for (host, address) in [("127.0.0.7", "127.0.0.7"), ("::1", "::1"), ("[::1]", "::1")] {
        let host = resolver.host(&Dial::Host(host.to_owned()));
        assert_eq!(host.addresses().await.to_vec(), [address.parse::<IpAddr>().unwrap()]);
        host.ask();
    }
    assert_eq!(resolver.addresses("localhost").await.unwrap(), [IpAddr::from([127, 0, 0, 1])]);
    assert!(dns.questions().is_empty());
}

#[tokio::test]
async fn the_last_good_addresses_are_kept_whatever_dns_says_later() {
    let (mut dns, resolver) = start().await;
    let host = resolver.host(&service("go"));
    dns.resolves("go", &[2, 3]);
    assert_eq!(last(&host).await, [2, 3]);
    for says in [Says::NoSuchName, Says::Failure, Says::Addresses(Vec::new()), Says::Silence] {
        dns.questions();
        dns.about("go", says.clone());
        dns.about("tasks.go", says.clone());
        jump(FRESH).await;
        assert_eq!(last(&host).await, [2, 3], "while it is asked: {says:?}");
        dns.is_asked_for("go").await;
        // A silent server is asked a few times, each for less than a second.
        for _ in 0..8 {
            jump(Duration::from_millis(500)).await;
        }
        answered(&host).await;
        assert_eq!(last(&host).await, [2, 3], "after {says:?}");
    }
    dns.resolves("tasks.go", &[5]);
    jump(FRESH).await;
    assert_eq!(last(&host).await, [2, 3], "an answer is not waited for");
    answered(&host).await;
    assert_eq!(last(&host).await, [5]);
}

#[tokio::test]
async fn a_name_is_asked_for_once_a_second_however_many_requests_need_it() {
    let (mut dns, resolver) = start().await;
    dns.resolves("go", &[2]);
    let host = resolver.host(&service("go"));
    for seconds in 0..3 {
        let requests: Vec<_> = (0..50)
            .map(|_| {
                tokio::spawn({
                    let host = Arc::clone(&host);
                    async move { last(&host).await }
                })
            })
            .collect();
        for request in requests {
            assert_eq!(request.await.unwrap(), [2]);
        }
        answered(&host).await;
        assert_eq!(dns.questions(), ["go", "tasks.go"], "after {seconds} seconds");
        jump(Duration::from_millis(900)).await;
        assert_eq!(last(&host).await, [2]);
        assert!(dns.questions().is_empty(), "less than a second later");
        jump(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn an_unknown_name_has_no_address_and_is_asked_for_again_after_a_second() {
    let (mut dns, resolver) = start().await;
    let host = resolver.host(&service("go"));
    assert_eq!(last(&host).await, []);
    assert_eq!(last(&host).await, [], "not asked for again");
    assert_eq!(dns.questions(), ["go", "tasks.go"]);
    dns.resolves("go", &[2]);
    jump(FRESH).await;
    assert_eq!(last(&host).await, [2]);
}

#[tokio::test]
async fn a_silent_dns_is_waited_for_two_seconds_at_most() {
    let (mut dns, resolver) = start().await;
    dns.about("go", Says::Silence);
    dns.about("tasks.go", Says::Silence);
    let host = resolver.host(&service("go"));
    let request = tokio::spawn(async move { last(&host).await });
    dns.is_asked_for("go").await;
    let asked = Instant::now();
    jump(LONGEST_WAIT).await;
    assert_eq!(request.await.unwrap(), []);
    assert!(asked.elapsed() < LONGEST_WAIT + Duration::from_millis(500), "{:?}", asked.elapsed());
}

#[tokio::test]
async fn old_addresses_are_waited_for() {
    let (dns, resolver) = start().await;
    let host = resolver.host(&service("go"));
    dns.resolves("go", &[2]);
    assert_eq!(last(&host).await, [2]);
    dns.resolves("go", &[3]);
    jump(OLD).await;
    assert_eq!(last(&host).await, [3]);
}

#[tokio::test]
async fn backends_that_dial_the_same_host_share_what_is_known() {
    let (mut dns, resolver) = start().await;
    dns.resolves("go", &[2]);
    let host = resolver.host(&service("go"));
    assert_eq!(last(&host).await, [2]);
    dns.questions();
    assert_eq!(last(&resolver.host(&service("go"))).await, [2]);
    assert!(dns.questions().is_empty());
    assert!(!Arc::ptr_eq(&host, &resolver.host(&Dial::Host("go".to_owned()))));
    let many: Vec<_> = (0..1000).map(|number| resolver.host(&service(&number.to_string()))).collect();
    drop(many);
    resolver.host(&service("one more"));
    assert!(resolver.book().hosts.len() < 2000, "hosts that nobody dials are forgotten in the end");
    assert!(Arc::ptr_eq(&host, &resolver.host(&service("go"))));
}
