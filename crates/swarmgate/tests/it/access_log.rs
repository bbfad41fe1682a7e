//! The access log as an operator reads it, from a pipe in place of standard output.

use crate::harness::{Backend, TestProxy, get, ok, soon};
use expect_test::{Expect, expect};
use std::io::{PipeReader, Read};
use std::time::{Duration, Instant};

/// A proxy with these variables, the service `go` on `/demo`, its server, and its log.
async fn logging(variables: &[(&str, &str)]) -> (TestProxy, Backend, PipeReader) {
    let (log, output) = std::io::pipe().expect("a pipe");
    let (proxy, backend) = (TestProxy::logging_to(Box::new(output), variables).await, Backend::start().await);
    proxy.publish(&backend).await;
    (proxy, backend, log)
}

/// Everything that was logged, once the proxy has ended.
async fn logged(proxy: TestProxy, mut log: PipeReader) -> String {
    proxy.drain().await;
    let read = tokio::task::spawn_blocking(move || {
        let mut text = String::new();
        log.read_to_string(&mut text).map(|_| text)
    });
    soon("the end of the log", read).await.expect("no panic").expect("text")
}

/// Ports, dates and times masked.
fn masked(text: &str) -> String {
    let mut masked = String::new();
    let mut digits = String::new();
    for c in text.chars().chain(['\0']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        // Ports of these tests are free ones: they have five digits, or nearly.
        masked.push_str(if digits.len() >= 4 { "N" } else { &digits });
        digits.clear();
        masked.push(c);
    }
    masked.trim_end_matches('\0').lines().map(mask_times).collect()
}

fn mask_times(line: &str) -> String {
    let line = mask(line, " [", "] ");
    let line = mask(&line, "\"time\":", ",");
    let line = mask(&line, "\"duration_ms\":", ",");
    let line = mask(&line, "\"connect_ms\":", ",");
    let mut words: Vec<_> = line.split(' ').map(str::to_owned).collect();
    if line.starts_with("HAPRoxy") {
        // Times, and what was open when the line was written.
        words[5] = words[5].split('/').map(|time| if time == "-1" { "-1" } else { "T" }).collect::<Vec<_>>().join("/");
        let counts: Vec<_> = words[11].split('/').map(str::to_owned).collect();
        words[11] = format!("O/O/O/O/{}", counts[4]);
    }
    words.join(" ") + "\n"
}

fn mask(text: &str, from: &str, to: &str) -> String {
    let Some((before, rest)) = text.split_once(from) else { return text.to_owned() };
    let Some((_, after)) = rest.split_once(to) else { return text.to_owned() };
    format!("{before}{from}MASK{to}{after}")
}

/// A good request with all kinds of secrets, a redirect, a refusal, no route, and a response that breaks off.
async fn conversations(proxy: &TestProxy, backend: &mut Backend) {
    let request = "POST /demo/x?token=query-secret HTTP/1.1\r\nHost: a.b\r\nAuthorization: Basic head-secret\r\n\
        Cookie: c=cookie-secret\r\nReferer: http://r/referer-secret\r\nUser-Agent: agent\r\nContent-Length: 2\r\n\r\nhi";
    let (mut client, mut server) = proxy.exchange(backend, request).await;
    server.receives("hi").await;
    server.send("HTTP/1.1 201 Created\r\nSet-Cookie: c=set-secret\r\nContent-Length: 2\r\n\r\nok").await;
    assert_eq!(client.reply().await.status(), 201);
    let tls = format!("serviceName=tls&servicePath=/tls&port={}&httpsOnly=true", backend.port());
    proxy.configure(&tls).await;
    let get_quoted = get("/\"quoted\"|{?a");
    for (request, status) in [("GET /demo HTTP/1.1\r\n\r\n", 400), (&*get_quoted, 503), (&*get("/tls/1"), 302)] {
        assert_eq!(proxy.ask(request).await.status(), status, "{request}");
    }
    client.send(get("/demo")).await;
    server.receives_head().await;
    server.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").await;
    client.receives_head().await;
    drop(server);
    client.is_cut_off().await;
}

