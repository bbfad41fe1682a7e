//! `SSL_BIND_CIPHERS`: a cipher list in OpenSSL's language (its manual, ciphers(1)), for TLS 1.2; those of TLS 1.3 are always spoken.
//!
//! Not here: versions and other options (`options`).

/// A cipher suite that is spoken.
struct Suite {
    /// As OpenSSL calls it.
    name: &'static str,
    /// As IANA does.
    iana: &'static str,
    /// The words that it is among, besides those that all are among.
    words: &'static [&'static str],
    strength: u16,
}

const AES256: &[&str] = &["AES", "AES256", "AESGCM"];
const AES128: &[&str] = &["AES", "AES128", "AESGCM"];

/// In OpenSSL's own order. First the signature's kind: the words `ECDSA` and `aRSA` follow from the name.
const SUITES: [Suite; 6] = [
    Suite {
        name: "ECDHE-ECDSA-AES256-GCM-SHA384",
        iana: "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        words: AES256,
        strength: 256,
    },
    Suite {
        name: "ECDHE-RSA-AES256-GCM-SHA384",
        iana: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        words: AES256,
        strength: 256,
    },
    Suite {
        name: "ECDHE-ECDSA-CHACHA20-POLY1305",
        iana: "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        words: &["CHACHA20"],
        strength: 256,
    },
    Suite {
        name: "ECDHE-RSA-CHACHA20-POLY1305",
        iana: "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        words: &["CHACHA20"],
        strength: 256,
    },
    Suite {
        name: "ECDHE-ECDSA-AES128-GCM-SHA256",
        iana: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        words: AES128,
        strength: 128,
    },
    Suite {
        name: "ECDHE-RSA-AES128-GCM-SHA256",
        iana: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        words: AES128,
        strength: 128,
    },
];

/// The words that all suites are among: ephemeral elliptic curves, TLS 1.2, high security.
const COMMON: [&str; 9] = ["ECDHE", "EECDH", "kECDHE", "kEECDH", "ECDH", "TLSv1.2", "HIGH", "ALL", "DEFAULT"];

/// What this list has no say in: those of TLS 1.3, as OpenSSL and IANA call them.
const ALWAYS: [&str; 3] = ["TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"];

/// The list's suites by their IANA names, and its words that add none.
pub(super) fn parse(text: &str) -> Result<(Vec<String>, Vec<String>), &'static str> {
    let mut list = List::default();
    let words = text.split([':', ',', ' ', ';']).map(str::trim).filter(|word| !word.is_empty());
    words.for_each(|word| list.take(word));
    match list.active.is_empty() {
        true => Err(
            "leaves no cipher: there are ECDHE-ECDSA and ECDHE-RSA, each with AES128-GCM-SHA256, AES256-GCM-SHA384 and CHACHA20-POLY1305",
        ),
        false => Ok((list.active.iter().map(|place| SUITES[*place].iana.to_owned()).collect(), list.left_out)),
    }
}

/// A list in the making, of places in [`SUITES`].
#[derive(Default)]
struct List {
    active: Vec<usize>,
    /// They may not come back.
    killed: Vec<usize>,
    left_out: Vec<String>,
}

impl List {
    /// The next word: `!` takes away for ever, `-` until it is added again, `+` moves to the end, anything else adds.
    fn take(&mut self, word: &str) {
        if word == "@STRENGTH" {
            return self.active.sort_by_key(|place| u16::MAX - SUITES[*place].strength);
        }
        if let Some(names) = word.strip_prefix('!') {
            self.killed.extend(among(names));
            return self.remove(names);
        }
        if let Some(names) = word.strip_prefix('-') {
            return self.remove(names);
        }
        if let Some(names) = word.strip_prefix('+') {
            let (rest, moved): (Vec<_>, Vec<_>) =
                self.active.iter().partition(|place| !SUITES[**place].is_among(names));
            self.active = [rest, moved].concat();
            return;
        }
        if ALWAYS.contains(&word) {
            return;
        }
        if among(word).next().is_none() {
            return self.left_out.push(word.to_owned());
        }
        for place in among(word).filter(|place| !self.killed.contains(place)) {
            if !self.active.contains(&place) {
                self.active.push(place);
            }
        }
    }

    fn remove(&mut self, names: &str) {
        self.active.retain(|place| !SUITES[*place].is_among(names));
    }
}

/// The places of the suites that are among all of `names`, which `+` joins.
fn among(names: &str) -> impl Iterator<Item = usize> {
    (0..SUITES.len()).filter(move |place| SUITES[*place].is_among(names))
}

impl Suite {
    fn is_among(&self, names: &str) -> bool {
        let signs = if self.name.contains("-ECDSA-") { ["ECDSA", "aECDSA"] } else { ["aRSA", "aRSA"] };
        let is = |word: &str| {
            word == self.name || COMMON.contains(&word) || self.words.contains(&word) || signs.contains(&word)
        };
        names.split('+').all(is)
    }
}
