//! Which connection belongs to whom, and which services cannot share a port.

use super::TcpFrontend;
use crate::catalog::{Catalog, Command, List};
use crate::params::Params;
use crate::service::{Balance, Context, Mode, ServiceName};
use crate::snapshot::{Generation, Snapshot};
use std::sync::Arc;

fn params(query: &str) -> Params {
    query.split('&').filter_map(|pair| pair.split_once('=')).collect()
}

fn configured(queries: &[&str]) -> (Catalog, Vec<String>) {
    let (mut catalog, mut refused) = (Catalog::default(), Vec::new());
    for query in queries {
        let applied = catalog.apply(Command::Configure(params(query)), &Context::default());
        refused.extend(applied.err().map(|refused| refused.message));
    }
    (catalog, refused)
}

/// The only port of these services, none of which is refused.
fn frontend(queries: &[&str]) -> Arc<TcpFrontend> {
    let (catalog, refused) = configured(queries);
    assert_eq!(refused, Vec::<String>::new());
    let snapshot = Snapshot::new(Generation::default(), catalog, &Context::default());
    assert_eq!(snapshot.tcp.frontends().len(), 1);
    Arc::clone(&snapshot.tcp.frontends()[0])
}

/// The backend that a client reaches who asks for `name`.
fn found<'f>(frontend: &'f TcpFrontend, name: Option<&str>) -> Option<&'f str> {
    frontend.find(name.map(str::as_bytes)).map(|place| &*frontend.backends[place].first().name)
}

const REDIS: &str = "serviceName=redis&reqMode=tcp&srcPort=6379&port=6379";

#[test]
fn a_service_without_domains_has_all_connections_of_its_port() {
    let frontend = frontend(&[REDIS]);
    assert_eq!((frontend.port, frontend.mode, frontend.needs_name()), (6379, Mode::Tcp, false));
    assert_eq!(found(&frontend, None), Some("redis-be6379_0"));
    assert_eq!(found(&frontend, Some("a.com")), Some("redis-be6379_0"));
}

#[test]
fn behaviour_112_domains_are_asked_in_the_order_of_acl_names_and_the_rest_is_the_defaults() {
    let frontend = frontend(&[
        "serviceName=rest&reqMode=tcp&srcPort=5432&port=1",
        "serviceName=b&reqMode=tcp&srcPort=5432&port=2&serviceDomain=a.com,b.com",
        "serviceName=a&aclName=z&reqMode=tcp&srcPort=5432&port=3&serviceDomain=*a.com",
    ]);
    for (name, backend) in [
        (Some("a.com"), "b-be2_0"),
        (Some("B.COM"), "b-be2_0"),
        (Some("x.a.com"), "z-be3_0"),
        (Some("b.com.evil.org"), "rest-be1_0"),
        (None, "rest-be1_0"),
    ] {
        assert_eq!(found(&frontend, name), Some(backend), "{name:?}");
    }
}

#[test]
fn behaviour_114_sni_services_are_found_by_the_names_in_their_paths() {
    let frontend = frontend(&[
        "serviceName=one&reqMode=sni&srcPort=8443&port=443&pathType=req_ssl_sni -i&servicePath=a.com,b.com",
        "serviceName=two&reqMode=sni&srcPort=8443&port=443&pathType=req.ssl_sni -m end -i&servicePath=.c.com",
        "serviceName=three&reqMode=sni&srcPort=8443&port=443&servicePath=*.d.com&serviceDomain=e.com",
    ]);
    assert_eq!(frontend.mode, Mode::Sni);
    for (name, backend) in [
        ("a.com", Some("one-be443_0")),
        ("x.a.com", None),
        ("x.c.com", Some("two-be443_0")),
        ("x.d.com", Some("three-be443_0")),
        ("d.com", None),
        ("E.com", Some("three-be443_0")),
        ("e.com.evil.org", None),
    ] {
        assert_eq!(found(&frontend, Some(name)), backend, "{name}");
    }
    assert_eq!(found(&frontend, None), None);
}

#[test]
fn behaviour_113_a_group_has_the_servers_of_all_its_members_and_the_first_decides() {
    let frontend = frontend(&[
        "serviceName=b&reqMode=tcp&srcPort=6379&port=2&serviceGroup=redis&balanceGroup=source",
        "serviceName=a&reqMode=tcp&srcPort=6379&port=1&serviceGroup=redis&balanceGroup=leastconn&checkTcp=true",
    ]);
    let [backend] = frontend.backends.as_slice() else { panic!("{:?}", frontend.backends) };
    let members: Vec<_> = backend.members.iter().map(|member| (member.service.as_str(), member.port)).collect();
    assert_eq!(members, [("a", 1), ("b", 2)]);
    assert_eq!(
        (&*backend.first().name, backend.balance, backend.check),
        ("tcpListen_redis_6379", Balance::LeastConnections, true)
    );
    assert_eq!(found(&frontend, None), Some("tcpListen_redis_6379"));
}

