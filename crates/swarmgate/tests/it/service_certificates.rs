//! `serviceCert`: a certificate that a service brings with it.

use crate::harness::{Bundle, FakeListener, Folder, TestProxy, get};
use std::fs;
use std::time::Duration;

async fn keeping(folder: &Folder, listener: Option<&FakeListener>) -> TestProxy {
    let listeners = listener.iter().map(|listener| listener.address.clone()).collect();
    TestProxy::with(&[("CERTS_DIR", &folder.text("certs"))], |settings| {
        settings.listeners = listeners;
        settings.reconcile_interval = Duration::from_millis(20);
    })
    .await
}

fn kept(folder: &Folder) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder.path("certs")) else { return Vec::new() };
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

const SERVICE: &str = "serviceName=go-demo&servicePath=/demo&port=1";

#[tokio::test]
async fn behaviours_68_and_69_it_is_kept_under_the_first_domain_else_the_services_name() {
    let folder = Folder::new();
    let proxy = keeping(&folder, None).await;
    let bundle = Bundle::new(&["a.com", "*.b.com"]);
    let certificate = bundle.as_parameter();
    let reply = proxy.configure(&format!("{SERVICE}&serviceCert={certificate}")).await;
    assert_eq!(kept(&folder), ["go-demo"]);
    assert_eq!(fs::read_to_string(folder.path("certs/go-demo")).expect("a file"), bundle.pem);
    assert!(bundle.is_for(&proxy, Some("a.com")).await, "it is live when the reply comes");
    assert!(!reply.body.contains("BEGIN") && reply.json()["ServiceCert"] == "*****", "{}", reply.body);
    assert_eq!(reply.json()["Warnings"].as_array().map(Vec::len), Some(0), "{}", reply.body);
    proxy.configure(&format!("{SERVICE}&serviceDomain=a.com,*.b.com&serviceCert={certificate}")).await;
    proxy.configure(&format!("{SERVICE}&serviceDomain.1=*.b.com&port.1=1&serviceCert={certificate}")).await;
    proxy.configure(&format!("serviceName=x:1&serviceDomain.1=*.b.com&port.1=1&serviceCert={certificate}")).await;
    proxy.configure(&format!("serviceName=x:1&servicePath=/x&port=1&serviceCert={certificate}")).await;
    assert_eq!(kept(&folder), ["*.b.com", "a.com", "go-demo", "x_1"]);
    let config = proxy.api("/config?type=json").await.body;
    assert!(!config.contains("BEGIN"), "{config}");
}

#[tokio::test]
async fn a_service_with_a_bad_one_is_refused_and_its_last_good_version_stays() {
    let folder = Folder::new();
    let proxy = keeping(&folder, None).await;
    proxy.configure(&format!("{SERVICE}&deniedMethods=GET")).await;
    let bundle = Bundle::new(&["a.com"]);
    let (certificate, _) = bundle.pem.split_once("-----BEGIN PRIVATE").expect("two parts");
    for bad in ["s3cret", &certificate.replace('\n', "%5Cn").replace('+', "%2B").replace(' ', "+")] {
        let reply = proxy.api(&format!("/reconfigure?{SERVICE}&serviceCert={bad}")).await;
        assert_eq!(reply.status(), 409, "{}", reply.body);
        assert!(reply.message().starts_with("service `go-demo`: serviceCert: "), "{}", reply.body);
        assert!(!reply.body.contains("s3cret") && !reply.body.contains("MII"), "{}", reply.body);
    }
    assert_eq!(proxy.ask(&get("/demo")).await.status(), 403, "the earlier version is live");
    assert!(kept(&folder).is_empty());
    let refused = format!("serviceName=b&port=1&serviceCert={}", bundle.as_parameter());
    assert_eq!(proxy.api(&format!("/reconfigure?{refused}")).await.status(), 409);
    assert!(kept(&folder).is_empty(), "what is refused brings nothing");
}

#[tokio::test]
async fn in_a_list_only_the_service_with_a_bad_one_is_refused() {
    let folder = Folder::new();
    let mut listener = FakeListener::start().await;
    let proxy = keeping(&folder, Some(&listener)).await;
    let bundle = Bundle::new(&["a.com"]);
    let service = |name: &str, certificate: &str| {
        let certificate = certificate.replace('\n', "\\\\n");
        format!(
            r#"{{"serviceName":"{name}","servicePath":"/{name}","port":"1","deniedMethods":"GET","serviceCert":"{certificate}"}}"#
        )
    };
    listener.lists(&format!("[{},{}]", service("good", &bundle.pem), service("other", "s3cret")));
    listener.is_heard().await;
    assert!(bundle.is_for(&proxy, Some("a.com")).await);
    assert_eq!((proxy.ask(&get("/good")).await.status(), proxy.ask(&get("/other")).await.status()), (403, 503));
    listener.lists(&format!("[{},{}]", service("good", "s3cret"), service("other", &bundle.pem)));
    listener.is_heard().await;
    assert_eq!((proxy.ask(&get("/good")).await.status(), proxy.ask(&get("/other")).await.status()), (403, 403));
    assert_eq!(kept(&folder), ["good", "other"]);
}

#[tokio::test]
async fn a_list_that_comes_again_does_not_take_back_a_newer_certificate() {
    let folder = Folder::new();
    let (old, new) = (Bundle::since(2024, &["a.com"]), Bundle::since(2025, &["a.com"]));
    folder.write("certs/go", &new.pem);
    let mut listener = FakeListener::start().await;
    let proxy = keeping(&folder, Some(&listener)).await;
    let certificate = old.pem.replace('\n', "\\\\n");
    listener
        .lists(&format!(r#"[{{"serviceName":"go","servicePath":"/go","port":"1","serviceCert":"{certificate}"}}]"#));
    listener.is_heard().await;
    assert!(new.is_for(&proxy, Some("a.com")).await);
    proxy.configure(&format!("serviceName=go&servicePath=/go2&port=1&serviceCert={}", old.as_parameter())).await;
    assert!(old.is_for(&proxy, Some("a.com")).await, "a call is newer than what was there");
    proxy.put_certificate("certName=go", &new.pem).await;
    listener.is_heard().await;
    assert!(new.is_for(&proxy, Some("a.com")).await, "and a certificate that is put is newer than the call");
}
