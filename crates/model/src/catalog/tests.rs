//! What commands do to a catalog.

use super::{Catalog, Command, List, ListenerId, Saved, Source, Tick};
use crate::params::Params;
use crate::service::{Context, ServiceName};

fn params(query: &str) -> Params {
    query.split('&').filter_map(|pair| pair.split_once('=')).collect()
}

fn apply(catalog: &mut Catalog, command: Command) -> Vec<String> {
    let applied = catalog.apply(command, &Context::default()).unwrap();
    applied.changes.iter().map(|(name, change)| format!("{name} {change:?}")).collect()
}

fn configure(catalog: &mut Catalog, query: &str) -> Vec<String> {
    apply(catalog, Command::Configure(params(query)))
}

fn list(catalog: &mut Catalog, queries: &[&str], complete: bool, asked: Tick) -> Vec<String> {
    let services = queries.iter().map(|query| params(query)).collect();
    apply(catalog, Command::Reconcile(List { services, complete, asked, from: vec![FOLLOWED] }))
}

fn names(catalog: &Catalog) -> Vec<&str> {
    catalog.services().map(|service| service.name.as_str()).collect()
}

const FOLLOWED: ListenerId = ListenerId::new(1);
const ANOTHER: ListenerId = ListenerId::new(2);

const A: &str = "serviceName=a&servicePath=/a&port=1";
const B: &str = "serviceName=b&servicePath=/b&port=1";

#[test]
fn a_repetition_is_no_change() {
    let mut catalog = Catalog::default();
    assert_eq!(configure(&mut catalog, A), ["a Added"]);
    assert_eq!(configure(&mut catalog, A), ["a Unchanged"]);
    assert_eq!(configure(&mut catalog, "serviceName=a&servicePath=/other&port=1"), ["a Replaced"]);
}

#[test]
fn regression_a_replicas_copy_of_a_call_is_no_change() {
    let mut catalog = Catalog::default();
    configure(&mut catalog, &format!("{A}&distribute=true"));
    assert_eq!(configure(&mut catalog, &format!("{A}&distribute=false")), ["a Unchanged"]);
    assert_eq!(configure(&mut catalog, A), ["a Unchanged"]);
}

#[test]
fn regression_removed_names_are_not_remembered_without_end() {
    let mut catalog = Catalog::default();
    for number in 0..5000 {
        apply(&mut catalog, Command::Remove(ServiceName::parse(&format!("s{number}")).unwrap()));
    }
    assert_eq!(catalog.removed.len(), super::MOST_REMEMBERED);
}

#[test]
fn behaviour_39_a_new_version_replaces_all_that_was_said_before() {
    let mut catalog = Catalog::default();
    configure(&mut catalog, &format!("{A}&allowedMethods=DELETE"));
    configure(&mut catalog, A);
    let service = catalog.service(&ServiceName::parse("a").unwrap()).unwrap();
    assert!(service.destinations[0].guard.allowed_methods.is_empty());
}

#[test]
fn a_refused_version_leaves_the_last_good_one() {
    let mut catalog = Catalog::default();
    configure(&mut catalog, A);
    let refused =
        catalog.apply(Command::Configure(params("serviceName=a&servicePath=/a&port=none")), &Context::default());
    assert_eq!(refused.unwrap_err().message, "service `a`: port: `none` is not a port, 1 to 65535");
    assert_eq!(names(&catalog), ["a"]);
}

#[test]
fn behaviour_135_no_replicas_remove_the_service() {
    let mut catalog = Catalog::default();
    configure(&mut catalog, A);
    assert_eq!(configure(&mut catalog, &format!("{A}&replicas=0")), ["a Removed"]);
    assert_eq!(configure(&mut catalog, &format!("{A}&replicas=0")), ["a Unknown"]);
}

#[test]
fn a_complete_list_prunes_what_lists_brought_and_keeps_what_came_by_hand() {
    let mut catalog = Catalog::default();
    configure(&mut catalog, B);
    let now = catalog.now();
    list(&mut catalog, &[A], true, now);
    assert_eq!(names(&catalog), ["a", "b"]);
    let now = catalog.now();
    assert_eq!(list(&mut catalog, &[], true, now), ["a Removed"]);
    assert_eq!(names(&catalog), ["b"]);
}

#[test]
fn a_list_that_may_be_incomplete_only_adds() {
    let mut catalog = Catalog::default();
    let now = catalog.now();
    list(&mut catalog, &[A], true, now);
    let now = catalog.now();
    assert_eq!(list(&mut catalog, &[B], false, now), ["b Added"]);
    assert_eq!(names(&catalog), ["a", "b"]);
}

