//! curl: which version of HTTP comes of what it is told.

use crate::{Site, run};

/// The first line that the server saw, status and version.
async fn curl(url: String, arguments: &[&str]) -> (String, String) {
    let always =
        ["--disable", "--silent", "--show-error", "--noproxy", "*", "--max-time", "10", "--insecure", "--ipv4"];
    let figures = ["--write-out", "\n%{http_code} %{http_version}"];
    let mut all: Vec<_> =
        always.iter().chain(&figures).chain(arguments).map(|argument| (*argument).to_owned()).collect();
    all.push(url);
    let said = run("curl", all).await;
    let (body, figures) = said.rsplit_once('\n').expect("what --write-out asks for");
    (body.to_owned(), figures.to_owned())
}

const GET: &str = "GET /demo HTTP/1.1";

#[tokio::test]
async fn over_tls_it_is_agreed_on() {
    let site = Site::start(&[]).await;
    for (arguments, version) in [
        (&["--http2"][..], "2"),
        (&[], "2"),
        (&["--http1.1"], "1.1"),
        (&["--no-alpn"], "1.1"),
        (&["--http2", "--tls-max", "1.2"], "2"),
    ] {
        let expected = (GET.to_owned(), format!("200 {version}"));
        assert_eq!(curl(site.encrypted(), arguments).await, expected, "{arguments:?}");
    }
}

#[tokio::test]
async fn on_a_plain_port_it_is_known_before() {
    let site = Site::start(&[]).await;
    let expected = |version: &str| (GET.to_owned(), format!("200 {version}"));
    assert_eq!(curl(site.plain(), &["--http2-prior-knowledge"]).await, expected("2"));
    assert_eq!(curl(site.plain(), &["--http2"]).await, expected("1.1"), "an Upgrade to h2c is not taken");
    assert_eq!(curl(site.plain(), &["--http1.1"]).await, expected("1.1"));
}

#[tokio::test]
async fn it_can_be_switched_off() {
    let site = Site::start(&[("ENABLE_H2", "false")]).await;
    assert_eq!(curl(site.encrypted(), &["--http2"]).await, (GET.to_owned(), "200 1.1".to_owned()));
}

/// curl 7.88 takes the reset of the rest of its upload for a failure if it comes while it sends, and forgets the answer.
#[tokio::test]
async fn bug_an_upload_that_was_answered_early_lost_its_answer() {
    let site = Site::start(&[]).await;
    let upload = std::env::temp_dir().join(format!("swarmgate-upload-{}", std::process::id()));
    std::fs::write(&upload, vec![b'x'; 1_000_000]).expect("a writable folder");
    let data = format!("@{}", upload.display());
    let nowhere = |url: String| url.replace("/demo", "/nowhere");
    for (url, version) in [(site.plain(), "--http2-prior-knowledge"), (site.encrypted(), "--http2")] {
        let (_, figures) = curl(nowhere(url), &[version, "--data-binary", &data]).await;
        assert_eq!(figures, "503 2", "{version}");
    }
    std::fs::remove_file(upload).expect("it is there");
}
