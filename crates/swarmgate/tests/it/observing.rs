//! What `/metrics` says after conversations of every kind, to the last one.

use crate::harness::{Backend, Peer, TestProxy, get, ok, published, soon};
use std::collections::BTreeMap;
use std::time::Duration;
use swarmgate::settings::ProxySettings;

/// What was scraped: values by name and labels.
struct Metrics(BTreeMap<String, f64>);

impl Metrics {
    async fn of(proxy: &TestProxy) -> Metrics {
        let url = format!("http://{}/metrics", proxy.api_address());
        let reply = soon("the metrics", reqwest::get(url)).await.expect("an API");
        assert_eq!(reply.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
        let text = soon("the metrics", reply.text()).await.expect("text");
        let samples = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
            let (name, value) = line.rsplit_once(' ').expect("a value");
            (name.to_owned(), value.parse().expect("a number"))
        });
        Metrics(samples.collect())
    }

    /// One value; 0 where there is none.
    fn value(&self, sample: &str) -> f64 {
        self.0.get(sample).copied().unwrap_or_default()
    }

    /// The sum of all that are called so.
    fn sum(&self, name: &str) -> f64 {
        self.0.iter().filter(|(sample, _)| sample.split('{').next() == Some(name)).map(|(_, value)| value).sum()
    }

    /// All of a name with a value other than 0, with what is written before `labels` left out.
    fn all(&self, name: &str) -> Vec<(&str, f64)> {
        let of = self.0.iter().filter_map(|(sample, value)| Some((sample.strip_prefix(name)?, *value)));
        of.filter(|(_, value)| *value != 0.0).collect()
    }

    fn backend(&self, name: &str) -> f64 {
        self.sum(&format!("swarmgate_backend_{name}"))
    }

    fn server(&self, name: &str) -> f64 {
        self.sum(&format!("swarmgate_server_{name}"))
    }
}

/// The metrics once they say so: an exchange is counted a moment after its last byte has arrived.
async fn once(proxy: &TestProxy, is_so: impl Fn(&Metrics) -> bool) -> Metrics {
    soon("the counters", async {
        loop {
            let metrics = Metrics::of(proxy).await;
            if is_so(&metrics) {
                return metrics;
            }
        }
    })
    .await
}

async fn short() -> (TestProxy, Backend) {
    let shorten = |settings: &mut ProxySettings| {
        settings.timeouts.http_request = Duration::from_millis(200);
        settings.timeouts.server = Duration::from_millis(200);
    };
    let (proxy, backend) = (TestProxy::with(&[], shorten).await, Backend::start().await);
    proxy.publish(&backend).await;
    (proxy, backend)
}

#[tokio::test]
async fn requests_responses_bytes_and_connections_are_counted_exactly() {
    let (proxy, mut backend) = published().await;
    let request = "POST /demo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
    let response = "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone";
    let (mut client, mut server) = proxy.exchange(&mut backend, request).await;
    server.receives("hello").await;
    server.send(response).await;
    client.receives(response).await;
    for _ in 0..2 {
        client.send(get("/demo")).await;
        server.receives_head().await;
        server.send(ok("hi")).await;
        client.receives(ok("hi")).await;
    }
    let metrics = once(&proxy, |metrics| metrics.backend("sessions") == 0.0).await;
    assert_eq!((metrics.backend("requests_total"), metrics.backend("connects_total")), (3.0, 1.0));
    let labels = format!("{{backend=\"go-be{}_0\",service=\"go\",code_class=", backend.port());
    assert_eq!(
        metrics.all("swarmgate_backend_responses_total"),
        [(&*format!("{labels}\"2xx\"}}"), 2.0), (&*format!("{labels}\"4xx\"}}"), 1.0)]
    );
    let bytes = |text: &str| text.len() as f64;
    assert_eq!(metrics.backend("request_bytes_total"), bytes(request) + 2.0 * bytes(&get("/demo")));
    assert_eq!(metrics.backend("response_bytes_total"), bytes(response) + 2.0 * bytes(&ok("hi")));
    assert_eq!(metrics.backend("request_duration_seconds_count"), 3.0);
    assert!(metrics.backend("request_duration_seconds_sum") > 0.0);
    let server =
        format!("backend=\"go-be{}_0\",service=\"go\",server=\"127.0.0.1:{}\"", backend.port(), backend.port());
    assert_eq!(metrics.value(&format!("swarmgate_server_requests_total{{{server}}}")), 3.0);
    assert_eq!(metrics.value(&format!("swarmgate_server_connects_total{{{server}}}")), 1.0);
    let port = proxy.address().port();
    assert_eq!(metrics.value(&format!("swarmgate_frontend_connections_total{{port=\"{port}\"}}")), 1.0);
    assert_eq!(metrics.value(&format!("swarmgate_frontend_open_connections{{port=\"{port}\"}}")), 1.0);
    assert_eq!(metrics.sum("swarmgate_frontend_responses_total"), 3.0);
    assert_eq!((metrics.value("swarmgate_services"), metrics.value("swarmgate_generation")), (1.0, 1.0));
    assert_eq!(metrics.sum("swarmgate_answers_total"), 0.0);
    drop(client);
    once(&proxy, |metrics| metrics.sum("swarmgate_frontend_closed_connections_total") == 1.0).await;
}

