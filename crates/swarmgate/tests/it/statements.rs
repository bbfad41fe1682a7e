//! Statements on the wire: what header parameters and `backendExtra` make of requests and responses, over HTTP/1.1 and HTTP/2 alike.
//!
//! Not here: their language (`model::expression`, `model::statement`).

use crate::harness::{Backend, Peer, Reply2, TestProxy, ok};
use http::Request;

/// One row of the table. Parts are divided by `|`; a field behind `!` must not be there.
struct Row {
    rules: &'static [(&'static str, &'static str)],
    /// The request line without its version, and fields of the client.
    asks: &'static str,
    /// What the server sees of them; empty: it is not asked.
    reaches: &'static str,
    /// Fields of the server's response.
    says: &'static str,
    /// Status and fields that the client sees.
    gets: &'static str,
}

const fn request(rules: &'static [(&'static str, &'static str)], asks: &'static str, reaches: &'static str) -> Row {
    Row { rules, asks, reaches, says: "", gets: "200" }
}

const fn response(rules: &'static [(&'static str, &'static str)], says: &'static str, gets: &'static str) -> Row {
    Row { rules, asks: "GET /demo/x", reaches: "GET /demo/x", says, gets }
}

const fn answer(rules: &'static [(&'static str, &'static str)], asks: &'static str, gets: &'static str) -> Row {
    Row { rules, asks, reaches: "", says: "", gets }
}

