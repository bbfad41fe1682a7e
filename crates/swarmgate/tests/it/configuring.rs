//! `reconfigure` and `remove`: what is accepted, what is refused and how, and what is live afterwards.

use crate::harness::{Backend, Peer, TestProxy, get, published};

/// A call of reconfigure with this query is answered with this status and message.
async fn check(proxy: &TestProxy, query: &str, status: u16, message: &str) {
    let reply = proxy.api(&format!("/reconfigure?{query}")).await;
    assert_eq!((reply.status(), reply.message().as_str()), (status, message), "{query}");
    assert_eq!(reply.json()["Status"], if status == 200 { "OK" } else { "NOK" });
    assert_eq!(reply.field("content-type"), "application/json");
}

const NO_NAME: &str = "serviceName parameter is mandatory.";
const NO_PATH: &str = "When using reqMode http, servicePath or serviceDomain are mandatory";
const NO_PORT: &str = r#"When MODE is set to "service" or "swarm", the port query is mandatory"#;
const NO_TCP_PORTS: &str = "When NOT using reqMode http (e.g. tcp), srcPort and port parameters are mandatory.";

#[tokio::test]
async fn behaviours_59_to_64_what_is_missing_is_told_in_docker_flows_words() {
    let proxy = TestProxy::start().await;
    for (query, status, message) in [
        ("", 400, NO_NAME),
        ("servicePath=/demo&port=1", 400, NO_NAME),
        ("serviceName=&servicePath=/demo&port=1", 400, NO_NAME),
        ("serviceName=go&port=1", 409, NO_PATH),
        ("serviceName=go", 409, NO_PATH),
        ("serviceName=go&servicePath=,&port=1", 409, NO_PATH),
        ("serviceName=go&servicePath=/demo", 400, NO_PORT),
        ("serviceName=go&reqMode=tcp&port=1", 400, NO_TCP_PORTS),
        ("serviceName=go&reqMode=tcp&srcPort=1", 400, NO_TCP_PORTS),
        ("serviceName=go&reqMode=tcp&srcPort=1&port=2", 200, ""),
        ("serviceName=go&servicePath=/demo&port=1", 200, ""),
        ("servicename=go&servicePath=/demo&port=1", 200, ""),
        ("serviceName=go&serviceDomain=a.com&port=1", 200, ""),
        ("serviceName=go&servicePath=/demo&httpsPort=1", 200, ""),
    ] {
        check(&proxy, query, status, message).await;
    }
}

#[tokio::test]
async fn what_cannot_work_is_a_409_and_the_last_good_version_stays_live() {
    let (proxy, backend) = published().await;
    backend.echoes();
    let before = proxy.api("/config").await.body;
    for bad in [
        "serviceName=go&servicePath=/new&port=none",
        "serviceName=go&servicePath=/new&port=70000",
        "serviceName=go&servicePath=/new&port=1&pathType=path_nonsense",
        "serviceName=go&servicePath=/(new&port=1&pathType=path_reg",
        "serviceName=go&servicePath=/new&port=1&serviceDomainAlgo=none",
        "serviceName=go&servicePath=/new&port=1&outboundHostname=a+b",
        "serviceName=go&servicePath=/new%0Ause_backend+x&port=1",
        "serviceName=go&servicePath.1=/new&port.1=1&servicePath.2=/newer",
        "serviceName=go&port=1",
    ] {
        let reply = proxy.api(&format!("/reconfigure?{bad}")).await;
        assert_eq!(reply.status(), 409, "{bad}: {}", reply.body);
        assert!(!reply.message().is_empty());
        assert_eq!(proxy.ask(&get("/demo")).await.status(), 200, "after {bad}");
        assert_eq!(proxy.ask(&get("/new")).await.status(), 503, "after {bad}");
    }
    for name in ["a%20b", "a/b", "..%2F", "%C3%A9", "a%0Ab"] {
        let reply = proxy.api(&format!("/reconfigure?serviceName={name}&servicePath=/x&port=1")).await;
        assert_eq!(reply.status(), 409, "{name}");
    }
    assert_eq!(proxy.api("/config").await.body, before, "nothing has changed");
}

