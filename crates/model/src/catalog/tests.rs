//! What commands do to a catalog.

use super::{Catalog, Command, List, Tick};
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
    apply(catalog, Command::Reconcile(List { services, complete, asked }))
}

fn names(catalog: &Catalog) -> Vec<&str> {
    catalog.services().map(|service| service.name.as_str()).collect()
}

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
    let list = Command::Reconcile(List { services, complete: true, asked });
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
        of_instance(catalog, Command::Reconcile(List { services, complete: true, asked }))
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
