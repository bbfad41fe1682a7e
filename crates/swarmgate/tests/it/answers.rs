//! What the proxy itself answers, byte for byte: refusals, errors, redirects, and silence on ports that want TLS.

use crate::dns::{FakeDns, Says};
use crate::harness::{Backend, Peer, TestProxy, get, got, ok, published};

/// An answer with this status line and these fields, and the page that belongs to it.
fn page(status: &str, fields: &str, sentence: &str) -> String {
    let (_, title) = status.split_once(' ').expect("a version before the status");
    let body = format!("<html><body><h1>{title}</h1>\n{sentence}\n</body></html>\n");
    let length = body.len();
    let connection = "Cache-Control: no-cache\r\nConnection: close\r\nContent-Type: text/html\r\n";
    format!("{status}\r\n{connection}{fields}Content-Length: {length}\r\n\r\n{body}")
}

/// `request` gets exactly `expected`, and that is the end of the connection.
async fn check(proxy: &TestProxy, request: &str, expected: &str) {
    let mut client = proxy.client().await;
    client.send(request).await;
    client.receives(expected).await;
    client.receives_end().await;
}

#[tokio::test]
async fn behaviour_24_an_unknown_route_is_a_503() {
    let proxy = TestProxy::start().await;
    let sentence = "No server is available to handle this request.";
    let expected = page("HTTP/1.1 503 Service Unavailable", "", sentence);
    check(&proxy, &get("/unknown"), &expected).await;
    check(&proxy, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", &expected).await;
    check(&proxy, "GET / HTTP/1.0\r\n\r\n", &expected.replacen("1.1", "1.0", 1)).await;
    let (head, _) = expected.split_once("\r\n\r\n").unwrap();
    check(&proxy, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", &format!("{head}\r\n\r\n")).await;
}

#[tokio::test]
async fn behaviours_32_46_and_186_credentials_are_asked_for_as_the_seed_shows() {
    let proxy = TestProxy::with(&[("USERS", "my-user-1:my-pass-1,my-user-2:my-pass-2")], |_| {}).await;
    let mut backend = Backend::start().await;
    proxy.publish(&backend).await;
    let sentence = "You need a valid user and password to access this content.";
    let realm = "WWW-Authenticate: Basic realm=\"defaultRealm\"\r\n";
    let expected = page("HTTP/1.1 401 Unauthorized", realm, sentence);
    check(&proxy, &get("/demo"), &expected).await;
    // my-user-1:wrong, my-user-2:my-pass-1, MY-USER-1:my-pass-1, not base64 at all, another scheme.
    for wrong in [
        "Basic bXktdXNlci0xOndyb25n",
        "Basic bXktdXNlci0yOm15LXBhc3MtMQ==",
        "Basic TVktVVNFUi0xOm15LXBhc3MtMQ==",
        "Basic ???",
        "Bearer x",
    ] {
        check(&proxy, &format!("GET /demo HTTP/1.1\r\nHost: a\r\nAuthorization: {wrong}\r\n\r\n"), &expected).await;
    }
    check(&proxy, "GET /demo HTTP/1.0\r\n\r\n", &expected.replacen("1.1", "1.0", 1)).await;
    assert_eq!(proxy.ask(&get("/unknown")).await.status(), 503, "nobody is asked where there is no route");
    let mut client = proxy.client().await;
    for right in ["bXktdXNlci0xOm15LXBhc3MtMQ==", "bXktdXNlci0yOm15LXBhc3MtMg=="] {
        client.send(format!("GET /demo HTTP/1.1\r\nAuthorization: Basic {right}\r\nHost: a\r\n\r\n")).await;
        let mut server = backend.accept().await;
        server.receives(got("/demo")).await;
        server.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi").await;
        client.receives(ok("hi")).await;
    }
}

#[tokio::test]
async fn behaviours_47_and_187_a_services_own_users_replace_the_global_ones() {
    let proxy = TestProxy::with(&[("USERS", "user1:pass1")], |_| {}).await;
    let mut backend = Backend::start().await;
    proxy.publish_with(&backend, "&users=admin:password").await;
    let sentence = "You need a valid user and password to access this content.";
    let realm = "WWW-Authenticate: Basic realm=\"goRealm\"\r\n";
    let expected = page("HTTP/1.1 401 Unauthorized", realm, sentence);
    check(&proxy, "GET /demo HTTP/1.1\r\nHost: a\r\nAuthorization: Basic dXNlcjE6cGFzczE=\r\n\r\n", &expected).await;
    let mut client = proxy.client().await;
    client.send("GET /demo HTTP/1.1\r\nHost: a\r\nAuthorization: Basic YWRtaW46cGFzc3dvcmQ=\r\n\r\n").await;
    backend.accept().await.receives(got("/demo")).await;
}

#[tokio::test]
async fn credentials_pass_to_a_service_that_asks_for_none() {
    let (proxy, mut backend) = published().await;
    let fields = "Authorization: Basic YWRtaW46cGFzc3dvcmQ=\r\n";
    proxy.client().await.send(format!("GET /demo HTTP/1.1\r\nHost: a\r\n{fields}\r\n")).await;
    let expected = format!("GET /demo HTTP/1.1\r\nHost: a\r\n{fields}X-Forwarded-For: 127.0.0.1\r\n\r\n");
    backend.accept().await.receives(expected).await;
}

#[tokio::test]
async fn behaviours_38_and_40_denied_methods_are_a_403_before_any_password() {
    let (proxy, backend) = (TestProxy::start().await, Backend::start().await);
    let expected = page("HTTP/1.1 403 Forbidden", "", "A rule of this service forbids the request.");
    for rule in ["&allowedMethods=DELETE", "&deniedMethods=GET", "&denyHttp=true", "&verifyClientSsl=true"] {
        proxy.publish_with(&backend, &format!("&users=a:b{rule}")).await;
        check(&proxy, &get("/demo"), &expected).await;
    }
}

#[tokio::test]
async fn https_only_redirects_with_host_port_and_query() {
    let (proxy, backend) = (TestProxy::start().await, Backend::start().await);
    for (rule, status) in [("", "302 Found"), ("&httpsRedirectCode=308", "308 Permanent Redirect")] {
        proxy.publish_with(&backend, &format!("&httpsOnly=true&users=a:b{rule}")).await;
        let mut client = proxy.client().await;
        for _ in 0..2 {
            client.send("GET /demo/x?y=z HTTP/1.1\r\nHost: A.com:81\r\n\r\n").await;
            let head =
                format!("HTTP/1.1 {status}\r\nCache-Control: no-cache\r\nLocation: https://A.com:81/demo/x?y=z\r\n");
            client.receives(format!("{head}Content-Length: 0\r\n\r\n")).await;
        }
        client.send("GET /demo HTTP/1.0\r\nHost: b\r\n\r\n").await;
        let head = format!(
            "HTTP/1.0 {status}\r\nCache-Control: no-cache\r\nConnection: close\r\nLocation: https://b/demo\r\n"
        );
        client.receives(format!("{head}Content-Length: 0\r\n\r\n")).await;
        client.receives_end().await;
    }
}

#[tokio::test]
async fn requests_that_are_none_are_refused_by_name() {
    let proxy = TestProxy::start().await;
    let long = "x".repeat(40_000);
    for (request, status) in [
        ("hello\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/1.1\nHost: a\n\n".to_owned(), 400),
        ("\x16\x03\x01\x02\x00\x01\x00\x01\x7c\x03\x03".to_owned(), 400),
        ("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 405),
        (format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n"), 414),
        (format!("GET / HTTP/1.1\r\nHost: a\r\nX: {long}\r\n\r\n"), 431),
        (format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: 1\r\n".repeat(256)), 431),
    ] {
        let mut client = proxy.client().await;
        client.send(&request).await;
        let reply = client.reply().await;
        assert_eq!((reply.status(), reply.field("connection")), (status, "close"), "{:?}", &request[..20]);
        assert_eq!(reply.field("allow").is_empty(), status != 405);
        client.receives_end().await;
    }
}

#[tokio::test]
async fn a_host_that_does_not_resolve_is_a_503_for_itself_alone() {
    let mut dns = FakeDns::start().await;
    dns.about("lost", Says::Silence);
    dns.about("tasks.lost", Says::Silence);
    dns.about("broken", Says::Failure);
    let proxy = TestProxy::with(&[("RESOLVERS", &dns.address.to_string())], |_| {}).await;
    let mut backend = Backend::start().await;
    proxy.publish(&backend).await;
    proxy.configure("serviceName=lost&servicePath=/lost&port=80").await;
    for name in ["unknown", "broken"] {
        proxy.configure(&format!("serviceName={name}&servicePath=/{name}&port=80")).await;
    }
    let mut waiting = proxy.client().await;
    waiting.send(get("/lost")).await;
    dns.is_asked_for("lost").await;
    for path in ["/unknown", "/broken"] {
        assert_eq!(proxy.ask(&get(path)).await.status(), 503);
    }
    let mut client = proxy.client().await;
    client.send(get("/demo")).await;
    let mut server = backend.accept().await;
    server.send(ok("hi")).await;
    client.receives(ok("hi")).await;
    proxy.configure("serviceName=lost&servicePath=/lost/2&port=80").await;
    assert_eq!(waiting.reply().await.status(), 503);
}

#[tokio::test]
async fn a_port_that_wants_tls_closes_and_never_speaks_plain_http() {
    let proxy = TestProxy::start().await;
    let mut client = Peer::connect(proxy.tls_address()).await;
    client.can_send(get("/")).await;
    let answer = client.rest().await.unwrap_or_default();
    // An alert has the content type 21 and a length of two (RFC 8446 §5.1).
    assert!(answer.is_empty() || matches!(answer[..], [21, 3, _, 0, 2, _, _]), "{answer:?}");
}
