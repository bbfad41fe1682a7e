//! Requests of curl that go on over TLS, to servers that are who they should be.

use crate::harness::{Authority, Site};

#[tokio::test]
async fn a_request_goes_on_over_tls_only_to_a_server_with_a_verified_name() {
    let [site_authority, servers, others] = ["site", "servers", "others"].map(Authority::new);
    let site = Site::believing(&servers, &[("a.pem", site_authority.bundle(&["a.example"]))]).await;
    let good = servers.bundle(&["go.internal"]);
    for (path, asked, bundle, status) in [
        ("/verified", "sslVerifyHost=go.internal", &good, 200),
        ("/other-name", "sslVerifyHost=other.internal", &good, 503),
        ("/other-authority", "sslVerifyHost=go.internal", &others.bundle(&["go.internal"]), 503),
        ("/unverified", "sslVerifyNone=true", &others.bundle(&["whoever"]), 200),
    ] {
        let name = &path[1..];
        site.publish_encrypted(&format!("serviceName={name}&servicePath={path}&{asked}"), bundle).await;
        for more in [&[][..], &["--http1.1"]] {
            let reply = site.get_path(&site_authority, "https://a.example", path, more).await;
            let is_served = reply.is(status).body.contains("X-Forwarded-Proto: https\r\n");
            assert_eq!(is_served, status == 200, "{reply:?}");
        }
    }
}
