//! Certificates among replicas, which are addresses of loopback beside ours: who gets keys, and how new ones get theirs.

use crate::dns::{FakeDns, Says};
use crate::harness::{Backend, Bundle, Folder, Peer, Reply, TestProxy, Warnings, connect, free_port, get, soon};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpSocket;

/// Replicas of one service, all with the same port.
struct Cluster {
    dns: FakeDns,
    port: u16,
    secret: Option<&'static str>,
}

impl Cluster {
    /// DNS says that these addresses of 127.0.0.0 are its replicas.
    async fn of(last: &[u8]) -> Cluster {
        let dns = FakeDns::start().await;
        dns.resolves("tasks.proxy", last);
        Cluster { dns, port: free_port(), secret: None }
    }

    /// The replica on 127.0.0.`last`, with certificates in the folder's `certs`.
    async fn starts(&self, last: u8, folder: &Folder) -> TestProxy {
        let (certs, dns) = (folder.text("certs"), self.dns.address.to_string());
        let variables = [("CERTS_DIR", certs.as_str()), ("RESOLVERS", dns.as_str())];
        let secret = self.secret.map(|secret| ("DFP_CLUSTER_SECRET", secret));
        let variables: Vec<_> = variables.into_iter().chain(secret).collect();
        TestProxy::with(&variables, |settings| {
            settings.ip = IpAddr::V4(Ipv4Addr::new(127, 0, 0, last));
            settings.port = self.port;
        })
        .await
    }

    /// A replica on 127.0.0.`last` in the hand of the test.
    async fn script(&self, last: u8) -> Backend {
        Backend::on(SocketAddr::from(([127, 0, 0, last], self.port))).await.expect("a free port")
    }
}

/// Takes one call; returns its head and body, and the caller to be answered.
async fn called(replica: &mut Backend) -> (String, String, Peer) {
    let mut caller = replica.accept().await;
    let head = caller.receives_head().await;
    let body = caller.receives_bytes(Reply::length(&head)).await;
    (head, String::from_utf8(body).expect("text"), caller)
}

async fn answer(mut caller: Peer, status: &str, body: &str) {
    let length = body.len();
    caller.send(format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")).await;
}

/// What `GET /certs` answers a caller from 127.0.0.`last`, with these fields.
async fn certs(proxy: &TestProxy, last: u8, fields: &str) -> Reply {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::from(([127, 0, 0, last], 0))).expect("an address of loopback");
    let stream = soon("a connection", socket.connect(proxy.api_address())).await.expect("a connection");
    let mut caller = Peer::new(stream, "caller");
    caller.send(format!("GET /v1/docker-flow-proxy/certs HTTP/1.1\r\nHost: a\r\n{fields}\r\n")).await;
    caller.reply().await
}

const NOTHING: &str = r#"{"Status":"OK","Message":"","Certs":[]}"#;