async fn check(variables: &[(&str, &str)], expected: &Expect) -> String {
    let (proxy, mut backend, log) = logging(variables).await;
    conversations(&proxy, &mut backend).await;
    let text = logged(proxy, log).await;
    expected.assert_eq(&masked(&text));
    for secret in ["head-secret", "cookie-secret", "set-secret", "referer-secret"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    text
}

#[tokio::test]
async fn haproxys_lines_are_written_for_docker_flows_debug() {
    let text = check(&[("DEBUG", "true")], &expect![[r#"
        HAPRoxy: 127.0.0.1:N [MASK] services go-beN_0/127.0.0.1:N T/T/T/T/T 201 71 - - ---- O/O/O/O/0 0/0 "POST /demo/x?token=query-secret HTTP/1.1"
        HAPRoxy: 127.0.0.1:N [MASK] services services/<NOSRV> -1/-1/-1/-1/T 400 214 - - PR-- O/O/O/O/0 0/0 "<BADREQ>"
        HAPRoxy: 127.0.0.1:N [MASK] services services/<NOSRV> T/-1/-1/-1/T 503 233 - - SC-- O/O/O/O/0 0/0 "GET /#22quoted#22|{?a HTTP/1.1"
        HAPRoxy: 127.0.0.1:N [MASK] services services/<NOSRV> T/-1/-1/-1/T 302 93 - - LR-- O/O/O/O/0 0/0 "GET /tls/1 HTTP/1.1"
        HAPRoxy: 127.0.0.1:N [MASK] services go-beN_0/127.0.0.1:N T/T/T/T/T 200 43 - - SD-- O/O/O/O/0 0/0 "GET /demo HTTP/1.1"
    "#]]).await;
    assert!(text.contains("query-secret"), "as HAProxy does");
}

#[tokio::test]
async fn json_lines_hold_no_query() {
    let text = check(&[("DEBUG", "true"), ("ACCESS_LOG", "json")], &expect![[r#"
        {"time":MASK,"client":"127.0.0.1:N","port":N,"service":"go","backend":"go-beN_0","server":"127.0.0.1:N","method":"POST","host":"a.b","path":"/demo/x","version":"HTTP/1.1","status":201,"bytes_in":188,"bytes_out":71,"duration_ms":MASK,"connect_ms":MASK,"retries":0,"termination":"--"}
        {"time":MASK,"client":"127.0.0.1:N","port":N,"status":400,"bytes_in":0,"bytes_out":214,"duration_ms":MASK,"retries":0,"termination":"PR"}
        {"time":MASK,"client":"127.0.0.1:N","port":N,"method":"GET","host":"a","path":"/\"quoted\"|{","version":"HTTP/1.1","status":503,"bytes_in":0,"bytes_out":233,"duration_ms":MASK,"retries":0,"termination":"SC"}
        {"time":MASK,"client":"127.0.0.1:N","port":N,"method":"GET","host":"a","path":"/tls/1","version":"HTTP/1.1","status":302,"bytes_in":0,"bytes_out":93,"duration_ms":MASK,"retries":0,"termination":"LR"}
        {"time":MASK,"client":"127.0.0.1:N","port":N,"service":"go","backend":"go-beN_0","server":"127.0.0.1:N","method":"GET","host":"a","path":"/demo","version":"HTTP/1.1","status":200,"bytes_in":31,"bytes_out":43,"duration_ms":MASK,"connect_ms":MASK,"retries":0,"termination":"SD"}
    "#]]).await;
    assert!(!text.contains("query-secret"), "{text}");
    for line in text.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
}

#[tokio::test]
async fn errors_alone_are_written_where_that_is_asked_for() {
    let variables = [("ACCESS_LOG", "haproxy"), ("DEBUG_ERRORS_ONLY", "true")];
    check(&variables, &expect![[r#"
        HAPRoxy: 127.0.0.1:N [MASK] services services/<NOSRV> -1/-1/-1/-1/T 400 214 - - PR-- O/O/O/O/0 0/0 "<BADREQ>"
        HAPRoxy: 127.0.0.1:N [MASK] services services/<NOSRV> T/-1/-1/-1/T 503 233 - - SC-- O/O/O/O/0 0/0 "GET /#22quoted#22|{?a HTTP/1.1"
        HAPRoxy: 127.0.0.1:N [MASK] services go-beN_0/127.0.0.1:N T/T/T/T/T 200 43 - - SD-- O/O/O/O/0 0/0 "GET /demo HTTP/1.1"
    "#]]).await;
}

#[tokio::test]
async fn nothing_is_written_unless_it_is_asked_for() {
    assert_eq!(check(&[("DEBUG", "true"), ("ACCESS_LOG", "off")], &expect![[""]]).await, "");
}

#[tokio::test]
async fn a_line_comes_within_a_second() {
    let (proxy, _backend, mut log) = logging(&[("ACCESS_LOG", "json")]).await;
    let began = Instant::now();
    proxy.ask(&get("/unknown")).await;
    let first = tokio::task::spawn_blocking(move || log.read(&mut [0; 1000]).map(|_| log));
    soon("a line", first).await.expect("no panic").expect("a line");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_request_that_the_drain_cuts_off_is_logged_as_killed() {
    let (proxy, mut backend, log) = logging(&[("ACCESS_LOG", "haproxy"), ("DRAIN_SECONDS", "0")]).await;
    let _open = proxy.exchange(&mut backend, &get("/demo")).await;
    let text = logged(proxy, log).await;
    assert!(text.contains(" KH-- ") && text.lines().count() == 1, "{text}");
}

/// The pipe is full and nobody reads: requests are answered, lines are dropped and counted, and the drain ends.
#[tokio::test]
async fn a_log_that_nobody_reads_stops_neither_requests_nor_the_drain() {
    let (proxy, mut backend, log) = logging(&[("ACCESS_LOG", "json")]).await;
    let (mut client, mut server) = proxy.exchange(&mut backend, &get("/demo")).await;
    server.send(ok("hi")).await;
    client.receives(ok("hi")).await;
    let redirected = "GET /tls HTTP/1.1\r\nHost: a\r\n\r\n";
    let query =
        format!("serviceName=tls&servicePath=/tls&port={}&outboundHostname=127.0.0.1&httpsOnly=true", backend.port());
    proxy.configure(&query).await;
    let many = redirected.repeat(200);
    for _ in 0..120 {
        client.send(&many).await;
        for _ in 0..200 {
            client.receives_head().await;
        }
    }
    let url = format!("http://{}/metrics", proxy.api_address());
    let metrics = reqwest::get(url).await.expect("an API").text().await.expect("text");
    let dropped = metrics.lines().find_map(|line| line.strip_prefix("swarmgate_access_log_dropped_lines_total "));
    assert!(dropped.and_then(|count| count.parse().ok()).unwrap_or(0) > 1000, "{dropped:?}");
    let began = Instant::now();
    proxy.drain().await;
    assert!(began.elapsed() < Duration::from_secs(10), "the drain took {:?}", began.elapsed());
    drop(log);
}
