//! TLS handshakes: whose certificate, which versions and ciphers, whose clients, and what becomes of what is none.
//!
//! Not here: requests over TLS (`over_tls`).

use crate::harness::{Authority, Backend, Peer, TestProxy, alert, connect, get, hello, soon};
use rustls::pki_types::CertificateDer;
use rustls::version::{TLS12, TLS13};
use rustls::{CipherSuite, HandshakeKind, ProtocolVersion};

const HANDSHAKE_FAILURE: u8 = 40;
const PROTOCOL_VERSION: u8 = 70;
const UNRECOGNIZED_NAME: u8 = 112;

/// The extensions of a client of TLS 1.2: signature_algorithms and supported_groups.
const EXTENSIONS: &[u8] = b"\0\x0d\0\x08\0\x06\x04\x03\x08\x04\x04\x01\0\x0a\0\x06\0\x04\0\x1d\0\x17";

/// A proxy with a server and a certificate for `a.example`.
async fn encrypted(variables: &[(&str, &str)]) -> (TestProxy, Authority) {
    let (proxy, backend, authority) =
        (TestProxy::with(variables, |_| {}).await, Backend::start().await, Authority::new("authority"));
    proxy.publish(&backend).await;
    backend.echoes();
    proxy.serve(&[authority.certificate("a.pem", &["a.example"])]).await;
    (proxy, authority)
}

/// The number of handshakes that ended so, as `/metrics` says it.
async fn counted(proxy: &TestProxy, result: &str) -> u64 {
    let reply = soon("the metrics", reqwest::get(format!("http://{}/metrics", proxy.api_address()))).await;
    let text = soon("the metrics", reply.expect("an API").text()).await.expect("text");
    let label = format!("result=\"{result}\"}} ");
    let port = format!("port=\"{}\"", proxy.tls_address().port());
    let is_it = |line: &&str| line.contains("tls_handshakes_total") && line.contains(&port) && line.contains(&label);
    let line = text.lines().find(is_it).expect("all ends are shown").to_owned();
    line.rsplit(' ').next().and_then(|count| count.parse().ok()).expect("a number")
}