#[tokio::test]
async fn behaviours_57_and_81_keys_go_to_replicas_by_their_address_and_to_nobody_else() {
    let folder = Folder::new();
    let cluster = Cluster::of(&[1, 2]).await;
    let proxy = cluster.starts(1, &folder).await;
    assert_eq!(certs(&proxy, 2, "").await.body, NOTHING);
    let bundle = Bundle::new(&["a.com"]);
    proxy.put_certificate("certName=a.pem", &bundle.pem).await;
    let reply = certs(&proxy, 2, "").await;
    assert_eq!((reply.status(), reply.field("content-type")), (200, "application/json"));
    let content = bundle.pem.replace('\n', "\\n");
    let one =
        format!(r#"{{"ServicePort":"","ProxyServiceName":"a.pem","CertsDir":"/certs","CertContent":"{content}"}}"#);
    assert_eq!(reply.body, NOTHING.replace("[]", &format!("[{one}]")));
    for nobody in [1, 3] {
        assert_eq!(certs(&proxy, nobody, "Authorization: Bearer x\r\n").await.body, NOTHING);
    }
    cluster.dns.about("tasks.proxy", Says::NoSuchName);
    assert_eq!(certs(&proxy, 2, "").await.body, NOTHING, "it is a replica no longer");
}

#[tokio::test]
async fn with_a_secret_of_the_cluster_keys_go_to_whoever_bears_it() {
    let folder = Folder::new();
    let cluster = Cluster { secret: Some("s3cret"), ..Cluster::of(&[1, 2]).await };
    let mut second = cluster.script(2).await;
    let (proxy, ()) = tokio::join!(cluster.starts(1, &folder), async {
        let (_, _, caller) = called(&mut second).await;
        answer(caller, "200 OK", NOTHING).await;
    });
    let put = async {
        let (head, _, caller) = called(&mut second).await;
        answer(caller, "200 OK", NOTHING).await;
        head
    };
    // Asked once more when it is a member, and then told of the change.
    let first = put.await;
    assert!(first.starts_with("GET /v1/docker-flow-proxy/certs HTTP/1.1\r\n"), "{first}");
    let bundle = Bundle::new(&["a.com"]);
    let (reply, (head, _, ())) =
        tokio::join!(proxy.put_certificate("certName=a&distribute=true", &bundle.pem), async {
            let (head, body, caller) = called(&mut second).await;
            (head, body, answer(caller, "200 OK", "").await)
        });
    assert_eq!(reply.status(), 200);
    assert!(head.to_ascii_lowercase().contains("authorization: bearer s3cret\r\n"), "{head}");
    for wrong in ["", "Authorization: Bearer s3cre\r\n", "Authorization: Basic s3cret\r\n"] {
        let reply = certs(&proxy, 2, wrong).await;
        assert_eq!((reply.status(), reply.json()["Certs"].as_array().map(Vec::len)), (401, Some(0)), "{}", reply.body);
    }
    assert!(certs(&proxy, 3, "Authorization: Bearer s3cret\r\n").await.body.contains("PRIVATE KEY"));
}

#[tokio::test]
async fn a_new_replica_gets_what_the_others_have_and_what_came_by_secrets_stays() {
    let (first_folder, second_folder) = (Folder::new(), Folder::new());
    let bundle = Bundle::new(&["a.com"]);
    first_folder.write("certs/a.pem", &bundle.pem);
    let cluster = Cluster::of(&[1]).await;
    let _first = cluster.starts(1, &first_folder).await;
    let second = cluster.starts(2, &second_folder).await;
    cluster.dns.resolves("tasks.proxy", &[1, 2]);
    bundle.is_served(&second, "a.com").await;
    assert_eq!(std::fs::read_to_string(second_folder.path("certs/a.pem")).expect("a file"), bundle.pem);
}

#[tokio::test]
async fn a_new_replica_is_sent_each_certificate_until_it_has_taken_it_and_then_no_more() {
    let folder = Folder::new();
    let bundle = Bundle::new(&["a.com"]);
    folder.write("certs/a.pem", &bundle.pem);
    folder.write("certs/not a name", &Bundle::new(&["b.com"]).pem);
    folder.write("secrets/cert-c", &Bundle::new(&["c.com"]).pem);
    let mut cluster = Cluster::of(&[1, 2]).await;
    let mut second = cluster.script(2).await;
    let _proxy = cluster.starts(1, &folder).await;
    let line = "PUT /v1/docker-flow-proxy/cert?certName=a.pem&distribute=false&ifNewer=true HTTP/1.1\r\n";
    for status in ["503 Service Unavailable", "500 Internal Server Error", "200 OK"] {
        let (head, body, caller) = called(&mut second).await;
        assert!(head.starts_with(line), "{head}");
        assert_eq!(body, bundle.pem);
        answer(caller, status, r#"{"Status":"OK"}"#).await;
    }
    cluster.dns.questions();
    for _ in 0..3 {
        cluster.dns.is_asked_for("tasks.proxy").await;
    }
    // It goes and comes again: only then is it sent anything.
    cluster.dns.resolves("tasks.proxy", &[1]);
    cluster.dns.is_asked_for("tasks.proxy").await;
    cluster.dns.is_asked_for("tasks.proxy").await;
    cluster.dns.resolves("tasks.proxy", &[1, 2]);
    let (head, _, _caller) = called(&mut second).await;
    assert!(head.starts_with(line), "{head}");
    let nothing_else = tokio::time::timeout(Duration::from_millis(1), second.accept_at_last()).await;
    assert!(nothing_else.is_err(), "one call at a time, and none in between");
}

#[tokio::test]
async fn a_stale_replica_never_wins() {
    let (first_folder, second_folder) = (Folder::new(), Folder::new());
    let (old, new) = (Bundle::since(2024, &["a.com"]), Bundle::since(2025, &["a.com"]));
    first_folder.write("certs/a", &old.pem);
    second_folder.write("certs/a", &new.pem);
    let cluster = Cluster::of(&[1, 2, 3]).await;
    let (first, second) = (cluster.starts(2, &first_folder).await, cluster.starts(3, &second_folder).await);
    new.is_served(&first, "a.com").await;
    assert!(new.is_for(&second, Some("a.com")).await);
    let kept = second.put_certificate("certName=a&ifNewer=true", &old.pem).await;
    assert_eq!((kept.status(), kept.message()), (200, swarmgate::api::KEPT.to_owned()));
    assert_eq!(second.put_certificate("certName=a", &old.pem).await.message(), "", "by hand it may be older");
    assert!(old.is_for(&second, Some("a.com")).await);
}

#[tokio::test]
async fn behaviour_82_with_a_secret_a_new_replica_asks_all_others_before_it_is_ready() {
    let folder = Folder::new();
    let cluster = Cluster { secret: Some("s3cret"), ..Cluster::of(&[2, 3]).await };
    let (mut second, mut third) = (cluster.script(2).await, cluster.script(3).await);
    let proxy = cluster.starts(1, &folder).await;
    let (head, _, from_second) = called(&mut second).await;
    assert!(head.starts_with("GET /v1/docker-flow-proxy/certs HTTP/1.1\r\n"), "{head}");
    assert!(head.to_ascii_lowercase().contains("authorization: bearer s3cret\r\n"), "{head}");
    assert_eq!(proxy.api("/ping").await.status(), 503);
    assert_eq!(proxy.api("/successfulinitreload").await.status(), 500);
    let (old, new) = (Bundle::since(2024, &["a.com"]), Bundle::since(2025, &["a.com"]));
    let list = |bundle: &Bundle| {
        let content = bundle.pem.replace('\n', "\\n");
        let cert = |name: &str| format!(r#"{{"ProxyServiceName":"{name}","CertContent":"{content}"}}"#);
        format!(r#"{{"Certs":[{},{}]}}"#, cert("a"), cert("../b"))
    };
    answer(from_second, "200 OK", &list(&new)).await;
    let (_, _, from_third) = called(&mut third).await;
    answer(from_third, "200 OK", &list(&old)).await;
    is_ready(&proxy).await;
    assert!(new.is_for(&proxy, Some("a.com")).await);
    assert!(!folder.path("b").exists());
}

async fn is_ready(proxy: &TestProxy) {
    // A call takes its time; nobody sleeps.
    soon("ready", async { while proxy.api("/ping").await.status() != 200 {} }).await;
}

#[tokio::test]
async fn behaviour_82_a_replica_that_is_alone_or_gets_no_answer_is_ready_all_the_same() {
    let folder = Folder::new();
    let cluster = Cluster { secret: Some("s3cret"), ..Cluster::of(&[2]).await };
    let mut second = cluster.script(2).await;
    let proxy = cluster.starts(1, &folder).await;
    let (_, _, caller) = called(&mut second).await;
    answer(caller, "500 Internal Server Error", "").await;
    is_ready(&proxy).await;
    cluster.dns.about("tasks.proxy", Says::NoSuchName);
    let alone =
        TestProxy::with(&[("DFP_CLUSTER_SECRET", "s3cret"), ("RESOLVERS", &cluster.dns.address.to_string())], |_| {})
            .await;
    is_ready(&alone).await;
    assert!(connect(alone.api_address().port()).await.can_send("x").await);
}

#[tokio::test]
async fn with_a_secret_what_is_put_while_a_replica_starts_reaches_it() {
    let (first_folder, second_folder) = (Folder::new(), Folder::new());
    let cluster = Cluster { secret: Some("s3cret"), ..Cluster::of(&[2]).await };
    let second = cluster.starts(2, &second_folder).await;
    is_ready(&second).await;
    let first = cluster.starts(1, &first_folder).await;
    is_ready(&first).await;
    let bundle = Bundle::new(&["a.com"]);
    assert_eq!(second.put_certificate("certName=a", &bundle.pem).await.status(), 200);
    cluster.dns.resolves("tasks.proxy", &[1, 2]);
    bundle.is_served(&first, "a.com").await;
}

#[tokio::test]
async fn bug_keys_came_out_of_the_public_port_through_a_service_that_names_the_replicas() {
    let folder = Folder::new();
    let cluster = Cluster::of(&[1, 2]).await;
    let proxy = cluster.starts(1, &folder).await;
    proxy.put_certificate("certName=a.pem", &Bundle::new(&["a.com"]).pem).await;
    assert!(certs(&proxy, 2, "").await.body.contains("PRIVATE KEY"), "a replica gets them");
    for field in ["X-Forwarded-For: 192.0.2.1", "X-Forwarded-Proto: http", "Forwarded: for=192.0.2.1", "Via: 1.1 a"] {
        assert_eq!(certs(&proxy, 2, &format!("{field}\r\n")).await.body, NOTHING, "{field}");
    }
    // The data plane of another replica, as it passes a client's call on; that it dials no replica is another matter (`own_api`).
    let mut replica = Backend::start().await;
    let service = format!("serviceName=x&servicePath=/v1&outboundHostname=127.0.0.1&port={}", replica.port());
    proxy.configure(&service).await;
    let request = get("/v1/docker-flow-proxy/certs");
    let (_, passed) = tokio::join!(proxy.ask(&request), async {
        let (head, _, caller) = called(&mut replica).await;
        answer(caller, "200 OK", "").await;
        head
    });
    assert!(passed.to_ascii_lowercase().contains("\r\nx-forwarded-for: "), "{passed}");
}

#[tokio::test]
async fn bug_keys_were_sent_to_a_foreign_service_of_the_same_name() {
    let folder = Folder::new();
    folder.write("certs/a", &Bundle::new(&["a.com"]).pem);
    let mut cluster = Cluster::of(&[2]).await;
    let mut second = cluster.script(2).await;
    let _proxy = cluster.starts(1, &folder).await;
    for _ in 0..3 {
        cluster.dns.is_asked_for("tasks.proxy").await;
    }
    let sent = tokio::time::timeout(Duration::from_millis(1), second.accept_at_last()).await;
    assert!(sent.is_err(), "this replica is none of that service");
    cluster.dns.resolves("tasks.proxy", &[1, 2]);
    let (head, _, _caller) = called(&mut second).await;
    assert!(head.starts_with("PUT /v1/docker-flow-proxy/cert?"), "{head}");
}

#[tokio::test]
async fn bug_a_replica_with_another_secret_lost_certificates_silently() {
    let warnings = Warnings::of_process();
    let folder = Folder::new();
    let cluster = Cluster { secret: Some("n3w-s3cret"), ..Cluster::of(&[1, 99]).await };
    let mut other = cluster.script(99).await;
    let proxy = cluster.starts(1, &folder).await;
    let refusal = NOTHING.replace("OK", "NOK");
    let (_, _, caller) = called(&mut other).await;
    answer(caller, "401 Unauthorized", &refusal).await;
    is_ready(&proxy).await;
    let (_, _, caller) = called(&mut other).await;
    answer(caller, "401 Unauthorized", &refusal).await;
    // It is asked on until it knows the secret.
    let bundle = Bundle::new(&["a.com"]);
    let content = bundle.pem.replace('\n', "\\n");
    let (_, _, caller) = called(&mut other).await;
    let list = format!(r#"{{"Certs":[{{"ProxyServiceName":"a","CertContent":"{content}"}}]}}"#);
    answer(caller, "200 OK", &list).await;
    bundle.is_served(&proxy, "a.com").await;
    let told = warnings.with("Replica 127.0.0.99 does not give its certificates");
    assert!(told.len() == 1 && told[0].contains("its DFP_CLUSTER_SECRET is another one"), "{told:?}");
    assert!(warnings.with("n3w-s3cret").is_empty());
}

#[tokio::test]
async fn bug_a_replica_asked_nobody_once_dns_had_failed() {
    let folder = Folder::new();
    let mut cluster = Cluster { secret: Some("s3cret"), ..Cluster::of(&[1, 2]).await };
    cluster.dns.about("tasks.proxy", Says::Failure);
    let mut second = cluster.script(2).await;
    let proxy = cluster.starts(1, &folder).await;
    is_ready(&proxy).await;
    cluster.dns.questions();
    cluster.dns.is_asked_for("tasks.proxy").await;
    cluster.dns.resolves("tasks.proxy", &[1, 2]);
    cluster.dns.is_asked_for("tasks.proxy").await;
    // One look at DNS says both that this replica is a member and who the others are.
    cluster.dns.about("tasks.proxy", Says::Failure);
    let (head, _, _caller) = called(&mut second).await;
    assert!(head.starts_with("GET /v1/docker-flow-proxy/certs "), "{head}");
}
