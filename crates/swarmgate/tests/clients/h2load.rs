//! h2load: many requests on few connections, each of which must be answered.

use crate::{Site, run};

const REQUESTS: &str = "2000";

/// All are answered with 2xx.
async fn load(url: String, arguments: &[&str]) {
    let always = ["-n", REQUESTS, "-c", "4", "-m", "32"];
    let mut all: Vec<_> = always.iter().chain(arguments).map(|argument| (*argument).to_owned()).collect();
    all.push(url);
    let said = run("h2load", all).await;
    let whole = format!("{REQUESTS} done, {REQUESTS} succeeded, 0 failed, 0 errored, 0 timeout");
    assert!(said.contains(&whole) && said.contains(&format!("status codes: {REQUESTS} 2xx")), "{said}");
    assert!(said.contains("Application protocol: h2"), "{said}");
}

#[tokio::test]
async fn over_tls() {
    let site = Site::start(&[]).await;
    load(site.encrypted(), &[]).await;
}

#[tokio::test]
async fn on_a_plain_port() {
    let site = Site::start(&[]).await;
    load(site.plain(), &[]).await;
    // Windows of 1 KiB and of 2^30 - 1.
    load(site.plain(), &["-w", "10", "-W", "10"]).await;
    load(site.plain(), &["-w", "30", "-W", "30"]).await;
}

#[tokio::test]
async fn one_stream_at_a_time() {
    let site = Site::start(&[]).await;
    load(site.encrypted(), &["-m", "1"]).await;
}
