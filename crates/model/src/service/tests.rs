//! What parameters mean. The numbers are those of Docker Flow Proxy's behaviours, as its own tests told them.

use super::{Context, Destination, Mode, Parsed, Refusal, Service, Sessions, parse};
use crate::auth::{ServiceUsers, User, UserFiles, global_users};
use crate::params::Params;
use crate::params::table::PARAMS;
use crate::route::path::PathPattern;
use proptest::prelude::*;

fn params(query: &str) -> Params {
    query.split('&').filter_map(|pair| pair.split_once('=')).collect()
}

fn parsed(query: &str) -> Parsed {
    parse(&params(query), &Context::default()).unwrap()
}

fn service(query: &str) -> Service {
    parsed(query).service
}

fn service_with(query: &str, context: &Context) -> Service {
    parse(&params(query), context).unwrap().service
}

fn refusal(query: &str) -> Refusal {
    parse(&params(query), &Context::default()).unwrap_err().kind
}

fn paths(destination: &Destination) -> Vec<&str> {
    destination.paths.iter().map(PathPattern::as_str).collect()
}

/// The names of the users who may pass; empty means locked.
fn users(query: &str, global: &str) -> Option<Vec<String>> {
    let context = Context { users: global_users(global, false).users, ..Context::default() };
    let query = format!("{BASE}&{query}");
    let users = service_with(&query, &context).users;
    let name = |user: &User| user.name().to_owned();
    users.as_ref().map(ServiceUsers::users).map(|users| users.iter().map(name).collect())
}

const BASE: &str = "serviceName=go-demo&servicePath=/demo&port=8080";

#[test]
fn behaviour_59_a_service_without_a_name_is_incomplete() {
    assert_eq!(refusal("servicePath=/demo&port=8080"), Refusal::Incomplete);
    assert_eq!(refusal("serviceName=&servicePath=/demo&port=8080"), Refusal::Incomplete);
}

#[test]
fn behaviour_60_http_without_path_and_domain_is_unusable() {
    assert_eq!(refusal("serviceName=go-demo&port=8080"), Refusal::Unusable);
    assert_eq!(refusal("serviceName=go-demo&port=8080&servicePath=,"), Refusal::Unusable);
    assert_eq!(refusal("serviceName=go-demo&port=8080&reqMode=HTTP"), Refusal::Unusable);
}

#[test]
fn behaviour_61_tcp_needs_no_path() {
    let parsed = parsed("serviceName=redis&reqMode=tcp&srcPort=6379&port=6379");
    assert_eq!(parsed.service.destinations[0].mode, Mode::Tcp);
    assert_eq!(parsed.service.destinations[0].source_port, Some(6379));
    assert!(parsed.warnings.is_empty(), "{:?}", parsed.warnings);
}

#[test]
fn behaviours_62_and_63_tcp_without_one_of_its_ports_is_incomplete() {
    assert_eq!(refusal("serviceName=redis&reqMode=tcp&port=6379"), Refusal::Incomplete);
    assert_eq!(refusal("serviceName=redis&reqMode=tcp&srcPort=6379"), Refusal::Incomplete);
}

#[test]
fn behaviour_64_http_without_a_port_is_incomplete() {
    assert_eq!(refusal("serviceName=go-demo&servicePath=/demo"), Refusal::Incomplete);
    assert!(service("serviceName=go-demo&servicePath=/demo&httpsPort=8443").destinations[0].https.is_some());
}

#[test]
fn behaviour_74_replicas_are_counted_and_absent_for_a_global_service() {
    for (query, replicas) in [("", None), ("&replicas=2", Some(2)), ("&replicas=0", Some(0)), ("&replicas=x", Some(0))]
    {
        assert_eq!(service(&format!("{BASE}{query}")).replicas, replicas, "{query}");
    }
}

#[test]
fn behaviour_75_a_domain_alone_gets_all_paths() {
    let service = service("serviceName=go-demo&serviceDomain=my-domain.com&port=8080");
    assert_eq!(paths(&service.destinations[0]), ["/"]);
    assert!(service.is_root());
}

#[test]
fn behaviour_76_match_all_is_hdr_dom() {
    let service = service(&format!("{BASE}&serviceDomain=my-domain.com&serviceDomainMatchAll=true"));
    assert_eq!(service.destinations[0].domain_keyword, "hdr_dom(host)");
}

#[test]
fn behaviour_77_the_mode_is_http_unless_said_otherwise() {
    assert_eq!(service(BASE).destinations[0].mode, Mode::Http);
    assert_eq!(
        service(&format!("{BASE}&reqMode=HTTP")).destinations[0].mode,
        Mode::Http,
        "Docker Flow lost the rule here"
    );
}