#[tokio::test]
async fn each_answer_of_the_proxy_is_counted_with_its_reason() {
    let (proxy, backend) = short().await;
    let port = backend.port();
    let _dead = backend.closed(9);
    let service = "outboundHostname=127.0.0.1";
    proxy.configure(&format!("serviceName=dead&servicePath=/dead&port={port}&outboundHostname=127.0.0.9")).await;
    proxy.configure(&format!("serviceName=deny&servicePath=/deny&port={port}&{service}&deniedMethods=GET")).await;
    proxy.configure(&format!("serviceName=auth&servicePath=/auth&port={port}&{service}&users=u:p")).await;
    proxy.configure(&format!("serviceName=tls&servicePath=/tls&port={port}&{service}&httpsOnly=true")).await;
    for (request, status) in [
        ("nonsense\r\n\r\n", 400),
        (&*get("/auth"), 401),
        (&*get("/deny"), 403),
        ("CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        ("GET / HT", 408),
        (&*get(&format!("/{}", "x".repeat(20_000))), 414),
        (&*format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(70_000)), 431),
        (&*get("/unknown"), 503),
        (&*get("/dead"), 503),
        (&*get("/tls"), 302),
    ] {
        assert_eq!(proxy.ask(request).await.status(), status, "{request:.60}");
    }
    let metrics = once(&proxy, |metrics| metrics.sum("swarmgate_answers_total") == 10.0).await;
    let expected = [
        ("302", "redirect"),
        ("400", "malformed_head"),
        ("401", "unauthorized"),
        ("403", "denied"),
        ("405", "method_not_allowed"),
        ("408", "head_timeout"),
        ("414", "target_too_long"),
        ("431", "head_too_large"),
        ("503", "no_route"),
        ("503", "no_server"),
    ];
    let mut expected = expected.map(|(code, reason)| format!("{{code=\"{code}\",reason=\"{reason}\"}}"));
    expected.sort();
    assert_eq!(metrics.all("swarmgate_answers_total"), expected.each_ref().map(|labels| (labels.as_str(), 1.0)));
    assert_eq!(metrics.sum("swarmgate_frontend_responses_total"), 10.0);
    assert_eq!((metrics.backend("connect_failures_total"), metrics.server("failing_threads")), (1.0, 1.0));
}

#[tokio::test]
async fn servers_that_fail_are_told_apart() {
    let (proxy, mut backend) = short().await;
    let (mut client, server) = proxy.exchange(&mut backend, &get("/demo")).await;
    server.cuts_off();
    assert_eq!(client.reply().await.status(), 502);
    let (mut client, mut server) = proxy.exchange(&mut backend, &get("/demo")).await;
    server.send("nonsense\r\n\r\n").await;
    assert_eq!(client.reply().await.status(), 502);
    let (mut client, _server) = proxy.exchange(&mut backend, &get("/demo")).await;
    assert_eq!(client.reply().await.status(), 504);
    let (mut client, mut server) = proxy.exchange(&mut backend, &get("/demo")).await;
    server.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").await;
    client.receives_head().await;
    drop(server);
    client.is_cut_off().await;
    let metrics = once(&proxy, |metrics| metrics.backend("sessions") == 0.0).await;
    assert_eq!(
        metrics.all("swarmgate_answers_total"),
        [
            ("{code=\"502\",reason=\"bad_response\"}", 1.0),
            ("{code=\"502\",reason=\"server_closed\"}", 1.0),
            ("{code=\"504\",reason=\"server_timeout\"}", 1.0)
        ]
    );
    assert_eq!((metrics.backend("broken_responses_total"), metrics.backend("responses_total")), (1.0, 4.0));
}

