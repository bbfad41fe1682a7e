//! The view as a whole: the seed's example to the letter, certificates, determinism, and values that try to leave their place.

use super::{Globals, Secrets, render};
use crate::auth::global_users;
use crate::catalog::{Catalog, Command};
use crate::compression::{Algorithm, Compression};
use crate::frontend::Frontend;
use crate::params::Params;
use crate::service::Context;
use crate::snapshot::{Generation, Snapshot};
use expect_test::expect;
use proptest::prelude::*;
use std::sync::Arc;

fn snapshot(services: &[Params]) -> Snapshot {
    let mut catalog = Catalog::default();
    for params in services {
        // What is refused is not in the world; the other services are.
        let _ = catalog.apply(Command::Configure(params.clone()), &Context::default());
    }
    Snapshot::new(Generation::default(), catalog, &Context::default())
}

fn params(query: &str) -> Params {
    query.split('&').filter_map(|pair| pair.split_once('=')).collect()
}

fn rendered(queries: &[&str]) -> String {
    let services: Vec<_> = queries.iter().map(|query| params(query)).collect();
    render(&snapshot(&services), &Globals::default())
}

/// The lines behind the title of a section.
fn section(text: &str, title: &str) -> String {
    text.split("\n\n").find(|section| section.starts_with(title)).unwrap_or_default().to_owned()
}

