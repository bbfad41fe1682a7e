//! Routes that get no request: told in the reply, once in the log, and in the status for as long as it is so.

use crate::harness::{TestProxy, Warnings, soon};
use serde_json::Value;
use std::time::Duration;

fn warnings(reply: &Value) -> Vec<&str> {
    reply["Warnings"].as_array().expect("warnings").iter().map(|warning| warning.as_str().expect("text")).collect()
}

/// What the status says of a service, once it is said or no longer said.
async fn remarks(proxy: &TestProxy, name: &str, are_there: bool) -> Vec<String> {
    // All changes are settled now; the routes are looked through on another thread.
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(1)).await;
    tokio::time::resume();
    soon("the routes are looked through", async {
        loop {
            let status = proxy.api("/status?distribute=false").await.json();
            let services = status["Services"].as_array().expect("services");
            let service = services.iter().find(|service| service["ServiceName"] == name).expect("the service");
            let remarks: Vec<_> =
                service["Remarks"].as_array().expect("remarks").iter().map(ToString::to_string).collect();
            if remarks.is_empty() != are_there {
                return remarks;
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_route_that_gets_no_request_is_told_in_reply_log_and_status() {
    let (proxy, log) = (TestProxy::start().await, Warnings::of_process());
    proxy.configure("serviceName=findings-digital&servicePath=/digital&port=1").await;
    let reply = proxy.configure("serviceName=findings-product&servicePath=/digitalproduct&port=1").await.json();
    let [own] = warnings(&reply)[..] else { panic!("one finding: {reply}") };
    assert!(
        own.starts_with(
            "servicePath=/digitalproduct gets no request: servicePath=/digital of service findings-digital"
        ),
        "{own}"
    );
    assert!(remarks(&proxy, "findings-product", true).await[0].contains("/digitalproduct gets no request"));
    let told = || log.with("Service findings-product: servicePath=/digitalproduct gets no request").len();
    assert_eq!(told(), 1);

    // Whoever takes the requests is told as well; and what is told once is not told again.
    let reply = proxy.configure("serviceName=findings-digital&servicePath=/digital&port=2").await.json();
    let [others] = warnings(&reply)[..] else { panic!("one finding: {reply}") };
    assert!(others.starts_with("Service findings-product: servicePath=/digitalproduct gets no request"), "{others}");
    assert_eq!(remarks(&proxy, "findings-product", true).await.len(), 1);
    assert_eq!(told(), 1);

    let way_out = "serviceName=findings-product&aclName=0-product&servicePath=/digitalproduct&port=1";
    assert_eq!(warnings(&proxy.configure(way_out).await.json()), Vec::<&str>::new());
    assert_eq!(remarks(&proxy, "findings-product", false).await, Vec::<String>::new());
    proxy.configure("serviceName=findings-product&servicePath=/digitalproduct&port=1").await;
    remarks(&proxy, "findings-product", true).await;
    assert_eq!(told(), 2, "it was gone, and is there again");
}

#[tokio::test]
async fn bug_a_refusal_was_told_with_each_call_that_repeated_it() {
    let (proxy, log) = (TestProxy::start().await, Warnings::of_process());
    let refused = async |query: &str| {
        let reply = proxy.api(&format!("/reconfigure?serviceName=findings-again&{query}")).await;
        assert_eq!((reply.status(), reply.field("swarmgate-refusal")), (400, "final"));
    };
    let told = || log.with("service `findings-again`: give it port").len();
    for (query, times) in [("servicePath=/x", 1), ("servicePath=/x", 1), ("servicePath=/y", 1), ("servicePath.1=/x", 2)]
    {
        refused(query).await;
        assert_eq!(told(), times, "{query}");
    }
    proxy.configure("serviceName=findings-again&servicePath=/x&port=1").await;
    refused("servicePath.1=/x").await;
    assert_eq!(told(), 3, "it was accepted meanwhile");
    assert_eq!(proxy.api("/remove?serviceName=findings-again").await.status(), 200);
    refused("servicePath.1=/x").await;
    assert_eq!(told(), 4, "it was gone meanwhile");
}

#[tokio::test]
async fn bug_a_refusal_did_not_say_which_name_was_nearly_right() {
    let (proxy, log) = (TestProxy::start().await, Warnings::of_process());
    let reply = proxy.api("/reconfigure?serviceName=findings-near&servicepath=/x&port=1").await;
    let advice = "service `findings-near`: give it servicePath or serviceDomain: what it is asked for; \
        servicepath: nobody knows this parameter; did you mean servicePath?";
    assert_eq!(warnings(&reply.json()), [advice]);
    assert_eq!(log.with(advice).len(), 1);
}

#[tokio::test]
async fn what_docker_flows_words_do_not_say_is_said_beside_them() {
    let (proxy, log) = (TestProxy::start().await, Warnings::of_process());
    for (query, advice) in [
        ("servicePath=/x", "service `findings-bare`: give it port: the port that it listens on"),
        ("port=1", "service `findings-bare`: give it servicePath or serviceDomain: what it is asked for"),
        ("reqMode=tcp&port=1", "service `findings-bare`: give it srcPort: the port that the proxy listens on for it"),
        ("servicePath.1=/x", "service `findings-bare`: give it port.1: the port that it listens on"),
    ] {
        let reply = proxy.api(&format!("/reconfigure?serviceName=findings-bare&{query}")).await;
        assert_eq!(warnings(&reply.json()), [advice]);
        assert_eq!(log.with(&format!("Refused: {} ({advice})", reply.message())).len(), 1);
    }
}
