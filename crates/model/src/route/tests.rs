//! The index against the plain loop, and the order of rules.

use super::{Compiled, FieldList, RequestHead, Route, RouteTable, Rule, Verdict};
use crate::catalog::{Catalog, Command};
use crate::params::Params;
use crate::service::{Context, ServiceName};
use proptest::prelude::*;
use std::sync::Arc;

/// A request as a test writes it.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    method: &'static str,
    host: Option<String>,
    pub(super) path: String,
    port: u16,
    secure: bool,
    verified: bool,
    fields: Vec<(&'static str, &'static str)>,
}

impl Asked {
    /// Lends the head that a table looks at.
    pub(super) fn with_head<T>(&self, look: impl FnOnce(&RequestHead<'_>) -> T) -> T {
        let fields: Vec<_> = self.fields.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        look(&RequestHead {
            method: self.method.as_bytes(),
            host: self.host.as_deref().map(str::as_bytes),
            target: self.path.as_bytes(),
            path: self.path.as_bytes(),
            port: self.port,
            secure: self.secure,
            verified: self.verified,
            fields: &FieldList(&fields),
        })
    }
}

/// A verdict that can be compared and read.
fn verdict(
    table: &RouteTable,
    asked: &Asked,
    find: impl for<'t> Fn(&'t RouteTable, &RequestHead<'_>) -> Verdict<'t>,
) -> String {
    asked.with_head(|head| match find(table, head) {
        Verdict::Forward(route) => table.backend(route).name.to_string(),
        Verdict::Redirect(redirect) => format!("{} {}", redirect.status, String::from_utf8_lossy(&redirect.location)),
        Verdict::Deny => "403".to_owned(),
        Verdict::Unauthorized { realm } => format!("401 {realm}"),
        Verdict::Check { route, .. } => format!("{} if the password is right", table.backend(route).name),
        Verdict::NoRoute => "503".to_owned(),
    })
}

pub(super) fn catalog(services: &[Vec<(String, String)>], context: &Context) -> Catalog {
    let mut catalog = Catalog::default();
    services.iter().for_each(|service| configure(&mut catalog, service, context));
    catalog
}

/// A service that is refused changes nothing.
fn configure(catalog: &mut Catalog, service: &[(String, String)], context: &Context) {
    let params: Params = service.iter().cloned().collect();
    let _ = catalog.apply(Command::Configure(params), context);
}

/// The parameters of a query without escapes.
pub(super) fn params(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn check(services: &[&str], asked: &[(&str, &str)]) {
    let services: Vec<_> = services.iter().map(|query| params(query)).collect();
    let table = RouteTable::compile(&catalog(&services, &Context::default()), &Context::default());
    for (request, expected) in asked {
        let (host, path) = request.split_at(request.find('/').unwrap());
        let host = (!host.is_empty()).then(|| host.to_owned());
        let asked = Asked {
            method: "GET",
            host,
            path: path.to_owned(),
            port: 80,
            secure: false,
            verified: false,
            fields: Vec::new(),
        };
        assert_eq!(verdict(&table, &asked, RouteTable::find), *expected, "{request}");
    }
}

#[test]
fn behaviour_97_services_are_asked_in_order_of_acl_name() {
    let services = ["serviceName=b&servicePath=/api&port=1", "serviceName=a&servicePath=/api/v2&port=1&aclName=05-a"];
    check(&services, &[("/api/v2/x", "05-a-be1_0"), ("/api/v3", "b-be1_0")]);
    let services = ["serviceName=a&servicePath=/api&port=1", "serviceName=b&servicePath=/api/v2&port=1"];
    check(&services, &[("/api/v2", "a-be1_0")]);
}

#[test]
fn behaviours_98_and_99_root_comes_last_and_well_known_first() {
    let services = [
        "serviceName=a-root&servicePath=/&port=1",
        "serviceName=m&servicePath=/demo,/.well&port=1",
        "serviceName=z-acme&servicePath=/.well-known/acme-challenge&port=1",
        "serviceName=domain&serviceDomain=demo.com&port=1",
    ];
    let asked = [
        ("demo.com/.well-known/acme-challenge/x", "z-acme-be1_0"),
        ("demo.com/demo", "m-be1_0"),
        ("demo.com/x", "a-root-be1_0"),
    ];
    check(&services, &asked);
}

#[test]
fn behaviour_182_a_wildcard_matches_by_the_ending_for_all_domains() {
    let service = ["serviceName=go&servicePath=/demo&port=1&serviceDomain=*domain.com,other.org"];
    let asked = [
        ("my-domain.com/demo", "go-be1_0"),
        ("domain.com:8080/demo", "go-be1_0"),
        ("x.other.org/demo", "go-be1_0"),
        ("domain.com.evil.org/demo", "503"),
        ("/demo", "503"),
    ];
    check(&service, &asked);
}

#[test]
fn behaviour_2_excluded_paths_and_behaviour_37_the_default_backend() {
    check(
        &["serviceName=go&servicePath=/demo&servicePathExclude=/demo/hello&port=1"],
        &[("/demo/hello", "503"), ("/demo/x", "go-be1_0")],
    );
    let services =
        ["serviceName=a&servicePath=/xxx&port=1&isDefaultBackend=true", "serviceName=b&servicePath=/b&port=2"];
    check(&services, &[("/demo/hello", "a-be1_0"), ("/b", "b-be2_0")]);
}

#[test]
fn behaviours_4_and_108_redirects_come_before_routes() {
    let service = ["serviceName=go&servicePath=/demo&port=1&serviceDomain=new.com&redirectFromDomain=old.com"];
    check(&service, &[("old.com/x?y=1", "301 http://new.com/x?y=1"), ("new.com/demo", "go-be1_0")]);
}

#[test]
fn behaviour_22_what_asks_for_a_client_certificate_is_closed_without_one() {
    check(&["serviceName=a&servicePath=/a&port=1&verifyClientSsl=true&users=a:b"], &[("/a", "403")]);
}

#[test]
fn backends_of_the_same_name_are_told_apart() {
    let services = ["serviceName=a&aclName=x&servicePath=/a&port=1", "serviceName=b&aclName=x&servicePath=/b&port=1"];
    check(&services, &[("/a", "x-be1_0"), ("/b", "x-be1_0:2")]);
}

fn from<T: Clone + std::fmt::Debug + 'static>(choices: &[T]) -> impl Strategy<Value = T> + use<T> {
    prop::sample::select(choices.to_vec())
}

/// A list parameter of some of the choices; mostly absent if `rare`.
fn list(choices: &'static [&'static str], rare: bool) -> impl Strategy<Value = String> {
    let picked = prop::collection::vec(from(choices), 1..3).prop_map(|picked| picked.join(","));
    prop_oneof![if rare { 8 } else { 1 } => Just(String::new()), 3 => picked]
}