const TABLE: &[Row] = &[
    request(&[("addReqHeader", "X-A b")], "GET /demo/x?y", "GET /demo/x?y|x-a: b"),
    request(&[("addHeader", "X-A \"b c\"")], "GET /demo/x|X-A: first", "GET /demo/x|x-a: first|x-a: b c"),
    request(&[("addReqHeader", "X-A b\\ c,X-B %[method]")], "PUT /demo/x", "PUT /demo/x|x-a: b c|x-b: PUT"),
    request(
        &[("setReqHeader", "X-In %[path]")],
        "GET /demo/x?y|X-In: 1|x-in: 2",
        "GET /demo/x?y|x-in: /demo/x|!x-in: 1|!x-in: 2",
    ),
    request(&[("setHeader", "X-Ip %[src]")], "GET /demo/x", "GET /demo/x|x-ip: 127.0.0.1"),
    request(&[("addReqHeader", "X-Ip %ci")], "GET /demo/x", "GET /demo/x|x-ip: 127.0.0.1"),
    request(&[("addReqHeader", "X-Tls %[ssl_fc]")], "GET /demo/x", "GET /demo/x|x-tls: 0"),
    request(&[("addReqHeader", "X-Fe %[fe_name]")], "GET /demo/x", "GET /demo/x|x-fe: services"),
    request(&[("delReqHeader", "X-In")], "GET /demo/x|X-In: 1|X-Out: 2", "GET /demo/x|x-out: 2|!x-in: 1"),
    request(
        &[("delReqHeader", "X-Forwarded-For")],
        "GET /demo/x|X-Forwarded-For: 9.9.9.9",
        "GET /demo/x|x-forwarded-for: 127.0.0.1|!x-forwarded-for: 9.9.9.9",
    ),
    request(&[("addReqHeader", "X-A yes if { path_beg /demo/x }")], "GET /demo/x", "GET /demo/x|x-a: yes"),
    request(&[("addReqHeader", "X-A yes unless { path_beg /demo/x }")], "GET /demo/x", "GET /demo/x|!x-a: yes"),
    request(&[("setReqHeader", "Host other.example")], "GET /demo/x", "GET /demo/x|host: other.example|!host: a"),
    // Each sees what the one before left: add, then set, then del.
    request(
        &[("addReqHeader", "X-A 1"), ("setReqHeader", "X-B %[req.hdr(X-A)]"), ("delReqHeader", "X-A")],
        "GET /demo/x",
        "GET /demo/x|x-b: 1|!x-a: 1",
    ),
    // Header parameters see the path as it came, backendExtra as it goes.
    request(
        &[
            ("reqPathSearchReplace", "/demo/,/new/"),
            ("addReqHeader", "X-A %[path]"),
            ("backendExtra", "http-request add-header X-B %[path]"),
        ],
        "GET /demo/x?y",
        "GET /new/x?y|x-a: /demo/x|x-b: /new/x",
    ),
    request(&[("backendExtra", "http-request set-path /p%[path]")], "GET /demo/x?y", "GET /p/demo/x?y"),
    request(&[("backendExtra", "http-request set-query z=%[method]")], "GET /demo/x?y", "GET /demo/x?z=GET"),
    request(&[("backendExtra", "http-request set-uri /u?v")], "GET /demo/x?y", "GET /u?v"),
    request(&[("backendExtra", "http-request set-method POST")], "PUT /demo/x", "POST /demo/x"),
    request(
        &[("backendExtra", "http-request replace-header X-In (.)(.) \\2\\1")],
        "GET /demo/x|X-In: ab|X-In: c",
        "GET /demo/x|x-in: ba|x-in: c",
    ),
    request(
        &[("backendExtra", "http-request replace-value X-In a b")],
        "GET /demo/x|X-In: a, c,a",
        "GET /demo/x|x-in: b, c,b",
    ),
    request(
        &[("backendExtra", "http-request allow\nhttp-request add-header X-A b")],
        "GET /demo/x",
        "GET /demo/x|!x-a: b",
    ),
    request(
        &[
            ("users", "a:b"),
            ("backendExtra", "http-request add-header X-A seen if { req.hdr(authorization) -m found }"),
        ],
        "GET /demo/x|Authorization: Basic YTpi",
        "GET /demo/x|!x-a: seen|!authorization: Basic YTpi",
    ),
    // Credentials are judged as the client sent them.
    answer(&[("users", "a:b"), ("setReqHeader", "Authorization Basic\\ YTpi")], "GET /demo/x", "401"),
    answer(&[("users", "a:b"), ("backendExtra", "http-request deny")], "GET /demo/x", "401"),
    answer(&[("users", "a:b"), ("backendExtra", "http-request return status 200")], "GET /demo/x", "401"),
    answer(&[("users", "a:b"), ("backendExtra", "http-request deny")], "GET /demo/x|Authorization: Basic YTpi", "403"),
    answer(
        &[("backendExtra", "http-request deny if { path /demo/x }"), ("addResHeader", "X-A b")],
        "GET /demo/x",
        "403|!x-a: b",
    ),
    answer(&[("backendExtra", "http-request deny deny_status 429")], "GET /demo/x", "429"),
    answer(
        &[("backendExtra", "http-request redirect location https://e.example%[path] code 301")],
        "GET /demo/x",
        "301|location: https://e.example/demo/x",
    ),
    answer(&[("backendExtra", "http-request set-method HEAD")], "GET /demo/x", "500"),
    response(&[("addResHeader", "X-A b")], "X-A: a", "200|x-a: a|x-a: b"),
    response(&[("setResHeader", "X-A b")], "X-A: a|X-A: c", "200|x-a: b|!x-a: a|!x-a: c"),
    response(&[("setResHeader", "X-A b")], "X-B: c|Connection: x-a, X-B", "200|x-a: b|!x-b: c"),
    response(&[("delResHeader", "Server")], "Server: s|X-Out: o", "200|x-out: o|!server: s"),
    response(&[("addResHeader", "X-S %[status]")], "", "200|x-s: 200"),
    response(
        &[("addResHeader", "X-A 1"), ("setResHeader", "X-B %[res.hdr(X-A)]"), ("delResHeader", "X-A")],
        "",
        "200|x-b: 1|!x-a: 1",
    ),
    response(&[("addResHeader", "X-A yes if { status 404 }")], "", "200|!x-a: yes"),
    response(&[("backendExtra", "http-response set-header X-A b")], "", "200|x-a: b"),
    response(
        &[("compressionAlgo", "gzip"), ("setResHeader", "Cache-Control no-transform")],
        "",
        "200|!content-encoding: gzip",
    ),
];

/// Names in lower case, values as they are.
fn fields(head: &str) -> Vec<String> {
    let fields = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    fields.map(|(name, value)| format!("{}: {value}", name.to_ascii_lowercase())).collect()
}

fn holds(what: &str, expected: &str, fields: &[String]) {
    for part in expected.split('|').skip(1) {
        match part.strip_prefix('!') {
            Some(absent) => {
                assert!(!fields.iter().any(|field| field == absent), "{what}: {absent} is among {fields:?}");
            }
            None => assert!(fields.iter().any(|field| field == part), "{what}: {part} is not among {fields:?}"),
        }
    }
}

/// Answers the next request with these fields; checks what it was.
async fn serve(backend: &mut Backend, row: &Row, what: &str) {
    if row.reaches.is_empty() {
        return;
    }
    let mut server: Peer = backend.accept().await;
    let head = server.receives_head().await;
    let line = row.reaches.split('|').next().expect("a request line");
    assert_eq!(head.lines().next(), Some(format!("{line} HTTP/1.1").as_str()), "{what}");
    holds(what, row.reaches, &fields(&head));
    let said: String =
        row.says.split('|').filter(|field| !field.is_empty()).map(|field| format!("{field}\r\n")).collect();
    server.send(format!("HTTP/1.1 200 OK\r\n{said}Connection: close\r\nContent-Length: 2\r\n\r\nhi")).await;
}

