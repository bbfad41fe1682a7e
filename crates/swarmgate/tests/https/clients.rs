//! Clients that show who they are.

use crate::harness::{Authority, Site};

#[tokio::test]
async fn only_verified_clients_pass_where_a_service_wants_them() {
    let [site_authority, clients, others] = ["site", "clients", "others"].map(Authority::new);
    let site = Site::verifying(&clients, &[("a.pem", site_authority.bundle(&["a.example"]))]).await;
    site.publish("serviceName=closed&servicePath=/closed&verifyClientSsl=true").await;
    let known = site.file("known.pem", &clients.bundle(&[]));
    let stranger = site.file("stranger.pem", &others.bundle(&[]));
    let get = async |path: &str, arguments: &[&str]| {
        site.get_path(&site_authority, "https://a.example", path, arguments).await
    };
    get("/closed", &["--cert", &known, "--key", &known]).await.is(200);
    get("/closed", &["--cert", &known, "--key", &known, "--tls-max", "1.2"]).await.is(200);
    get("/closed", &[]).await.is(403);
    get("/demo", &[]).await.is(200);
    for more in [&[][..], &["--tls-max", "1.2"]] {
        for path in ["/closed", "/demo"] {
            let arguments = [&["--cert", &*stranger, "--key", &*stranger], more].concat();
            let refused = get(path, &arguments).await;
            assert!(refused.exit != 0 && refused.status == 0, "{refused:?}");
            assert!(refused.complaint.contains("unknown ca"), "{refused:?}");
        }
    }
}
