//! Certificates in files: which are served, in what order, and what becomes of changes while the proxy runs.

use crate::harness::{Bundle, Folder, TestProxy, certificate_for, soon};
use std::fs;
use std::os::unix::fs::symlink;

async fn watching(folder: &Folder, more: &[(&str, &str)]) -> TestProxy {
    let (certs, secrets) = (folder.text("certs"), folder.text("secrets"));
    let ours = [("CERTS_DIR", certs.as_str()), ("SECRETS_DIR", secrets.as_str())];
    TestProxy::with(&[&ours, more].concat(), |_| {}).await
}

/// The files of the bind with TLS, by their names, in order.
async fn served(proxy: &TestProxy) -> Vec<String> {
    let config = proxy.api("/config").await.body;
    let bind = config.lines().find(|line| line.contains(" ssl ")).unwrap_or_default();
    let paths = bind.split(" crt ").skip(1);
    paths.map(|path| path.rsplit('/').next().expect("a file name").to_owned()).collect()
}

/// Waits until exactly these files are served, in this order.
async fn serves(proxy: &TestProxy, names: &[&str]) {
    // A call takes its time; nobody sleeps.
    soon(&format!("{names:?}"), async { while served(proxy).await != names {} }).await;
}

/// Each file is a certificate for its own name, and `.com`.
fn write_all(folder: &Folder, names: &[&str]) -> Vec<Bundle> {
    let write = |name: &&str| {
        let host = name.rsplit('/').next().expect("a file name");
        let bundle = Bundle::new(&[&format!("{host}.com")]);
        folder.write(name, &bundle.pem);
        bundle
    };
    names.iter().map(write).collect()
}

#[tokio::test]
async fn behaviour_93_files_come_by_name_and_then_secrets() {
    let folder = Folder::new();
    let names = ["certs/b", "certs/a", "secrets/cert-x", "secrets/CERT_c", "secrets/other", "certs/.hidden"];
    write_all(&folder, &names);
    fs::create_dir(folder.path("certs/folder")).expect("a folder");
    let proxy = watching(&folder, &[]).await;
    assert_eq!(served(&proxy).await, ["a", "b", "CERT_c", "cert-x"]);
}

#[tokio::test]
async fn behaviour_93_preferred_certificates_come_first_and_the_first_is_the_default() {
    let folder = Folder::new();
    let bundles = write_all(&folder, &["certs/a", "certs/b.org", "certs/c", "secrets/cert-d"]);
    let proxy = watching(&folder, &[("PREFERRED_CERTIFICATE", "cert-*, *.org")]).await;
    assert_eq!(served(&proxy).await, ["cert-d", "b.org", "a", "c"]);
    assert!(bundles[3].is_for(&proxy, None).await && bundles[3].is_for(&proxy, Some("unknown.com")).await);
    assert!(bundles[0].is_for(&proxy, Some("a.com")).await);
}

#[tokio::test]
async fn behaviour_94_a_folder_that_is_missing_is_empty_until_it_comes() {
    let folder = Folder::new();
    let proxy = watching(&folder, &[]).await;
    assert_eq!(certificate_for(&proxy, Some("a.com")).await, None);
    let bundle = &write_all(&folder, &["certs/a"])[0];
    bundle.is_served(&proxy, "a.com").await;
}

#[tokio::test]
async fn files_that_come_change_and_go_are_followed() {
    let folder = Folder::new();
    write_all(&folder, &["certs/a"]);
    let proxy = watching(&folder, &[]).await;
    let second = &write_all(&folder, &["certs/b"])[0];
    second.is_served(&proxy, "b.com").await;
    let renewed = Bundle::new(&["b.com"]);
    folder.write("certs/b", &renewed.pem);
    renewed.is_served(&proxy, "b.com").await;
    folder.remove("certs/a");
    serves(&proxy, &["b"]).await;
    folder.remove("certs/b");
    serves(&proxy, &[]).await;
    assert_eq!(certificate_for(&proxy, Some("b.com")).await, None);
}