fn status(row: &Row) -> &str {
    row.gets.split('|').next().expect("a status")
}

impl Row {
    /// The request as the client writes it over HTTP/1.1.
    fn http1(&self) -> String {
        let mut parts = self.asks.split('|');
        let line = parts.next().expect("a request line");
        let own: String = parts.map(|field| format!("{field}\r\n")).collect();
        format!("{line} HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n{own}\r\n")
    }

    fn http2(&self) -> Request<()> {
        let mut parts = self.asks.split('|');
        let (method, target) = parts.next().and_then(|line| line.split_once(' ')).expect("a request line");
        let mut request =
            Request::builder().method(method).uri(format!("http://a{target}")).header("accept-encoding", "gzip");
        for (name, value) in parts.filter_map(|field| field.split_once(": ")) {
            request = request.header(name, value);
        }
        request.body(()).expect("a request")
    }
}

async fn configure(proxy: &TestProxy, backend: &Backend, rules: &[(&str, &str)]) {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(rules).finish();
    proxy.publish_with(backend, &format!("&{query}")).await;
}

#[tokio::test]
async fn behaviour_128_statements_run_in_haproxys_order_on_both_sides_and_over_both_protocols() {
    let (proxy, mut backend) = (TestProxy::start().await, Backend::start().await);
    for row in TABLE {
        configure(&proxy, &backend, row.rules).await;
        let what = format!("HTTP/1.1, {:?}", row.rules);
        let request = row.http1();
        let (reply, ()) = tokio::join!(proxy.ask(&request), serve(&mut backend, row, &what));
        assert_eq!(reply.status().to_string(), status(row), "{what}");
        holds(&what, row.gets, &fields(&reply.head));

        let what = format!("HTTP/2, {:?}", row.rules);
        let (reply, ()) = tokio::join!(proxy.ask_http2(row.http2()), serve(&mut backend, row, &what));
        let Reply2 { status: got, fields, .. } = reply;
        assert_eq!(got.as_str(), status(row), "{what}");
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
            .collect();
        holds(&what, row.gets, &fields);
    }
}

#[tokio::test]
async fn behaviours_16_and_17_response_headers_are_added_and_set() {
    let (proxy, mut backend) = (TestProxy::start().await, Backend::start().await);
    let rules = [
        ("addResHeader", "my-res-header my-res-value"),
        ("setResHeader", "Strict-Transport-Security \"max-age=16000000; includeSubDomains; preload;\""),
    ];
    configure(&proxy, &backend, &rules).await;
    let (mut client, mut server) = proxy.exchange(&mut backend, "GET /demo HTTP/1.1\r\nHost: a\r\n\r\n").await;
    server.send(ok("hi")).await;
    let reply = client.reply().await;
    assert_eq!(reply.field("my-res-header"), "my-res-value");
    assert_eq!(reply.field("strict-transport-security"), "max-age=16000000; includeSubDomains; preload;");
}

#[tokio::test]
async fn a_head_that_statements_make_too_large_is_a_500() {
    let (proxy, mut backend) = (TestProxy::start().await, Backend::start().await);
    let big = "x".repeat(20 * 1024);
    configure(&proxy, &backend, &[("addReqHeader", "X-More %[req.hdr(X-Big)]")]).await;
    assert_eq!(proxy.ask(&format!("GET /demo HTTP/1.1\r\nHost: a\r\nX-Big: {big}\r\n\r\n")).await.status(), 500);
    configure(&proxy, &backend, &[("addResHeader", "X-More %[res.hdr(X-Big)]")]).await;
    let (mut client, mut server) = proxy.exchange(&mut backend, "GET /demo HTTP/1.1\r\nHost: a\r\n\r\n").await;
    server.send(format!("HTTP/1.1 200 OK\r\nX-Big: {big}\r\nContent-Length: 0\r\n\r\n")).await;
    assert_eq!(client.reply().await.status(), 500);
}

#[tokio::test]
async fn interim_responses_and_what_frames_a_message_are_left_alone() {
    let (proxy, mut backend) = (TestProxy::start().await, Backend::start().await);
    configure(&proxy, &backend, &[("addResHeader", "X-A b"), ("addReqHeader", "X-A b")]).await;
    let request = "POST /demo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let (mut client, mut server) = proxy.exchange(&mut backend, request).await;
    server.send("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n").await;
    client.receives("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n").await;
    client.send("2\r\nhi\r\n0\r\nX-Sum: 1\r\n\r\n").await;
    server.receives("2\r\nhi\r\n0\r\nX-Sum: 1\r\n\r\n").await;
    server.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n").await;
    client.receives("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n2\r\nok\r\n0\r\n\r\n").await;
}