#[test]
fn a_list_asked_for_before_a_call_does_not_undo_the_call() {
    let mut catalog = Catalog::default();
    let asked = catalog.now();
    list(&mut catalog, &[A, B], true, asked);
    let asked = catalog.now();
    apply(&mut catalog, Command::Remove(ServiceName::parse("a").unwrap()));
    configure(&mut catalog, "serviceName=b&servicePath=/new&port=1");
    assert_eq!(list(&mut catalog, &[A, B], true, asked), Vec::<String>::new());
    assert_eq!(names(&catalog), ["b"]);
    let asked = catalog.now();
    assert_eq!(list(&mut catalog, &[A, B], true, asked), ["a Added", "b Replaced"]);
}

#[test]
fn a_refused_service_of_a_list_does_not_hurt_the_others() {
    let mut catalog = Catalog::default();
    let services = vec![params("serviceName=bad&servicePath=/x"), params(A)];
    let asked = catalog.now();
    let list = Command::Reconcile(List { services, complete: true, asked, from: Vec::new() });
    let applied = catalog.apply(list, &Context::default()).unwrap();
    assert_eq!(applied.refused.len(), 1);
    assert_eq!(names(&catalog), ["a"]);
}

fn of_instance(catalog: &mut Catalog, command: Command) -> Vec<String> {
    let context = Context { instance: Some("docker-flow".to_owned()), ..Context::default() };
    let applied = catalog.apply(command, &context).unwrap();
    assert!(applied.warnings.is_empty() && applied.refused.is_empty());
    applied.changes.iter().map(|(name, change)| format!("{name} {change:?}")).collect()
}

#[test]
fn behaviour_135_a_service_that_names_another_instance_is_not_taken_and_leaves() {
    let mut catalog = Catalog::default();
    let mut configure = |more: &str| of_instance(&mut catalog, Command::Configure(params(&format!("{A}{more}"))));
    assert_eq!(configure(""), ["a Elsewhere"]);
    assert_eq!(configure("&proxyInstanceName=other"), ["a Elsewhere"]);
    assert_eq!(configure("&proxyInstanceName=Docker-Flow"), ["a Added"]);
    assert_eq!(configure("&proxyInstanceName=other"), ["a Removed"]);
    assert_eq!(names(&catalog), [""; 0]);
}

#[test]
fn a_list_brings_only_what_is_for_this_instance() {
    let mut catalog = Catalog::default();
    let list = |catalog: &mut Catalog, instance: &str| {
        let services = vec![params(&format!("{A}&proxyInstanceName={instance}")), params(B)];
        let asked = catalog.now();
        of_instance(catalog, Command::Reconcile(List { services, complete: true, asked, from: Vec::new() }))
    };
    assert_eq!(list(&mut catalog, "docker-flow"), ["a Added", "b Elsewhere"]);
    assert_eq!(list(&mut catalog, "other"), ["a Removed", "b Elsewhere"]);
}

#[test]
fn what_the_environment_describes_is_never_pruned_and_https_only_is_not_for_it() {
    let mut catalog = Catalog::default();
    let context = Context { https_only: true, ..Context::default() };
    for command in [Command::Declare(params(A)), Command::Configure(params(B))] {
        catalog.apply(command, &context).unwrap();
    }
    let is_https_only = |name: &str, catalog: &Catalog| {
        let service = catalog.service(&ServiceName::parse(name).unwrap()).unwrap();
        service.destinations[0].guard.https_only
    };
    assert!(!is_https_only("a", &catalog) && is_https_only("b", &catalog));
    let now = catalog.now();
    list(&mut catalog, &["serviceName=a&servicePath=/listed&port=1"], true, now);
    let now = catalog.now();
    assert_eq!(list(&mut catalog, &[], true, now), [""; 0], "a list has spoken of it, and leaves it where it was");
    assert_eq!(names(&catalog), ["a", "b"]);
    apply(&mut catalog, Command::Remove(ServiceName::parse("a").unwrap()));
    assert_eq!(names(&catalog), ["b"]);
}

fn declare(catalog: &mut Catalog, query: &str) {
    apply(catalog, Command::Declare(params(query)));
}

#[test]
fn the_digest_is_of_what_is_served_and_not_of_how_it_came() {
    let (mut one, mut other) = (Catalog::default(), Catalog::default());
    let nothing = one.digest();
    configure(&mut one, A);
    assert_ne!(one.digest(), nothing);
    configure(&mut one, "serviceName=b&servicePath=/old&port=1");
    configure(&mut one, B);
    configure(&mut one, "serviceName=c&servicePath=/c&port=1");
    assert_ne!(one.digest(), other.digest());
    declare(&mut other, &format!("{B}&distribute=true"));
    let now = other.now();
    list(&mut other, &[A], true, now);
    apply(&mut one, Command::Remove(ServiceName::parse("c").unwrap()));
    assert_eq!(one.digest(), other.digest());
    configure(&mut other, &format!("{A}1"));
    assert_ne!(one.digest(), other.digest());
    for name in ["a", "b"] {
        apply(&mut one, Command::Remove(ServiceName::parse(name).unwrap()));
    }
    assert_eq!((one.digest(), one.digest().to_string().as_str()), (nothing, "0000000000000000"));
}

