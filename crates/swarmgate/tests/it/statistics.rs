//! The page of statistics, HAProxy's table of figures, and the metrics with HAProxy's names.
//!
//! Not here: how exactly is counted (`observing`).

use crate::dns::{FakeDns, Says};
use crate::harness::{Peer, Reply, TestProxy, free_port, get, ok, published, soon};
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpListener;

/// `stats:pass`.
const LOGIN: &str = "Authorization: Basic c3RhdHM6cGFzcw==\r\n";
const CREDENTIALS: [(&str, &str); 2] = [("STATS_USER", "stats"), ("STATS_PASS", "pass")];
const OPEN: [(&str, &str); 2] = [("STATS_USER", "none"), ("STATS_PASS", "none")];

fn asked(method: &str, target: &str, fields: &str) -> String {
    format!("{method} {target} HTTP/1.1\r\nHost: any.com\r\n{fields}\r\n")
}

#[tokio::test]
async fn behaviour_49_statistics_want_a_name_and_a_password() {
    let proxy = TestProxy::with(&CREDENTIALS, |_| {}).await;
    let refused = proxy.ask(&asked("GET", "/admin?stats", "")).await;
    assert_eq!((refused.status(), refused.field("www-authenticate")), (401, "Basic realm=\"Strictly Private\""));
    let wrong = "Authorization: Basic c3RhdHM6cGFzcx==\r\n";
    assert_eq!(proxy.ask(&asked("GET", "/admin?stats", wrong)).await.status(), 401);
    let page = proxy.ask(&asked("GET", "/admin?stats", LOGIN)).await;
    assert_eq!((page.status(), page.field("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.body.contains("<h2>Frontends</h2>") && page.body.contains("services"), "{}", page.body);
}

#[tokio::test]
async fn behaviour_23_statistics_without_a_password_are_on_every_port_before_services() {
    let (proxy, (_, backend)) = (TestProxy::with(&OPEN, |_| {}).await, published().await);
    proxy.configure(&format!("serviceName=all&servicePath=/&port={}&outboundHostname=127.0.0.1", backend.port())).await;
    let page = proxy.ask(&asked("GET", "/admin?stats", "")).await;
    assert_eq!(page.status(), 200);
    assert!(page.body.contains(&format!("all-be{}_0", backend.port())), "{}", page.body);
    let mut client = proxy.client().await;
    for target in ["/admin?stats;csv", "/admin?stats;csv;norefresh", "http://other.com/admin?stats;csv"] {
        client.send(asked("GET", target, "")).await;
        let head = client.receives_head().await;
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("Content-Type: text/plain"), "{head}");
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).expect("a length");
        let body = client.receives_bytes(length.parse().expect("a number")).await;
        assert!(body.starts_with(b"# pxname,svname,qcur,qmax,scur,"), "the connection goes on");
    }
    client.send(asked("HEAD", "/admin?statsx", "") + &asked("GET", "/admin?stats", "")).await;
    assert!(client.receives_head().await.starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(client.receives_head().await.starts_with("HTTP/1.1 200 OK\r\n"), "no body came between");
    backend.echoes();
    for elsewhere in
        [asked("GET", "/admin", ""), asked("GET", "/a/admin?stats", ""), asked("DELETE", "/admin?stats", "")]
    {
        assert!(proxy.ask(&elsewhere).await.body.contains("/admin"), "{elsewhere}");
    }
    let closed = TestProxy::start().await;
    assert_eq!(
        closed.ask(&asked("GET", "/admin?stats", "")).await.status(),
        503,
        "there is no page unless it is asked for"
    );
}

#[tokio::test]
async fn a_redirect_to_https_comes_before_statistics() {
    let proxy = TestProxy::with(&CREDENTIALS, |_| {}).await;
    proxy.configure("serviceName=a&servicePath=/&port=1&redirectWhenHttpProto=true").await;
    proxy.configure("serviceName=b&servicePath=/b&port=1&httpsOnly=true").await;
    let plain = format!("X-Forwarded-Proto: http\r\n{LOGIN}");
    let redirect = proxy.ask(&asked("GET", "/admin?stats", &plain)).await;
    assert_eq!((redirect.status(), redirect.field("location")), (302, "https://any.com/admin?stats"));
    assert_eq!(proxy.ask(&asked("GET", "/admin?stats", LOGIN)).await.status(), 200);
}

#[tokio::test]
async fn behaviour_120_statistics_with_a_port_of_their_own_are_nowhere_else() {
    let port = free_port();
    let own = port.to_string();
    let variables = [CREDENTIALS[0], CREDENTIALS[1], ("STATS_PORT", &*own), ("STATS_URI", "/my-stats")];
    let proxy = TestProxy::with(&variables, |_| {}).await;
    proxy.configure("serviceName=all&servicePath=/&port=1&outboundHostname=127.0.0.1&deniedMethods=GET").await;
    assert_eq!(proxy.ask(&asked("GET", "/my-stats", LOGIN)).await.status(), 403, "a service's, like all else");
    let on_own = async |request: String| {
        let mut client = Peer::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await;
        client.send(request).await;
        client.reply().await
    };
    assert_eq!(on_own(asked("GET", "/my-stats;csv", LOGIN)).await.status(), 200);
    assert_eq!(on_own(asked("GET", "/my-stats", "")).await.status(), 401);
    assert_eq!(on_own(asked("GET", "/demo", "")).await.status(), 503, "nothing else is there");
}

/// The values of a row by the names of its columns.
fn value<'t>(table: &'t str, row: &str, column: &str) -> &'t str {
    let mut lines = table.lines();
    let names = lines.next().and_then(|head| head.strip_prefix("# ")).expect("a head");
    let place = names.split(',').position(|name| name == column).expect("a column");
    let line = lines.find(|line| line.starts_with(&format!("{row},"))).unwrap_or_else(|| panic!("{row} in {table}"));
    line.split(',').nth(place).expect("as many values as names")
}

