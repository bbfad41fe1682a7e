//! Names of trailers: which fields may stand behind a body.
//!
//! Not here: their lines (`body`).

/// Fields that are never in a trailer (RFC 9110 §6.5.1): a server that takes trailers for header fields would be told anew where the
/// message ends, whom it is for, and from whom it is. A name that ends in `*` is the start of one.
const FORBIDDEN: [&[u8]; 20] = [
    b"authorization",
    b"connection",
    b"content-encoding",
    b"content-length",
    b"content-range",
    b"content-type",
    b"cookie",
    b"expect",
    b"forwarded",
    b"host",
    b"http2-settings",
    b"keep-alive",
    b"proxy-authorization",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
    b"x-forwarded-*",
    b"x-real-ip",
];
/// More than the longest of them: a longer name is none of them.
const ROOM: usize = 20;

/// The name of a trailer, byte by byte, in lower case. One that is longer than its room shows its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TrailerName {
    bytes: [u8; ROOM],
    length: u8,
}

impl TrailerName {
    pub(super) const EMPTY: TrailerName = TrailerName { bytes: [0; ROOM], length: 0 };

    pub(super) fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(usize::from(self.length)) {
            *place = byte.to_ascii_lowercase();
            self.length += 1;
        }
    }

    /// Whether such a trailer may pass.
    pub(super) fn is_allowed(&self) -> bool {
        let name = &self.bytes[..usize::from(self.length)];
        !FORBIDDEN.iter().any(|forbidden| match forbidden.strip_suffix(b"*") {
            Some(start) => name.starts_with(start),
            None => name == *forbidden,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_allowed(name: &str) -> bool {
        let mut read = TrailerName::EMPTY;
        name.bytes().for_each(|byte| read.push(byte));
        read.is_allowed()
    }

    #[test]
    fn what_frames_addresses_or_vouches_for_a_message_is_no_trailer() {
        for name in [
            "Content-Length",
            "TRANSFER-ENCODING",
            "host",
            "TE",
            "X-Forwarded-For",
            "x-forwarded-anything-at-all-that-is-long",
        ] {
            assert!(!is_allowed(name), "{name}");
        }
        for name in
            ["Server-Timing", "X-Sum", "grpc-status", "Host-X", "Contents", "t", "transfer-encoding-of-some-other-kind"]
        {
            assert!(is_allowed(name), "{name}");
        }
        assert!(FORBIDDEN.iter().all(|name| name.len() < ROOM), "a name that fills the room is none of them");
    }
}