#[tokio::test]
async fn bug_connection_names_away_the_senders_own_fields_and_never_those_of_a_rule() {
    let frontend = "http-request set-header X-Zone outer,http-response set-header X-Order last";
    let (proxy, mut backend) = (TestProxy::with(&[("EXTRA_FRONTEND", frontend)], |_| {}).await, Backend::start().await);
    let rules =
        [("setReqHeader", "X-Role guest"), ("setResHeader", "X-Frame-Options DENY"), ("compressionAlgo", "gzip")];
    configure(&proxy, &backend, &rules).await;
    let named = "Connection: keep-alive, x-role, X-Zone, X-Own\r\nConnection: X-Role";
    let own = "X-Own: 1\r\nX-Role: admin\r\nX-Zone: inner\r\nAccept-Encoding: gzip";
    let mut client = proxy.client().await;
    client.send(format!("GET /demo HTTP/1.1\r\nHost: a\r\n{named}\r\n{own}\r\n\r\n")).await;
    let mut server = backend.accept().await;
    let head = fields(&server.receives_head().await);
    holds("the server", "|x-role: guest|x-zone: outer|!x-own: 1|!x-role: admin|!x-zone: inner", &head);

    let named = "Connection: X-Frame-Options, x-order, X-Own\r\nConnection: content-encoding, Vary";
    let own = "X-Own: 1\r\nX-Order: first\r\nContent-Type: text/plain\r\nContent-Length: 2";
    server.send(format!("HTTP/1.1 200 OK\r\n{named}\r\n{own}\r\n\r\nhi")).await;
    let head = fields(&client.reply().await.head);
    let ours = "|x-frame-options: DENY|x-order: last|content-encoding: gzip|vary: Accept-Encoding";
    holds("the client", &format!("{ours}|!x-own: 1|!x-order: first"), &head);
}

#[tokio::test]
async fn what_the_frontends_statements_make_of_a_request_is_what_is_routed() {
    let rules = "http-request deny if { path /secret },http-request set-header Host routed.example if { path_beg /demo/to },\
                 http-request set-header Authorization Basic\\ YTpi,http-response set-header X-Order %[res.hdr(X-Own)]-frontend";
    let (proxy, mut backend) = (TestProxy::with(&[("EXTRA_FRONTEND", rules)], |_| {}).await, Backend::start().await);
    let own = [("serviceDomain", "routed.example"), ("addResHeader", "X-Own backend")];
    configure(&proxy, &backend, &own).await;
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 9.9.9.9\r\n\r\n");
    assert_eq!(proxy.ask(&get("/secret")).await.status(), 403);
    assert_eq!(proxy.ask(&get("/demo/other")).await.status(), 503, "nobody has this host");
    let (mut client, mut server) = {
        let mut client = proxy.client().await;
        client.send(get("/demo/to")).await;
        (client, backend.accept().await)
    };
    let head = fields(&server.receives_head().await);
    holds("the server", "|host: routed.example|x-forwarded-for: 9.9.9.9|x-forwarded-for: 127.0.0.1|!host: a", &head);
    server.send(ok("hi")).await;
    assert_eq!(client.reply().await.field("x-order"), "backend-frontend", "the backend's come first");

    configure(&proxy, &backend, &[own[0], ("users", "a:b")]).await;
    assert_eq!(proxy.ask(&get("/demo/to")).await.status(), 401, "credentials are judged as the client sent them");
}

#[tokio::test]
async fn bug_what_the_frontend_said_of_a_strangers_request_was_dropped_with_what_the_stranger_said() {
    let set = [("EXTRA_FRONTEND", "http-request set-header X-Real-IP %[src]"), ("TRUSTED_PROXIES", "192.0.2.0/24")];
    let (proxy, mut backend) = (TestProxy::with(&set, |_| {}).await, Backend::start().await);
    for rules in [&[][..], &[("addReqHeader", "X-A b")]] {
        configure(&proxy, &backend, rules).await;
        let lies = "X-Real-IP: 9.9.9.9\r\nX-Forwarded-For: 9.9.9.9\r\n";
        let mut client = proxy.client().await;
        client.send(format!("GET /demo HTTP/1.1\r\nHost: a\r\n{lies}\r\n")).await;
        let head = fields(&backend.accept().await.receives_head().await);
        holds("the server", "|x-real-ip: 127.0.0.1|x-forwarded-for: 127.0.0.1", &head);
        holds("the server", "|!x-real-ip: 9.9.9.9|!x-forwarded-for: 9.9.9.9", &head);
    }
}