#[tokio::test]
async fn behaviours_7_and_84_the_figures_are_haproxys_rows_and_columns() {
    let (proxy, mut backend) = published().await;
    let (mut client, mut server) = proxy.exchange(&mut backend, &get("/demo")).await;
    server.send(ok("hi")).await;
    client.receives(ok("hi")).await;
    assert_eq!(proxy.ask(&get("/unknown")).await.status(), 503);
    let table = async || {
        let reply = proxy.api("/metrics").await;
        assert_eq!((reply.status(), reply.field("content-type")), (200, "text/plain; charset=utf-8"));
        reply.body
    };
    let name = format!("go-be{}_0", backend.port());
    let (own, go) = (format!("{name},BACKEND"), format!("{name},go"));
    let table = soon("the counters", async {
        loop {
            let table = table().await;
            if value(&table, &own, "scur") == "0" && value(&table, "services,FRONTEND", "req_tot") == "2" {
                return table;
            }
        }
    })
    .await;
    for (row, column, expected) in [
        ("services,FRONTEND", "stot", "2"),
        ("services,FRONTEND", "hrsp_2xx", "1"),
        ("services,FRONTEND", "hrsp_5xx", "1"),
        ("services,FRONTEND", "bin", &get("/demo").len().to_string()),
        ("services,FRONTEND", "status", "OPEN"),
        (&own, "stot", "1"),
        (&own, "hrsp_2xx", "1"),
        (&own, "bin", &get("/demo").len().to_string()),
        (&own, "bout", &ok("hi").len().to_string()),
        (&own, "status", "UP"),
        (&go, "stot", "1"),
        (&go, "connect", "1"),
        (&go, "addr", &format!("127.0.0.1:{}", backend.port())),
    ] {
        assert_eq!(value(&table, row, column), expected, "{column} of {row}");
    }
    let columns = |line: &str| line.split(',').count();
    assert!(table.lines().all(|line| columns(line) == columns(table.lines().next().unwrap())), "{table}");
    let url = format!("http://{}/metrics", proxy.api_address());
    let metrics = soon("the metrics", async { reqwest::get(url).await?.text().await }).await.expect("metrics");
    for sample in [
        "haproxy_up 1",
        "haproxy_frontend_http_responses_total{frontend=\"services\",code=\"5xx\"} 1",
        &format!("haproxy_backend_http_responses_total{{backend=\"{name}\",code=\"2xx\"}} 1"),
        &format!("haproxy_server_up{{backend=\"{name}\",server=\"go\"}} 1"),
    ] {
        assert!(metrics.lines().any(|line| line == sample), "{sample} in {metrics}");
    }
}

/// A proxy on 127.0.0.1 whose replicas are those, and another replica's API on 127.0.0.2.
async fn replicated() -> (TestProxy, FakeDns, TcpListener) {
    let dns = FakeDns::start().await;
    dns.resolves("tasks.proxy", &[1, 2]);
    let proxy = TestProxy::with(&[("RESOLVERS", &dns.address.to_string())], |_| {}).await;
    let other = TcpListener::bind((Ipv4Addr::new(127, 0, 0, 2), proxy.api_address().port())).await;
    (proxy, dns, other.expect("a free address"))
}

/// What the proxy says about all replicas, when the other one answers so.
async fn of_all(proxy: &TestProxy, other: &TcpListener, answer: &str) -> (Reply, String) {
    let answers = async {
        let (stream, _) = soon("the other replica", other.accept()).await.expect("a connection");
        let mut peer = Peer::new(stream, "the other replica");
        let head = peer.receives_head().await;
        peer.send(answer).await;
        head
    };
    tokio::join!(proxy.api("/metrics?distribute=TRUE"), answers)
}

#[tokio::test]
async fn behaviours_8_and_84_the_figures_of_all_replicas_are_one_text_or_a_500() {
    let (proxy, dns, other) = replicated().await;
    let table = "# pxname,svname,\nother,FRONTEND,\n";
    let good = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{table}", table.len());
    let (reply, call) = of_all(&proxy, &other, &good).await;
    assert!(call.starts_with("GET /v1/docker-flow-proxy/metrics?distribute=false HTTP/1.1\r\n"), "{call}");
    assert_eq!(reply.status(), 200);
    assert!(reply.body.contains("services,FRONTEND") && reply.body.ends_with(&format!("\n{table}")), "{}", reply.body);
    let bad = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    assert_eq!(of_all(&proxy, &other, bad).await.0.status(), 500);
    dns.about("tasks.proxy", Says::NoSuchName);
    assert_eq!(proxy.api("/metrics?distribute=true").await.status(), 500);
}

#[tokio::test]
async fn a_page_of_many_services_arrives_whole_over_http2_too() {
    let proxy = TestProxy::with(&OPEN, |_| {}).await;
    for number in 0..300 {
        proxy.configure(&format!("serviceName=s{number}&servicePath=/{number}&port=1")).await;
    }
    let uri = format!("http://{}/admin?stats", proxy.address());
    let page = proxy.ask_http2(http::Request::get(uri).body(()).expect("a request")).await;
    let text = String::from_utf8_lossy(&page.body);
    assert_eq!((page.status.as_u16(), page.field("content-type")), (200, "text/html; charset=utf-8".to_owned()));
    assert!(text.len() > 100_000 && text.contains("s299-be1_0") && text.ends_with("</html>\n"), "{}", text.len());
}
