//! First messages: as OpenSSL makes them, cut anywhere, in several records, and wrong.

use super::{LONGEST, NotTls, server_name};
use crate::http1::Parsed;

/// The name as text; `None` inside if there is none, `Err` text if more is needed or it is no TLS.
fn read(bytes: &[u8]) -> Result<Option<String>, &'static str> {
    match server_name(bytes) {
        Ok(Parsed::Complete(name)) => Ok(name.map(|name| String::from_utf8(name).unwrap())),
        Ok(Parsed::Partial) => Err("more"),
        Err(NotTls) => Err("not tls"),
    }
}

fn vector16(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

fn record(content: &[u8]) -> Vec<u8> {
    [&[22, 3, 1], vector16(content).as_slice()].concat()
}

fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
    [kind.to_be_bytes().as_slice(), &vector16(content)].concat()
}

fn name_extension(kind: u8, name: &[u8]) -> Vec<u8> {
    extension(0, &vector16(&[&[kind], vector16(name).as_slice()].concat()))
}

/// A ClientHello with these extensions.
fn hello(extensions: &[u8]) -> Vec<u8> {
    let fixed = [&[3, 3][..], &[7; 32], &[2, 9, 9], &[0, 2, 0x13, 1], &[1, 0]].concat();
    let body = [fixed, vector16(extensions)].concat();
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[1], &length[1..], &body].concat()
}

fn hello_for(name: &str) -> Vec<u8> {
    hello(&[extension(43, &[2, 3, 4]), name_extension(0, name.as_bytes()), extension(16, &[0; 9])].concat())
}

#[test]
fn the_name_is_found_whatever_comes_behind_the_message() {
    assert_eq!(read(&record(&hello_for("my-domain.com"))), Ok(Some("my-domain.com".to_owned())));
    let more = [record(&hello_for("a.com")), vec![20, 3, 3, 0, 1, 1]].concat();
    assert_eq!(read(&more), Ok(Some("a.com".to_owned())));
}

#[test]
fn a_client_may_name_nobody() {
    assert_eq!(read(&record(&hello(&[]))), Ok(None));
    assert_eq!(read(&record(&hello(&extension(43, &[0])))), Ok(None));
    assert_eq!(read(&record(&hello(&name_extension(1, b"x")))), Ok(None));
    let without_extensions = [&[1, 0, 0, 43][..], &[3, 3], &[7; 32], &[2, 9, 9], &[0, 2, 0x13, 1], &[1, 0]].concat();
    assert_eq!(read(&record(&without_extensions)), Ok(None));
}

#[test]
fn a_message_cut_anywhere_waits_for_more() {
    let whole = record(&hello_for("a.com"));
    for length in 0..whole.len() {
        assert_eq!(read(&whole[..length]), Err("more"), "{length} bytes");
    }
}

#[test]
fn a_message_may_be_in_several_records() {
    let message = hello_for("a.com");
    for size in [1, 3, 40, 100] {
        let records: Vec<_> = message.chunks(size).flat_map(record).collect();
        assert_eq!(read(&records), Ok(Some("a.com".to_owned())), "records of {size} bytes");
        assert_eq!(read(&records[..records.len() - 1]), Err("more"), "records of {size} bytes");
    }
}

#[test]
fn anything_else_is_no_tls_as_soon_as_it_shows() {
    let long_name = "a".repeat(256);
    let too_long = [&[1][..], &u32::try_from(LONGEST).unwrap().to_be_bytes()[1..]].concat();
    let mut cut = hello_for("a.com");
    let inside = cut.len() - 20;
    cut.truncate(inside);
    let length = u32::try_from(inside - 4).unwrap().to_be_bytes();
    cut[1..4].copy_from_slice(&length[1..]);
    for (what, bytes) in [
        ("HTTP", b"GET".to_vec()),
        ("an old version", vec![22, 2]),
        ("an empty record", vec![22, 3, 1, 0, 0]),
        ("a longer record than there is", vec![22, 3, 1, 0x40, 1]),
        ("another message", record(&[2, 0, 0, 0])),
        ("a longer message than is waited for", record(&too_long)),
        ("a message that ends inside", record(&cut)),
        ("another record inside", [record(&[1]), vec![23]].concat()),
        ("an empty name", record(&hello_for(""))),
        ("a name with a blank", record(&hello_for("a b"))),
        ("a long name", record(&hello_for(&long_name))),
    ] {
        assert_eq!(read(&bytes), Err("not tls"), "{what}");
    }
}
