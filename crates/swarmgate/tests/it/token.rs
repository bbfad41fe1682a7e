//! `DFP_API_TOKEN`: changes need it, questions do not, and replicas show it to each other.

use crate::dns::FakeDns;
use crate::docker::FakeDocker;
use crate::harness::{Backend, Bundle, Folder, Peer, Reply, TestProxy, Warnings, get, ok};
use std::net::{Ipv4Addr, SocketAddr};
use swarmgate::app::start_listener;
use swarmgate::settings::{self, ListenerSettings};

const TOKEN: (&str, &str) = ("DFP_API_TOKEN", "t0ken-of-this-test");
const BORNE: &str = "Authorization: Bearer t0ken-of-this-test\r\n";

/// A call below the base of the API with these fields.
async fn call(proxy: &TestProxy, method: &str, path: &str, fields: &str) -> Reply {
    proxy.call(&format!("{method} /v1/docker-flow-proxy{path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n")).await
}

fn service(backend: &Backend) -> String {
    format!("/reconfigure?serviceName=go&servicePath=/demo&port={}&outboundHostname=127.0.0.1", backend.port())
}

#[tokio::test]
async fn every_change_needs_the_token_and_without_it_nothing_happens() {
    let warnings = Warnings::of_process();
    let (proxy, backend) = (TestProxy::with(&[TOKEN], |_| {}).await, Backend::start().await);
    let before = proxy.generation();
    let wrong = ["", "Authorization: Bearer t0ken\r\n", "Authorization: Basic t0ken-of-this-test\r\n"];
    for fields in wrong {
        for path in [&*service(&backend), "/remove?serviceName=go", "/reload", "/reload?fromListener=true"] {
            let reply = call(&proxy, "GET", path, fields).await;
            assert_eq!((reply.status(), reply.field("www-authenticate")), (401, "Bearer"), "{path} {fields}");
            assert_eq!(reply.json()["Status"], "NOK");
            assert!(reply.message().contains("DFP_API_TOKEN") && !reply.body.contains("t0ken"), "{}", reply.body);
        }
        let reply = call(&proxy, "PUT", "/cert?certName=a", &format!("{fields}Content-Length: 0\r\n")).await;
        assert_eq!(reply.status(), 401);
    }
    assert_eq!(proxy.generation(), before);
    assert_eq!(call(&proxy, "GET", &service(&backend), BORNE).await.status(), 200);
    assert_eq!(call(&proxy, "POST", "/reload", BORNE).await.status(), 200);
    backend.echoes();
    assert_eq!(proxy.ask(&get("/demo")).await.status(), 200);
    assert_eq!(call(&proxy, "GET", "/remove?serviceName=go", BORNE).await.status(), 200);
    assert!(warnings.with("does not bear the DFP_API_TOKEN").len() >= 15 && warnings.with("t0ken").is_empty());
}

#[tokio::test]
async fn questions_stay_open_and_show_no_secret() {
    let (proxy, backend) = (TestProxy::with(&[TOKEN], |_| {}).await, Backend::start().await);
    let with_users = format!("{}&users=admin:passw0rd", service(&backend));
    assert_eq!(call(&proxy, "GET", &with_users, BORNE).await.status(), 200);
    for path in ["/config", "/config?type=json", "/ping", "/certs"] {
        let reply = call(&proxy, "GET", path, "").await;
        assert_eq!(reply.status(), 200, "{path}");
        assert!(!reply.body.contains("passw0rd") && !reply.body.contains("t0ken"), "{path}: {}", reply.body);
    }
    assert_eq!(proxy.call("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n").await.status(), 200);
}