#[test]
fn a_password_cannot_be_guessed_from_the_digest() {
    let digest = |users: &str| {
        let mut catalog = Catalog::default();
        configure(&mut catalog, &format!("{A}&users={users}"));
        catalog.digest()
    };
    assert_eq!(digest("admin:one"), digest("admin:other"));
    assert_ne!(digest("admin:one"), Catalog::default().digest());
}

/// Replicas of different versions compare them, so they must not change.
#[test]
fn the_digest_is_the_same_in_every_version() {
    let mut catalog = Catalog::default();
    configure(&mut catalog, A);
    expect_test::expect!["2fb372afe67d7dc4"].assert_eq(&catalog.digest().to_string());
}

fn refused(catalog: &mut Catalog, command: Command) {
    catalog.apply(command, &Context::default()).unwrap_err();
}

fn quarantined(catalog: &Catalog) -> Vec<String> {
    catalog.quarantine().iter().map(|(name, held)| format!("{name} {:?} {}", held.source, held.reason)).collect()
}

const BAD: &str = "serviceName=a&servicePath=/a&port=none";
const REASON: &str = "service `a`: port: `none` is not a port, 1 to 65535";

#[test]
fn a_refused_service_is_in_quarantine_until_a_version_is_taken_or_it_is_removed() {
    let mut catalog = Catalog::default();
    configure(&mut catalog, A);
    refused(&mut catalog, Command::Configure(params(BAD)));
    assert_eq!(quarantined(&catalog), [format!("a Api {REASON}")]);
    configure(&mut catalog, A);
    assert!(catalog.quarantine().is_empty());
    refused(&mut catalog, Command::Configure(params(BAD)));
    apply(&mut catalog, Command::Remove(ServiceName::parse("a").unwrap()));
    assert!(catalog.quarantine().is_empty());
    refused(&mut catalog, Command::Configure(params("servicePath=/a&port=1")));
    refused(&mut catalog, Command::Configure(params("serviceName=%&servicePath=/a&port=1")));
    assert!(catalog.quarantine().is_empty(), "what has no name can be asked for by nobody");
}

#[test]
fn a_refused_service_of_a_list_leaves_quarantine_with_the_list() {
    let mut catalog = Catalog::default();
    let now = catalog.now();
    list(&mut catalog, &[BAD, B], true, now);
    let first = catalog.quarantine().clone();
    refused(&mut catalog, Command::Configure(params("serviceName=hand&servicePath=/x")));
    list(&mut catalog, &[BAD, B], true, now);
    assert_eq!(first.get(&ServiceName::parse("a").unwrap()).unwrap().reason, REASON);
    assert_eq!(catalog.quarantine().len(), 2);
    let before_the_notification = catalog.now();
    refused(&mut catalog, Command::Notify(params("serviceName=new&servicePath=/x"), FOLLOWED));
    list(&mut catalog, &[B], false, before_the_notification);
    assert_eq!(catalog.quarantine().len(), 3, "an incomplete list takes nothing away");
    list(&mut catalog, &[B], true, before_the_notification);
    let names: Vec<_> = catalog.quarantine().iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["hand", "new"]);
}

#[test]
fn regression_a_list_that_repeats_what_is_refused_changes_nothing() {
    let mut catalog = Catalog::default();
    for _ in 0..2 {
        let (now, before) = (catalog.now(), catalog.clone());
        list(&mut catalog, &[BAD, B], true, now);
        let is_same = before.quarantine().is(catalog.quarantine()) && before.edition() == catalog.edition();
        assert_eq!(is_same, !before.quarantine().is_empty());
    }
}

#[test]
fn bug_a_notification_whose_removal_was_lost_stayed_for_ever() {
    let mut catalog = Catalog::default();
    let now = catalog.now();
    list(&mut catalog, &[], true, now);
    apply(&mut catalog, Command::Notify(params(A), FOLLOWED));
    configure(&mut catalog, B);
    let now = catalog.now();
    assert_eq!(list(&mut catalog, &[], true, now), ["a Removed"]);
    assert_eq!(names(&catalog), ["b"]);
}