/// So many handshakes have ended so, once the last is counted: that is a moment after its alert has arrived.
async fn counts(proxy: &TestProxy, result: &str, expected: u64) {
    soon("a count", async {
        while counted(proxy, result).await != expected {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn without_any_certificate_the_handshake_ends_with_an_alert() {
    let (proxy, authority) = (TestProxy::start().await, Authority::new("authority"));
    let error = authority.client().try_connect(proxy.tls_address(), "a.example").await.err().expect("no handshake");
    assert!(error.to_string().contains("HandshakeFailure"), "{error}");
}

#[tokio::test]
async fn bug_what_a_client_had_sent_on_took_the_alert_with_it() {
    for (proxy, _) in [encrypted(&[]).await, (TestProxy::start().await, Authority::new("authority"))] {
        let mut plain = connect(proxy.tls_address().port()).await;
        // Plain HTTP is no TLS, and gets no HTTP. There is more of it than is read at once.
        plain.send(get(&format!("/demo?{}", "x".repeat(10_000)))).await;
        plain.ends().await;
        alert(plain).await;
    }
}

#[tokio::test]
async fn behaviour_189_the_name_chooses_the_certificate() {
    let (proxy, authority) = (TestProxy::start().await, Authority::new("authority"));
    let certificates = [
        authority.certificate("first.pem", &["first.example"]),
        authority.certificate("wild.pem", &["*.shop.example"]),
        authority.certificate("exact.pem", &["a.shop.example"]),
    ];
    proxy.serve(&certificates).await;
    let mut shown = Vec::<CertificateDer<'static>>::new();
    for name in ["first.example", "b.shop.example", "a.shop.example", "A.SHOP.example"] {
        shown.push(authority.client().connect(proxy.tls_address(), name).await.shown());
    }
    assert!(shown[0] != shown[1] && shown[1] != shown[2] && shown[2] == shown[3]);
    let error =
        authority.client().try_connect(proxy.tls_address(), "unknown.example").await.err().expect("not its name");
    assert!(error.to_string().contains("invalid peer certificate"), "the default is shown: {error}");
}

#[tokio::test]
async fn strict_sni_refuses_names_that_nobody_has() {
    let (proxy, authority) = encrypted(&[("SSL_BIND_OPTIONS", "strict-sni")]).await;
    let client = authority.client();
    let error = client.try_connect(proxy.tls_address(), "unknown.example").await.err().expect("no handshake");
    assert!(error.to_string().contains("UnrecognisedName"), "{error}");
    assert_eq!(client.ask(proxy.tls_address(), "a.example", &get("/demo")).await.status(), 200);
    let mut nameless = connect(proxy.tls_address().port()).await;
    nameless.send(hello([3, 3], &[[0xc0, 0x2b]], EXTENSIONS)).await;
    assert_eq!(alert(nameless).await, UNRECOGNIZED_NAME);
    counts(&proxy, "unknown_name", 2).await;
    counts(&proxy, "completed", 1).await;
}

#[tokio::test]
async fn versions_and_ciphers_of_old_are_refused() {
    let (proxy, _) = encrypted(&[]).await;
    // ECDHE with CBC, RSA key exchange, RC4, 3DES: nothing that was ever broken.
    let weak = [[0xc0, 0x09], [0xc0, 0x13], [0, 0x2f], [0, 0x9c], [0, 5], [0, 0x0a], [0, 0x9e]];
    for (version, suites, extensions, expected) in [
        ([3, 2], &[[0xc0, 0x2b], [0xc0, 0x09]][..], EXTENSIONS, PROTOCOL_VERSION),
        ([3, 1], &[[0xc0, 0x09]], EXTENSIONS, PROTOCOL_VERSION),
        ([3, 1], &[[0xc0, 0x09]], b"", HANDSHAKE_FAILURE),
        ([3, 0], &[[0, 0x2f]], b"", HANDSHAKE_FAILURE),
        ([3, 3], &weak, EXTENSIONS, HANDSHAKE_FAILURE),
    ] {
        let mut client = connect(proxy.tls_address().port()).await;
        client.send(hello(version, suites, extensions)).await;
        assert_eq!(alert(client).await, expected, "{version:?}");
    }
    counts(&proxy, "nothing_in_common", 5).await;
}

#[tokio::test]
async fn options_and_ciphers_are_kept_to() {
    let (proxy, authority) =
        encrypted(&[("SSL_BIND_OPTIONS", "force-tlsv12"), ("SSL_BIND_CIPHERS", "ECDHE+CHACHA20")]).await;
    let client = authority.client_of(&[&TLS12, &TLS13], None, &[]).connect(proxy.tls_address(), "a.example").await;
    assert_eq!(client.session().protocol_version(), Some(ProtocolVersion::TLSv1_2));
    let suite = client.session().negotiated_cipher_suite().map(|suite| suite.suite());
    assert_eq!(suite, Some(CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256));
    assert!(authority.client_of(&[&TLS13], None, &[]).try_connect(proxy.tls_address(), "a.example").await.is_err());
    let (proxy, authority) = encrypted(&[("SSL_BIND_OPTIONS", "ssl-min-ver TLSv1.3")]).await;
    assert!(authority.client_of(&[&TLS12], None, &[]).try_connect(proxy.tls_address(), "a.example").await.is_err());
    let client = authority.client().connect(proxy.tls_address(), "a.example").await;
    assert_eq!(client.session().protocol_version(), Some(ProtocolVersion::TLSv1_3));
}

#[tokio::test]
async fn behaviour_117_http2_is_offered_unless_it_is_switched_off() {
    for (setting, expected) in [("true", "h2"), ("false", "http/1.1")] {
        let (proxy, authority) = encrypted(&[("ENABLE_H2", setting)]).await;
        let both = authority.client_of(&[&TLS13], None, &["h2", "http/1.1"]);
        let client = both.connect(proxy.tls_address(), "a.example").await;
        assert_eq!(client.session().alpn_protocol(), Some(expected.as_bytes()));
        let silent = authority.client().connect(proxy.tls_address(), "a.example").await;
        assert_eq!(silent.session().alpn_protocol(), None);
    }
}

#[tokio::test]
async fn behaviours_22_and_126_only_verified_clients_pass() {
    let (clients, others) = (Authority::new("clients"), Authority::new("others"));
    clients
        .in_a_file(async |file| {
            let (proxy, authority) = encrypted(&[("CA_FILE", file)]).await;
            let backend = Backend::start().await;
            let query = "serviceName=closed&servicePath=/closed&outboundHostname=127.0.0.1&verifyClientSsl=true";
            let reply = proxy.configure(&format!("{query}&port={}", backend.port())).await;
            assert!(!reply.body.contains("CA_FILE"), "nothing to warn of: {}", reply.body);
            backend.echoes();
            let (address, closed) = (proxy.tls_address(), get("/closed"));
            assert_eq!(proxy.ask(&closed).await.status(), 403, "no TLS");
            assert_eq!(authority.client().ask(address, "a.example", &closed).await.status(), 403, "no certificate");
            assert_eq!(
                authority.client().ask(address, "a.example", &get("/demo")).await.status(),
                200,
                "not asked for one"
            );
            let known = authority.client_with(clients.identity("known"));
            assert_eq!(known.ask(address, "a.example", &closed).await.status(), 200);
            let again = known.connect(address, "a.example").await;
            let kind = again.session().handshake_kind();
            assert_eq!(kind, Some(HandshakeKind::Full), "a certificate that has ended since must not pass");
            drop(again);
            assert_eq!(known.ask(address, "a.example", &closed).await.status(), 200, "still known when it comes back");
            let stranger = authority.client_with(others.identity("stranger"));
            let mut refused = stranger.connect(address, "a.example").await;
            let error = refused.try_reply().await.expect_err("a certificate of somebody else");
            assert!(error.to_string().contains("UnknownCA"), "{error}");
            counts(&proxy, "bad_client_certificate", 1).await;
        })
        .await;
}

#[tokio::test]
async fn without_authorities_a_service_that_verifies_clients_is_warned_of() {
    let (proxy, backend) = (TestProxy::start().await, Backend::start().await);
    let query = format!("serviceName=go&servicePath=/&port={}&verifyClientSsl=true", backend.port());
    let reply = proxy.configure(&query).await;
    assert!(
        reply.body.contains("the proxy has no CA_FILE to verify clients with: every request gets 403"),
        "{}",
        reply.body
    );
}

#[tokio::test]
async fn sessions_are_resumed_across_a_change_of_certificates() {
    for version in [&TLS12, &TLS13] {
        let (proxy, authority) = encrypted(&[]).await;
        let client = authority.client_of(&[version], None, &[]);
        assert_eq!(client.ask(proxy.tls_address(), "a.example", &get("/demo")).await.status(), 200);
        proxy.serve(&[authority.certificate("new.pem", &["a.example"])]).await;
        let mut again = client.connect(proxy.tls_address(), "a.example").await;
        assert_eq!(again.session().handshake_kind(), Some(HandshakeKind::Resumed), "{version:?}");
        again.send(get("/demo")).await;
        assert_eq!(again.reply().await.status(), 200);
    }
}

#[tokio::test]
async fn without_tickets_every_handshake_is_whole() {
    let (proxy, authority) = encrypted(&[("SSL_BIND_OPTIONS", "no-tls-tickets")]).await;
    let client = authority.client();
    for _ in 0..2 {
        let mut peer = client.connect(proxy.tls_address(), "a.example").await;
        assert_eq!(peer.session().handshake_kind(), Some(HandshakeKind::Full));
        peer.send(get("/demo")).await;
        assert_eq!(peer.reply().await.status(), 200);
    }
}

#[tokio::test]
async fn a_client_that_says_nothing_is_not_waited_for() {
    let (proxy, _) = encrypted(&[("TIMEOUT_HTTP_REQUEST", "1")]).await;
    let mut silent = Peer::connect(proxy.tls_address()).await;
    silent.receives_end().await;
    let mut slow = Peer::connect(proxy.tls_address()).await;
    slow.send(&hello([3, 3], &[[0xc0, 0x2b]], EXTENSIONS)[..20]).await;
    slow.rest().await.ok();
    counts(&proxy, "timeout", 2).await;
}
