//! Which tasks may get requests, as Docker's lists of tasks and nodes change.

use std::sync::Arc;
use std::time::Duration;

use swarm::{Listener, Settings, TaskList};
use tokio::sync::watch;

use crate::docker::{FakeDocker, Listing};
use crate::log::Log;
use crate::receiver::Receiver;
use crate::{settings, soon, start};

const WEB: [(&str, &str); 2] = [("com.df.notify", "true"), ("com.df.port", "80")];

type Known = watch::Receiver<Option<Arc<TaskList>>>;

/// `node address, node address` of each service that has tasks.
fn written(list: &TaskList) -> String {
    let service = |service: &swarm::ServiceTasks| {
        let task = |task: &swarm::Task| format!("{} {}", task.node, task.addresses[0].address);
        let tasks: Vec<_> = service.tasks.iter().map(task).collect();
        format!("{}: {}", service.service_name, tasks.join(", "))
    };
    list.services.iter().map(service).collect::<Vec<_>>().join("; ")
}

/// Waits until the list is this one.
async fn becomes(known: &mut Known, wanted: &str) -> Arc<TaskList> {
    let is_wanted = |list: &Option<Arc<TaskList>>| list.as_ref().is_some_and(|list| written(list) == wanted);
    let list = soon(wanted, known.wait_for(is_wanted)).await.expect("the listener lives").clone();
    list.expect("it was compared")
}

async fn is_unknown(known: &mut Known) {
    soon("a list that is lost", known.wait_for(Option::is_none)).await.expect("the listener lives");
}

/// A listener of a Swarm of two nodes where `web` has a task.
async fn started(docker: &mut FakeDocker, adapt: impl FnOnce(&mut Settings)) -> (Listener, Known) {
    let proxy = Receiver::start().await;
    docker.has_node("a", "ready");
    docker.has_node("b", "ready");
    docker.sets("web", &WEB);
    docker.runs("web", &[("a", "running", "10.0.1.14")]);
    let mut settings = settings(docker, &proxy);
    adapt(&mut settings);
    let listener = start(settings, docker).await;
    let mut known = listener.task_list();
    becomes(&mut known, "web: host-a 10.0.1.14").await;
    (listener, known)
}

#[tokio::test]
async fn a_task_is_known_when_it_runs_and_no_more_when_it_is_told_to_stop() {
    let mut docker = FakeDocker::start();
    let (_listener, mut known) = started(&mut docker, |_| {}).await;
    docker.runs("web", &[("a", "running", "10.0.1.14"), ("b", "starting", "10.0.1.15")]);
    docker.sets("web", &WEB);
    docker.is_listed(1).await;
    assert_eq!(written(known.borrow().as_ref().expect("it is known")), "web: host-a 10.0.1.14");
    docker.runs("web", &[("b", "running", "10.0.1.15")]);
    let list = becomes(&mut known, "web: host-b 10.0.1.15").await;
    assert_eq!(list.networks[0].subnets, ["10.0.1.0/24"]);
    assert_eq!(list.services[0].wanted, Some(1));
}

#[tokio::test]
async fn a_started_task_is_found_without_an_event() {
    let mut docker = FakeDocker::start();
    let (_listener, mut known) = started(&mut docker, |_| {}).await;
    docker.sets("api", &WEB);
    docker.falls_mute();
    becomes(&mut known, "api: ; web: host-a 10.0.1.14").await;
    docker.runs("api", &[("b", "preparing", "10.0.1.16")]);
    docker.runs("api", &[("b", "running", "10.0.1.16")]);
    becomes(&mut known, "api: host-b 10.0.1.16; web: host-a 10.0.1.14").await;
}

#[tokio::test]
async fn tasks_of_a_lost_node_are_out_and_come_back_with_it() {
    let mut docker = FakeDocker::start();
    let (_listener, mut known) = started(&mut docker, |_| {}).await;
    docker.runs("web", &[("a", "running", "10.0.1.14"), ("b", "running", "10.0.1.15")]);
    becomes(&mut known, "web: host-a 10.0.1.14, host-b 10.0.1.15").await;
    docker.has_node("a", "down");
    becomes(&mut known, "web: host-b 10.0.1.15").await;
    docker.has_node("a", "ready");
    becomes(&mut known, "web: host-a 10.0.1.14, host-b 10.0.1.15").await;
    docker.loses_node("a");
    becomes(&mut known, "web: host-b 10.0.1.15").await;
}