#[test]
fn bug_a_list_took_away_what_another_listener_had_notified() {
    let mut catalog = Catalog::default();
    let now = catalog.now();
    list(&mut catalog, &[], true, now);
    apply(&mut catalog, Command::Notify(params(A), ANOTHER));
    refused(&mut catalog, Command::Notify(params("serviceName=bad&servicePath=/x"), ANOTHER));
    let now = catalog.now();
    assert_eq!(list(&mut catalog, &[B], true, now), ["b Added"]);
    assert_eq!((names(&catalog), catalog.quarantine().len()), (vec!["a", "b"], 1));
    // What the followed one's list held is its own, whoever spoke of it first.
    let now = catalog.now();
    list(&mut catalog, &[A], true, now);
    let now = catalog.now();
    assert_eq!(list(&mut catalog, &[], true, now), ["a Removed"]);
}

#[test]
fn listeners_that_gave_a_list_long_ago_are_forgotten() {
    let mut catalog = Catalog::default();
    for number in 0..100 {
        let (services, asked) = (Vec::new(), catalog.now());
        let from = vec![FOLLOWED, ListenerId::new(number + 10)];
        apply(&mut catalog, Command::Reconcile(List { services, complete: false, asked, from }));
    }
    let is_known = |number| catalog.listeners.contains(ListenerId::new(number));
    assert_eq!([1, 10, 100, 109].map(is_known), [true, false, true, true]);
}

#[test]
fn a_listener_id_is_sixteen_hexadecimal_digits() {
    let id = ListenerId::new(0x00ab_cdef_0123_4567);
    assert_eq!((id.to_string().as_str(), ListenerId::parse("00abcdef01234567")), ("00abcdef01234567", Some(id)));
    for text in ["", "listener", "abcdef", "+0abcdef01234567", "00abcdef012345678"] {
        assert_eq!(ListenerId::parse(text), None, "{text}");
    }
}

#[test]
fn the_edition_grows_with_services_and_sources_and_with_nothing_else() {
    let mut catalog = Catalog::default();
    let mut edition = 0;
    let mut grown = |catalog: &Catalog| std::mem::replace(&mut edition, catalog.edition()) < catalog.edition();
    configure(&mut catalog, A);
    assert!(grown(&catalog));
    configure(&mut catalog, A);
    apply(&mut catalog, Command::Remove(ServiceName::parse("b").unwrap()));
    assert!(!grown(&catalog));
    let now = catalog.now();
    list(&mut catalog, &[A], true, now);
    assert!(grown(&catalog), "it is known from a list now");
    let now = catalog.now();
    list(&mut catalog, &[A], true, now);
    assert!(!grown(&catalog));
    let now = catalog.now();
    list(&mut catalog, &[], true, now);
    assert!(grown(&catalog));
}

#[test]
fn what_was_known_before_goes_with_its_list_or_stays_by_its_source() {
    let mut catalog = Catalog::default();
    let saved = |query: &str, source| Saved { params: params(query), source };
    let bad = saved("serviceName=c&servicePath=/c", Source::List);
    let services = vec![saved(A, Source::List), saved(B, Source::Api), bad];
    let applied = catalog.apply(Command::Restore(services), &Context::default()).unwrap();
    assert_eq!((applied.changes.len(), applied.refused.len(), catalog.quarantine().len()), (2, 1, 1));
    let now = catalog.now();
    list(&mut catalog, &[], false, now);
    assert_eq!(names(&catalog), ["a", "b"]);
    let now = catalog.now();
    assert_eq!(list(&mut catalog, &[], true, now), ["a Removed"]);
    assert_eq!((names(&catalog), catalog.quarantine().len()), (vec!["b"], 0));
}

#[test]
fn bug_what_was_refused_at_the_start_was_forgotten() {
    let mut catalog = Catalog::default();
    let saved = |query: &str, source| Saved { params: params(query), source };
    let bad = |name: &str| format!("serviceName={name}&servicePath=/x");
    let all = vec![saved(&bad("a"), Source::Api), saved(&bad("b"), Source::List), saved(&bad("c"), Source::Api)];
    catalog.apply(Command::Restore(all), &Context::default()).unwrap();
    let withheld = |catalog: &Catalog| {
        catalog.withheld().map(|saved| saved.params.get("serviceName").unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(withheld(&catalog), ["a", "b", "c"]);
    let (now, edition) = (catalog.now(), catalog.edition());
    list(&mut catalog, &[], true, now);
    assert_eq!(withheld(&catalog), ["a", "c"]);
    apply(&mut catalog, Command::Remove(ServiceName::parse("a").unwrap()));
    assert_eq!(withheld(&catalog), ["c"]);
    configure(&mut catalog, "serviceName=c&servicePath=/c&port=1");
    assert_eq!(withheld(&catalog), [""; 0]);
    assert!(catalog.edition() >= edition + 3);
}