#[tokio::test]
async fn behaviours_39_and_74_a_repetition_replaces_everything_and_no_replicas_remove() {
    let (proxy, backend) = (TestProxy::start().await, Backend::start().await);
    proxy.publish_with(&backend, "&deniedMethods=GET").await;
    assert_eq!(proxy.ask(&get("/demo")).await.status(), 403);
    let port = backend.port();
    let query = format!("serviceName=go&servicePath=/demo&port={port}&outboundHostname=127.0.0.1");
    backend.echoes();
    let reply = proxy.configure(&format!("{query}&replicas=2")).await.json();
    assert_eq!((&reply["Replicas"], &reply["IsGlobal"]), (&2.into(), &false.into()));
    assert_eq!(proxy.ask(&get("/demo")).await.status(), 200);
    for none in ["0", "none"] {
        proxy.configure(&format!("{query}&replicas={none}")).await;
        assert_eq!(proxy.ask(&get("/demo")).await.status(), 503, "{none}");
        proxy.configure(&query).await;
        assert_eq!(proxy.ask(&get("/demo")).await.status(), 200);
    }
    assert_eq!(proxy.configure("serviceName=unknown&servicePath=/x&port=1&replicas=0").await.message(), "");
}

#[tokio::test]
async fn any_method_will_do_and_a_form_speaks_for_the_service_only() {
    let (proxy, backend) = (TestProxy::start().await, Backend::start().await);
    let port = backend.port();
    backend.echoes();
    let path = "/v1/docker-flow-proxy/reconfigure?serviceName=go&aclName=first";
    let query = format!("servicePath=/demo&port={port}&outboundHostname=127.0.0.1");
    let form = "aclName=second&servicePath=/form&users=admin:password";
    let fields =
        format!("Host: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n", form.len());
    for method in ["POST", "PUT", "GET", "DELETE"] {
        let reply = proxy.call(&format!("{method} {path}&{query} HTTP/1.1\r\n{fields}\r\n{form}")).await;
        assert_eq!(reply.status(), 200, "{method}: {}", reply.body);
        let echo = reply.json();
        assert_eq!(echo["AclName"], "second", "a form's value wins");
        assert_eq!(echo["ServiceDest"][0]["ServicePath"][0], "/demo", "a destination comes from the query alone");
        assert_eq!(proxy.ask(&get("/demo")).await.status(), 401);
        assert_eq!(proxy.ask(&get("/form")).await.status(), 503);
        proxy.api("/remove?serviceName=go").await;
    }
    let reply = proxy.call(&format!("POST {path}&port=1 HTTP/1.1\r\n{fields}\r\n{form}")).await;
    assert_eq!((reply.status(), reply.message().as_str()), (409, NO_PATH));
}

#[tokio::test]
async fn a_form_that_is_too_long_is_a_413() {
    let proxy = TestProxy::start().await;
    let mut caller = Peer::connect(proxy.api_address()).await;
    let length = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 70000\r\n";
    caller.send(format!("POST /v1/docker-flow-proxy/reconfigure HTTP/1.1\r\nHost: a\r\n{length}\r\n")).await;
    caller.send("x".repeat(70_000)).await;
    assert_eq!(caller.reply().await.status(), 413);
}

#[tokio::test]
async fn behaviour_72_remove_wants_a_name_and_nothing_else() {
    let (proxy, backend) = (TestProxy::start().await, Backend::start().await);
    for query in ["", "?serviceName=", "?aclName=go&distribute=true"] {
        let reply = proxy.api(&format!("/remove{query}")).await;
        assert_eq!((reply.status(), reply.message().as_str()), (400, "The serviceName query is mandatory"), "{query}");
        assert_eq!(reply.json()["Status"], "NOK");
    }
    for query in
        ["serviceName=go", "servicename=go&servicePath=/x&port=y&com.df.any=z", "serviceName=go", "serviceName=a%0Ab"]
    {
        proxy.publish(&backend).await;
        let reply = proxy.api(&format!("/remove?{query}")).await;
        assert_eq!((reply.status(), reply.message().as_str()), (200, ""), "{query}");
        let echo = reply.json();
        assert_eq!(echo["Status"], "OK");
        assert_eq!((&echo["ServiceDest"], &echo["IsGlobal"]), (&serde_json::Value::Null, &false.into()));
    }
    proxy.api("/remove?serviceName=go").await;
    let reply = proxy.api("/remove?serviceName=go").await;
    assert_eq!((reply.status(), &reply.json()["ServiceName"]), (200, &"go".into()), "an unknown one is no failure");
}