/// The managers may be the only ones that cannot hear of a node: its containers go on, and proxies reach them.
#[tokio::test]
async fn bug_the_last_task_was_taken_away_with_its_node_although_it_may_run() {
    let mut docker = FakeDocker::start();
    let (_listener, mut known) = started(&mut docker, |_| {}).await;
    docker.has_node("a", "down");
    // Docker gives the task up and starts another one elsewhere.
    docker.sets("api", &WEB);
    docker.runs("web", &[("b", "preparing", "10.0.1.15")]);
    becomes(&mut known, "api: ; web: host-a 10.0.1.14").await;
    docker.runs("web", &[("b", "running", "10.0.1.15")]);
    becomes(&mut known, "api: ; web: host-b 10.0.1.15").await;
    docker.runs("web", &[]);
    becomes(&mut known, "api: ; web: ").await;
}

#[tokio::test]
async fn a_service_that_is_not_announced_is_not_listed() {
    let mut docker = FakeDocker::start();
    let (_listener, mut known) = started(&mut docker, |_| {}).await;
    docker.sets("hidden", &[("com.df.port", "80")]);
    docker.runs("hidden", &[("a", "running", "10.0.1.20")]);
    docker.sets("api", &WEB);
    becomes(&mut known, "api: ; web: host-a 10.0.1.14").await;
    docker.removes("web");
    becomes(&mut known, "api: ").await;
}

#[tokio::test]
async fn the_same_truth_is_not_published_again_and_has_the_same_version_after_a_restart() {
    let mut docker = FakeDocker::start();
    let (listener, mut known) = started(&mut docker, |_| {}).await;
    let first = known.borrow_and_update().clone().expect("it is known");
    for _ in 0..3 {
        docker.hints();
        docker.is_listed(1).await;
    }
    assert!(!known.has_changed().expect("the listener lives"));
    listener.stop().await;
    let (_listener, known) = started(&mut docker, |_| {}).await;
    assert_eq!(known.borrow().as_ref().expect("it is known").version, first.version);
}

#[tokio::test]
async fn a_failed_look_changes_nothing() {
    let log = Log::capture();
    let mut docker = FakeDocker::start();
    let (_listener, mut known) = started(&mut docker, |_| {}).await;
    known.mark_unchanged();
    for listing in [Listing::NoLeader, Listing::Truncated, Listing::Garbage] {
        docker.lists(listing);
        docker.hints();
        docker.is_listed(3).await;
    }
    assert!(!known.has_changed().expect("the listener lives"));
    docker.lists(Listing::Whole);
    docker.runs("web", &[("b", "running", "10.0.1.15")]);
    becomes(&mut known, "web: host-b 10.0.1.15").await;
    assert_eq!(log.count("listed no tasks"), 0);
}

#[tokio::test]
async fn nobody_relies_on_tasks_that_docker_has_not_listed_for_long() {
    let log = Log::capture();
    let mut docker = FakeDocker::start();
    let lifetime = Duration::from_millis(300);
    let (_listener, mut known) = started(&mut docker, |settings| settings.pace.tasks_lifetime = lifetime).await;
    let nonsense = [Listing::Wrong("/tasks", "[{}]"), Listing::Wrong("/nodes", "[]"), Listing::Wrong("/nodes", "[{}]")];
    for listing in [Listing::NoLeader, Listing::Silence].into_iter().chain(nonsense) {
        docker.lists(listing);
        docker.hints();
        is_unknown(&mut known).await;
        docker.lists(Listing::Whole);
        becomes(&mut known, "web: host-a 10.0.1.14").await;
    }
    assert_eq!(log.count("Docker has listed no tasks for"), 5);
    assert_eq!(log.count("Docker lists tasks again"), 5);
}
