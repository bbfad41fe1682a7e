//! Host and authority: whom a request is for, read so that everybody behind the proxy reads it alike (RFC 9110 §4.2, RFC 3986 §3.2).
//!
//! Not here: which service that is (`model::route`).

use std::net::Ipv6Addr;

/// The bytes of a registered name or an IPv4 address, without the comma: two Host fields joined to one must not look like one.
const NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = matches!(byte as u8, b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' | b'%' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b';' | b'=');
        byte += 1;
    }
    table
};

/// Whether `authority` is a host with or without a port: no user, no path, no blank, nothing that another reader could cut elsewhere.
/// An IPv6 address stands in brackets; a port may be empty and is at most 65535.
pub(crate) fn is_authority(authority: &[u8]) -> bool {
    match authority.strip_prefix(b"[") {
        Some(address) => is_bracketed(address),
        None => {
            let length = authority.iter().position(|byte| !NAME[usize::from(*byte)]).unwrap_or(authority.len());
            length > 0 && is_port(&authority[length..])
        }
    }
}

/// What follows an opening bracket. A zone (`%eth0`) is of no use to anybody but the client.
fn is_bracketed(rest: &[u8]) -> bool {
    let Some(end) = rest.iter().position(|byte| *byte == b']') else { return false };
    let address = std::str::from_utf8(&rest[..end]).ok().and_then(|address| address.parse::<Ipv6Addr>().ok());
    address.is_some() && is_port(&rest[end + 1..])
}

/// Nothing, or `:` and a number that is a port.
fn is_port(rest: &[u8]) -> bool {
    match rest.split_first() {
        None => true,
        Some((b':', digits)) => {
            digits.len() <= 5
                && digits.iter().all(u8::is_ascii_digit)
                && digits.iter().fold(0, |port, digit| port * 10 + u32::from(digit - b'0')) <= u32::from(u16::MAX)
        }
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_with_and_without_ports_are_taken() {
        for good in [
            "a",
            "a.b-c_d",
            "A.COM.",
            "a:80",
            "a:",
            "a:0",
            "a:65535",
            "192.0.2.1:8080",
            "[::1]",
            "[2001:db8::1]:443",
            "a%20b",
            "*",
            "x!$&'()*+;=~",
        ] {
            assert!(is_authority(good.as_bytes()), "{good:?}");
        }
    }

    #[test]
    fn what_two_readers_could_cut_in_two_ways_is_not() {
        for bad in [
            "",
            ":",
            ":80",
            "a,b",
            "a, b",
            "a b",
            "u@a",
            "a/b",
            "a?b",
            "a#b",
            "a\\b",
            "a:b",
            "a:80:80",
            "a:-1",
            "a:+80",
            "a:65536",
            "a:000080",
            "[::1",
            "::1",
            "[]",
            "[::1]a",
            "[::1]:x",
            "[a]",
            "[1.2.3.4]",
            "[fe80::1%25eth0]",
            "[v1.x]",
            "a[",
            "a]",
            "\"a\"",
            "<a>",
            "a\t",
            "\u{e9}",
            "a\0",
        ] {
            assert!(!is_authority(bad.as_bytes()), "{bad:?}");
        }
    }
}
