//! Which certificate curl gets by the name it asks for, and what it is refused.

use crate::harness::{Authority, Site};

/// curl's exit codes.
const NO_HANDSHAKE: i32 = 35;
const NOT_TRUSTED: i32 = 60;

/// Three tenants with an authority each: the default, which is the first by name, a wildcard, and one of the names below it.
async fn tenants(variables: &[(&str, &str)]) -> (Site, [Authority; 3]) {
    let authorities = ["default", "wildcard", "exact"].map(Authority::new);
    let [default, wildcard, exact] = &authorities;
    let bundles = [
        ("a-default.pem", default.bundle(&["default.example", "127.0.0.1"])),
        ("b-wildcard.pem", wildcard.bundle(&["*.shop.example"])),
        ("c-exact.pem", exact.bundle(&["a.shop.example"])),
    ];
    (Site::start(variables, &bundles).await, authorities)
}

#[tokio::test]
async fn exact_names_come_before_wildcards() {
    let (site, [_, wildcard, exact]) = tenants(&[]).await;
    let reply = site.get(&exact, "a.shop.example", &[]).await;
    assert!(reply.is(200).body.contains("X-Forwarded-Proto: https\r\n"), "{reply:?}");
    site.get(&wildcard, "a.shop.example", &[]).await.fails(NOT_TRUSTED, "");
}

#[tokio::test]
async fn a_wildcard_stands_for_one_label() {
    let (site, [default, wildcard, exact]) = tenants(&[]).await;
    site.get(&wildcard, "b.shop.example", &[]).await.is(200);
    site.get(&exact, "b.shop.example", &[]).await.fails(NOT_TRUSTED, "");
    // The name of another tenant is not in the default's certificate, and curl says so.
    site.get(&default, "x.b.shop.example", &[]).await.fails(NOT_TRUSTED, "no alternative certificate subject name");
}

#[tokio::test]
async fn the_default_is_for_names_that_nobody_has_and_for_clients_without_one() {
    let (site, [default, wildcard, _]) = tenants(&[]).await;
    site.get(&default, "127.0.0.1", &[]).await.is(200);
    site.get(&default, "unknown.example", &[]).await.fails(NOT_TRUSTED, "no alternative certificate subject name");
    site.get(&default, "unknown.example", &["--insecure"]).await.is(200);
    site.get(&wildcard, "unknown.example", &[]).await.fails(NOT_TRUSTED, "unable to get local issuer");
}

#[tokio::test]
async fn strict_sni_refuses_names_that_nobody_has_and_clients_without_one() {
    let (site, [default, wildcard, _]) = tenants(&[("SSL_BIND_OPTIONS", "strict-sni")]).await;
    site.get(&wildcard, "b.shop.example", &[]).await.is(200);
    site.get(&default, "default.example", &[]).await.is(200);
    for host in ["unknown.example", "127.0.0.1"] {
        site.get(&default, host, &["--insecure"]).await.fails(NO_HANDSHAKE, "unrecognized name");
    }
}

#[tokio::test]
async fn without_any_certificate_there_is_no_handshake_and_no_plain_http() {
    let (site, authority) = (Site::start(&[], &[]).await, Authority::new("nobody"));
    site.get(&authority, "a.example", &["--insecure"]).await.fails(NO_HANDSHAKE, "handshake failure");
    let plain = site.get_path(&authority, "http://a.example", "/demo", &["--http0.9"]).await;
    assert!(!plain.body.contains("HTTP") && plain.status == 0, "{plain:?}");
}

#[tokio::test]
async fn all_versions_of_http_and_of_tls_that_are_spoken() {
    let (site, [default, ..]) = tenants(&[]).await;
    for (arguments, version) in [
        (&["--http2"][..], "2"),
        (&["--http1.1"], "1.1"),
        (&["--tls-max", "1.2", "--http1.1"], "1.1"),
        (&["--tlsv1.3", "--http2"], "2"),
        (&["--tls-max", "1.2", "--ciphers", "ECDHE-ECDSA-CHACHA20-POLY1305", "--http1.1"], "1.1"),
    ] {
        let answer = site.get(&default, "default.example", arguments).await;
        assert_eq!(answer.is(200).version, version, "{arguments:?}");
    }
    let weak = ["--tls-max", "1.2", "--ciphers", "ECDHE-ECDSA-AES128-SHA:AES128-SHA"];
    site.get(&default, "default.example", &weak).await.fails(NO_HANDSHAKE, "handshake failure");
    let (site, [default, ..]) = tenants(&[("ENABLE_H2", "false")]).await;
    assert_eq!(site.get(&default, "default.example", &["--http2"]).await.is(200).version, "1.1");
}