const PATHS: &[&str] = &["/", "/a", "/ab", "/a/b", "/abc", "/.well-known/x", "/A", "b", "/a/", "/longer/path/of/many"];
const HOSTS: &[&str] =
    &["a.com", "b.a.com", "xa.com", "com", "a.com.org", "B.com", "*a.com", "*.com", "c.b.a.com", "a.b"];
const PATH_TYPES: &[&str] = &["path_beg", "path", "path_end", "path_sub", "path_dir", "path_reg", "path_beg -i", ""];
const ALGORITHMS: &[&str] =
    &["hdr(host)", "hdr_beg(host)", "hdr_dom(host)", "hdr_end(host)", "hdr_sub(host)", "hdr_reg(host)", ""];

prop_compose! {
    pub(super) fn any_service()(
        name in from(&["a", "b", "c", "d", "e", "f"]),
        acl in from(&["", "", "", "0", "z", "B"]),
        path in list(PATHS, false),
        path_type in from(PATH_TYPES),
        host in list(HOSTS, true),
        algorithm in from(ALGORITHMS),
        exclude in list(PATHS, true),
        header in list(&["X-V:1", "X-V:2", "N:v"], true),
        agent in list(&["amiga", "Curl"], true),
        port in from(&["", "", "", "80", "443"]),
        second in list(PATHS, true),
        flags in prop::collection::vec(from(&["isDefaultBackend", "redirectWhenHttpProto", "httpsOnly", "denyHttp", "httpsPort", "redirectFromDomain"]), 0..2),
    ) -> Vec<(String, String)> {
        let mut params = vec![
            ("serviceName", name.to_owned()), ("aclName", acl.to_owned()), ("pathType", path_type.to_owned()), ("serviceDomain", host.clone()),
            ("serviceDomainAlgo", algorithm.to_owned()), ("servicePathExclude", exclude), ("serviceHeader", header), ("userAgent", agent),
            ("srcPort", port.to_owned()), ("port", "1".to_owned()), ("port.1", if second.is_empty() { "" } else { "2" }.to_owned()),
            ("servicePath.1", second), ("servicePath", path),
        ];
        for flag in flags {
            params.push((flag, match flag { "httpsPort" => "3", "redirectFromDomain" => "old.com,x", _ => "true" }.to_owned()));
        }
        params.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

prop_compose! {
    pub(super) fn any_request()(
        method in from(&["GET", "POST"]),
        host in prop::option::weighted(0.9, from(&["a.com", "A.com:81", "b.a.com", "xa.com.", "com", "a.com.org", "old.com", "c.b.a.com", "a.b.c", "[::1]:80"])),
        path in prop_oneof![from(PATHS).prop_map(str::to_owned), prop::string::string_regex("/[aAb/.]{0,6}").unwrap()],
        port in from(&[80, 443, 8080]),
        (secure, verified) in any::<(bool, bool)>(),
        fields in prop::collection::vec(from(&[("x-v", "1"), ("X-V", "3, 2"), ("n", "v"), ("User-Agent", "curl/8"), ("X-Forwarded-Proto", "http")]), 0..4),
    ) -> Asked {
        Asked { method, host: host.map(str::to_owned), path, port, secure, verified, fields }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_index_agrees_with_the_plain_loop(
        services in prop::collection::vec(any_service(), 1..9),
        asked in prop::collection::vec(any_request(), 1..12),
    ) {
        let context = Context::default();
        let table = RouteTable::compile(&catalog(&services, &context), &context);
        for asked in &asked {
            prop_assert_eq!(verdict(&table, asked, RouteTable::find), verdict(&table, asked, RouteTable::find_by_loop), "{:?}", asked);
        }
    }
}

#[test]
fn a_change_compiles_nothing_but_what_it_touches() {
    let context = Context::default();
    let service = |number: usize| {
        Params::from_iter([
            ("serviceName", format!("s{number:03}")),
            ("servicePath", format!("/{number}")),
            ("port", "1".to_owned()),
        ])
    };
    let mut catalog = Catalog::default();
    for number in 0..500 {
        catalog.apply(Command::Configure(service(number)), &context).unwrap();
    }
    let (before, table) = (catalog.clone(), RouteTable::compile(&catalog, &context));
    let mut changed = service(250);
    changed.set("servicePath", "/other");
    catalog.apply(Command::Configure(changed), &context).unwrap();
    let next = table.follow(&before, &catalog, &context);
    let shared = |(one, other): (&Arc<Compiled>, &Arc<Compiled>)| Arc::ptr_eq(one, other);
    assert_eq!(table.services.iter().zip(next.services.iter()).filter(|pair| shared(*pair)).count(), 499);
    assert!(
        next.backends().changed_since(table.backends()).count() < 200,
        "places of all backends were looked through"
    );
}

/// Everything that can be seen of a table but the answers it gives.
fn seen(table: &RouteTable) -> Vec<String> {
    let rule = |rule: &Rule| format!("{} {:?} {rule}", rule.service().name, rule.kind());
    let to = |route: &Route| format!("-> {:?} {:?}", table.backend(route), route.access);
    let rules = table.rules().map(|(of_rule, route)| format!("{} {}", rule(of_rule), to(route)));
    table.redirects().map(rule).chain(rules).chain(table.default_route().map(to)).collect()
}

/// What happens between two publishings: services by name are configured, or removed.
fn any_step() -> impl Strategy<Value = Vec<Result<Vec<(String, String)>, &'static str>>> {
    let change = prop_oneof![3 => any_service().prop_map(Ok), 1 => from(&["a", "b", "c", "d", "e", "f"]).prop_map(Err)];
    prop::collection::vec(change, 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_table_followed_change_by_change_is_that_of_its_last_catalog(
        steps in prop::collection::vec(any_step(), 1..8),
        asked in prop::collection::vec(any_request(), 1..8),
    ) {
        let context = Context::default();
        let (mut catalog, mut table) = (Catalog::default(), RouteTable::default());
        for step in &steps {
            let before = catalog.clone();
            for change in step {
                match change {
                    Ok(service) => configure(&mut catalog, service, &context),
                    Err(name) => drop(catalog.apply(Command::Remove(ServiceName::parse(name).unwrap()), &context)),
                }
            }
            let (known, seen_before) = (table.clone(), seen(&table));
            table = table.follow(&before, &catalog, &context);
            prop_assert_eq!(seen(&known), seen_before, "an older table must not change");

            let afresh = RouteTable::compile(&catalog, &context);
            prop_assert_eq!(seen(&table), seen(&afresh));
            for asked in &asked {
                prop_assert_eq!(verdict(&table, asked, RouteTable::find), verdict(&afresh, asked, RouteTable::find), "{:?}", asked);
            }
        }
        let emptied = table.follow(&catalog, &Catalog::default(), &context);
        let kept = |table: &RouteTable| format!("{:?}", (&table.services, &table.redirects, &table.rules, &table.defaults, &table.names));
        prop_assert_eq!(kept(&emptied), kept(&RouteTable::default()), "what was taken out must leave nothing behind");
    }
}