#[test]
fn behaviour_140_users_come_from_the_service_or_by_name_from_the_global_ones() {
    let named = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
    assert_eq!(users("", "global:x"), None, "nobody is named: the global ones count");
    assert_eq!(users("users=a:b,c:d", "global:x"), named(&["a", "c"]));
    assert_eq!(users("users=global,a:b", "global:x"), named(&["global", "a"]));
    assert_eq!(users("users=nobody", "global:x"), named(&[]), "asked for but not to be had: locked");
    assert_eq!(users("usersPassEncrypted=true", "global:x"), None, "nobody is asked for");
    assert_eq!(users("users=a:$1$x&usersPassEncrypted=true", ""), named(&[]));
}

#[test]
fn behaviour_140_a_secret_with_users_is_named_and_no_file_is_read_for_it() {
    let files = [
        ("admins", "one:1,two:2"),
        (
            "hashed",
            "a:$6$rounds=1000$aaaaaaaa$TO.XEB0OGe4Z858fqMb5h4.eciirzbEFu1SxfkMlxBom7rNGYU6D9aRceVxhYFP8ajrnluLjyIF5TA6rsFWuK/\n",
        ),
    ];
    let user_files: UserFiles = files.map(|(name, text)| (name.to_owned(), text.to_owned())).into_iter().collect();
    let context = Context { user_files, users: global_users("three:3", false).users, ..Context::default() };
    let read = |query: &str| {
        let parsed = parse(&params(&format!("{BASE}&{query}")), &context).unwrap();
        let users = parsed.service.users.expect("they are asked for");
        let names: Vec<_> = users.users().iter().map(|user| user.name().to_owned()).collect();
        (names.join(" "), parsed.warnings.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let fine = |names: &str| (names.to_owned(), Vec::new());
    assert_eq!(read("usersSecret=admins"), fine("one two"));
    assert_eq!(read("usersSecret=admins&users=two,own:x"), fine("two own"));
    assert_eq!(read("usersSecret=hashed&usersPassEncrypted=true"), fine("a"));
    assert_eq!(read("users=three&usersPassEncrypted=true"), fine("three"));
    let locked = "users: no user is usable: the service is locked, every request gets 401";
    for (name, shown) in
        [("nobody", "nobody"), ("../admins", "../admins"), ("/etc/passwd", "/etc/passwd"), ("a\nb", "a\\nb")]
    {
        let missing = format!("usersSecret: there was no secret `dfp_users_{shown}` when the proxy started");
        assert_eq!(read(&format!("usersSecret={name}")), (String::new(), vec![missing, locked.to_owned()]));
    }
    let (names, warnings) = read("usersSecret=nobody&users=own:x,three");
    assert_eq!(
        (names.as_str(), warnings.len()),
        ("own", 2),
        "a secret that is named is asked, and nobody else: {warnings:?}"
    );
    let (_, warnings) = read("usersSecret=admins&usersPassEncrypted=true");
    assert_eq!(warnings.len(), 3, "two plain passwords are no hashes: {warnings:?}");
    assert!(!format!("{context:?}").contains("one:1"));
}

#[test]
fn behaviour_141_blanks_line_ends_and_incomplete_users_are_harmless() {
    let named = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
    assert_eq!(users("users= a:b ,\n,c:d,e,:f,g:", ""), named(&["a", "c"]));
}

#[test]
fn behaviour_142_an_element_of_a_listeners_list_is_a_service() {
    let element = [
        ("DISTRIBUTE", "true"),
        ("aclname", "05-go-demo"),
        ("isdefaultbackend", "True"),
        ("port", "8080"),
        ("replicas", "2"),
        ("servicename", "go-demo"),
        ("servicePath", "/demo"),
    ];
    let parsed = parse(&element.into_iter().collect(), &Context::default()).unwrap();
    assert_eq!(parsed.warnings, []);
    assert_eq!((parsed.service.name.as_str(), parsed.service.acl_name.as_str()), ("go-demo", "05-go-demo"));
    assert_eq!((parsed.service.replicas, parsed.service.is_default_backend), (Some(2), true));
}

#[test]
fn behaviour_143_indexed_values_belong_to_their_destination() {
    let service = service(
        "serviceName=go&servicePath.1=/a,/b&port.1=1&allowedMethods.1=GET&serviceDomain.2=c.com&port.2=2&denyHttp.2=true",
    );
    let [first, second] = &service.destinations[..] else { panic!("two destinations: {service:?}") };
    assert_eq!((first.index, first.port, paths(first)), (1, Some(1), vec!["/a", "/b"]));
    assert_eq!((first.guard.allowed_methods.as_slice(), first.guard.deny_http), (&["GET".to_owned()][..], false));
    assert_eq!((second.index, second.port, paths(second)), (2, Some(2), vec!["/"]));
    assert!(second.guard.allowed_methods.is_empty() && second.guard.deny_http);
}

#[test]
fn behaviour_144_a_missing_indexed_value_is_taken_from_the_one_without_an_index() {
    let service = service(
        "serviceName=go&servicePath=/all&port=9&deniedMethods=PUT&denyHttp=true&outboundHostname=h&port.1=1&servicePath.2=/two&denyHttp.2=false&deniedMethods.2=GET",
    );
    let [first, second] = &service.destinations[..] else { panic!("two destinations: {service:?}") };
    assert_eq!((paths(first), first.port, first.guard.deny_http), (vec!["/all"], Some(1), true));
    assert_eq!((paths(second), second.port, second.guard.deny_http), (vec!["/two"], Some(9), false));
    assert_eq!(
        (first.guard.denied_methods.as_slice(), second.guard.denied_methods.as_slice()),
        (&["PUT".to_owned()][..], &["GET".to_owned()][..])
    );
    assert_eq!((first.dial.host(), second.dial.host()), ("h", "h"));
}

#[test]
fn behaviour_145_the_separator_divides_every_list() {
    let context = Context { separator: ";".to_owned(), ..Context::default() };
    let service = service_with(
        "serviceName=go&servicePath=/a,b;/c&servicePathExclude=/a,b;/x&serviceDomain=a.com;b.com&redirectFromDomain=c.com;d.com&serviceHeader=A:1,2;B:3&userAgent=x,y;z&allowedMethods=GET;PUT&deniedMethods=PUT;TRACE&port=1",
        &context,
    );
    let destination = &service.destinations[0];
    assert_eq!(paths(destination), ["/a,b", "/c"]);
    let lengths = [
        destination.excluded_paths.len(),
        destination.hosts.len(),
        destination.redirect_from.len(),
        destination.headers.len(),
        destination.agents.len(),
        destination.guard.allowed_methods.len(),
        destination.guard.denied_methods.len(),
    ];
    assert_eq!(lengths, [2; 7]);
}

#[test]
fn behaviour_146_any_session_type_asks_for_the_tasks() {
    let sessions = |kind: &str| service(&format!("{BASE}&sessionType={kind}")).sessions;
    assert_eq!((sessions("sticky-server"), sessions("other")), (Sessions::Sticky, Sessions::Tasks));
}

#[test]
fn behaviour_147_values_without_an_index_make_one_destination() {
    let service = service(BASE);
    assert_eq!(service.destinations.iter().map(|one| one.index).collect::<Vec<_>>(), [0]);
}

#[test]
fn behaviour_148_https_only_without_an_index_is_for_all_destinations() {
    let two = "serviceName=go&servicePath.1=/a&port.1=1&httpsOnly.1=false&servicePath.2=/b&port.2=2";
    let https_only =
        |service: &Service| service.destinations.iter().map(|one| one.guard.https_only).collect::<Vec<_>>();
    assert_eq!(https_only(&service(two)), [false, false]);
    assert_eq!(https_only(&service(&format!("{two}&httpsOnly=true"))), [true, true]);
    let context = Context { https_only: true, ..Context::default() };
    assert_eq!(https_only(&service_with(two, &context)), [true, true]);
}

#[test]
fn no_password_is_in_a_warning_a_refusal_or_a_debug_print() {
    let secrets = "users=admin:s3cret,broken&serviceCert=s3cret";
    let Parsed { service, warnings } = parsed(&format!("{BASE}&{secrets}"));
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let refused = parse(&params(&format!("{BASE}&{secrets}&srcPort=none")), &Context::default()).unwrap_err();
    let told = format!("{warnings:?} {refused:?} {:?}", service.users);
    assert!(told.contains("admin:*****") && !told.contains("s3cret"), "{told}");
}

/// A name of the table, with an index or without, or anything.
fn any_name() -> impl Strategy<Value = String> {
    let known = prop::sample::select(PARAMS).prop_map(|row| row.name.to_owned());
    let indexed = (prop::sample::select(PARAMS), 0..13_u8).prop_map(|(row, index)| format!("{}.{index}", row.name));
    prop_oneof![4 => known, 4 => indexed, 1 => any::<String>()]
}

/// What an operator would write, something near it, or anything.
fn any_value() -> impl Strategy<Value = String> {
    let example = prop::sample::select(PARAMS).prop_map(|row| row.example.to_owned());
    let near = prop::string::string_regex("[-a-z/:,.*\\\\()\\[\\]{}^$|+?0-9 \n%\"'#=]{0,24}").unwrap();
    prop_oneof![3 => example, 3 => near, 1 => any::<String>()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parse_never_panics_and_a_refusal_is_short(
        pairs in prop::collection::vec((any_name(), any_value()), 0..16),
        complete in any::<bool>(),
        separator in prop::sample::select(&[",", "", "|", "ab"]),
    ) {
        let mut params: Params = pairs.into_iter().collect();
        if complete {
            for (name, value) in [("serviceName", "a"), ("servicePath", "/a"), ("port", "1")] {
                params.set(name, value);
            }
        }
        let context = Context { separator: separator.to_owned(), ..Context::default() };
        match parse(&params, &context) {
            Ok(parsed) => prop_assert!(parsed.service.destinations.iter().all(|one| one.mode != Mode::Http || !one.paths.is_empty())),
            Err(refused) => prop_assert!(refused.message.len() < 800 && !refused.message.contains(char::is_control), "{}", refused),
        }
    }
}
