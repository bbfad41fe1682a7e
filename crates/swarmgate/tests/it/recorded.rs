//! What Docker Flow's own listener was recorded to send on a real Swarm configures this proxy.
//!
//! Not here: that our listener sends the same; the tests of the crate `swarm` hold it.

use crate::dns::FakeDns;
use crate::harness::{Reply, TestProxy};

const REWRITE: &str = "/v1/docker-flow-proxy/reconfigure?distribute=true&nodeInfo=%5B%5B%22vm%22%2C%2210.0.1.14%22%2C%22pr43%22%5D%5D&port.1=8080&replicas=1&reqRepReplace=%5C1%5C+%2Fdemo%2F%5C2&reqRepSearch=%5E%28%5B%5E%5C+%5D%2A%29%5C+%2Fsomething%2F%28.%2A%29&scrapeNetwork=proxy&serviceName=rewrite&servicePath.1=%2Fa%2C%2Fb&shortName=true&users=admin%3Apass%2Cb%3Ac";
const REWRITE_REMOVED: &str = "/v1/docker-flow-proxy/remove?distribute=true&port.1=8080&reqRepReplace=%5C1%5C+%2Fdemo%2F%5C2&reqRepSearch=%5E%28%5B%5E%5C+%5D%2A%29%5C+%2Fsomething%2F%28.%2A%29&scrapeNetwork=proxy&serviceName=rewrite&servicePath.1=%2Fa%2C%2Fb&shortName=true&users=admin%3Apass%2Cb%3Ac";

/// A request with the fields that Go's client sends, and no others.
async fn send(proxy: &TestProxy, target: &str) -> Reply {
    let fields = "Host: proxy:8080\r\nUser-Agent: Go-http-client/1.1\r\nAccept-Encoding: gzip";
    let reply = proxy.call(&format!("GET {target} HTTP/1.1\r\n{fields}\r\n\r\n")).await;
    assert_eq!(reply.status(), 200, "{target}: {}", reply.body);
    reply
}

async fn has(proxy: &TestProxy, line: &str) -> bool {
    proxy.api("/config").await.body.contains(line)
}

#[tokio::test]
async fn what_docker_flows_listener_was_recorded_to_send_configures_the_proxy() {
    let dns = FakeDns::start().await;
    // The only replica is the one that is told.
    dns.resolves("tasks.proxy", &[1]);
    let proxy = TestProxy::with(&[("RESOLVERS", &dns.address.to_string())], |_| {}).await;
    let go_demo = |path: &str, replicas: u32| {
        format!(
            "/v1/docker-flow-proxy/reconfigure?distribute=true&port=8080&replicas={replicas}&serviceName=go-demo&servicePath=%2F{path}"
        )
    };
    send(&proxy, &go_demo("demo", 2)).await;
    assert!(has(&proxy, "acl url_go-demo8080_0 path_beg /demo").await);
    send(&proxy, &go_demo("demo2", 2)).await;
    send(&proxy, &go_demo("demo2", 3)).await;
    assert!(has(&proxy, "acl url_go-demo8080_0 path_beg /demo2").await);
    send(&proxy, REWRITE).await;
    assert!(has(&proxy, "path_beg /a /b").await);
    assert!(!has(&proxy, "admin:pass").await);
    send(&proxy, "/v1/docker-flow-proxy/remove?distribute=true&port=8080&serviceName=go-demo&servicePath=%2Fdemo2")
        .await;
    assert!(!has(&proxy, "go-demo").await);
    send(&proxy, REWRITE_REMOVED).await;
    assert!(!has(&proxy, "rewrite").await);
}