#[tokio::test]
async fn a_bad_file_hurts_no_other_and_its_last_good_version_stays_until_it_is_gone() {
    let folder = Folder::new();
    let bundles = write_all(&folder, &["certs/a", "certs/c"]);
    folder.write("certs/b", "no certificate");
    let proxy = watching(&folder, &[]).await;
    assert_eq!(served(&proxy).await, ["a", "c"]);
    let generation = proxy.generation();
    folder.write("certs/a", "no longer one");
    // Whatever is looked at together with the next file was looked at before it is live.
    write_all(&folder, &["certs/d"]);
    serves(&proxy, &["a", "c", "d"]).await;
    assert!(bundles[0].is_for(&proxy, Some("a.com")).await);
    assert_eq!(proxy.generation(), generation.next(), "the bad files published nothing");
    folder.remove("certs/a");
    serves(&proxy, &["c", "d"]).await;
    let mended = &write_all(&folder, &["certs/b"])[0];
    mended.is_served(&proxy, "b.com").await;
}

#[tokio::test]
async fn a_file_that_is_written_in_place_is_served_once_it_is_whole() {
    let folder = Folder::new();
    write_all(&folder, &["certs/a"]);
    let proxy = watching(&folder, &[]).await;
    let bundle = Bundle::new(&["b.com"]);
    let (half, rest) = bundle.pem.split_at(300);
    fs::write(folder.path("certs/b"), half).expect("a file");
    write_all(&folder, &["certs/c"]);
    serves(&proxy, &["a", "c"]).await;
    let mut file = fs::OpenOptions::new().append(true).open(folder.path("certs/b")).expect("a file");
    std::io::Write::write_all(&mut file, rest.as_bytes()).expect("a file");
    bundle.is_served(&proxy, "b.com").await;
}

#[tokio::test]
async fn links_as_kubernetes_mounts_them_are_followed() {
    let folder = Folder::new();
    let (old, new) = (Bundle::new(&["a.com"]), Bundle::new(&["a.com"]));
    folder.write("certs/..1/a.pem", &old.pem);
    folder.write("certs/..2/a.pem", &new.pem);
    symlink("..1", folder.path("certs/..data")).expect("a link");
    symlink("..data/a.pem", folder.path("certs/a.pem")).expect("a link");
    symlink("nowhere", folder.path("certs/dangling")).expect("a link");
    let proxy = watching(&folder, &[]).await;
    assert!(old.is_for(&proxy, Some("a.com")).await);
    assert_eq!(served(&proxy).await, ["a.pem"]);
    symlink("..2", folder.path("certs/..next")).expect("a link");
    fs::rename(folder.path("certs/..next"), folder.path("certs/..data")).expect("a link");
    new.is_served(&proxy, "a.com").await;
}

#[tokio::test]
async fn the_lists_names_stand_in_place_of_a_certificates_own() {
    let folder = Folder::new();
    let bundles = write_all(&folder, &["certs/a", "certs/b"]);
    folder.write("list", "certs/a *.x.com Y.com !v.x.com\ncerts/b not/a/name\n");
    let proxy = watching(&folder, &[("CRT_LIST_PATH", &folder.text("list"))]).await;
    for (name, bundle) in [("w.x.com", 0), ("y.com", 0), ("b.com", 1)] {
        assert!(bundles[bundle].is_for(&proxy, Some(name)).await, "{name}");
    }
    let generation = proxy.generation();
    folder.write("list", "certs/b\ncerts/a z.com\n");
    serves(&proxy, &["b", "a"]).await;
    assert!(bundles[0].is_for(&proxy, Some("z.com")).await && bundles[1].is_for(&proxy, Some("y.com")).await);
    assert_eq!(proxy.generation(), generation.next(), "what did not change publishes nothing");
}

#[tokio::test]
async fn behaviour_117_a_list_of_certificates_comes_first_in_its_own_order() {
    let folder = Folder::new();
    write_all(&folder, &["certs/a", "certs/b", "certs/c", "lists/y", "lists/z"]);
    let list = format!("# ours\nz\n{} [alpn h2]\ny\nmissing\n", folder.text("certs/c"));
    folder.write("lists/crt-list.txt", &list);
    let path = folder.text("lists/crt-list.txt");
    let proxy = watching(&folder, &[("CRT_LIST_PATH", &path), ("PREFERRED_CERTIFICATE", "b")]).await;
    assert_eq!(served(&proxy).await, ["z", "c", "y", "b", "a"]);
    folder.write("lists/crt-list.txt", "y\n");
    serves(&proxy, &["y", "b", "a", "c"]).await;
    folder.remove("lists/crt-list.txt");
    let next = &write_all(&folder, &["certs/d"])[0];
    next.is_served(&proxy, "d.com").await;
    assert_eq!(served(&proxy).await, ["y", "b", "a", "c", "d"], "a list that is gone leaves what it said");
}
