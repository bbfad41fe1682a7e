//! Files that were written, and files that were not, or not by us, or not whole.

use super::*;
use expect_test::expect;
use model::Context;
use model::catalog::{Command, List, Tick};

/// A new folder, gone when this is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = Path::new("/tmp").join(format!("swarmgate-state-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn params(query: &str) -> Params {
    query.split('&').filter_map(|pair| pair.split_once('=')).collect()
}

fn catalog() -> Catalog {
    let mut catalog = Catalog::default();
    let hand = "serviceName=hand&servicePath=/h&port=1&users=a:\"b\\c\"\nä&distribute=true";
    let listed = vec![params("serviceName=listed&servicePath=/l&port=2")];
    let commands = [
        Command::Configure(params(hand)),
        Command::Reconcile(List { services: listed, complete: false, asked: Tick::default(), from: Vec::new() }),
        Command::Declare(params("serviceName=env&servicePath=/e&port=3")),
    ];
    for command in commands {
        catalog.apply(command, &Context::default()).unwrap();
    }
    catalog
}

/// What is read of a file with this content.
fn parsed(text: &[u8]) -> String {
    match parse(text) {
        Ok(saved) => format!("{} services", saved.len()),
        Err(unusable) => unusable.to_string(),
    }
}

#[test]
fn what_is_read_is_what_was_written_but_for_the_environments() {
    let (folder, catalog) = (Folder::new("same"), catalog());
    assert!(read(&folder.0).unwrap().is_none());
    write(&folder.0, &catalog).unwrap();
    let saved = read(&folder.0).unwrap().unwrap();
    let of = |saved: &Saved| format!("{:?} {}", saved.source, saved.params.get("serviceName").unwrap());
    assert_eq!(saved.iter().map(of).collect::<Vec<_>>(), ["Api hand", "List listed"]);
    assert_eq!(saved[0].params.get("users"), Some("a:\"b\\c\"\nä"));
    let mut again = Catalog::default();
    again.apply(Command::Restore(saved), &Context::default()).unwrap();
    again.apply(Command::Declare(params("serviceName=env&servicePath=/e&port=3")), &Context::default()).unwrap();
    assert_eq!(again.digest(), catalog.digest());
}

#[test]
fn only_its_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new("mode");
    write(&folder.0, &catalog()).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder.0), mode(&path(&folder.0))), (0o700, 0o600));
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1, "nothing half written is left");
}

#[test]
fn what_is_not_ours_or_not_whole_is_not_taken() {
    let folder = Folder::new("bad");
    write(&folder.0, &catalog()).unwrap();
    let good = fs::read(path(&folder.0)).unwrap();
    assert_eq!(parsed(&good), "2 services");
    for length in 0..good.len() {
        assert!(!parsed(&good[..length]).contains("services"), "the first {length} bytes");
    }
    for place in 0..good.len() {
        let mut other = good.clone();
        other[place] ^= 1;
        assert!(!parsed(&other).contains("services"), "another byte {place}");
    }
    let text = String::from_utf8(good).unwrap();
    let answers: Vec<_> = [
        "",
        "{}\n{}\n",
        "-----BEGIN CERTIFICATE-----\n",
        &text.replace("swarmgate services", "services"),
        &text.replace("\"version\":1", "\"version\":2"),
        &text.replace("/l", "/x"),
    ]
    .map(|text| parsed(text.as_bytes()))
    .into();
    expect![[r#"
        it was not written by this program
        it was not written by this program
        it was not written by this program
        it was not written by this program
        its version is 2, and this program knows version 1
        it is not whole: its checksum is another one"#]]
    .assert_eq(&answers.join("\n"));
}

#[test]
fn bug_what_was_refused_at_the_start_was_gone_from_the_file() {
    let (folder, mut catalog) = (Folder::new("refused"), catalog());
    let refused = Saved { params: params("serviceName=refused&servicePath=/r"), source: Source::Api };
    catalog.apply(Command::Restore(vec![refused.clone()]), &Context::default()).unwrap();
    write(&folder.0, &catalog).unwrap();
    let saved = read(&folder.0).unwrap().unwrap();
    assert_eq!((saved.len(), saved.contains(&refused)), (3, true));
}

#[test]
fn bug_a_file_was_written_that_is_too_long_to_be_read() {
    let folder = Folder::new("long");
    write(&folder.0, &catalog()).unwrap();
    let error = put(&folder.0, &"x".repeat(LONGEST as usize + 1)).unwrap_err().to_string();
    assert!(error.ends_with("bytes are more than 67108864"), "{error}");
    assert_eq!(read(&folder.0).unwrap().unwrap().len(), 2);
}
