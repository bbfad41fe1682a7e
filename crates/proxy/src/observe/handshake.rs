//! What became of TLS handshakes, for counters.
//!
//! Not here: making them (`tls`).

use super::book;

/// How a handshake ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handshake {
    Completed,
    NoCertificate,
    UnknownName,
    NothingInCommon,
    BadClientCertificate,
    RefusedByClient,
    NotTls,
    Disconnected,
    TimedOut,
}

/// Counts a handshake at this port.
pub(crate) fn shook_hands(port: u16, how: Handshake) {
    book::with(|book| book.frontend(port).handshakes[how as usize].add(1));
}

impl Handshake {
    pub(super) const COUNT: usize = 9;

    /// In the order of the ends.
    pub(super) const WORDS: [&'static str; Handshake::COUNT] = [
        "completed",
        "no_certificate",
        "unknown_name",
        "nothing_in_common",
        "bad_client_certificate",
        "refused_by_client",
        "not_tls",
        "disconnected",
        "timeout",
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_in_the_order_of_the_ends() {
        for (how, word) in
            [(Handshake::Completed, "completed"), (Handshake::NotTls, "not_tls"), (Handshake::TimedOut, "timeout")]
        {
            assert_eq!(Handshake::WORDS[how as usize], word);
        }
        assert_eq!(Handshake::TimedOut as usize, Handshake::COUNT - 1);
    }
}
