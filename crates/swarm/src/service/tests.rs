//! Docker's services in, ours out.

use serde_json::{Value, json};

use super::*;
use crate::announce::Announced;

fn listed(name: &str, mode: Value, labels: &[(&str, &str)]) -> wire::Service {
    let labels: BTreeMap<_, _> = labels.iter().copied().collect();
    let spec = json!({ "Name": name, "Labels": labels, "Mode": mode });
    let service = json!({ "ID": format!("id-of-{name}"), "Version": { "Index": 7 }, "Spec": spec });
    serde_json::from_value(service).expect("a service as Docker writes it")
}

fn replicated(replicas: u64) -> Value {
    json!({ "Replicated": { "Replicas": replicas } })
}

fn global() -> Value {
    json!({ "Global": {} })
}

/// `name=value` pairs, sorted by name.
fn written(params: &Params) -> String {
    params.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

fn select_one(selection: &Selection, service: wire::Service) -> Option<Service> {
    selection.select(vec![service]).into_values().next()
}

fn params_of(name: &str, mode: Value, labels: &[(&str, &str)]) -> String {
    let labels: Vec<_> = labels.iter().copied().chain([("com.df.notify", "true")]).collect();
    let selection = Selection::new("com.df.notify", "");
    written(&select_one(&selection, listed(name, mode, &labels)).expect("it counts").params)
}

fn counts(setting: &str, label: &str, value: &str) -> bool {
    select_one(&Selection::new(setting, ""), listed("web", replicated(1), &[(label, value)])).is_some()
}

#[test]
fn the_notify_label_counts_with_any_value_but_false() {
    for value in ["true", "1", "yes", "", "anything"] {
        assert!(counts("com.df.notify", "com.df.notify", value), "{value:?}");
    }
    for value in ["false", "False", "FALSE"] {
        assert!(!counts("com.df.notify", "com.df.notify", value), "{value:?}");
    }
    assert!(!counts("com.df.notify", "com.df.other", "true"));
    assert!(counts("", "com.df.notify", "true"), "an empty setting is the default");
}

#[test]
fn a_notify_label_with_a_value_wants_exactly_that_value() {
    assert_eq!(Selection::new("com.acme.edge=blue", "").filter(), "com.acme.edge=blue");
    assert!(counts("com.acme.edge=blue", "com.acme.edge", "blue"));
    assert!(!counts("com.acme.edge=blue", "com.acme.edge", "Blue"));
    assert!(!counts("com.acme.edge=blue", "com.acme.edge", "green"));
    assert!(counts("com.df.notify=false", "com.df.notify", "false"));
}

#[test]
fn behaviour_163_a_replicated_service_tells_its_replicas_and_a_global_one_does_not() {
    let labels = [("com.df.servicePath", "/demo"), ("com.df.port", "8080")];
    assert_eq!(
        params_of("go-demo", replicated(2), &labels),
        "distribute=true port=8080 replicas=2 serviceName=go-demo servicePath=/demo"
    );
    assert_eq!(
        params_of("go-demo", global(), &labels),
        "distribute=true port=8080 serviceName=go-demo servicePath=/demo"
    );
    assert_eq!(params_of("go-demo", replicated(0), &[]), "distribute=true replicas=0 serviceName=go-demo");
}

#[test]
fn behaviour_163_a_label_overrides_distribute_but_not_what_docker_says() {
    assert_eq!(
        params_of(
            "web",
            replicated(3),
            &[("com.df.distribute", "false"), ("com.df.serviceName", "other"), ("com.df.replicas", "9")]
        ),
        "distribute=false replicas=3 serviceName=web"
    );
}

#[test]
fn behaviour_166_only_labels_with_the_prefix_and_a_name_become_parameters() {
    assert_eq!(
        params_of(
            "web",
            global(),
            &[("com.df.", "empty"), ("com.dfx", "x"), ("maintainer", "me"), ("com.df.port.1", "80"), ("com.df.x", "")]
        ),
        "distribute=true port.1=80 serviceName=web x="
    );
}

#[test]
fn behaviour_164_a_short_name_leaves_the_stack_out() {
    let name = |name: &str, short: &str, prefix: &str| {
        let labels = [("com.df.notify", "true"), ("com.df.shortName", short), (STACK_LABEL, "my")];
        select_one(&Selection::new("com.df.notify", prefix), listed(name, global(), &labels)).expect("it counts").name
    };
    assert_eq!(name("my_rewrite", "true", ""), "rewrite");
    assert_eq!(name("my_rewrite", "TRUE", ""), "rewrite");
    assert_eq!(name("my_rewrite", "false", ""), "my_rewrite");
    assert_eq!(name("mystery_rewrite", "true", ""), "mystery_rewrite");
    assert_eq!(name("my_rewrite", "true", "blue"), "blue_rewrite");
    assert_eq!(name("my_rewrite", "", "blue"), "blue_my_rewrite");
}

#[test]
fn behaviour_164_removal_has_the_same_labels_and_name_but_no_replicas() {
    let labels = [
        ("com.df.notify", "true"),
        ("com.df.shortName", "true"),
        (STACK_LABEL, "my"),
        ("com.df.aclName", "05-web"),
        ("com.df.distribute", "false"),
    ];
    let service = select_one(&Selection::new("com.df.notify", ""), listed("my_web", replicated(2), &labels));
    assert_eq!(
        written(&service.expect("it counts").removal_params()),
        "aclName=05-web distribute=false serviceName=web shortName=true"
    );
}

#[test]
fn of_two_services_with_one_name_the_one_changed_last_is_known() {
    let stack = |stack: &str, index: u64| {
        let labels = [("com.df.notify", "true"), ("com.df.shortName", "true"), (STACK_LABEL, stack)];
        let mut service = listed(&format!("{stack}_web"), global(), &labels);
        service.version.index = index;
        service
    };
    let selection = Selection::new("com.df.notify", "");
    for listing in [vec![stack("a", 5), stack("b", 9)], vec![stack("b", 9), stack("a", 5)]] {
        let services = selection.select(listing);
        assert_eq!(services.len(), 1);
        assert_eq!(services["web"].id, "id-of-b_web");
    }
}

#[test]
fn a_service_tells_how_many_tasks_it_is_to_have_and_whether_they_are_being_replaced() {
    let selection = Selection::new("com.df.notify", "");
    let one = |mode, state: &str| {
        let mut service = listed("web", mode, &[("com.df.notify", "true")]);
        service.update_status.state = state.to_owned();
        let service = select_one(&selection, service).expect("it counts");
        (service.wanted, service.is_updating)
    };
    assert_eq!(one(replicated(3), "completed"), (Some(3), false));
    assert_eq!(one(global(), "updating"), (None, true));
    assert_eq!(one(global(), "rollback_started"), (None, true));
}

#[test]
fn a_service_without_identifier_name_or_labels_does_not_count() {
    let selection = Selection::new("com.df.notify", "");
    let mut nameless = listed("web", global(), &[("com.df.notify", "true")]);
    nameless.spec.name.clear();
    let mut unidentified = listed("web", global(), &[("com.df.notify", "true")]);
    unidentified.id.clear();
    let empty = wire::Service::default();
    assert!(selection.select(vec![nameless, unidentified, empty]).is_empty());
}