#[test]
fn the_seeds_go_demo_is_shown_as_docker_flow_showed_it() {
    let text = rendered(&["serviceName=go-demo&servicePath=/demo&port=8080"]);
    expect![[r#"
        # What this proxy does, in HAProxy's words. Made from the services; nothing reads it, and passwords are masked.

        global
            pidfile /var/run/haproxy.pid

        defaults
            mode http
            balance roundrobin
            option http-keep-alive
            option redispatch
            default-server init-addr last,libc,none
            timeout connect 5s
            timeout client 20s
            timeout server 20s
            timeout queue 30s
            timeout tunnel 3600s
            timeout http-request 5s
            timeout http-keep-alive 15s

        frontend services
            bind *:80
            bind *:443
            mode http
            option forwardfor

            acl url_go-demo8080_0 path_beg /demo
            use_backend go-demo-be8080_0 if url_go-demo8080_0

        backend go-demo-be8080_0
            mode http
            http-request set-header X-Forwarded-Proto https if { ssl_fc }
            server go-demo go-demo:8080
    "#]]
    .assert_eq(&text);
}

#[test]
fn behaviour_188_certificates_stand_in_the_bind_of_every_tls_port() {
    let globals = Globals {
        frontends: Frontend::parse_list("80 accept-proxy,443:ssl,8443 accept-proxy:ssl").unwrap(),
        certificates: vec!["/run/secrets/cert-a b".to_owned(), "/certs/xip.io.pem".to_owned()],
        ..Globals::default()
    };
    expect![[r#"
        frontend services
            bind *:80 accept-proxy
            bind *:443 ssl crt '/run/secrets/cert-a b' crt /certs/xip.io.pem
            bind *:8443 accept-proxy ssl crt '/run/secrets/cert-a b' crt /certs/xip.io.pem
            mode http
            option forwardfor
    "#]]
    .assert_eq(&section(&render(&snapshot(&[]), &globals), "frontend services"));
}

#[test]
fn behaviour_117_the_authorities_of_clients_stand_in_the_bind_of_every_tls_port() {
    let globals = Globals {
        frontends: Frontend::parse_list("80,443:ssl").unwrap(),
        certificates: vec!["/certs/xip.io.pem".to_owned()],
        ca_file: Some("/run/secrets/our ca".to_owned()),
        ..Globals::default()
    };
    expect![[r#"
        frontend services
            bind *:80
            bind *:443 ssl crt /certs/xip.io.pem ca-file '/run/secrets/our ca' verify optional
            mode http
            option forwardfor
    "#]]
    .assert_eq(&section(&render(&snapshot(&[]), &globals), "frontend services"));
}

#[test]
fn no_password_is_shown() {
    let users = global_users("my-user:glob4l", false).users;
    let context = Context { users: users.clone(), ..Context::default() };
    let mut catalog = Catalog::default();
    let service = params("serviceName=a&servicePath=/a&port=1&users=admin:s3cret,odd name:s3cret#");
    catalog.apply(Command::Configure(service), &context).unwrap();
    catalog.apply(Command::Configure(params("serviceName=b&servicePath=/b&port=1")), &context).unwrap();
    let snapshot = Snapshot::new(Generation::default(), catalog, &context);
    let text = render(&snapshot, &Globals { users: users.clone(), ..Globals::default() });
    assert!(!text.contains("s3cret") && !text.contains("glob4l"), "{text}");
    let lines = [
        "userlist defaultUsers\n    user my-user insecure-password *****",
        "userlist aUsers\n    user admin insecure-password *****\n    user 'odd name' insecure-password *****",
    ];
    assert!(lines.iter().all(|lines| text.contains(lines)), "{text}");
    let shown = render(&snapshot, &Globals { users, secrets: Secrets::Shown, ..Globals::default() });
    assert!(shown.contains("user 'odd name' insecure-password 's3cret#'\n"), "HAProxy needs them: {shown}");
}

#[test]
fn limits_below_a_second_keep_their_unit() {
    let mut globals = Globals::default();
    globals.timeouts.connect = std::time::Duration::from_millis(1500);
    let text = render(&snapshot(&[]), &globals);
    assert!(text.contains("    timeout connect 1500ms\n"), "{text}");
}

/// Parameters whose values end up in the text, with values that are made of what HAProxy's language is made of.
fn any_params() -> impl Strategy<Value = Params> {
    const NAMES: &[&str] = &[
        "servicePath",
        "servicePathExclude",
        "serviceDomain",
        "redirectFromDomain",
        "serviceHeader",
        "userAgent",
        "users",
        "allowedMethods",
        "outboundHostname",
        "reqRepSearch",
        "reqRepReplace",
        "reqPathSearchReplace",
        "aclName",
        "pathType",
        "serviceGroup",
        "balanceGroup",
    ];
    let value = prop::string::string_regex("[-a-z/:#'\"\\\\ %$~{}\n\r\t,|]{0,12}").unwrap();
    let pairs = prop::collection::vec((prop::sample::select(NAMES), value), 0..6);
    pairs.prop_map(|pairs| {
        let base = [("serviceName", "a"), ("servicePath", "/a"), ("port", "1"), ("serviceDomain", "a.com")];
        let base = base.into_iter().map(|(name, value)| (name, value.to_owned()));
        base.chain(pairs).collect()
    })
}

/// The first words of all lines that the view is made of.
const WORDS: &[&str] = &[
    "#",
    "global",
    "pidfile",
    "defaults",
    "mode",
    "balance",
    "option",
    "default-server",
    "timeout",
    "userlist",
    "user",
    "frontend",
    "bind",
    "acl",
    "use_backend",
    "default_backend",
    "tcp-request",
    "listen",
    "balance",
    "backend",
    "http-request",
    "server",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_value_leaves_its_place_and_the_same_world_gives_the_same_bytes(service in any_params()) {
        let services = [service, params("serviceName=b&servicePath=/b&port=2")];
        let text = render(&snapshot(&services), &Globals::default());
        prop_assert_eq!(&text, &render(&snapshot(&services), &Globals::default()));
        prop_assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{}", text);
        for line in text.lines().filter(|line| !line.is_empty()) {
            let word = line.split_whitespace().next().unwrap_or_default();
            prop_assert!(WORDS.contains(&word), "{}", line);
        }
        prop_assert!(text.contains("    server b b:2\n"), "the neighbour is untouched: {}", text);
        for (title, expected) in [("frontend ", 1), ("global", 1), ("defaults", 1)] {
            prop_assert_eq!(text.lines().filter(|line| line.starts_with(title)).count(), expected);
        }
    }
}

#[test]
fn behaviour_123_compression_stands_in_defaults_where_services_share_it_and_else_in_their_backends() {
    let compression = Compression { algorithms: vec![Algorithm::Zstd, Algorithm::Gzip], types: vec!["text/".into()] };
    let context = Context { compression: Some(Arc::new(compression)), ..Context::default() };
    let lines = |queries: &[&[(&str, &str)]]| {
        let mut catalog = Catalog::default();
        for pairs in queries {
            catalog.apply(Command::Configure(pairs.iter().copied().collect()), &context).unwrap();
        }
        let snapshot = Snapshot::new(Generation::default(), catalog, &context);
        let text = render(&snapshot, &Globals { compression: context.compression.clone(), ..Globals::default() });
        let wanted = |line: &&str| {
            ["defaults", "backend", "    compression", "    # comp"].iter().any(|start| line.starts_with(start))
        };
        text.lines().filter(wanted).collect::<Vec<_>>().join("\n")
    };
    let plain = [("serviceName", "a"), ("servicePath", "/a"), ("port", "80")];
    let own = [("serviceName", "b"), ("servicePath", "/b"), ("port", "80"), ("compressionAlgo", "deflate")];
    expect![[r#"
        defaults
            # compression algo zstd: HAProxy has no such words
            compression algo gzip
            compression type text/
        backend a-be80_0"#]]
    .assert_eq(&lines(&[&plain]));
    expect![[r#"
        defaults
        backend a-be80_0
            # compression algo zstd: HAProxy has no such words
            compression algo gzip
            compression type text/
        backend b-be80_0
            compression algo deflate
            compression type text/"#]]
    .assert_eq(&lines(&[&plain, &own]));
}
