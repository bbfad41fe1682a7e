//! Requests as bytes, against what Docker Flow's listener was seen to send.

use super::*;
use crate::announce::Kind;

const RECONFIGURE: &str = "http://proxy:8080/v1/docker-flow-proxy/reconfigure";

fn target(url: &str) -> Target {
    Target::parse(0, url, "GET").expect("a usable address")
}

fn params(pairs: &[(&str, &str)]) -> Params {
    pairs.iter().copied().collect()
}

#[test]
fn parameters_are_written_as_docker_flows_listener_writes_them() {
    let go_demo = params(&[
        ("servicePath", "/demo"),
        ("serviceName", "go-demo"),
        ("replicas", "2"),
        ("port", "8080"),
        ("distribute", "true"),
    ]);
    assert_eq!(
        target(RECONFIGURE).url(Kind::ServiceCreated, &go_demo).as_str(),
        format!("{RECONFIGURE}?distribute=true&port=8080&replicas=2&serviceName=go-demo&servicePath=%2Fdemo")
    );
    let rewrite = params(&[
        ("distribute", "true"),
        ("nodeInfo", r#"[["vm","10.0.1.14","pr43"]]"#),
        ("port.1", "8080"),
        ("replicas", "1"),
        ("reqRepReplace", r"\1 /demo/\2"),
        ("reqRepSearch", r"^([^\ ]*)\ /something/(.*)"),
        ("scrapeNetwork", "proxy"),
        ("serviceName", "rewrite"),
        ("servicePath.1", "/a,/b"),
        ("shortName", "true"),
        ("users", "admin:pass,b:c"),
    ]);
    assert_eq!(
        target(RECONFIGURE).url(Kind::ServiceCreated, &rewrite).as_str(),
        format!(
            "{RECONFIGURE}?distribute=true&nodeInfo=%5B%5B%22vm%22%2C%2210.0.1.14%22%2C%22pr43%22%5D%5D&port.1=8080&replicas=1&\
             reqRepReplace=%5C1+%2Fdemo%2F%5C2&reqRepSearch=%5E%28%5B%5E%5C+%5D%2A%29%5C+%2Fsomething%2F%28.%2A%29&\
             scrapeNetwork=proxy&serviceName=rewrite&servicePath.1=%2Fa%2C%2Fb&shortName=true&users=admin%3Apass%2Cb%3Ac"
        )
    );
}

#[test]
fn only_letters_digits_and_four_marks_are_not_escaped() {
    assert_eq!(escape("aZ09-._~"), "aZ09-._~");
    assert_eq!(escape(" *'()!+&=#\n\0ä"), "+%2A%27%28%29%21%2B%26%3D%23%0A%00%C3%A4");
}

#[test]
fn behaviour_152_existing_query_is_kept_first() {
    let demo = params(&[("serviceName", "go-demo"), ("distribute", "true")]);
    let url = |configured| target(configured).url(Kind::ServiceCreated, &demo).to_string();
    assert_eq!(
        url("http://proxy/x?token=a%20b&z=1"),
        "http://proxy/x?token=a%20b&z=1&distribute=true&serviceName=go-demo"
    );
    assert_eq!(url("http://proxy/x?"), "http://proxy/x?distribute=true&serviceName=go-demo");
    assert_eq!(url("http://proxy"), "http://proxy/?distribute=true&serviceName=go-demo");
}

#[test]
fn passwords_and_certificates_are_masked_in_the_shown_address_only() {
    let secret = params(&[
        ("serviceCert", "-----BEGIN"),
        ("users", "admin:pass"),
        ("users.1", "b:c"),
        ("Users.2", ""),
        ("usersSecret", "monitors"),
    ]);
    let target = target("http://me:hidden@proxy/remove");
    assert_eq!(
        target.shown_url(Kind::ServiceCreated, &secret),
        "http://me:*****@proxy/remove?Users.2=&serviceCert=*****&users=*****&users.1=*****&usersSecret=monitors"
    );
    assert!(target.url(Kind::ServiceCreated, &secret).as_str().starts_with("http://me:hidden@proxy/remove?"));
    assert!(target.url(Kind::ServiceCreated, &secret).as_str().contains("users=admin%3Apass"));
}

#[test]
fn bug_credentials_in_header_rules_were_logged() {
    let secret = params(&[("backendExtra", "x cookie"), ("setReqHeader", "X-A 1,Authorization \"Basic a\"")]);
    assert_eq!(
        target("http://proxy/x").shown_url(Kind::ServiceCreated, &secret),
        "http://proxy/x?backendExtra=*****&setReqHeader=X-A+1%2CAuthorization+*****"
    );
}

#[test]
fn the_shown_address_reads_as_the_tutorial_shows_it() {
    let target = target("http://proxy:8080/v1/docker-flow-proxy/remove");
    assert_eq!(
        target.shown_url(Kind::ServiceRemoved, &params(&[("distribute", "true"), ("serviceName", "go-demo")])),
        "http://proxy:8080/v1/docker-flow-proxy/remove?serviceName=go-demo&distribute=true"
    );
}

#[test]
fn behaviour_159_methods_go_by_position_and_the_last_repeats() {
    let urls: Vec<String> = (1..=3).map(|number| format!("http://proxy-{number}/")).collect();
    let methods = |methods: &[&str]| -> Vec<String> {
        let methods: Vec<String> = methods.iter().map(|method| (*method).to_owned()).collect();
        Target::all(&urls, &methods).into_iter().map(|target| target.expect("usable").method.to_string()).collect()
    };
    assert_eq!(methods(&[]), ["GET", "GET", "GET"]);
    assert_eq!(methods(&["post"]), ["POST", "POST", "POST"]);
    assert_eq!(methods(&["POST", "Put"]), ["POST", "PUT", "PUT"]);
}

#[test]
fn behaviour_154_an_address_that_cannot_be_used_is_an_error_without_its_password() {
    let problem = |url: &str, method: &str| Target::parse(1, url, method).expect_err("unusable").to_string();
    assert_eq!(problem("%%%", "GET"), "address 2 cannot be parsed: relative URL without a base");
    assert_eq!(problem("http://:password@", "GET"), "address 2 cannot be parsed: empty host");
    assert_eq!(
        problem("https://me:password@proxy/", "GET"),
        "https://me:*****@proxy/ is not an http:// address; others are not supported"
    );
    assert_eq!(problem("http://proxy/", "NO GET"), r#""NO GET" is not an HTTP method"#);
}
