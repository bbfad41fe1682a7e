//! Listings in, notifications out: a small world whose listings are `name id version port` lines.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// A listener's memory and a clock that only moves when told.
struct World {
    said: LastSaid<Service>,
    now: Instant,
}

impl World {
    fn new() -> Self {
        World { said: LastSaid::new(SECOND), now: Instant::now() }
    }

    /// What is said about this listing: `+web:80` for a created service and its port, `-web:80` for a removed one, and
    /// `held 400ms` when something is held back for that long.
    fn lists(&mut self, lines: &[&str]) -> String {
        let services = lines.iter().map(|line| service(line)).map(|service| (service.name.clone(), service)).collect();
        let announcement = self.said.announce(&services, self.now);
        let mut words: Vec<String> = announcement.notifications.iter().map(written).collect();
        words.extend(announcement.due.map(|due| format!("held {:?}", due - self.now)));
        words.join(" ")
    }

    fn later(&mut self, wait: Duration) -> &mut Self {
        self.now += wait;
        self
    }
}

fn service(line: &str) -> Service {
    let words: Vec<&str> = line.split(' ').collect();
    Service {
        id: words[1].to_owned(),
        version_index: words[2].parse().expect("a version"),
        name: words[0].to_owned(),
        params: [("port", words[3]), ("replicas", "1"), ("serviceName", words[0])].into_iter().collect(),
        wanted: Some(1),
        is_updating: false,
        scrape_network: None,
    }
}

fn written(notification: &Notification) -> String {
    let sign = if notification.kind == Kind::ServiceCreated { '+' } else { '-' };
    assert_eq!(notification.params.get("serviceName"), Some(notification.key.as_str()));
    assert_eq!(notification.params.get("replicas").is_some(), notification.kind == Kind::ServiceCreated);
    format!("{sign}{}:{}", notification.key, notification.params.get("port").unwrap_or_default())
}

#[test]
fn the_first_listing_announces_all() {
    let mut world = World::new();
    assert_eq!(world.lists(&["api a 1 81", "web w 1 80"]), "+api:81 +web:80");
}

#[test]
fn behaviour_167_the_same_listing_says_nothing_more() {
    let mut world = World::new();
    world.lists(&["web w 1 80"]);
    assert_eq!(world.later(SECOND).lists(&["web w 1 80"]), "");
}

#[test]
fn behaviour_167_a_new_version_with_the_same_parameters_says_nothing() {
    let mut world = World::new();
    world.lists(&["web w 1 80"]);
    assert_eq!(world.later(SECOND).lists(&["web w 2 80"]), "");
}

#[test]
fn behaviour_167_a_changed_parameter_is_announced() {
    let mut world = World::new();
    world.lists(&["api a 1 81", "web w 1 80"]);
    assert_eq!(world.later(SECOND).lists(&["api a 1 81", "web w 2 8080"]), "+web:8080");
}

#[test]
fn a_vanished_service_is_removed_with_its_last_parameters_and_once() {
    let mut world = World::new();
    world.lists(&["web w 1 80"]);
    assert_eq!(world.later(SECOND).lists(&[]), "-web:80");
    assert_eq!(world.later(SECOND).lists(&[]), "");
    assert!(world.said.said.is_empty(), "it is forgotten");
}

#[test]
fn a_service_that_comes_back_is_announced_again() {
    let mut world = World::new();
    world.lists(&["web w 1 80"]);
    world.later(SECOND).lists(&[]);
    assert_eq!(world.later(SECOND).lists(&["web v 5 80"]), "+web:80");
}

#[test]
fn another_service_of_the_same_name_is_announced_although_nothing_differs() {
    let mut world = World::new();
    world.lists(&["web w 4 80"]);
    assert_eq!(world.later(SECOND).lists(&["web v 9 80"]), "+web:80");
}

#[test]
fn another_service_may_have_a_lower_version_for_it_may_be_another_swarm() {
    let mut world = World::new();
    world.lists(&["web w 400 80"]);
    assert_eq!(world.later(SECOND).lists(&["web v 3 81"]), "+web:81");
}

#[test]
fn an_older_version_of_a_service_changes_nothing() {
    let mut world = World::new();
    world.lists(&["web w 1 80"]);
    world.later(SECOND).lists(&["web w 3 8080"]);
    assert_eq!(world.later(SECOND).lists(&["web w 2 80"]), "");
    assert_eq!(world.later(SECOND).lists(&["web w 3 8080"]), "");
}

#[test]
fn a_version_is_remembered_even_when_it_changed_nothing() {
    let mut world = World::new();
    world.lists(&["web w 1 80"]);
    world.later(SECOND).lists(&["web w 5 80"]);
    assert_eq!(world.later(SECOND).lists(&["web w 4 79"]), "");
}