#[tokio::test]
async fn no_password_or_key_is_ever_shown() {
    let proxy = TestProxy::with(&[("USERS", "global:secret-1")], |_| {}).await;
    let secrets = "users=admin:secret-2,broken,global&serviceCert=secret-3";
    let encoded = "users=admin%3Asecret-2";
    let mut shown = Vec::new();
    for query in [
        format!("serviceName=go&servicePath=/demo&port=1&{secrets}"),
        format!("serviceName=go&servicePath=/demo&port=1&{encoded}"),
        format!("serviceName=go&servicePath=/demo&port=secret&{secrets}"),
        format!("serviceName=go&{secrets}"),
        "serviceName=go&servicePath=/demo&port=1&user=admin:secret-2&Users=admin:secret-2%0D%0A".to_owned(),
        format!("servicePath=/demo&{secrets}"),
    ] {
        shown.push(proxy.api(&format!("/reconfigure?{query}")).await.body);
        shown.push(proxy.api(&format!("/remove?{query}")).await.body);
        shown.push(proxy.api(&format!("/reconfigure?{query}&distribute=true")).await.body);
    }
    // What is no certificate refuses the service.
    let accepted = secrets.replace("&serviceCert=secret-3", "");
    proxy.configure(&format!("serviceName=go&servicePath=/demo&port=1&{accepted}")).await;
    shown.push(proxy.api("/config").await.body);
    shown.push(proxy.api("/config?type=json").await.body);
    assert!(shown.iter().any(|text| text.contains("admin")), "names are shown");
    for text in shown {
        assert!(!text.contains("secret-"), "{text}");
    }
}

#[tokio::test]
async fn bug_credentials_in_header_rules_and_extra_lines_were_shown() {
    let proxy = TestProxy::start().await;
    let service = "serviceName=go&servicePath=/demo&port=1";
    let good = "setReqHeader=X-Role%20guest,Authorization%20%22Basic%20secret-1,a%22&addHeader=X-Api-Key%20secret-2\
        &setResHeader=Set-Cookie%20a%3Dsecret-3,X-Seen%20yes\
        &backendExtra=http-request%20set-header%20Cookie%20secret-4&userDef=X-Token%20secret-5";
    let mut shown = vec![proxy.configure(&format!("{service}&{good}")).await.body];
    shown.push(proxy.api("/config").await.body);
    shown.push(proxy.api("/config?type=json").await.body);
    let echoed = &shown[2];
    for readable in ["X-Role guest", "Authorization *****", "X-Api-Key *****", "Set-Cookie *****", "X-Seen yes"] {
        assert!(echoed.contains(readable), "{readable} in {echoed}");
    }
    for bad in [
        "setReqHeader=Authorization%20%22Basic%20secret-1",
        "setReqHeader=Authorization:secret-1",
        "setReqHeadr=Authorization%20secret-1",
        "backendExtra=http-request%20set-header%20Authorization%20Basic%20secret-1",
        "backendExtra=acl%20known%20req.hdr(Authorization)%20%22secret-1",
    ] {
        shown.push(proxy.api(&format!("/reconfigure?{service}&{bad}")).await.body);
    }
    for text in shown {
        assert!(!text.contains("secret-"), "{text}");
    }
}

#[tokio::test]
async fn what_is_not_acted_on_is_told() {
    let proxy = TestProxy::start().await;
    let query = "serviceName=go&servicePath=/demo&port=1&serviceColor=blue&sevicePath=/x&com.other=1";
    let warnings = proxy.configure(query).await.json()["Warnings"].clone();
    let warnings: Vec<_> = warnings.as_array().unwrap().iter().filter_map(|warning| warning.as_str()).collect();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings.iter().any(|warning| warning.starts_with("serviceColor: ")), "{warnings:?}");
    assert!(warnings.iter().any(|warning| warning.contains("did you mean servicePath?")), "{warnings:?}");
}