#[test]
fn the_later_of_two_services_that_want_all_of_a_port_is_refused_and_both_are_named() {
    let (catalog, refused) = configured(&[
        REDIS,
        "serviceName=other&reqMode=tcp&srcPort=6379&port=1",
        "serviceName=web&servicePath=/&port=80",
    ]);
    assert_eq!(
        refused,
        ["service `other`: srcPort 6379: service `redis` has all connections of that port; \
          use another srcPort, one serviceGroup for both, or serviceDomain"]
    );
    assert_eq!(catalog.services().count(), 2, "the neighbours are there");
}

#[test]
fn who_can_share_a_port_and_who_cannot() {
    let tcp = |name: &str, more: &str| format!("serviceName={name}&reqMode=tcp&srcPort=6379&port=1{more}");
    for (one, other, refused) in [
        (tcp("a", ""), tcp("a", "&clitcpka=true"), 0),
        (tcp("a", "&serviceGroup=g"), tcp("b", "&serviceGroup=g"), 0),
        (tcp("a", "&serviceGroup=g"), tcp("b", "&serviceGroup=h"), 1),
        (tcp("a", "&serviceGroup=g"), tcp("b", ""), 1),
        (tcp("a", ""), tcp("b", "&serviceDomain=a.com"), 0),
        (tcp("a", ""), tcp("b", "&srcPort=6380&reqMode=http&servicePath=/"), 0),
    ] {
        assert_eq!(configured(&[&one, &other]).1.len(), refused, "{one} and {other}");
    }
    let twice = "serviceName=a&reqMode=tcp&srcPort.1=1&port.1=1&srcPort.2=1&port.2=2";
    assert_eq!(
        configured(&[twice]).1,
        ["service `a`: srcPort 1: another destination of it has all connections of that port; \
          use another srcPort, one serviceGroup for both, or serviceDomain"]
    );
}

#[test]
fn a_port_that_is_bound_for_http_is_refused_and_one_that_is_not_is_warned_about() {
    let context = Context { ports: vec![80, 443], ..Context::default() };
    let mut catalog = Catalog::default();
    let mut apply = |query: &str| catalog.apply(Command::Configure(params(query)), &context);
    let refused = apply("serviceName=a&reqMode=tcp&srcPort=443&port=1").unwrap_err();
    assert_eq!(
        refused.message,
        "service `a`: srcPort 443 cannot be used in this reqMode: DEFAULT_PORTS or BIND_PORTS has it for HTTP"
    );
    let warnings = apply("serviceName=a&servicePath=/&port=1&srcPort=8085").unwrap().warnings;
    let warnings: Vec<_> = warnings.iter().map(|(_, warning)| warning.to_string()).collect();
    assert_eq!(warnings, ["srcPort: no request comes in on port 8085: add it to BIND_PORTS"]);
    assert!(apply("serviceName=a&servicePath=/&port=1&srcPort=80").unwrap().warnings.is_empty());
}

#[test]
fn who_leaves_a_list_makes_room_for_who_comes_with_it() {
    let mut catalog = Catalog::default();
    let mut reconcile = |query: &str| {
        let asked = catalog.now();
        let list = List { services: vec![params(query)], complete: true, asked, from: Vec::new() };
        catalog.apply(Command::Reconcile(list), &Context::default()).unwrap().refused
    };
    assert_eq!(reconcile("serviceName=blue&reqMode=tcp&srcPort=6379&port=1"), []);
    assert_eq!(reconcile("serviceName=green&reqMode=tcp&srcPort=6379&port=1"), []);
    let names: Vec<_> = catalog.services().map(|service| service.name.clone()).collect();
    assert_eq!(names, ServiceName::parse("green").into_iter().collect::<Vec<_>>());
}

#[test]
fn a_judge_is_asked_before_the_earlier_version_goes() {
    let mut catalog = Catalog::default();
    catalog.apply(Command::Configure(params(REDIS)), &Context::default()).unwrap();
    let moved = Command::Configure(params("serviceName=redis&reqMode=tcp&srcPort=1&port=6379"));
    let refused = catalog.apply_if(moved, &Context::default(), &mut |service| {
        Err(crate::service::Refused::unusable(format!("not {}", service.name)))
    });
    assert_eq!(refused.unwrap_err().message, "not redis");
    let kept = catalog.services().next().unwrap().destinations[0].source_port;
    assert_eq!(kept, Some(6379));
}

#[test]
fn a_table_is_shared_until_a_service_of_it_changes() {
    let context = Context::default();
    let after = |before: &Snapshot, query: &str| {
        let mut catalog = before.catalog.clone();
        catalog.apply(Command::Configure(params(query)), &context).unwrap();
        before.follow(Generation::default(), catalog, &context)
    };
    let redis = after(&Snapshot::default(), REDIS);
    let web = after(&redis, "serviceName=web&servicePath=/&port=80");
    assert!(web.tcp.is_shared_with(&redis.tcp));
    assert_eq!(after(&web, "serviceName=db&reqMode=tcp&srcPort=5432&port=5432").tcp.frontends().len(), 2);
    assert!(after(&web, "serviceName=redis&servicePath=/redis&port=80").tcp.frontends().is_empty());
}
