//! `connectionMode` and `CONNECTION_MODE`: which side's connection goes on.

use crate::harness::{Backend, TestProxy, get, ok};

const CLOSED_TO_SERVER: &str =
    "GET /demo HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 127.0.0.1\r\nConnection: close\r\n\r\n";

/// One exchange in a mode that does not keep the server's connection; whether the client's goes on.
async fn check(proxy: &TestProxy, backend: &mut Backend, client_goes_on: bool) {
    let mut client = proxy.client().await;
    for _ in 0..2 {
        client.send(get("/demo")).await;
        let mut server = backend.accept().await;
        server.receives(CLOSED_TO_SERVER).await;
        server.send(ok("hi")).await;
        server.receives_end().await;
        if !client_goes_on {
            assert_eq!(client.reply().await.field("connection"), "close");
            return client.receives_end().await;
        }
        client.receives(ok("hi")).await;
    }
}

#[tokio::test]
async fn http_server_close_uses_a_servers_connection_once() {
    let (proxy, mut backend) = (TestProxy::start().await, Backend::start().await);
    proxy.publish_with(&backend, "&connectionMode=http-server-close").await;
    check(&proxy, &mut backend, true).await;
}

#[tokio::test]
async fn httpclose_and_forceclose_end_the_clients_connection_too() {
    let (proxy, mut backend) = (TestProxy::start().await, Backend::start().await);
    for mode in ["httpclose", "forceclose"] {
        proxy.publish_with(&backend, &format!("&connectionMode={mode}")).await;
        check(&proxy, &mut backend, false).await;
    }
}

#[tokio::test]
async fn connection_mode_of_the_proxy_holds_for_services_that_say_nothing() {
    let proxy = TestProxy::with(&[("CONNECTION_MODE", "http-server-close")], |_| {}).await;
    let mut backend = Backend::start().await;
    proxy.publish(&backend).await;
    check(&proxy, &mut backend, true).await;
    proxy.publish_with(&backend, "&connectionMode=httpclose").await;
    check(&proxy, &mut backend, false).await;
}
