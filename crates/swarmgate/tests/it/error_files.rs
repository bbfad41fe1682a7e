//! Pages of an operator's own for errors.
//!
//! Not here: which files can be used (`settings`), and what is answered when (`answers`).

use crate::harness::{Folder, TestProxy, get};

const PAGE: &str = "HTTP/1.0 503 Service Unavailable\r\nCache-Control: no-cache\r\nConnection: close\r\nContent-Type: text/html\r\n\r\n\
    <html><title>Docker Flow Proxy: 503 Service Unavailable</title></html>\n";

#[tokio::test]
async fn a_page_of_ones_own_is_sent_in_place_of_the_built_in_one() {
    let folder = Folder::new();
    folder.write("503.http", PAGE);
    folder.write("403.http", "<h1>no response</h1>");
    let proxy = TestProxy::with(&[("ERRORFILES_DIR", &*folder.text(""))], |_| {}).await;
    proxy.configure("serviceName=deny&servicePath=/deny&port=1&deniedMethods=GET").await;
    let (_, body) = PAGE.split_once("\r\n\r\n").unwrap();
    let page = proxy.ask(&get("/unknown")).await;
    assert_eq!((page.status(), page.body.as_str(), page.field("content-type")), (503, body, "text/html"));
    assert_eq!(page.field("content-length"), body.len().to_string());
    let mut client = proxy.client().await;
    client.send("HEAD /unknown HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let head = client.receives_head().await;
    assert!(head.starts_with("HTTP/1.1 503 Service Unavailable\r\nCache-Control: no-cache\r\n"), "{head}");
    assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())) && head.contains("Connection: close\r\n"));
    client.receives_end().await;
    let refused = proxy.ask(&get("/deny")).await;
    assert!(refused.status() == 403 && refused.body.contains("<h1>403 Forbidden</h1>"), "{}", refused.body);
    let uri = format!("http://{}/unknown", proxy.address());
    let page = proxy.ask_http2(http::Request::get(uri).body(()).unwrap()).await;
    assert_eq!((page.status.as_u16(), page.body.as_slice()), (503, body.as_bytes()), "over HTTP/2 too");
}
