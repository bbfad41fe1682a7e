//! What a listener says of a service's tasks counts before DNS, and DNS where it says nothing.

use super::super::host::{HOPE, NEXT_TASK};
use super::*;

fn addresses(last: &[u8]) -> Vec<IpAddr> {
    last.iter().map(|last| IpAddr::from([127, 0, 0, *last])).collect()
}

/// Tells that the service `go` has these tasks.
fn tell(resolver: &Resolver, last: &[u8]) {
    say(resolver, KnownTasks { addresses: addresses(last), unreachable: None });
}

fn say(resolver: &Resolver, tasks: KnownTasks) {
    resolver.tasks_are([("go".to_owned(), tasks)].into());
}

fn elsewhere() -> KnownTasks {
    KnownTasks { addresses: Vec::new(), unreachable: Some("service go runs on network `backend` alone".to_owned()) }
}

fn reached(last: &[u8], by: ReachedBy) -> Reach {
    Reach::Reached { addresses: addresses(last), by }
}

#[tokio::test]
async fn known_tasks_are_dialled_without_dns_before_and_after_a_host_is_there() {
    let (mut dns, resolver) = start().await;
    dns.resolves("tasks.go", &[9]);
    let early = resolver.host(&service("go"));
    tell(&resolver, &[3, 2, 3]);
    let late = Resolver::host(&resolver, &service("go"));
    for host in [&early, &late] {
        assert_eq!(last(host).await, [2, 3]);
        host.ask();
        host.ask_unless_known();
    }
    jump(OLD).await;
    assert_eq!(last(&early).await, [2, 3], "a list does not grow old");
    drop((early, late));
    assert_eq!(last(&resolver.host(&service("go"))).await, [2, 3]);
    assert!(dns.questions().is_empty());
}

#[tokio::test]
async fn other_services_virtual_addresses_and_hosts_outside_are_asked_for_in_dns() {
    let (dns, resolver) = start().await;
    tell(&resolver, &[2]);
    dns.resolves("go", &[8]);
    dns.resolves("tasks.other", &[9]);
    assert_eq!(last(&resolver.host(&Dial::VirtualAddress("go".to_owned()))).await, [8]);
    assert_eq!(last(&resolver.host(&Dial::Host("go".to_owned()))).await, [8]);
    assert_eq!(last(&resolver.host(&service("other"))).await, [9]);
}

#[tokio::test]
async fn tasks_that_are_unknown_again_leave_the_last_good_addresses_to_dns() {
    let (mut dns, resolver) = start().await;
    let host = resolver.host(&service("go"));
    for end in [Resolver::tasks_are_unknown, |resolver: &Resolver| resolver.tasks_are(BTreeMap::new())] {
        dns.about("tasks.go", Says::Failure);
        dns.about("go", Says::Failure);
        tell(&resolver, &[2, 3]);
        assert_eq!(resolver.reach(&service("go")), reached(&[2, 3], ReachedBy::Tasks));
        end(&resolver);
        assert_eq!(last(&host).await, [2, 3]);
        assert_eq!(resolver.reach(&service("go")), reached(&[2, 3], ReachedBy::Dns));
        dns.questions();
        jump(FRESH).await;
        assert_eq!(last(&host).await, [2, 3]);
        dns.is_asked_for("tasks.go").await;
        answered(&host).await;
        assert_eq!(last(&host).await, [2, 3], "DNS failed");
        dns.resolves("tasks.go", &[5]);
        jump(FRESH).await;
        last(&host).await;
        answered(&host).await;
        assert_eq!(last(&host).await, [5]);
    }
}

#[tokio::test]
async fn an_answer_of_dns_that_comes_late_does_not_replace_known_tasks() {
    let (dns, resolver) = start().await;
    let host = resolver.host(&service("go"));
    dns.resolves("tasks.go", &[9]);
    host.ask();
    tell(&resolver, &[2]);
    answered(&host).await;
    assert_eq!(last(&host).await, [2]);
}

#[tokio::test(start_paused = true)]
async fn a_service_between_two_tasks_is_waited_for_and_a_stopped_one_is_not() {
    let (_dns, resolver) = start().await;
    let host = resolver.host(&service("go"));
    tell(&resolver, &[2]);
    tell(&resolver, &[]);
    let (started, waits) = (Instant::now(), Arc::clone(&host));
    let request = tokio::spawn(async move { last(&waits).await });
    tokio::task::yield_now().await;
    tell(&resolver, &[3]);
    assert_eq!((request.await.unwrap(), started.elapsed()), (vec![3], Duration::ZERO));
    tell(&resolver, &[]);
    let started = Instant::now();
    assert_eq!(last(&host).await, []);
    assert_eq!(started.elapsed().as_secs(), NEXT_TASK.as_secs(), "none came");
    assert!(matches!(resolver.reach(&service("go")), Reach::Unreachable { .. }));
    tokio::time::advance(HOPE).await;
    let started = Instant::now();
    assert_eq!(last(&host).await, []);
    assert_eq!(started.elapsed(), Duration::ZERO, "it is stopped");
}

