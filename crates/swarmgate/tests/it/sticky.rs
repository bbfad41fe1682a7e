//! Sticky sessions: a client stays with its task for as long as there is one, and the service never sees how.
//!
//! Not here: the cookie's value (`proxy::balance::sticky`).

use crate::dns::FakeDns;
use crate::harness::{Backend, Reply, TestProxy, ok, soon};
use http::Request;

/// A proxy, a DNS server, and tasks of the service `go` that say who they are, at 127.0.0.`last`.
struct Stage {
    proxy: TestProxy,
    dns: FakeDns,
    port: u16,
}

impl Stage {
    async fn set(tasks: &[u8], more: &str) -> Stage {
        let dns = FakeDns::start().await;
        let held = Backend::start().await;
        for last in tasks {
            say_who_they_are(held.another(*last).await, *last);
        }
        dns.resolves("tasks.go", tasks);
        let proxy = TestProxy::with(&[("RESOLVERS", &dns.address.to_string())], |_| {}).await;
        let port = held.port();
        proxy.configure(&format!("serviceName=go&servicePath=/demo&port={port}{more}")).await;
        Stage { proxy, dns, port }
    }

    async fn sticky(tasks: &[u8]) -> Stage {
        Stage::set(tasks, "&sessionType=sticky-server").await
    }

    /// The answer to a client with these cookies.
    async fn ask(&self, cookies: &str) -> Reply {
        let cookies = if cookies.is_empty() { String::new() } else { format!("Cookie: {cookies}\r\n") };
        self.proxy.ask(&format!("GET /demo HTTP/1.1\r\nHost: a\r\n{cookies}\r\n")).await
    }

    /// The first answer that `will_do`: requests make the proxy ask DNS, once a second at most. None of them fails.
    async fn asks_until(&self, cookies: &str, will_do: impl Fn(&Reply) -> bool) -> Reply {
        soon("another answer", async {
            loop {
                let reply = self.ask(cookies).await;
                assert_eq!(reply.status(), 200);
                if will_do(&reply) {
                    return reply;
                }
            }
        })
        .await
    }
}

/// Answers with its number and the cookies that it got.
fn say_who_they_are(mut task: Backend, last: u8) {
    tokio::spawn(async move {
        loop {
            let mut server = task.accept_at_last().await;
            tokio::spawn(async move {
                while let Some(head) = server.next_head().await {
                    let lower = head.to_ascii_lowercase();
                    let cookies = lower.lines().filter_map(|line| line.strip_prefix("cookie: "));
                    server.send(ok(&format!("{last} {}", cookies.collect::<Vec<_>>().join("|")))).await;
                }
            });
        }
    });
}

/// The cookie of a reply as a client sends it back.
fn cookie(reply: &Reply) -> String {
    let set = reply.field("set-cookie");
    set.strip_suffix("; path=/").unwrap_or_else(|| panic!("{set:?} is no cookie of the proxy")).to_owned()
}

#[tokio::test]
async fn behaviour_129_a_client_stays_with_its_task_which_never_sees_the_cookie() {
    let stage = Stage::sticky(&[2, 3, 4]).await;
    let first = stage.ask("").await;
    assert_eq!(first.field("cache-control"), "private", "what sets a cookie is for one client");
    let (cookie, task) = (cookie(&first), first.body);
    assert!(cookie.len() == "go=".len() + 16 && cookie.starts_with("go="), "{cookie}");
    for _ in 0..6 {
        let again = stage.ask(&format!("a=b; {cookie};c=d")).await;
        assert_eq!(again.body, format!("{task}a=b; c=d"));
        assert_eq!((again.field("set-cookie"), again.field("cache-control")), ("", ""));
        assert_eq!(stage.ask(&cookie).await.body, task, "a field without cookies is none");
    }
    let others: Vec<_> = [stage.ask("").await, stage.ask("go=0123456789abcdef").await, stage.ask("ago=x").await].into();
    assert!(others.iter().all(|reply| !reply.field("set-cookie").is_empty()), "who has no cookie gets one");
    assert!(others.iter().any(|reply| !reply.body.starts_with(&task)), "clients without a cookie are spread");
}

