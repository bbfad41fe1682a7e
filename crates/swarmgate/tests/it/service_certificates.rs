//! `serviceCert`: a certificate that a service brings with it.

use crate::harness::{Bundle, FakeListener, Folder, TestProxy, get};
use std::fs;
use std::time::Duration;

async fn keeping(folder: &Folder, listener: Option<&FakeListener>) -> TestProxy {
    let listeners = listener.iter().map(|listener| listener.address.clone()).collect();
    let variables = [("CERTS_DIR", folder.text("certs")), ("SECRETS_DIR", folder.text("secrets"))];
    TestProxy::with(&variables.each_ref().map(|(name, value)| (*name, value.as_str())), |settings| {
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
    let file = format!("# serviceCert of go-demo\n{}", bundle.pem);
    assert_eq!(fs::read_to_string(folder.path("certs/go-demo")).expect("a file"), file);
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
    folder.write("certs/go", &format!("# serviceCert of go\n{}", new.pem));
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

#[tokio::test]
async fn bug_a_service_took_over_other_names_and_the_default() {
    let folder = Folder::new();
    let (ours, wildcard) = (Bundle::new(&["z.com", "shop.com"]), Bundle::new(&["*.acme.com"]));
    folder.write("certs/z", &ours.pem);
    folder.write("secrets/cert-w", &wildcard.pem);
    let proxy = keeping(&folder, None).await;
    let theirs = Bundle::new(&["a.com", "b.com", "*.c.com", "shop.com", "admin.acme.com"]);
    let domains = "a.com,x.c.com,shop.com,admin.acme.com";
    let service = format!("{SERVICE}&serviceDomain={domains}&serviceCert={}", theirs.as_parameter());
    proxy.configure(&service).await;
    for name in ["a.com", "x.c.com"] {
        assert!(theirs.is_for(&proxy, Some(name)).await, "{name} is the service's");
    }
    for name in [None, Some("b.com"), Some("y.c.com"), Some("shop.com"), Some("else.com")] {
        assert!(ours.is_for(&proxy, name).await, "{name:?} is not");
    }
    assert!(wildcard.is_for(&proxy, Some("admin.acme.com")).await, "a wildcard has it");
    drop(proxy);
    let again = keeping(&folder, None).await;
    assert!(ours.is_for(&again, None).await, "nor after a restart, when the service is not known yet");
    assert!(ours.is_for(&again, Some("shop.com")).await);
}

#[tokio::test]
async fn bug_a_service_overwrote_a_file_that_was_not_its_own() {
    let folder = Folder::new();
    let (ours, first, second) = (Bundle::new(&["a.com"]), Bundle::new(&["a.com"]), Bundle::new(&["b.com"]));
    folder.write("certs/a.com", &ours.pem);
    let proxy = keeping(&folder, None).await;
    let service = |name: &str, domain: &str, bundle: &Bundle| {
        let certificate = bundle.as_parameter();
        format!("serviceName={name}&servicePath=/{name}&serviceDomain={domain}&port=1&serviceCert={certificate}")
    };
    let reply = proxy.configure(&service("x", "a.com", &first)).await;
    assert!(reply.body.contains("another one of that name is there"), "{}", reply.body);
    assert!(ours.is_for(&proxy, Some("a.com")).await);
    assert_eq!(fs::read_to_string(folder.path("certs/a.com")).expect("a file"), ours.pem);
    let reply = proxy.configure(&service("y", "a.com", &ours)).await;
    assert_eq!(reply.json()["Warnings"].as_array().map(Vec::len), Some(0), "the same one: {}", reply.body);
    // Of two services the first keeps it, and renews it.
    proxy.configure(&service("x", "b.com", &second)).await;
    let (renewed, other) = (Bundle::new(&["b.com"]), Bundle::new(&["b.com"]));
    let reply = proxy.configure(&service("y", "b.com", &other)).await;
    assert!(reply.body.contains("did not come with this service"), "{}", reply.body);
    assert!(second.is_for(&proxy, Some("b.com")).await);
    proxy.configure(&service("x", "b.com", &renewed)).await;
    assert!(renewed.is_for(&proxy, Some("b.com")).await);
}

#[tokio::test]
async fn bug_a_service_whose_certificate_had_expired_was_refused_by_replicas_that_started_later() {
    let folder = Folder::new();
    let proxy = keeping(&folder, None).await;
    let (over, to_come) = (Bundle::between(2020, 2021, &["a.com"]), Bundle::between(2098, 2099, &["a.com"]));
    for (bundle, reason) in [(over, "it has expired on "), (to_come, "it is not valid before ")] {
        let service = format!("{SERVICE}&deniedMethods=GET&serviceCert={}", bundle.as_parameter());
        let reply = proxy.configure(&service).await;
        assert_eq!(proxy.ask(&get("/demo")).await.status(), 403, "the route is there");
        let warnings = reply.json()["Warnings"].to_string();
        assert!(warnings.contains("serviceCert: ") && warnings.contains(reason), "{warnings}");
        assert!(kept(&folder).is_empty());
        proxy.api("/remove?serviceName=go-demo").await;
    }
}
