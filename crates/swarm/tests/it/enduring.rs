//! Many services, many reconnects, and changes made while Docker is away: nothing is lost, and memory stays flat.

use std::time::{Duration, Instant};

use swarm::Settings;
use tokio::time::timeout;

use crate::docker::{FakeDocker, Listing};
use crate::receiver::Receiver;
use crate::{settings, start};

const WEB: [(&str, &str); 2] = [("com.df.notify", "true"), ("com.df.port", "80")];

/// A machine may be busy with other things.
const PATIENCE: Duration = Duration::from_secs(60);

/// What this process holds in memory, in KiB.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("linux tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it is told");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[tokio::test]
async fn r14_five_hundred_services_created_in_a_row_are_all_announced() {
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    let _listener = start(settings(&docker, &proxy), &mut docker).await;
    for number in 0..500 {
        docker.sets(&format!("web-{number:03}"), &WEB);
        tokio::task::yield_now().await;
    }
    let mut missing: Vec<String> = (0..500).map(|number| format!("serviceName=web-{number:03}")).collect();
    while !missing.is_empty() {
        let request = proxy.hears().await;
        missing.retain(|name| !request.ends_with(name.as_str()));
    }
    assert!(proxy.unheard().is_empty(), "each is told once");
}

#[tokio::test]
async fn r14_ten_thousand_services_and_their_tasks_are_known_at_once() {
    let (mut docker, proxy) = (FakeDocker::start(), Receiver::start().await);
    docker.falls_mute();
    docker.has_node("a", "ready");
    for number in 0..10_000 {
        let name = format!("web-{number}");
        docker.sets(&name, &WEB);
        docker.runs(&name, &[("a", "running", "10.0.1.14")]);
    }
    let mut alone = Settings { create_urls: Vec::new(), remove_urls: Vec::new(), ..settings(&docker, &proxy) };
    // The fake needs its time to write such lists, on the same thread.
    alone.pace.docker_timeout = PATIENCE;
    let listener = start(alone, &mut docker).await;
    let mut known = listener.task_list();
    let whole = |list: &Option<std::sync::Arc<swarm::TaskList>>| {
        list.as_ref().is_some_and(|list| list.services.len() == 10_000)
    };
    let list = timeout(PATIENCE, known.wait_for(whole)).await.expect("in time").expect("the listener lives").clone();
    assert!(list.expect("it was compared").services.iter().all(|service| service.tasks.len() == 1));
}

#[tokio::test]
async fn r14_a_thousand_reconnects_leave_memory_flat() {
    let (mut docker, proxy) = (FakeDocker::start(), Receiver::start().await);
    for number in 0..50 {
        docker.sets(&format!("web-{number}"), &WEB);
    }
    let mut settings = settings(&docker, &proxy);
    settings.pace.events_silence = Duration::from_millis(1);
    let _listener = start(settings, &mut docker).await;
    for _ in 0..200 {
        docker.events_opened().await;
    }
    let before = resident();
    for _ in 0..1000 {
        docker.events_opened().await;
    }
    let grown = resident().saturating_sub(before);
    // The other tests of this process run beside it.
    assert!(grown < 64 * 1024, "{grown} KiB more");
}

#[tokio::test]
async fn r14_a_change_made_while_docker_is_ill_is_told_soon_after_it_is_well() {
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    docker.sets("web", &WEB);
    let _listener = start(settings(&docker, &proxy), &mut docker).await;
    proxy.hears().await;
    docker.falls_mute();
    for (number, listing) in
        [Listing::NoLeader, Listing::Truncated, Listing::Garbage, Listing::Silence].into_iter().enumerate()
    {
        docker.lists(listing);
        docker.cuts_events();
        docker.events_opened().await;
        docker.is_listed(1).await;
        let name = format!("made-{number}");
        docker.sets(&name, &WEB);
        docker.lists(Listing::Whole);
        let well = Instant::now();
        assert!(proxy.hears().await.ends_with(&format!("serviceName={name}")));
        assert!(well.elapsed() < Duration::from_secs(5), "after {:?}", well.elapsed());
    }
    assert!(proxy.unheard().is_empty(), "nothing is removed, nothing told twice");
}