#[tokio::test]
async fn bug_a_list_without_a_task_that_came_while_dns_was_asked_ended_the_wait() {
    let (mut dns, resolver) = start().await;
    dns.about("go", Says::Silence);
    dns.about("tasks.go", Says::Silence);
    let host = resolver.host(&service("go"));
    let request = tokio::spawn(async move { last(&host).await });
    dns.is_asked_for("go").await;
    tell(&resolver, &[]);
    tokio::task::yield_now().await;
    assert!(!request.is_finished(), "its first task is waited for");
    tell(&resolver, &[3]);
    assert_eq!(request.await.unwrap(), [3]);
}

#[tokio::test]
async fn bug_a_new_service_that_the_list_did_not_name_yet_was_refused() {
    let (_dns, resolver) = start().await;
    resolver.tasks_are(BTreeMap::new());
    let host = resolver.host(&service("go"));
    host.ask();
    answered(&host).await;
    assert_eq!(host.known().len(), 0, "DNS does not know it either");
    let waits = Arc::clone(&host);
    let request = tokio::spawn(async move { last(&waits).await });
    tokio::task::yield_now().await;
    assert!(!request.is_finished());
    tell(&resolver, &[3]);
    assert_eq!(request.await.unwrap(), [3]);
    resolver.tasks_are(BTreeMap::new());
    let other = resolver.host(&service("other"));
    other.ask();
    answered(&other).await;
    jump(HOPE).await;
    other.ask();
    answered(&other).await;
    let started = Instant::now();
    assert_eq!(last(&other).await, []);
    assert!(started.elapsed() < NEXT_TASK, "it is not new any more: {:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn only_so_many_requests_wait_for_a_task() {
    let (_dns, resolver) = start().await;
    let host = resolver.host(&service("go"));
    tell(&resolver, &[]);
    let started = Instant::now();
    let requests: Vec<_> = (0..1500)
        .map(|_| {
            let host = Arc::clone(&host);
            tokio::spawn(async move {
                last(&host).await;
                started.elapsed()
            })
        })
        .collect();
    let mut refused = 0;
    for request in requests {
        refused += usize::from(request.await.unwrap() == Duration::ZERO);
    }
    assert_eq!(refused, 500);
    let started = Instant::now();
    last(&host).await;
    assert!(started.elapsed() > Duration::ZERO, "the places are given back");
}

#[tokio::test]
async fn tasks_on_other_networks_leave_the_service_to_dns_and_say_why() {
    let (dns, resolver) = start().await;
    let host = resolver.host(&service("go"));
    say(&resolver, elsewhere());
    let reason = elsewhere().unreachable.unwrap();
    assert_eq!(resolver.reach(&service("go")), Reach::Unreachable { reason: reason.clone() });
    assert_eq!(last(&host).await, []);
    assert_eq!(resolver.reach(&service("go")), Reach::Unreachable { reason }, "more than that it does not resolve");
    dns.resolves("tasks.go", &[4]);
    jump(FRESH).await;
    assert_eq!(last(&host).await, [4], "a network that the list does not know of");
    assert_eq!(resolver.reach(&service("go")), reached(&[4], ReachedBy::Dns));
    tell(&resolver, &[2]);
    assert_eq!(last(&host).await, [2]);
}

#[tokio::test]
async fn reach_says_what_is_dialled_and_why_nothing_is() {
    let (_dns, resolver) = start().await;
    assert_eq!(resolver.reach(&service("go")), Reach::NotAsked);
    let (go, literal) = (resolver.host(&service("go")), Dial::Host("127.0.0.7".to_owned()));
    let _literal = resolver.host(&literal);
    assert_eq!(resolver.reach(&service("go")), Reach::NotAsked);
    assert_eq!(resolver.reach(&literal), reached(&[7], ReachedBy::Literal));
    last(&go).await;
    let Reach::Unreachable { reason } = resolver.reach(&service("go")) else { panic!("it does not resolve") };
    assert!(reason.starts_with("go does not resolve: "), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_fails_waits_for_the_next_list() {
    let (_dns, resolver) = start().await;
    let host = resolver.host(&service("go"));
    tell(&resolver, &[2]);
    let until = Instant::now() + Duration::from_secs(1);
    let waits = Arc::clone(&host);
    let request = tokio::spawn(async move { waits.addresses_anew(until, true).await.to_vec() });
    tokio::task::yield_now().await;
    tell(&resolver, &[2]);
    tell(&resolver, &[3]);
    assert_eq!(request.await.unwrap(), addresses(&[3]));
    assert!(Instant::now() < until);
    assert_eq!(host.addresses_anew(until, false).await.to_vec(), addresses(&[3]));
    assert!(Instant::now() < until, "without hope nobody waits");
    assert_eq!(host.addresses_anew(until, true).await.to_vec(), addresses(&[3]), "the same as before, in the end");
    assert!(Instant::now() >= until);
}
