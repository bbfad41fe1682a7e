//! Certificates that a caller brings: judged, written, live, and there after a restart.

use crate::dns::FakeDns;
use crate::harness::{
    Backend, Bundle, Folder, Peer, Reply, TestProxy, certificate_for, connect, free_port, is_open, soon,
};
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt, symlink};
use std::process::{Child, Command, Stdio};

/// A proxy that keeps its certificates in the folder's `certs`.
async fn with_certificates_in(folder: &Folder) -> TestProxy {
    TestProxy::with(&[("CERTS_DIR", &folder.text("certs")), ("SECRETS_DIR", &folder.text("secrets"))], |_| {}).await
}

fn outcome(reply: &Reply) -> (u16, String) {
    (reply.status(), reply.message())
}

/// The names of all files in the folder's `certs`, also hidden ones.
fn files(folder: &Folder) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder.path("certs")) else { return Vec::new() };
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn behaviours_54_to_56_80_and_188_a_certificate_that_was_put_is_live_when_the_reply_comes() {
    let folder = Folder::new();
    let proxy = with_certificates_in(&folder).await;
    let bundle = Bundle::new(&["*.xip.io"]);
    assert_eq!(certificate_for(&proxy, Some("a.xip.io")).await, None, "a handshake error before");
    assert_eq!(
        outcome(&proxy.put_certificate("distribute=false", &bundle.pem).await),
        (400, "Query parameter certName is mandatory".to_owned())
    );
    assert_eq!(outcome(&proxy.put_certificate("certName=xip.io.pem", "").await), (400, "Body is empty".to_owned()));
    let reply = proxy.put_certificate("certName=xip.io.pem", &bundle.pem).await;
    assert_eq!((reply.status(), reply.field("content-type")), (200, "application/json"));
    assert_eq!(reply.body, r#"{"Status":"OK","Message":"","Certs":null}"#);
    assert!(bundle.is_for(&proxy, Some("a.xip.io")).await);
    let config = proxy.api("/config").await.body;
    assert!(config.contains(&format!(" ssl crt {}\n", folder.text("certs/xip.io.pem"))), "{config}");
}

#[tokio::test]
async fn a_certificate_is_put_and_nothing_else() {
    let folder = Folder::new();
    let proxy = with_certificates_in(&folder).await;
    for method in ["GET", "POST", "DELETE"] {
        let call =
            format!("{method} /v1/docker-flow-proxy/cert?certName=a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
        let reply = proxy.call(&call).await;
        assert_eq!((reply.status(), reply.body.as_str()), (405, ""), "{method}");
    }
}

#[tokio::test]
async fn behaviour_189_several_certificates_are_chosen_by_name() {
    let folder = Folder::new();
    let proxy = with_certificates_in(&folder).await;
    let (first, second) = (Bundle::new(&["a.com"]), Bundle::new(&["*.b.com"]));
    proxy.put_certificate("certName=2", &first.pem).await;
    proxy.put_certificate("certName=1", &second.pem).await;
    assert!(first.is_for(&proxy, Some("a.com")).await);
    assert!(second.is_for(&proxy, Some("www.b.com")).await);
    assert!(second.is_for(&proxy, Some("c.com")).await, "the first by name is for everybody else");
    assert!(second.is_for(&proxy, None).await);
}

#[tokio::test]
async fn a_name_that_leads_elsewhere_is_refused_and_nothing_is_written() {
    let folder = Folder::new();
    let proxy = with_certificates_in(&folder).await;
    let bundle = Bundle::new(&["a.com"]);
    for name in ["..%2Fa", "%2Ftmp%2Fa", "..", ".a", "a%00", "a%0Ab", "a%20b", "certs/a", "-a", &"a".repeat(129)] {
        let reply = proxy.put_certificate(&format!("certName={name}"), &bundle.pem).await;
        assert_eq!(reply.status(), 400, "{name}: {}", reply.body);
        assert!(reply.message().starts_with("certName: `"), "{}", reply.body);
    }
    let entries: Vec<_> = fs::read_dir(&folder).expect("a folder").collect();
    assert!(entries.is_empty(), "{entries:?}");
    assert_eq!(proxy.put_certificate("certName=*.a.com-1_b", &bundle.pem).await.status(), 200);
}

#[tokio::test]
async fn what_is_no_certificate_is_refused_with_the_reason_and_changes_nothing() {
    let folder = Folder::new();
    let proxy = with_certificates_in(&folder).await;
    let (good, other) = (Bundle::new(&["a.com"]), Bundle::new(&["a.com"]));
    proxy.put_certificate("certName=a", &good.pem).await;
    let generation = proxy.generation();
    let (certificate, _) = good.pem.split_once("-----BEGIN PRIVATE").expect("two parts");
    let (_, key) = other.pem.split_once("-----BEGIN PRIVATE").expect("two parts");
    let foreign = format!("{certificate}-----BEGIN PRIVATE{key}");
    for (bad, reason) in
        [("hello", "not PEM"), (certificate, "no private key"), (&foreign, "does not belong to its certificate")]
    {
        let reply = proxy.put_certificate("certName=a", bad).await;
        assert_eq!(reply.status(), 400);
        assert!(
            reply.message().starts_with("certificate `a` is not taken: ") && reply.message().contains(reason),
            "{}",
            reply.body
        );
    }
    assert!(good.is_for(&proxy, Some("a.com")).await);
    assert_eq!((proxy.generation(), files(&folder)), (generation, vec!["a".to_owned()]));
    assert_eq!(fs::read_to_string(folder.path("certs/a")).expect("a file"), good.pem);
}

#[tokio::test]
async fn a_body_of_more_than_64_kib_is_too_large() {
    let folder = Folder::new();
    let proxy = with_certificates_in(&folder).await;
    let bundle = Bundle::new(&["a.com"]);
    let long = format!("{}{}", bundle.pem, "#".repeat(64 * 1024 - bundle.pem.len()));
    let reply = proxy.put_certificate("certName=a", &format!("{long}#")).await;
    assert_eq!((reply.status(), &reply.json()["Status"]), (413, &"NOK".into()));
    assert!(files(&folder).is_empty());
    assert_eq!(proxy.put_certificate("certName=a", &long).await.status(), 200);
}

#[tokio::test]
async fn files_and_their_folder_are_for_their_owner_alone() {
    let folder = Folder::new();
    let proxy = with_certificates_in(&folder).await;
    proxy.put_certificate("certName=a", &Bundle::new(&["a.com"]).pem).await;
    let mode = |name: &str| fs::metadata(folder.path(name)).expect("a file").mode() & 0o7777;
    assert_eq!((mode("certs"), mode("certs/a")), (0o700, 0o600));
}

#[tokio::test]
async fn behaviour_80_a_folder_that_cannot_be_written_is_told_by_the_reply() {
    let folder = Folder::new();
    folder.write("certs", "a file where the folder should be");
    let proxy = with_certificates_in(&folder).await;
    let reply = proxy.put_certificate("certName=a", &Bundle::new(&["a.com"]).pem).await;
    assert_eq!(reply.status(), 400);
    assert!(reply.message().starts_with(&format!("{} cannot be written: ", folder.text("certs"))), "{}", reply.body);
    assert_eq!(certificate_for(&proxy, Some("a.com")).await, None);
}

#[tokio::test]
async fn a_write_that_fails_leaves_nothing_behind() {
    let folder = Folder::new();
    fs::create_dir_all(folder.path("certs/a/b")).expect("a folder");
    let proxy = with_certificates_in(&folder).await;
    assert_eq!(proxy.put_certificate("certName=a", &Bundle::new(&["a.com"]).pem).await.status(), 400);
    assert_eq!(files(&folder), ["a"]);
    assert_eq!(certificate_for(&proxy, Some("a.com")).await, None);
}

#[tokio::test]
async fn a_symbolic_link_of_the_name_is_replaced_and_not_followed() {
    let folder = Folder::new();
    folder.write("outside", "stays");
    folder.write("certs/other", "no certificate");
    symlink(folder.path("outside"), folder.path("certs/a")).expect("a link");
    let proxy = with_certificates_in(&folder).await;
    let bundle = Bundle::new(&["a.com"]);
    assert_eq!(proxy.put_certificate("certName=a", &bundle.pem).await.status(), 200);
    assert!(bundle.is_for(&proxy, Some("a.com")).await);
    assert_eq!(fs::read_to_string(folder.path("outside")).expect("a file"), "stays");
    assert!(!fs::symlink_metadata(folder.path("certs/a")).expect("a file").is_symlink());
}

#[tokio::test]
async fn the_same_certificate_again_publishes_nothing_and_another_of_the_name_replaces_it() {
    let folder = Folder::new();
    let proxy = with_certificates_in(&folder).await;
    let (first, second) = (Bundle::new(&["a.com"]), Bundle::new(&["a.com"]));
    proxy.put_certificate("certName=a", &first.pem).await;
    let generation = proxy.generation();
    assert_eq!(outcome(&proxy.put_certificate("certName=a", &first.pem).await), (200, String::new()));
    assert_eq!(proxy.generation(), generation);
    proxy.put_certificate("certName=a", &second.pem).await;
    assert!(second.is_for(&proxy, Some("a.com")).await);
    assert_eq!((proxy.generation(), files(&folder)), (generation.next(), vec!["a".to_owned()]));
}

#[tokio::test]
async fn certificates_survive_a_restart_and_what_was_half_written_is_removed() {
    let folder = Folder::new();
    let bundle = Bundle::new(&["a.com"]);
    let proxy = with_certificates_in(&folder).await;
    proxy.put_certificate("certName=a", &bundle.pem).await;
    proxy.drain().await;
    folder.write("certs/.swarmgate-17f-0.tmp", &bundle.pem[..100]);
    let proxy = with_certificates_in(&folder).await;
    assert!(bundle.is_for(&proxy, Some("a.com")).await, "it is there with the first connection");
    assert_eq!(files(&folder), ["a"]);
}

/// A program of its own that keeps its certificates in the folder's `certs`, and the port of its API. Dropping it kills it.
struct Program(Child, u16);

impl Program {
    async fn start(folder: &Folder) -> Program {
        let (port, api) = (free_port(), free_port());
        let child = Command::new(env!("CARGO_BIN_EXE_swarmgate"))
            .arg("proxy")
            .env_clear()
            .envs([("DEFAULT_PORTS", port.to_string()), ("PORT", api.to_string()), ("CERTS_DIR", folder.text("certs"))])
            .envs([("IP", "127.0.0.1"), ("THREADS", "1"), ("LOG", "error")])
            .stdout(Stdio::null())
            .spawn()
            .expect("the program starts");
        // A connection takes its time; nobody sleeps.
        soon("the API", async { while !is_open(api).await {} }).await;
        let mut caller = connect(api).await;
        caller.send("GET /v1/docker-flow-proxy/ping HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!(caller.reply().await.status(), 200);
        Program(child, api)
    }

    async fn put(&self, pem: &str) -> Peer {
        let mut caller = connect(self.1).await;
        let head =
            format!("PUT /v1/docker-flow-proxy/cert?certName=a HTTP/1.1\r\nHost: a\r\nContent-Length: {}", pem.len());
        caller.send(format!("{head}\r\n\r\n{pem}")).await;
        caller
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // SIGKILL: nothing is put in order.
        self.0.kill().expect("it runs");
        self.0.wait().expect("it has ended");
    }
}

#[tokio::test]
async fn r9_no_kill_during_a_write_leaves_half_a_file() {
    let folder = Folder::new();
    let bundles = [Bundle::new(&["a.com"]), Bundle::new(&["a.com"])];
    for round in 0..20 {
        let program = Program::start(&folder).await;
        if round == 0 {
            assert_eq!(program.put(&bundles[0].pem).await.reply().await.status(), 200);
        } else {
            assert_eq!(files(&folder), ["a"], "what was half written is removed by the next start");
        }
        let mut callers = Vec::new();
        for _ in 0..round % 10 {
            callers.push(program.put(&bundles[round % 2].pem).await);
        }
        // One answer is waited for, or none: the kill comes while the others are written.
        if let Some(first) = callers.first_mut().filter(|_| round % 3 > 0) {
            assert_eq!(first.reply().await.status(), 200);
        }
        drop(program);
        let kept = fs::read_to_string(folder.path("certs/a")).expect("a file");
        assert!(bundles.iter().any(|bundle| bundle.pem == kept), "round {round}: {kept}");
    }
    let proxy = with_certificates_in(&folder).await;
    assert!(certificate_for(&proxy, Some("a.com")).await.is_some());
}

/// A proxy whose service has replicas on these addresses of 127.0.0.0; the first one is its own.
async fn replicated(folder: &Folder, last: &[u8]) -> (TestProxy, FakeDns) {
    let dns = FakeDns::start().await;
    dns.resolves("tasks.proxy", last);
    let variables = [("CERTS_DIR", folder.text("certs")), ("RESOLVERS", dns.address.to_string())];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    (TestProxy::with(&variables, |_| {}).await, dns)
}

/// Takes one call on 127.0.0.`last`, answers it with `status`, and returns its first line and body.
async fn answers(proxy: &TestProxy, last: u8, status: &str) -> (String, String) {
    let mut replica =
        Backend::on(SocketAddr::from(([127, 0, 0, last], proxy.api_address().port()))).await.expect("a port");
    let mut caller: Peer = replica.accept().await;
    let head = caller.receives_head().await;
    let body = caller.receives_bytes(Reply::length(&head)).await;
    caller.send(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")).await;
    (head.lines().next().unwrap_or_default().to_owned(), String::from_utf8(body).expect("PEM"))
}

#[tokio::test]
async fn behaviours_80_and_85_a_certificate_is_distributed_with_its_body() {
    let folder = Folder::new();
    let (proxy, _dns) = replicated(&folder, &[1, 2, 3]).await;
    let bundle = Bundle::new(&["a.com"]);
    let put = proxy.put_certificate("certName=a.pem&distribute=true", &bundle.pem);
    let (reply, second, third) = tokio::join!(put, answers(&proxy, 2, "200 OK"), answers(&proxy, 3, "200 OK"));
    assert_eq!(reply.body, r#"{"Status":"OK","Message":"Distributed to all instances","Certs":null}"#);
    let line = "PUT /v1/docker-flow-proxy/cert?certName=a.pem&distribute=false HTTP/1.1";
    assert_eq!(second, (line.to_owned(), bundle.pem.clone()));
    assert_eq!(third, second);
    assert!(bundle.is_for(&proxy, Some("a.com")).await, "it is live here too");
}

#[tokio::test]
async fn behaviours_80_and_85_replicas_that_do_not_take_a_certificate_are_named() {
    let folder = Folder::new();
    let (proxy, dns) = replicated(&folder, &[1, 2, 3]).await;
    let bundle = Bundle::new(&["a.com"]);
    let put = proxy.put_certificate("certName=a.pem&distribute=true", &bundle.pem);
    let (reply, _, _) = tokio::join!(put, answers(&proxy, 2, "200 OK"), answers(&proxy, 3, "400 Bad Request"));
    let message = "Could not send distribute request to the following addresses: [127.0.0.3]";
    assert_eq!(outcome(&reply), (500, message.to_owned()));
    assert_eq!(reply.json()["Status"], "NOK");
    assert!(bundle.is_for(&proxy, Some("a.com")).await, "it is live here all the same");
    dns.about("tasks.proxy", crate::dns::Says::NoSuchName);
    let reply = proxy.put_certificate("certName=a.pem&distribute=true", &bundle.pem).await;
    assert_eq!(reply.status(), 500);
    assert!(reply.message().starts_with("Could not perform DNS lookup for tasks.proxy."), "{}", reply.body);
}