#[tokio::test]
async fn a_client_whose_task_is_gone_or_down_gets_another_and_its_cookie() {
    let stage = Stage::sticky(&[2, 3]).await;
    let first = stage.ask("").await;
    let cookie = cookie(&first);
    let (gone, left) = if first.body.starts_with('2') { (2, 3) } else { (3, 2) };
    stage.dns.resolves("tasks.go", &[left]);
    let other = stage.asks_until(&cookie, |reply| !reply.body.starts_with(&gone.to_string())).await;
    assert_eq!(other.body.trim(), left.to_string());
    assert!(!other.field("set-cookie").is_empty());

    let silent = Backend::start().await;
    let _down = (silent.closed(5), say_who_they_are(silent.another(6).await, 6));
    stage.dns.resolves("tasks.other", &[5, 6]);
    let port = silent.port();
    stage.proxy.configure(&format!("serviceName=other&servicePath=/other&port={port}&sessionType=sticky-server")).await;
    // Docker Flow's cookie for the first of the two, which is down.
    let request = "GET /other HTTP/1.1\r\nHost: a\r\nCookie: other=other_0\r\n\r\n";
    let moved = stage.proxy.ask(request).await;
    assert_eq!((moved.status(), moved.body.trim()), (200, "6"));
}

#[tokio::test]
async fn a_cookie_of_docker_flow_is_understood_once_and_replaced() {
    let stage = Stage::sticky(&[2, 3]).await;
    for (place, task) in [("go_0", "2"), ("go_1", "3")] {
        let reply = stage.ask(&format!("go={place}")).await;
        assert_eq!(reply.body.trim(), task);
        assert_eq!(stage.ask(&cookie(&reply)).await.body.trim(), task);
    }
}

#[tokio::test]
async fn over_http2_cookies_are_the_same() {
    let stage = Stage::sticky(&[2, 3]).await;
    let (cookie, task) = {
        let first = stage.ask("").await;
        (cookie(&first), first.body)
    };
    for _ in 0..3 {
        let request = Request::get("http://a/demo").header("cookie", "a=b").header("cookie", &cookie).body(());
        let reply = stage.proxy.ask_http2(request.expect("a request")).await;
        assert_eq!(
            (String::from_utf8_lossy(&reply.body).into_owned(), reply.field("set-cookie")),
            (format!("{task}a=b"), String::new())
        );
    }
    let reply = stage.proxy.ask_http2(Request::get("http://a/demo").body(()).expect("a request")).await;
    assert!(reply.field("set-cookie").starts_with("go=") && reply.field("cache-control") == "private");
}

#[tokio::test]
async fn a_server_does_not_set_the_proxys_cookie() {
    let (proxy, mut backend) = (TestProxy::start().await, Backend::start().await);
    proxy.publish_with(&backend, "&sessionType=sticky-server").await;
    let (mut client, mut server) = proxy.exchange(&mut backend, "GET /demo HTTP/1.1\r\nHost: a\r\n\r\n").await;
    server.send("HTTP/1.1 200 OK\r\nSet-Cookie: go=x\r\nSet-Cookie: good=y\r\nContent-Length: 0\r\n\r\n").await;
    let head = client.receives_head().await;
    assert!(
        head.contains("Set-Cookie: good=y\r\n") && !head.contains("go=x") && head.contains("Set-Cookie: go="),
        "{head}"
    );
}

#[tokio::test]
async fn behaviours_130_and_146_any_session_type_and_dns_follow_the_tasks() {
    for more in ["&sessionType=whatever", "&sessionType=whatever&discoveryType=Overlay", "&discoveryType=DNS"] {
        let stage = Stage::set(&[2, 3], more).await;
        let mut seen: Vec<_> = [stage.ask("").await, stage.ask("").await].map(|reply| reply.body).into();
        seen.sort();
        assert_eq!(seen, ["2 ", "3 "], "{more}");
        let held = Backend::on(([127, 0, 0, 4], stage.port).into()).await.expect("a free port");
        say_who_they_are(held, 4);
        stage.dns.resolves("tasks.go", &[4]);
        let reply = stage.asks_until("", |reply| reply.body == "4 ").await;
        assert_eq!(reply.field("set-cookie"), "", "{more}");
    }
}