#[tokio::test]
async fn a_repetition_and_a_retry_are_told_apart() {
    let (proxy, mut backend) = published().await;
    let (mut client, mut server) = proxy.exchange(&mut backend, &get("/demo")).await;
    server.send(ok("hi")).await;
    client.receives(ok("hi")).await;
    client.send(get("/demo")).await;
    server.receives_head().await;
    drop(server);
    let mut server = backend.accept().await;
    server.receives_head().await;
    server.send(ok("hi")).await;
    client.receives(ok("hi")).await;
    let metrics = once(&proxy, |metrics| metrics.backend("sessions") == 0.0).await;
    let counts = ["requests_total", "connects_total", "repetitions_total", "retries_total"];
    assert_eq!(counts.map(|name| metrics.backend(name)), [2.0, 2.0, 1.0, 0.0]);
    assert_eq!((metrics.server("requests_total"), metrics.server("sessions")), (3.0, 0.0));
}

async fn tunnel(proxy: &TestProxy, backend: &mut Backend) -> (Peer, Peer) {
    let upgrade = "GET /demo HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
    let switched = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n";
    let (mut client, mut server) = proxy.exchange(backend, upgrade).await;
    server.send(switched).await;
    client.receives(switched).await;
    (client, server)
}

#[tokio::test]
async fn a_tunnel_counts_while_it_is_open_and_outlives_its_service() {
    let (proxy, mut backend) = published().await;
    let (mut client, mut server) = tunnel(&proxy, &mut backend).await;
    // The client may have its response a moment before it is counted.
    let before = once(&proxy, |now| now.backend("response_bytes_total") > 0.0).await;
    client.send("ping").await;
    server.receives("ping").await;
    server.send("pong!").await;
    client.receives("pong!").await;
    let class =
        |metrics: &Metrics| metrics.all("swarmgate_backend_responses_total").iter().map(|(_, n)| n).sum::<f64>();
    let metrics =
        once(&proxy, |now| now.backend("response_bytes_total") == before.backend("response_bytes_total") + 5.0).await;
    assert_eq!(metrics.backend("request_bytes_total"), before.backend("request_bytes_total") + 4.0);
    assert_eq!((metrics.backend("sessions"), class(&metrics)), (1.0, 1.0));
    proxy.api("/remove?serviceName=go").await;
    let metrics = Metrics::of(&proxy).await;
    assert_eq!((metrics.value("swarmgate_services"), metrics.backend("sessions")), (0.0, 1.0));
    drop((client, server));
    let metrics = once(&proxy, |metrics| metrics.backend("sessions") == 0.0).await;
    assert_eq!((metrics.backend("requests_total"), class(&metrics)), (1.0, 1.0));
}

#[tokio::test]
async fn counters_outlive_a_change_of_their_service() {
    let (proxy, mut backend) = published().await;
    for change in ["", "&timeoutServer=7"] {
        proxy.publish_with(&backend, change).await;
        let (mut client, mut server) = proxy.exchange(&mut backend, "GET /demo HTTP/1.0\r\n\r\n").await;
        server.send("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n").await;
        drop(server);
        client.receives_head().await;
    }
    once(&proxy, |metrics| metrics.backend("requests_total") == 2.0).await;
}

#[tokio::test]
async fn idle_services_have_no_series_of_their_own() {
    let (proxy, _backend) = published().await;
    let metrics = Metrics::of(&proxy).await;
    assert_eq!((metrics.value("swarmgate_backends"), metrics.sum("swarmgate_backend_requests_total")), (1.0, 0.0));
    assert!(!metrics.0.keys().any(|name| name.contains("go")));
}
