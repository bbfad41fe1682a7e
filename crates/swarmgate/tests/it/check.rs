//! `swarmgate check` as it is started by a person, or by a pipeline that asks for its exit code.

use crate::harness::Folder;
use expect_test::{expect, expect_file};
use std::path::Path;
use std::process::Command;

/// The exit code and all that the program prints, with these arguments and nothing in its environment.
fn check(arguments: &[&str]) -> (Option<i32>, String) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_swarmgate"));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check");
    let output = program.arg("check").args(arguments).current_dir(folder).env_clear().output().expect("the program");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    (output.status.code(), String::from_utf8(output.stdout).expect("text"))
}

#[test]
fn a_stack_file_is_judged_service_by_service() {
    let (code, text) = check(&["stack.yml"]);
    assert_eq!(code, Some(2));
    assert!(!text.contains("notahash"), "no password is shown: {text}");
    expect_file!["../check/stack.report"].assert_eq(&text);
}

#[test]
fn a_file_of_labels_without_a_fault_is_fine() {
    let (code, text) = check(&["fine.labels"]);
    assert_eq!(code, Some(0));
    expect_file!["../check/fine.report"].assert_eq(&text);
}

#[test]
fn a_query_is_judged_as_the_proxy_with_these_variables_would() {
    let query =
        "http://proxy:8080/v1/docker-flow-proxy/reconfigure?serviceName=a&servicePath=/a%7C/b&port=80&srcPort=8085";
    let (code, text) = check(&["--env", "SEPARATOR=|", query]);
    assert_eq!(code, Some(1));
    expect![[r#"
                binds more than 80 and 443.
            warning: srcPort: no request comes in on port 8085: add it to BIND_PORTS
            route: a-be80_0 (a:80) if path_beg /a /b, port 8085

        1 service: with warnings
    "#]]
    .assert_eq(&last_lines(&text, 5));
    let (code, _) = check(&["--env", "SEPARATOR=|", "--env", "BIND_PORTS=8085", query]);
    assert_eq!(code, Some(0));
}

#[test]
fn bug_credentials_in_header_rules_were_reported() {
    let (code, text) = check(&["serviceName=a&servicePath=/a&port=80&setReqHeader=X-A%201,Authorization%20s3cret"]);
    assert_eq!(code, Some(0));
    assert!(text.contains("setReqHeader = X-A 1,Authorization *****") && !text.contains("s3cret"), "{text}");
}

#[test]
fn routes_that_get_no_request_are_told_once_all_services_are_there() {
    let folder = Folder::new();
    let service = |name: &str, path: &str| {
        format!(
            "  {name}:\n    deploy:\n      labels: {{com.df.notify: \"true\", com.df.servicePath: {path}, com.df.port: \"1\"}}\n"
        )
    };
    let stack = format!("services:\n{}{}", service("product", "/digitalproduct"), service("digital", "/digital"));
    folder.write("stack.yml", &stack);
    let (code, text) = check(&[&folder.text("stack.yml")]);
    assert_eq!(code, Some(1));
    let finding = "warning: Service product: servicePath=/digitalproduct gets no request: servicePath=/digital of service digital ";
    assert!(text.contains(finding) && text.ends_with("2 services: with warnings\n"), "{text}");
}

#[test]
fn what_cannot_be_read_is_told() {
    let folder = Folder::new();
    folder.write("broken.yml", "services: [");
    folder.write("empty.yml", "services:\n  db: {image: x}\n");
    folder.write("broken.labels", "com.df.servicePath=/a\nport 80\n");
    for (argument, reason) in [
        ("nowhere.yml", "is neither a file nor a query"),
        (&*folder.text("broken.yml"), "broken.yml: "),
        (&*folder.text("empty.yml"), "no label for the proxy is in it"),
        (&*folder.text("broken.labels"), "line 2 is not name=value"),
    ] {
        let (code, text) = check(&[argument]);
        assert_eq!((code, text.contains(reason)), (Some(2), true), "{text}");
    }
    let (code, text) = check(&["--env", "TIMEOUT_SERVER=soon", "serviceName=a&servicePath=/a&port=1"]);
    assert_eq!((code, text.contains("TIMEOUT_SERVER")), (Some(2), true), "{text}");
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n") + "\n"
}
