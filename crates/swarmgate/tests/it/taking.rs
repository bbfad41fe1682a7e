//! Variables that decide which services are taken: the filter of instances, whether a host must resolve, and services of the environment.
//!
//! Not here: parameters that cannot work (`configuring`).

use crate::dns::{FakeDns, Says};
use crate::harness::{Backend, FakeListener, TestProxy, Warnings, get};
use std::time::Duration;

#[tokio::test]
async fn behaviour_135_only_services_of_this_instance_are_taken_and_others_get_200() {
    let filter = [("FILTER_PROXY_INSTANCE_NAME", "true"), ("PROXY_INSTANCE_NAME", "blue")];
    let (proxy, backend) = (TestProxy::with(&filter, |_| {}).await, Backend::start().await);
    let status = async || proxy.ask(&get("/demo")).await.status();
    proxy.publish(&backend).await;
    assert_eq!(status().await, 503, "a service that names no instance is for none in particular");
    proxy.publish_with(&backend, "&proxyInstanceName=green").await;
    assert_eq!(status().await, 503);
    proxy.publish_with(&backend, "&proxyInstanceName=Blue").await;
    assert!(proxy.api("/config?type=json").await.body.contains("\"ProxyInstanceName\":\"Blue\""));
    proxy.publish_with(&backend, "&proxyInstanceName=green").await;
    assert_eq!(proxy.api("/config?type=json").await.body, "{}", "it has moved to another instance");
    let other = TestProxy::start().await;
    other.publish_with(&backend, "&proxyInstanceName=green").await;
    assert!(other.api("/config?type=json").await.body.contains("go"), "without the filter all are taken");
}

#[tokio::test]
async fn a_listeners_list_is_filtered_like_calls() {
    let mut listener = FakeListener::start().await;
    let service = |name: &str, instance: &str| {
        format!(r#"{{"serviceName":"{name}","servicePath":"/{name}","port":"1","proxyInstanceName":"{instance}"}}"#)
    };
    listener.lists(&format!("[{},{}]", service("one", "blue"), service("two", "green")));
    let filter = [("FILTER_PROXY_INSTANCE_NAME", "true"), ("PROXY_INSTANCE_NAME", "blue")];
    let address = listener.address.clone();
    let proxy = TestProxy::with(&filter, |settings| {
        settings.listeners = vec![address];
        settings.reconcile_interval = Duration::from_millis(20);
    })
    .await;
    listener.is_heard().await;
    assert_eq!(names(&proxy).await, ["one"]);
    listener.lists(&format!("[{},{}]", service("one", "green"), service("two", "blue")));
    listener.is_heard().await;
    assert_eq!(names(&proxy).await, ["two"]);
}

#[tokio::test]
async fn behaviour_135_a_host_that_does_not_resolve_is_a_500_where_addresses_are_validated() {
    let dns = FakeDns::start().await;
    dns.resolves("known", &[1]);
    dns.about("unknown", Says::NoSuchName);
    let resolvers = dns.address.to_string();
    let variables = [("SKIP_ADDRESS_VALIDATION", "false"), ("RESOLVERS", resolvers.as_str())];
    let proxy = TestProxy::with(&variables, |_| {}).await;
    let status = async |query: &str| {
        let reply = proxy.api(&format!("/reconfigure?servicePath=/demo&{query}")).await;
        (reply.status(), reply.message())
    };
    let (code, message) = status("serviceName=unknown&port=1").await;
    assert!(code == 500 && message.starts_with("service `unknown`: unknown does not resolve: "), "{code} {message}");
    assert_eq!(status("serviceName=go&port=1&outboundHostname=unknown").await.0, 500);
    assert_eq!(proxy.api("/config?type=json").await.body, "{}");
    for good in ["serviceName=known&port=1", "serviceName=a&port=1&outboundHostname=127.0.0.1"] {
        assert_eq!(status(good).await, (200, String::new()), "{good}");
    }
    // What is refused, or gone, anyway needs no address.
    assert_eq!(status("serviceName=unknown").await.0, 400);
    assert_eq!(status("serviceName=unknown&port=1&replicas=0").await.0, 200);
    assert_eq!(status("serviceName=known&port=1&outboundHostname=unknown").await.0, 500);
    assert!(proxy.api("/config?type=json").await.body.contains("\"OutboundHostname\":\"\""), "it stays as it was");
}

#[tokio::test]
async fn behaviour_133_a_service_with_a_template_is_a_409_that_names_the_way_out() {
    let proxy = TestProxy::start().await;
    for parameter in ["templateFePath", "templateBePath"] {
        let query = format!("/reconfigure?serviceName=go&servicePath=/demo&port=1&{parameter}=/etc/hostname");
        let reply = proxy.api(&query).await;
        let message = reply.message();
        assert_eq!(reply.status(), 409, "{message}");
        assert!(message.contains(parameter) && message.contains("ENGINE=haproxy"), "{message}");
    }
    assert_eq!(proxy.api("/config?type=json").await.body, "{}");
}

/// The services by name.
async fn names(proxy: &TestProxy) -> Vec<String> {
    let services = proxy.api("/config?type=json").await.json();
    services.as_object().expect("services").keys().cloned().collect()
}

#[tokio::test]
async fn behaviour_36_a_service_of_the_environment_is_live_without_any_call() {
    let warnings = Warnings::of_process();
    let (backend, mut listener) = (Backend::start().await, FakeListener::start().await);
    let (port, address) = (backend.port().to_string(), listener.address.clone());
    listener.lists("[]");
    let variables = [
        ("DFP_SERVICE_1_SERVICE_NAME", "go"),
        ("DFP_SERVICE_1_SERVICE_PATH", "/demo"),
        ("DFP_SERVICE_1_PORT", port.as_str()),
        ("DFP_SERVICE_1_OUTBOUND_HOSTNAME", "127.0.0.1"),
        ("DFP_SERVICE_2_SERVICE_NAME", "bad-of-the-environment"),
        ("DFP_SERVICE_2_SERVICE_PATH", "/bad"),
        ("DFP_SERVICE_2_PORT", "none"),
        ("DFP_SERVICE_3_SERVICE_NAME", "late"),
        ("DFP_SERVICE_3_SERVICE_DOMAIN", "late.com"),
        ("DFP_SERVICE_3_PORT", port.as_str()),
        ("DFP_SERVICE_3_OUTBOUND_HOSTNAME", "127.0.0.1"),
        ("HTTPS_ONLY", "true"),
    ];
    let proxy = TestProxy::with(&variables, |settings| {
        settings.listeners = vec![address];
        settings.reconcile_interval = Duration::from_millis(20);
    })
    .await;
    backend.echoes();
    assert_eq!(proxy.ask(&get("/demo/hello")).await.status(), 200, "HTTPS_ONLY is not for it");
    let of_domain = "GET /any HTTP/1.1\r\nHost: late.com\r\n\r\n";
    assert_eq!(proxy.ask(of_domain).await.status(), 200, "a domain alone has the path /");
    let told = warnings.with("bad-of-the-environment");
    assert!(told.iter().any(|line| line.contains("DFP_SERVICE_2_PORT") && line.contains("`none`")), "{told:?}");
    listener.is_heard().await;
    assert_eq!(names(&proxy).await, ["go", "late"], "a complete list takes none of them away");
}