#[test]
fn a_service_is_spoken_of_once_a_second_and_the_latest_wins() {
    let mut world = World::new();
    world.lists(&["web w 1 80"]);
    assert_eq!(world.later(SECOND / 4).lists(&["web w 2 81"]), "held 750ms");
    assert_eq!(world.later(SECOND / 4).lists(&["web w 3 82"]), "held 500ms");
    assert_eq!(world.later(SECOND / 2).lists(&["web w 3 82"]), "+web:82");
}

#[test]
fn a_change_that_is_taken_back_in_time_is_never_said() {
    let mut world = World::new();
    world.lists(&["web w 1 80"]);
    assert_eq!(world.later(SECOND / 2).lists(&["web w 2 81"]), "held 500ms");
    assert_eq!(world.later(SECOND / 2).lists(&["web w 3 80"]), "");
}

#[test]
fn a_removal_soon_after_the_creation_is_held_back() {
    let mut world = World::new();
    world.lists(&["web w 1 80"]);
    assert_eq!(world.later(SECOND / 2).lists(&[]), "held 500ms");
    assert_eq!(world.later(SECOND / 2).lists(&[]), "-web:80");
}

#[test]
fn a_creation_soon_after_the_removal_is_held_back() {
    let mut world = World::new();
    world.lists(&["web w 1 80"]);
    world.later(SECOND).lists(&[]);
    assert_eq!(world.later(SECOND / 2).lists(&["web v 5 80"]), "held 500ms");
    assert_eq!(world.later(SECOND / 2).lists(&["web v 5 80"]), "+web:80");
}

#[test]
fn a_flapping_service_holds_nobody_else_back() {
    let mut world = World::new();
    world.lists(&["flap f 1 80"]);
    assert_eq!(world.later(SECOND / 10).lists(&["api a 2 81"]), "+api:81 held 900ms");
}

#[test]
fn the_wait_is_for_the_first_that_is_due() {
    let mut world = World::new();
    world.lists(&["api a 1 81"]);
    world.later(SECOND / 2).lists(&["api a 1 81", "web w 1 80"]);
    assert_eq!(world.later(SECOND / 4).lists(&[]), "held 250ms");
}

#[test]
fn saying_all_again_repeats_every_service_once() {
    let mut world = World::new();
    world.lists(&["api a 1 81", "web w 1 80"]);
    world.said.say_all_again();
    assert_eq!(world.later(SECOND).lists(&["api a 1 81", "web w 1 80"]), "+api:81 +web:80");
    assert_eq!(world.later(SECOND).lists(&["api a 1 81", "web w 1 80"]), "");
}

#[test]
fn saying_all_again_waits_for_a_service_just_spoken_of() {
    let mut world = World::new();
    world.lists(&["web w 1 80"]);
    world.said.say_all_again();
    assert_eq!(world.later(SECOND / 2).lists(&["web w 1 80"]), "held 500ms");
    assert_eq!(world.later(SECOND / 2).lists(&["web w 1 80"]), "+web:80");
}

#[test]
fn saying_all_again_does_not_believe_an_older_listing() {
    let mut world = World::new();
    world.lists(&["web w 3 8080"]);
    world.said.say_all_again();
    assert_eq!(world.later(SECOND).lists(&["web w 2 80"]), "+web:8080");
}

#[test]
fn saying_all_again_says_nothing_of_services_that_are_gone() {
    let mut world = World::new();
    world.lists(&["web w 1 80"]);
    world.later(SECOND).lists(&[]);
    world.said.say_all_again();
    assert_eq!(world.later(SECOND).lists(&[]), "");
}

#[test]
fn behaviours_165_and_167_a_node_is_announced_by_the_same_rules_and_removed_with_three_fields() {
    let node = |version_index, state| Node {
        id: "n1".to_owned(),
        version_index,
        hostname: "vm".to_owned(),
        is_down: false,
        params: [
            ("id", "n1"),
            ("hostname", "vm"),
            ("address", "10.0.0.7"),
            ("state", state),
            ("versionIndex", &u64::to_string(&version_index)),
        ]
        .into_iter()
        .collect(),
    };
    let listing = |node: Node| BTreeMap::from([(node.id.clone(), node)]);
    let (mut said, now) = (LastSaid::new(Duration::ZERO), Instant::now());
    let kinds = |announcement: &Announcement| -> Vec<Kind> {
        announcement.notifications.iter().map(|notification| notification.kind).collect()
    };
    assert_eq!(kinds(&said.announce(&listing(node(1, "ready")), now)), [Kind::NodeCreated]);
    assert_eq!(kinds(&said.announce(&listing(node(2, "ready")), now)), []);
    assert_eq!(kinds(&said.announce(&listing(node(1, "unknown")), now)), [], "an older listing");
    assert_eq!(kinds(&said.announce(&listing(node(3, "unknown")), now)), [Kind::NodeCreated]);
    let removal = said.announce(&BTreeMap::new(), now);
    assert_eq!(kinds(&removal), [Kind::NodeRemoved]);
    let params: Vec<_> = removal.notifications[0].params.iter().collect();
    assert_eq!(params, [("address", "10.0.0.7"), ("hostname", "vm"), ("id", "n1")]);
}
