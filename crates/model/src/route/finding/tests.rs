//! Findings as they are told, against a plain loop over all pairs of rules, and against requests.

use super::*;
use crate::catalog::Catalog;
use crate::route::host::Host;
use crate::route::tests::{any_request, any_service, catalog, params};
use crate::service::Context;
use expect_test::{Expect, expect};
use proptest::prelude::*;

fn table(services: &[Vec<(String, String)>]) -> (Catalog, RouteTable) {
    let context = Context::default();
    let catalog = catalog(services, &context);
    let table = RouteTable::compile(&catalog, &context);
    (catalog, table)
}

fn told(services: &[&str]) -> String {
    let services: Vec<_> = services.iter().map(|query| params(query)).collect();
    let (_, table) = table(&services);
    table.findings().iter().map(|finding| format!("{}: {}\n", finding.service, finding.text)).collect()
}

fn check(services: &[&str], expected: &Expect) {
    expected.assert_eq(&told(services));
}

#[test]
fn a_path_that_starts_with_another_services_path_is_told() {
    let services =
        ["serviceName=digital&servicePath=/digital&port=1", "serviceName=products&servicePath=/digitalproduct&port=1"];
    check(
        &services,
        &expect![[r#"
        products: servicePath=/digitalproduct gets no request: servicePath=/digital of service digital takes them all and is asked first, because its aclName digital comes before products; give products an aclName that comes before digital, or digital a narrower path (pathType) or domain
    "#]],
    );
    let services = [
        "serviceName=digital&servicePath=/digital&port=1",
        "serviceName=products&servicePath=/x,/digitalproduct,/digital/a&port=1&serviceDomain=a.com",
        "serviceName=first&aclName=0-first&servicePath=/digitalproduct&port=1",
    ];
    check(
        &services,
        &expect![[r#"
        products: servicePath=/digitalproduct with serviceDomain=a.com gets no request: servicePath=/digitalproduct of service first takes them all and is asked first, because its aclName 0-first comes before products; give products an aclName that comes before 0-first, or first a narrower path (pathType) or domain
        products: servicePath=/digital/a with serviceDomain=a.com gets no request: servicePath=/digital of service digital takes them all and is asked first, because its aclName digital comes before products; give products an aclName that comes before digital, or digital a narrower path (pathType) or domain
    "#]],
    );
}

#[test]
fn two_services_that_ask_for_the_same_are_told() {
    let services = [
        "serviceName=a&servicePath=/api&port=1",
        "serviceName=b&servicePath=/api&port=1",
        "serviceName=c&serviceDomain=c.com&port=1&httpsPort=2",
        "serviceName=d&serviceDomain=*c.com,x.com&port=1",
        "serviceName=e&aclName=d&serviceDomain=x.com&serviceDomainAlgo=hdr_end(host)&port=1",
    ];
    check(
        &services,
        &expect![[r#"
        b: servicePath=/api gets no request: service a asks for the same (servicePath=/api) and is asked first, because its aclName a comes before b; change one of the two, or tell them apart by serviceDomain
        e: serviceDomain=*x.com gets no request: service d asks for the same (serviceDomain=*x.com) and is asked first, because both have the aclName d, and then serviceName decides; change one of the two, or tell them apart by servicePath
    "#]],
    );
}

#[test]
fn what_a_redirect_an_earlier_destination_or_a_path_of_another_class_takes_is_told() {
    let services = [
        "serviceName=a&serviceDomain=new.com&redirectFromDomain=old.com&port=1",
        "serviceName=b&serviceDomain=old.com&port=1",
        "serviceName=c&servicePath.1=/c&port.1=1&servicePath.2=/c/d&port.2=2",
        "serviceName=w&servicePath=/.well-known,/api&port=1",
        "serviceName=x&servicePath=/api/v1&port=1",
        "serviceName=y&servicePath=/,/c/x&serviceDomain=y.com&port=1",
        "serviceName=z&serviceDomain=z.com&redirectFromDomain=old.com&port=1",
    ];
    check(
        &services,
        &expect![[r#"
        z: redirectFromDomain=old.com gets no request: redirectFromDomain=old.com of service a redirects them all, and redirects come before all routes; take the name out of one of the two
        c: servicePath.2=/c/d gets no request: servicePath.1=/c of the same service is asked first and takes them all; give the narrower destination the lower index
        x: servicePath=/api/v1 gets no request: servicePath=/api of service w takes them all and is asked first, because services with a path under /.well-known come first; give that path a service of its own, or w a narrower path (pathType) or domain
        b: serviceDomain=old.com gets no request: redirectFromDomain=old.com of service a redirects them all, and redirects come before all routes; take the name out of one of the two
        y: servicePath=/c/x with serviceDomain=y.com gets no request: servicePath.1=/c of service c takes them all and is asked first, because services with the path `/` come last; give that path a service of its own, or c a narrower path (pathType) or domain
    "#]],
    );
}

#[test]
fn what_merely_overlaps_is_not_told() {
    for services in [
        ["serviceName=a&servicePath=/api/v1&port=1", "serviceName=b&servicePath=/api&port=1"],
        ["serviceName=a&servicePath=/api&srcPort=80&port=1", "serviceName=b&servicePath=/api&port=1"],
        ["serviceName=a&servicePath=/api&serviceHeader=X:1&port=1", "serviceName=b&servicePath=/api&port=1"],
        ["serviceName=a&servicePath=/api&userAgent=curl&port=1", "serviceName=b&servicePath=/api&port=1"],
        ["serviceName=a&servicePath=/api&servicePathExclude=/api/b&port=1", "serviceName=b&servicePath=/api/b&port=1"],
        ["serviceName=a&servicePath=/api&serviceDomain=a.com&port=1", "serviceName=b&servicePath=/api&port=1"],
        ["serviceName=a&servicePath=/&port=1", "serviceName=b&servicePath=/api&port=1"],
    ] {
        assert_eq!(told(&services), "");
    }
}

#[test]
fn conditions_that_one_service_has_more_than_the_other_do_not_save_it() {
    for other in
        ["srcPort=80", "serviceHeader=X:1", "userAgent=Curl", "servicePathExclude=/api/b", "serviceDomain=a.com"]
    {
        let services =
            ["serviceName=a&servicePath=/api&port=1", &format!("serviceName=b&servicePath=/api&port=1&{other}")];
        assert!(told(&services).starts_with("b: servicePath=/api"), "{other}");
    }
    let services = [
        "serviceName=a&servicePath=/api&servicePathExclude=/api/b,.x&serviceHeader=x:1&userAgent=cu&port=1",
        "serviceName=b&servicePath=/api/c&servicePathExclude=.x&serviceHeader=X:1,Y:2&userAgent=curl,acute&port=1",
    ];
    assert!(told(&services).starts_with("b: servicePath=/api/c"));
}

#[test]
fn a_table_of_thousands_is_looked_through_without_comparing_all_with_all() {
    let services: Vec<_> =
        (0..3000).map(|number| params(&format!("serviceName=s{number:04}&servicePath=/s{number:04}&port=1"))).collect();
    let (catalog, mut table) = table(&services);
    assert_eq!(table.findings(), []);
    let (before, context, mut catalog) = (catalog.clone(), Context::default(), catalog);
    let mut wide = params("serviceName=wide&aclName=0&servicePath=/s1&port=1");
    wide.push(("x".to_owned(), String::new()));
    catalog.apply(crate::catalog::Command::Configure(wide.into_iter().collect()), &context).unwrap();
    table = table.follow(&before, &catalog, &context);
    let service = catalog.services().find(|service| service.name.as_str() == "wide").unwrap();
    assert_eq!(table.findings_about(service).len(), MOST_BEHIND);
    assert_eq!(table.findings().len(), 1000);
}

#[test]
fn bug_an_answer_about_one_service_had_no_bound_in_time() {
    let many = |name: &str| (0..32).map(|number| format!("{name}{number}")).collect::<Vec<_>>().join(",");
    let service = |name: &str| {
        let (domains, paths) = (many("d"), many("/p"));
        params(&format!("serviceName={name}&serviceDomain={domains}&servicePath={paths}&port=1"))
    };
    let (_, table) = table(&[service("a"), service("b"), service("c")]);
    let of_last = |budget: &Budget| {
        let (rule, _) = table.rules().last().expect("three rules");
        table.findings_of(rule, budget).len()
    };
    let enough = Budget::of(MOST_COMPARED);
    assert!(of_last(&enough) > 0 && enough.spend(1));
    let little = Budget::of(2_000);
    assert!(of_last(&little) <= 1 && !little.spend(1_000));
    assert_eq!((of_last(&Budget::of(1_000)), little.spend(0)), (0, true));
}

/// The rule that takes a claim, found by asking all of them.
fn cover_by_loop<'t>(table: &'t RouteTable, claim: &Claim<'_>) -> Option<&'t Rule> {
    let target = |rule: &Rule| rule.destination().first_domain.clone();
    let earlier = |rule: &&Rule| *rule < claim.rule;
    if claim.rule.kind() == RuleKind::RedirectFromDomain {
        let by = table.redirects().filter(earlier).find(|rule| claim.implies(rule));
        return by.filter(|by| target(by) != target(claim.rule));
    }
    let redirect = table.redirects().find(|rule| claim.implies(rule));
    redirect.or_else(|| table.rules().map(|(rule, _)| rule).filter(earlier).find(|rule| claim.implies(rule)))
}

fn judged(table: &RouteTable) -> impl Iterator<Item = &Rule> {
    let redirects = table.redirects().filter(|rule| rule.kind() == RuleKind::RedirectFromDomain);
    redirects.chain(table.rules().map(|(rule, _)| rule))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_index_finds_what_the_plain_loop_over_all_pairs_finds(services in prop::collection::vec(any_service(), 1..9)) {
        let (catalog, table) = table(&services);
        for rule in judged(&table) {
            for claim in Claim::of(rule) {
                prop_assert_eq!(table.cover(&claim, &Budget::unlimited()), cover_by_loop(&table, &claim), "{} {:?} {:?}", rule, claim.host, claim.path);
            }
        }
        for service in catalog.services() {
            let mut all: Vec<_> = table.findings();
            all.retain(|finding| finding.service == service.name || finding.by == service.name);
            let mut about = table.findings_about(service);
            all.sort();
            about.sort();
            prop_assert_eq!(about, all);
        }
    }

    #[test]
    fn no_request_that_a_hidden_claim_matches_is_served_by_its_rule(
        services in prop::collection::vec(any_service(), 2..7),
        asked in prop::collection::vec(any_request(), 4..24),
    ) {
        let (_, table) = table(&services);
        let hidden: Vec<_> = judged(&table).flat_map(Claim::of).filter(|claim| table.cover(claim, &Budget::unlimited()).is_some()).collect();
        for asked in asked.iter().filter(|asked| asked.path.starts_with('/')) {
            asked.with_head(|head| {
                let host = head.host.and_then(Host::normalise);
                let host = host.as_ref().map(Host::as_bytes);
                let redirect = table.redirects().find(|rule| rule.holds(head, host));
                let first = redirect.or_else(|| table.rules().map(|(rule, _)| rule).find(|rule| rule.holds(head, host)));
                let matches = |claim: &&Claim<'_>| {
                    let host_holds = claim.host.is_none_or(|pattern| host.is_some_and(|host| pattern.matches(host)));
                    host_holds && claim.path.is_none_or(|path| path.matches(head.path)) && claim.rule.rest_holds(head)
                };
                for claim in hidden.iter().filter(matches) {
                    // A redirect and a rule of one service may have the same place.
                    let is_its = |rule: &Rule| rule == claim.rule && rule.kind() == claim.rule.kind();
                    prop_assert!(first.is_some_and(|first| !is_its(first)), "{:?} is not served, or by {}", asked, claim.rule);
                }
                Ok(())
            })?;
        }
    }
}
