//! The view as a whole: the seed's example to the letter, certificates, determinism, and values that try to leave their place.

use super::{Globals, Log, Secrets, Statistics, TlsTerms, render};
use crate::auth::{Credentials, global_users};
use crate::catalog::{Catalog, Command};
use crate::compression::{Algorithm, Compression};
use crate::expression::Environment;
use crate::frontend::Frontend;
use crate::log_format::{Capture, Format, Mode};
use crate::params::Params;
use crate::service::Context;
use crate::snapshot::{Generation, Snapshot};
use crate::statement::{Extra, Section};
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
            tune.ssl.default-dh-param 2048
            ssl-default-bind-options ssl-min-ver TLSv1.2 prefer-client-ciphers
            ssl-default-server-options ssl-min-ver TLSv1.2

        resolvers docker
            parse-resolv-conf

        defaults
            mode http
            balance roundrobin
            option dontlognull
            option dontlog-normal
            option http-keep-alive
            option redispatch
            default-server init-addr last,libc,none
            maxconn 5000
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
            # over TLS, alpn h2,http/1.1 is offered
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
            # over TLS, alpn h2,http/1.1 is offered
            mode http
            option forwardfor
    "#]]
    .assert_eq(&section(&render(&snapshot(&[]), &globals), "frontend services"));
}

/// Everything that the proxy as a whole can say.
fn full() -> Globals {
    Globals {
        certificates: vec!["/certs/xip.io.pem".to_owned()],
        tls: TlsTerms {
            oldest: "TLSv1.2",
            newest: "TLSv1.2",
            ciphers: "ECDH+AESGCM:!aNULL".to_owned(),
            tickets: false,
            clients_order: false,
            strict_names: true,
            http2: false,
        },
        resolvers: vec!["127.0.0.11:53".to_owned(), "10.0.0.2:53".to_owned()],
        log: Some(Log { errors_only: true, ..Log::default() }),
        error_files: vec![(500, "/errorfiles/500.http".to_owned()), (503, "/errorfiles/503.http".to_owned())],
        statistics: Some(Statistics {
            uri: "/admin?stats".to_owned(),
            port: None,
            credentials: Some(Credentials::new("stats user", "s3cret")),
        }),
        ..Globals::default()
    }
}

