//! The proxy's own control API is no destination: not by its name, not by what a name turns out to be, in no mode.
//!
//! On loopback every replica has addresses of this machine; that those of others count too is held by `proxy::off_limits`.

use crate::dns::FakeDns;
use crate::harness::{Backend, Reply, TestProxy, Warnings, connect, free_port, get};

/// A service on `/demo` that leads to `host` on the API's port.
fn to_api(proxy: &TestProxy, host: &str) -> String {
    let port = proxy.api_address().port();
    format!("/reconfigure?serviceName=go&servicePath=/demo,/v1&port={port}&outboundHostname={host}")
}

fn outcome(reply: &Reply) -> (u16, String) {
    (reply.status(), reply.message())
}

#[tokio::test]
async fn a_destination_that_names_the_api_is_refused_and_the_last_good_version_stays() {
    let (proxy, backend) = (TestProxy::start().await, Backend::start().await);
    proxy.publish(&backend).await;
    backend.echoes();
    let port = proxy.api_address().port();
    for host in ["127.0.0.1", "::1", "0.0.0.0", "localhost", "proxy", "tasks.proxy", "::ffff:127.0.0.1"] {
        let reason =
            format!("service `go`: `{host}` on port {port} is this proxy's own control API, which is never published");
        assert_eq!(outcome(&proxy.api(&to_api(&proxy, host)).await), (409, reason));
    }
    let https =
        format!("/reconfigure?serviceName=go&servicePath=/demo&port=1&httpsPort={port}&outboundHostname=localhost");
    assert_eq!(proxy.api(&https).await.status(), 409);
    let by_its_name = format!("/reconfigure?serviceName=proxy&servicePath=/demo&port={port}");
    assert_eq!(proxy.api(&by_its_name).await.status(), 409);
    let tcp = format!("/reconfigure?serviceName=go&reqMode=tcp&srcPort=1&port={port}&outboundHostname=127.0.0.1");
    assert_eq!(proxy.api(&tcp).await.status(), 409);
    assert_eq!(proxy.ask(&get("/demo")).await.body, "GET /demo HTTP/1.1");
}

#[tokio::test]
async fn a_name_that_turns_out_to_be_the_api_gets_503_and_one_warning() {
    let warnings = Warnings::of_process();
    let dns = FakeDns::start().await;
    dns.resolves("innocent.example", &[1]);
    let proxy = TestProxy::with(&[("RESOLVERS", &dns.address.to_string())], |_| {}).await;
    assert_eq!(proxy.api(&to_api(&proxy, "innocent.example")).await.status(), 200);
    for _ in 0..3 {
        assert_eq!(proxy.ask(&get("/v1/docker-flow-proxy/config")).await.status(), 503);
    }
    let port = proxy.api_address().port();
    let told = warnings.with(&format!("go-be{port}_0"));
    let reason = "127.0.0.1:{} is this machine's own control API, which is never published; it is not dialled";
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains(&reason.replace("{}", &port.to_string())), "{told:?}");
}

#[tokio::test]
async fn other_ports_of_the_same_address_are_served() {
    let (proxy, backend) = (TestProxy::start().await, Backend::start().await);
    let port = backend.port();
    backend.echoes();
    for host in ["127.0.0.1", "localhost"] {
        proxy.configure(&format!("serviceName=go&servicePath=/demo&port={port}&outboundHostname={host}")).await;
        assert_eq!(proxy.ask(&get("/demo")).await.status(), 200, "{host}");
    }
}

#[tokio::test]
async fn a_bare_connection_does_not_reach_the_api_either_and_no_check_asks_it() {
    let dns = FakeDns::start().await;
    dns.resolves("innocent.example", &[1]);
    let proxy = TestProxy::with(&[("RESOLVERS", &dns.address.to_string())], |_| {}).await;
    let (source, port) = (free_port(), proxy.api_address().port());
    let query = format!("serviceName=go&reqMode=tcp&srcPort={source}&port={port}&checkTcp=true");
    proxy.configure(&format!("{query}&outboundHostname=innocent.example")).await;
    let mut client = connect(source).await;
    client.send("GET /v1/docker-flow-proxy/ping HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let answer = client.rest().await.unwrap_or_default();
    assert_eq!(String::from_utf8_lossy(&answer), "", "it ends, in whatever way");
}
