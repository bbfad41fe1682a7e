//! Which requests reach a service: reconfigure, then ask. The rows are Docker Flow's own integration tests, and the seed's text.

use crate::harness::{Backend, TestProxy, get};

/// A request that is answered by the service with the line it got, or by the proxy with a status.
#[derive(Clone, Copy)]
enum Gets {
    Line(&'static str),
    Status(u16),
}
use Gets::{Line, Status};

/// Behaviour, parameters beside serviceName, port and host, path, other fields of the request, and what comes of it.
type Row = (u16, &'static str, &'static str, &'static str, Gets);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    (1, "servicePath=/demo", "/demo/hello", "", Line("GET /demo/hello HTTP/1.1")),
    (1, "servicePath=/demo", "/demonstration", "", Line("GET /demonstration HTTP/1.1")),
    (1, "servicePath=/demo", "/Demo", "", Status(503)),
    (2, "servicePath=/demo&servicePathExclude=/demo/hello", "/demo/hello", "", Status(503)),
    (2, "servicePath=/demo&servicePathExclude=/demo/hello", "/demo/other", "", Line("GET /demo/other HTTP/1.1")),
    (3, "servicePath=/demo&serviceDomain=my-domain.com", "/demo", "Host: my-domain.com", Line("GET /demo HTTP/1.1")),
    (3, "servicePath=/demo&serviceDomain=my-domain.com", "/demo", "Host: MY-DOMAIN.com.:8080", Line("GET /demo HTTP/1.1")),
    (3, "servicePath=/demo&serviceDomain=my-domain.com", "/demo", "Host: other.com", Status(503)),
    (4, "servicePath=/demo&serviceDomain=new.com&redirectFromDomain=old.com", "/demo", "Host: old.com", Status(301)),
    (12, "servicePath=/demo&serviceHeader=X-Version:3", "/demo", "X-Version: 3", Line("GET /demo HTTP/1.1")),
    (13, "servicePath=/demo&serviceHeader=X-Version:3,name:Viktor", "/demo", "Name: Viktor\r\nx-version: 2, 3", Line("GET /demo HTTP/1.1")),
    (14, "servicePath=/demo&serviceHeader=X-Version:3,name:Viktor", "/demo", "X-Version: 3", Status(503)),
    (15, "servicePath=/demo&serviceHeader=X-Version:3,name:Viktor", "/demo", "", Status(503)),
    (18, "servicePath=/demo&userAgent=amiga,amstrad", "/demo", "User-Agent: an Amstrad", Line("GET /demo HTTP/1.1")),
    (19, "servicePath=/demo&userAgent=amiga,amstrad", "/demo", "User-Agent: amiga", Line("GET /demo HTTP/1.1")),
    (20, "servicePath=/demo&userAgent=amiga,amstrad", "/demo", "", Status(503)),
    (22, "servicePath=/demo&verifyClientSsl=true", "/demo", "", Status(403)),
    (26, "servicePath=/something&reqPathSearch=/something/&reqPathReplace=/demo/", "/something/hello?q", "", Line("GET /demo/hello?q HTTP/1.1")),
    (27, "servicePath=/else&reqPathSearchReplace=/else/,/demo/", "/else/hello", "", Line("GET /demo/hello HTTP/1.1")),
    (28, "servicePath=/something&reqPathSearch=/something&reqPathReplace=", "/something/demo/hello", "", Line("GET /demo/hello HTTP/1.1")),
    (29, "servicePath=/something&reqPathSearch=/something", "/something/demo/hello", "", Line("GET /demo/hello HTTP/1.1")),
    (37, "servicePath=/xxx&isDefaultBackend=true", "/demo/hello", "", Line("GET /demo/hello HTTP/1.1")),
    (38, "servicePath=/demo&allowedMethods=DELETE", "/demo", "", Status(403)),
    (39, "servicePath=/demo", "/demo", "", Line("GET /demo HTTP/1.1")),
    (40, "servicePath=/demo&deniedMethods=GET", "/demo", "", Status(403)),
    (41, "servicePath=/demo&denyHttp=true", "/demo", "", Status(403)),
    (44, "servicePath=/.*/test&pathType=path_reg", "/v1/test", "", Line("GET /v1/test HTTP/1.1")),
    (45, "servicePath=,/v2/test", "/v2/test", "", Line("GET /v2/test HTTP/1.1")),
    (45, "servicePath=,/v2/test", "/v1/test", "", Status(503)),
    (48, r"servicePath=/v99/test&reqRepSearch=^([^\+]*)\+/v99/(.*)&reqRepReplace=\1\+/v1/\2", "/v99/test", "", Line("GET /v1/test HTTP/1.1")),
    (147, "servicePath=/demo&serviceDomain=a.com", "/demo", "Host: www.a.com", Status(503)),
    (180, "servicePath=/demo/hello,/demo/person", "/demo/person", "", Line("GET /demo/person HTTP/1.1")),
    (180, "servicePath=/demo/hello,/demo/person", "/demo/other", "", Status(503)),
    (181, "servicePath=/demo&serviceDomain=my-domain.com,my-other-domain.com", "/demo", "Host: my-other-domain.com", Line("GET /demo HTTP/1.1")),
    (181, "servicePath=/demo&serviceDomain=my-domain.com,my-other-domain.com", "/demo", "Host: a-domain.com", Status(503)),
    (182, "servicePath=/demo&serviceDomain=*domain.com", "/demo", "Host: my-other-domain.com", Line("GET /demo HTTP/1.1")),
    (182, "servicePath=/demo&serviceDomain=*domain.com", "/demo", "Host: domain.org", Status(503)),
    (185, r"servicePath=/something&reqRepSearch=^([^\%20]*)\%20/something/(.*)&reqRepReplace=\1\%20/demo/\2", "/something/hello", "", Line("GET /demo/hello HTTP/1.1")),
];

#[tokio::test]
async fn docker_flows_own_scenarios_come_out_as_there() {
    let (proxy, backend) = (TestProxy::start().await, Backend::start().await);
    let port = backend.port();
    backend.echoes();
    for (behaviour, parameters, path, fields, gets) in ROWS {
        proxy.configure(&format!("serviceName=go-demo-api&port={port}&outboundHostname=127.0.0.1&{parameters}")).await;
        let host = if fields.contains("Host") { "" } else { "Host: a\r\n" };
        let end = if fields.is_empty() { "" } else { "\r\n" };
        let reply = proxy.ask(&format!("GET {path} HTTP/1.1\r\n{host}{fields}{end}\r\n")).await;
        let (status, line) = match gets {
            Line(line) => (200, Some(*line)),
            Status(status) => (*status, None),
        };
        assert_eq!(reply.status(), status, "behaviour {behaviour}, {parameters}");
        assert!(line.is_none_or(|line| reply.body == line), "behaviour {behaviour}, {parameters}: {}", reply.body);
    }
}

#[tokio::test]
async fn behaviour_21_a_destination_without_an_agent_catches_the_others() {
    let (proxy, backend) = (TestProxy::start().await, Backend::start().await);
    let port = backend.port();
    backend.echoes();
    let paths = "servicePath.1=/demo&servicePath.2=/demo&servicePath.3=/demo";
    let agents = "userAgent.1=amiga&userAgent.2=amstrad&port.1=1111&port.2=2222";
    proxy.configure(&format!("serviceName=go&outboundHostname=127.0.0.1&{paths}&{agents}&port.3={port}")).await;
    assert_eq!(proxy.ask(&get("/demo")).await.status(), 200);
}

#[tokio::test]
async fn behaviour_33_a_destination_may_ask_for_no_password() {
    let (proxy, backend) = (TestProxy::start().await, Backend::start().await);
    let port = backend.port();
    backend.echoes();
    let ports = format!("port.1={port}&port.2={port}&outboundHostname=127.0.0.1");
    let paths = "servicePath.1=/open&servicePath.2=/closed&ignoreAuthorization.1=true";
    proxy.configure(&format!("serviceName=go&users=admin:password&{paths}&{ports}")).await;
    assert_eq!(proxy.ask(&get("/open")).await.status(), 200);
    assert_eq!(proxy.ask(&get("/closed")).await.status(), 401);
}

#[tokio::test]
async fn behaviours_43_and_97_services_are_asked_in_the_order_of_their_acl_names() {
    let (proxy, backend) = (TestProxy::start().await, Backend::start().await);
    let port = backend.port();
    backend.echoes();
    let host = format!("port={port}&outboundHostname=127.0.0.1");
    proxy.configure(&format!("serviceName=one&servicePath=/v1/test&{host}&reqPathSearchReplace=/v1,/one")).await;
    proxy.configure(&format!("serviceName=two&servicePath=/v2/test&{host}&reqPathSearchReplace=/v2,/two")).await;
    assert_eq!(proxy.ask(&get("/v1/test")).await.body, "GET /one/test HTTP/1.1");
    assert_eq!(proxy.ask(&get("/v2/test")).await.body, "GET /two/test HTTP/1.1");
    let first = "serviceName=three&aclName=0&servicePath=/v&reqPathSearchReplace=/v,/three";
    proxy.configure(&format!("{first}&{host}")).await;
    assert_eq!(proxy.ask(&get("/v1/test")).await.body, "GET /three1/test HTTP/1.1");
}

#[tokio::test]
async fn behaviours_24_and_50_a_removed_service_is_gone_whatever_its_acl_name_was() {
    let (proxy, backend) = (TestProxy::start().await, Backend::start().await);
    proxy.publish_with(&backend, "&aclName=my-acl").await;
    backend.echoes();
    assert_eq!(proxy.ask(&get("/demo/hello")).await.status(), 200);
    assert_eq!(proxy.api("/remove?serviceName=go").await.status(), 200);
    assert_eq!(proxy.ask(&get("/demo/hello")).await.status(), 503);
}

#[tokio::test]
async fn behaviour_182_wildcards_survive_other_changes() {
    let (proxy, backend) = (TestProxy::start().await, Backend::start().await);
    proxy.publish_with(&backend, "&serviceDomain=*domain.com,*.other.org").await;
    backend.echoes();
    for change in 0..3 {
        for host in ["my-domain.com", "my-other-domain.com", "a.other.org"] {
            let reply = proxy.ask(&format!("GET /demo HTTP/1.1\r\nHost: {host}\r\n\r\n")).await;
            assert_eq!(reply.status(), 200, "{host} after {change} changes");
        }
        proxy.configure(&format!("serviceName=x&servicePath=/{change}&port=1")).await;
    }
}
