//! Headers in both versions: whole, cut anywhere, and wrong in every field.

use super::{Header, SIGNATURE, parse};
use crate::http1::Parsed;

/// The header's meaning and length, `None` if more is needed.
fn read(bytes: &[u8]) -> Result<Option<(Header, usize)>, ()> {
    match parse(bytes) {
        Ok(Parsed::Complete(read)) => Ok(Some(read)),
        Ok(Parsed::Partial) => Ok(None),
        Err(_) => Err(()),
    }
}

fn client(text: &str) -> Header {
    Header::Client(text.parse().unwrap())
}

fn v2(command: u8, family: u8, addresses: &[u8]) -> Vec<u8> {
    let length = u16::try_from(addresses.len()).unwrap().to_be_bytes();
    [SIGNATURE.as_slice(), &[command, family], &length, addresses].concat()
}

fn tcp4() -> Vec<u8> {
    vec![192, 0, 2, 7, 10, 0, 0, 1, 0x30, 0x39, 0, 80]
}

fn tcp6() -> Vec<u8> {
    let mut bytes = vec![0; 36];
    (bytes[0], bytes[1], bytes[15], bytes[33]) = (0x20, 0x01, 1, 9);
    bytes
}

/// Whole headers, and what they say.
fn whole() -> Vec<(Vec<u8>, Header)> {
    let line = |text: &str| text.as_bytes().to_vec();
    let with_more = [tcp4(), vec![4, 0, 1, 0]].concat();
    vec![
        (line("PROXY TCP4 192.0.2.7 10.0.0.1 12345 80\r\n"), client("192.0.2.7:12345")),
        (line("PROXY TCP6 2001:db8::7 ::1 0 65535\r\n"), client("[2001:db8::7]:0")),
        (line("PROXY UNKNOWN\r\n"), Header::Local),
        (line("PROXY UNKNOWN ffff::1 what ever\r\n"), Header::Local),
        (v2(0x21, 0x11, &tcp4()), client("192.0.2.7:12345")),
        (v2(0x21, 0x11, &with_more), client("192.0.2.7:12345")),
        (v2(0x21, 0x21, &tcp6()), client("[2001::1]:9")),
        (v2(0x20, 0x00, &[]), Header::Local),
        (v2(0x20, 0x11, &tcp4()), Header::Local),
        (v2(0x21, 0x00, &[]), Header::Local),
        (v2(0x21, 0x31, &[b'/'; 216]), Header::Local),
        (v2(0x21, 0x12, &tcp4()), Header::Local),
    ]
}

#[test]
fn a_whole_header_is_read_and_what_is_behind_it_is_left() {
    for (bytes, header) in whole() {
        let with_request = [bytes.as_slice(), b"GET / HTTP/1.1\r\n"].concat();
        assert_eq!(read(&with_request), Ok(Some((header, bytes.len()))), "{}", bytes.escape_ascii());
    }
}

#[test]
fn a_header_cut_anywhere_waits_for_more() {
    for (bytes, _) in whole() {
        for length in 0..bytes.len() {
            assert_eq!(read(&bytes[..length]), Ok(None), "{length} bytes of {}", bytes.escape_ascii());
        }
    }
}

#[test]
fn what_is_not_exactly_a_header_is_refused() {
    let endless = format!("PROXY UNKNOWN {}", "x".repeat(200));
    let lines = [
        "GET / HTTP/1.1\r\n",
        "\r\n\r\nGET",
        "proxy TCP4 192.0.2.7 10.0.0.1 12345 80\r\n",
        "PROXY  TCP4 192.0.2.7 10.0.0.1 12345 80\r\n",
        "PROXY TCP4 192.0.2.7 10.0.0.1 12345 80\n",
        "PROXY TCP4 192.0.2.7 10.0.0.1 12345\r\n",
        "PROXY TCP4 192.0.2.7 10.0.0.1 12345 80 \r\n",
        "PROXY TCP4 192.0.2.7  10.0.0.1 12345 80\r\n",
        "PROXY TCP4 192.0.2.07 10.0.0.1 12345 80\r\n",
        "PROXY TCP4 192.0.2.7 10.0.0.1 012345 80\r\n",
        "PROXY TCP4 192.0.2.7 10.0.0.1 +1234 80\r\n",
        "PROXY TCP4 192.0.2.7 10.0.0.1 65536 80\r\n",
        "PROXY TCP4 ::1 ::1 1 2\r\n",
        "PROXY TCP6 192.0.2.7 10.0.0.1 1 2\r\n",
        "PROXY UDP4 192.0.2.7 10.0.0.1 1 2\r\n",
        "PROXY \r\n",
        "PROXY UNKNOWN\u{0}\n",
        &endless,
    ];
    for line in lines {
        assert_eq!(read(line.as_bytes()), Err(()), "{line:?}");
    }
    let too_long = [SIGNATURE.as_slice(), &[0x21, 0x11, 0xff, 0xff]].concat();
    for bytes in [
        v2(0x11, 0x11, &tcp4()),
        v2(0x22, 0x11, &tcp4()),
        v2(0x21, 0x41, &tcp4()),
        v2(0x21, 0x13, &tcp4()),
        v2(0x21, 0x11, &tcp4()[..11]),
        v2(0x21, 0x21, &tcp6()[..35]),
        too_long,
    ] {
        assert_eq!(read(&bytes), Err(()), "{}", bytes.escape_ascii());
    }
}