#[tokio::test]
async fn a_change_reaches_the_other_replicas_with_the_token_also_beside_a_secret_of_the_cluster() {
    let (dns, folder) = (FakeDns::start().await, Folder::new());
    let (certs, name_server) = (folder.text("certs"), dns.address.to_string());
    let variables = [TOKEN, ("DFP_CLUSTER_SECRET", "s3cret"), ("RESOLVERS", &name_server), ("CERTS_DIR", &certs)];
    let proxy = TestProxy::with(&variables, |_| {}).await;
    let address = SocketAddr::from(([127, 0, 0, 2], proxy.api_address().port()));
    let mut second = Backend::on(address).await.expect("a free port");
    dns.resolves("tasks.proxy", &[1, 2]);
    let hears = async {
        loop {
            let mut caller = second.accept().await;
            let head = caller.receives_head().await.to_ascii_lowercase();
            caller.receives_bytes(Reply::length(&head)).await;
            caller.send(ok(r#"{"Certs":[]}"#)).await;
            // A new replica asks for certificates in between, and for that it bears the secret.
            match head.starts_with("get /v1/docker-flow-proxy/certs ") {
                true => assert!(head.contains("authorization: bearer s3cret\r\n"), "{head}"),
                false => return head,
            }
        }
    };
    let pem = Bundle::new(&["a.com"]).pem;
    let fields = format!("{BORNE}Content-Length: {}\r\n", pem.len());
    let put =
        format!("PUT /v1/docker-flow-proxy/cert?certName=a&distribute=true HTTP/1.1\r\nHost: a\r\n{fields}\r\n{pem}");
    let (reply, heard) = tokio::join!(proxy.call(&put), hears);
    assert_eq!(reply.status(), 200, "{}", reply.body);
    assert!(heard.starts_with("put ") && heard.contains("authorization: bearer t0ken-of-this-test\r\n"), "{heard}");
}

#[tokio::test]
async fn bug_a_change_through_the_port_of_a_node_was_taken() {
    let (proxy, backend) = (TestProxy::start().await, Backend::start().await);
    let before = proxy.generation();
    let forwarded = "X-Forwarded-For: 192.0.2.1\r\n";
    for path in [&*service(&backend), "/remove?serviceName=go", "/reload"] {
        let reply = call(&proxy, "GET", path, forwarded).await;
        assert_eq!(reply.status(), 403, "{path}");
        assert!(reply.message().contains("DFP_API_TOKEN"), "it names the way out: {}", reply.body);
    }
    assert_eq!(proxy.generation(), before);
    assert_eq!(call(&proxy, "GET", "/ping", forwarded).await.status(), 200, "questions stay open");
    let guarded = TestProxy::with(&[TOKEN], |_| {}).await;
    assert_eq!(call(&guarded, "GET", &service(&backend), &format!("{forwarded}{BORNE}")).await.status(), 200);
}

#[tokio::test]
async fn bug_a_listener_with_a_token_gave_passwords_to_everybody() {
    let (docker, backend) = (FakeDocker::start(), Backend::start().await);
    let port = backend.port().to_string();
    let labels = [("notify", "true"), ("servicePath", "/demo"), ("port", &port), ("outboundHostname", "127.0.0.1")];
    let labels = labels.map(|(name, value)| (format!("com.df.{name}"), value));
    let mut labels: Vec<_> = labels.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    labels.push(("com.df.users", "admin:passw0rd"));
    docker.sets("go", &labels);
    let variables = [("DF_DOCKER_HOST", docker.host()), (TOKEN.0, TOKEN.1.to_owned())].into_iter().collect();
    let settings =
        ListenerSettings { ip: Ipv4Addr::LOCALHOST.into(), port: 0, ..settings::listener(&variables).unwrap() };
    let listener = start_listener(settings).await.expect("a listener");
    for path in ["get-services", "notify-services"] {
        let ask = async |fields: &str| {
            let request = format!("GET /v1/docker-flow-swarm-listener/{path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
            let mut caller = Peer::connect(listener.api).await;
            caller.send(request).await;
            caller.reply().await
        };
        let refused = ask("").await;
        assert!(refused.status() == 401 && !refused.body.contains("passw0rd"), "{path}: {}", refused.body);
        assert_eq!(ask(BORNE).await.status(), 200, "{path}");
    }
    let address = listener.api.to_string();
    let follows = ("LISTENER_ADDRESS", &*address);
    let stranger = TestProxy::with(&[follows], |_| {}).await;
    let said = stranger.api("/reload").await;
    assert!(said.body.contains("DFP_API_TOKEN"), "{}", said.body);
    let proxy = TestProxy::with(&[follows, TOKEN], |_| {}).await;
    assert_eq!(call(&proxy, "GET", "/reload?fromListener=true", BORNE).await.status(), 200);
    assert_eq!(proxy.ask(&get("/demo")).await.status(), 401, "it is known, with its users");
    listener.stop().await;
}