#[test]
fn behaviours_5_117_and_119_to_122_all_that_the_proxy_as_a_whole_says() {
    let text = render(&snapshot(&[]), &full());
    let text = text.split_once("\n\n").map_or("", |(_, sections)| sections);
    expect![[r#"
        global
            pidfile /var/run/haproxy.pid
            tune.ssl.default-dh-param 2048
            log 127.0.0.1:1514 local0
            ssl-default-bind-options ssl-min-ver TLSv1.2 ssl-max-ver TLSv1.2 no-tls-tickets
            ssl-default-server-options ssl-min-ver TLSv1.2
            ssl-default-bind-ciphers ECDH+AESGCM:!aNULL
            ssl-default-server-ciphers ECDH+AESGCM:!aNULL

        resolvers docker
            nameserver dns 127.0.0.11:53
            nameserver dns2 10.0.0.2:53

        defaults
            mode http
            balance roundrobin
            option dontlog-normal
            option http-keep-alive
            option redispatch
            default-server init-addr last,libc,none
            errorfile 500 /errorfiles/500.http
            errorfile 503 /errorfiles/503.http
            maxconn 5000
            timeout connect 5s
            timeout client 20s
            timeout server 20s
            timeout queue 30s
            timeout tunnel 3600s
            timeout http-request 5s
            timeout http-keep-alive 15s

        frontend services
            bind *:80
            bind *:443 ssl crt /certs/xip.io.pem strict-sni
            # over TLS, alpn http/1.1 is offered
            mode http
            option forwardfor
            log global
            option httplog
            stats enable
            stats refresh 30s
            stats realm 'Strictly Private'
            stats uri /admin?stats
            stats auth 'stats user:*****'
    "#]]
    .assert_eq(text);
    let shown = render(&snapshot(&[]), &Globals { secrets: Secrets::Shown, ..full() });
    assert!(shown.contains("    stats auth 'stats user:s3cret'\n"), "{shown}");
}

#[test]
fn behaviour_120_statistics_with_a_port_of_their_own_have_sections_of_their_own() {
    let mut globals = full();
    if let Some(statistics) = &mut globals.statistics {
        (statistics.port, statistics.credentials) = (Some(8404), None);
    }
    let text = render(&snapshot(&[]), &globals);
    assert_eq!(section(&text, "frontend stats"), "frontend stats\n    bind *:8404\n    default_backend stats");
    let page =
        "\n    stats enable\n    stats refresh 30s\n    stats realm 'Strictly Private'\n    stats uri /admin?stats";
    assert_eq!(section(&text, "backend stats"), format!("backend stats{page}"));
    assert!(!section(&text, "frontend services").contains("stats"), "{text}");
}

#[test]
fn behaviour_121_formats_and_captures_stand_in_the_frontends() {
    let (environment, captures) = (Environment::default(), Capture::parse_list("Referer:64,X-A:8").unwrap());
    let format = |text, mode| Some(Format::parse(text, mode, &captures, &environment).unwrap());
    let log = Log {
        http: format(r"%ci\ %{+Q}r\ %hr", Mode::Http),
        tcp: format("%ci:%cp", Mode::Tcp),
        captures: captures.clone().into(),
        ..Log::default()
    };
    let services = [params("serviceName=redis&reqMode=tcp&srcPort=6379&port=6379")];
    let text = render(&snapshot(&services), &Globals { log: Some(log), ..Globals::default() });
    let http = "    log global\n    log-format '%ci %{+Q}r %hr'\n    capture request header Referer len 64\n    \
        capture request header X-A len 8";
    assert!(section(&text, "frontend services").contains(http), "{text}");
    assert!(section(&text, "frontend tcpFE_6379").contains("    log global\n    log-format %ci:%cp\n"), "{text}");
    assert!(!text.contains("option httplog") && !text.contains("option tcplog"), "{text}");
}

#[test]
fn behaviour_115_the_ports_of_http_stay_bound_where_all_services_are_tcp() {
    let globals = Globals { log: Some(Log::default()), ..Globals::default() };
    let services = [params("serviceName=redis&reqMode=tcp&srcPort=6379&port=6379")];
    let text = render(&snapshot(&services), &globals);
    assert!(section(&text, "frontend services").contains("    bind *:80\n"), "{text}");
    let tcp = "frontend tcpFE_6379\n    bind *:6379\n    mode tcp\n    log global\n    option tcplog\n";
    assert!(section(&text, "frontend tcpFE_6379").starts_with(tcp), "{text}");
    assert!(!text.contains("dontlog"), "all connections are logged");
}

#[test]
fn behaviour_134_names_and_matchers_have_docker_flows_defaults() {
    let services =
        ["serviceName=a&servicePath=/a&port=1&httpsPort=2", "serviceName=b&servicePath=/b&port=3&srcPort=8085"];
    let text = rendered(&services);
    for line in [
        "acl url_a1_0 path_beg /a",
        "acl srcPort_a80_0 dst_port 80",
        "acl srcHttpsPort_a443_0 dst_port 443",
        "use_backend a-be1_0 if url_a1_0 srcPort_a80_0",
        "use_backend https-a-be2_0 if url_https_a2_0 srcHttpsPort_a443_0",
        "acl srcPort_b8085_0 dst_port 8085",
    ] {
        assert!(text.contains(&format!("    {line}\n")), "{line} in {text}");
    }
}

/// Docker Flow had a path `/dummy` with a server that nobody reaches; either way every request gets 503.
#[test]
fn behaviour_96_without_services_there_is_a_frontend_without_rules() {
    let text = rendered(&[]);
    let frontend = section(&text, "frontend services");
    assert_eq!(frontend, "frontend services\n    bind *:80\n    bind *:443\n    mode http\n    option forwardfor\n");
    assert!(!text.contains("\nbackend "), "{text}");
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
fn bug_values_beside_credentials_stood_in_the_text() {
    let lines = [
        "http-request replace-header Authorization .* s3cret",
        "http-request replace-value Cookie s3cret x",
        "http-request return status 200 hdr Set-Cookie s3cret",
        "http-request set-path /s3cret/%[req.cook(a)]",
        "http-request deny unless { req.hdr(Authorization) -m beg s3cret }",
        "http-request deny if { cook(a),regsub(s3cret,b) s3cret } or tok",
        "acl tok req.hdr(authorization) -m str s3cret",
        "http-request set-header X-A shown if { path /shown }",
        "http-request del-header Cookie",
    ];
    let service = format!("serviceName=a&servicePath=/a&port=1&backendExtra={}", lines.join("\n"));
    let text = rendered(&[&service]);
    assert!(!text.contains("s3cret"), "{text}");
    for line in [
        "http-request replace-header Authorization *****",
        "http-request replace-value Cookie *****",
        "http-request return *****",
        "http-request set-path *****",
        "http-request deny unless { req.hdr(Authorization) -m beg ***** }",
        "http-request deny if { cook(a) ***** } || tok",
        "acl tok req.hdr(authorization) -m str *****",
        "http-request set-header X-A shown if { path /shown }",
        "http-request del-header Cookie",
    ] {
        assert!(text.contains(&format!("    {line}\n")), "{line} in {text}");
    }
    for line in
        lines[..7].iter().map(|line| format!("{line} \"s3cret")).chain(["acl t req.hdr(Cookie) -s3cret".to_owned()])
    {
        let error = Extra::parse(&line, Section::Backend, &Environment::default()).unwrap_err();
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
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
    "tune.ssl.default-dh-param",
    "ssl-default-bind-options",
    "ssl-default-server-options",
    "resolvers",
    "parse-resolv-conf",
    "maxconn",
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
