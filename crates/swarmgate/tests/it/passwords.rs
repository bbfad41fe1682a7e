//! Hashed passwords, in conversations: who passes, and that nobody else waits for it.

use crate::harness::{Backend, Folder, Reply, TestProxy, get};
use futures_util::future::join_all;
use std::time::{Duration, Instant};

/// `my-pass` and `password`, as the C library's crypt(3) hashes them.
const MY_USER: &str =
    "my-user:$6$saltsalt$SGGsXRfqP7f1I.mUhFhCo5..K62c0bqz.1ytUzJ/6QTcdMCNctX5lcnwBD.PZEGHpqm8zjwKgXTif1pqcP6c/1";
const ADMIN: &str = "admin:$2b$05$abcdefghijklmnopqrstuuWG29KuyeAicPCJODk1zjyGvyQUU2awu";

/// A request of `/demo` with these credentials, encoded.
fn login(credentials: &str) -> String {
    format!("GET /demo HTTP/1.1\r\nHost: a\r\nAuthorization: Basic {credentials}\r\n\r\n")
}

fn outcome(reply: &Reply) -> (u16, &str) {
    (reply.status(), reply.field("www-authenticate"))
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[tokio::test]
async fn behaviours_31_and_125_global_users_with_hashes() {
    let (proxy, backend) = (
        TestProxy::with(&[("USERS", MY_USER), ("USERS_PASS_ENCRYPTED", "true")], |_| {}).await,
        Backend::start().await,
    );
    proxy.publish(&backend).await;
    backend.echoes();
    let refused = (401, "Basic realm=\"defaultRealm\"");
    assert_eq!(outcome(&proxy.ask(&get("/demo")).await), refused);
    // Once found out and once remembered.
    for _ in 0..2 {
        assert_eq!(outcome(&proxy.ask(&login("bXktdXNlcjpteS1wYXNz")).await), (200, ""), "my-user:my-pass");
        assert_eq!(outcome(&proxy.ask(&login("bXktdXNlcjpvdGhlcg==")).await), refused, "my-user:other");
        assert_eq!(outcome(&proxy.ask(&login("bm9ib2R5Om15LXBhc3M=")).await), refused, "nobody:my-pass");
    }
}

#[tokio::test]
async fn behaviours_32_33_and_187_users_of_a_service_with_hashes() {
    let (proxy, mut backend) = (TestProxy::with(&[("USERS", "my-user:my-pass")], |_| {}).await, Backend::start().await);
    let users = format!("&users={}&usersPassEncrypted=true", encoded(ADMIN));
    proxy.publish_with(&backend, &users).await;
    let config = proxy.api("/config").await.body;
    assert!(config.contains("user admin password *****\n") && !config.contains("$2b$"), "{config}");
    let json = proxy.api("/config?type=json").await;
    assert_eq!(json.json()["go"]["Users"][0]["PassEncrypted"], true, "{}", json.body);
    assert!(!json.body.contains("$2b$"));
    assert_eq!(proxy.ask(&login("bXktdXNlcjpteS1wYXNz")).await.status(), 401, "they replace the global ones");
    let mut client = proxy.client().await;
    client.send(login("YWRtaW46cGFzc3dvcmQ=")).await;
    let mut server = backend.accept().await;
    let head = server.receives_head().await;
    assert!(!head.to_ascii_lowercase().contains("authorization"), "the server gets no password: {head}");
    server.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
    assert_eq!(client.reply().await.status(), 200);
    let port = backend.port();
    backend.echoes();
    proxy
        .configure(&format!(
            "serviceName=go&servicePath.1=/demo&port.1={port}&outboundHostname=127.0.0.1&ignoreAuthorization.1=true{users}"
        ))
        .await;
    assert_eq!(proxy.ask(&get("/demo")).await.status(), 200);
}

#[tokio::test]
async fn behaviour_140_users_of_a_secret() {
    let folder = Folder::new();
    folder.write("secrets/dfp_users_admins", &format!("{ADMIN}\n"));
    folder.write("secrets/other", ADMIN);
    let secrets = folder.text("secrets");
    let (proxy, backend) = (TestProxy::with(&[("SECRETS_DIR", &secrets)], |_| {}).await, Backend::start().await);
    proxy.publish_with(&backend, "&usersSecret=admins&usersPassEncrypted=true").await;
    let port = backend.port();
    backend.echoes();
    assert_eq!(proxy.ask(&login("YWRtaW46cGFzc3dvcmQ=")).await.status(), 200);
    for nobody in ["nobody", "../other", "other", "%2Fetc%2Fpasswd"] {
        let query =
            format!("serviceName=go&servicePath=/demo&port={port}&outboundHostname=127.0.0.1&usersSecret={nobody}");
        let reply = proxy.configure(&format!("{query}&usersPassEncrypted=true")).await;
        assert_eq!(reply.json()["Warnings"].as_array().map(Vec::len), Some(2), "{}", reply.body);
        assert_eq!(proxy.ask(&login("YWRtaW46cGFzc3dvcmQ=")).await.status(), 401, "{nobody}");
    }
}

#[tokio::test]
async fn logins_that_cost_time_delay_no_one_else() {
    let (proxy, backend, plain) = (TestProxy::start().await, Backend::start().await, Backend::start().await);
    proxy.publish_with(&backend, &format!("&users={}&usersPassEncrypted=true", encoded(MY_USER))).await;
    proxy
        .configure(&format!("serviceName=plain&servicePath=/plain&port={}&outboundHostname=127.0.0.1", plain.port()))
        .await;
    backend.echoes();
    plain.echoes();
    proxy.ask(&get("/plain")).await;
    // Fifty guesses, each another one, so that none is remembered.
    let guesses = join_all((0..50).map(|guess| {
        let credentials = base64(format!("my-user:guess-{guess:02}").as_bytes());
        let proxy = &proxy;
        async move { proxy.ask(&login(&credentials)).await.status() }
    }));
    let others = async {
        let mut longest = Duration::ZERO;
        for _ in 0..50 {
            let begin = Instant::now();
            assert_eq!(proxy.ask(&get("/plain")).await.status(), 200);
            longest = longest.max(begin.elapsed());
        }
        longest
    };
    let (guesses, longest) = tokio::join!(guesses, others);
    assert!(guesses.iter().all(|status| matches!(status, 401 | 503)), "{guesses:?}");
    assert!(guesses.iter().filter(|status| **status == 401).count() >= 5, "{guesses:?}");
    assert!(longest < Duration::from_millis(100), "a request waited for {longest:?}");
}

/// RFC 4648 §4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |bytes: &[u8]| {
        let number = bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)) << (8 * (3 - bytes.len()));
        let letter =
            |place: usize| if place > bytes.len() { '=' } else { LETTERS[number >> (18 - 6 * place) & 63].into() };
        (0..4).map(letter).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}
