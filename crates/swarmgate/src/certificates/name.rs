//! The name of a certificate that a caller brings: a file name and nothing else.
//!
//! Not here: the file (`directory`).

use std::fmt;

/// 1 to 128 letters, digits, `.`, `_` and `-`; the first is a letter, a digit or `*`. So it never leads out of its directory, and is never hidden.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CertName(String);

/// In bytes.
const LONGEST: usize = 128;

impl CertName {
    /// Takes a name that is a safe file name; `None` for any other.
    pub fn parse(name: &str) -> Option<CertName> {
        let (first, rest) = name.as_bytes().split_first()?;
        let safe = is_first(*first) && rest.iter().copied().all(is_inner) && name.len() <= LONGEST;
        safe.then(|| CertName(name.to_owned()))
    }

    /// The name for the certificate of a domain or a service: what cannot stand in it becomes `_`. `None` if nothing is left.
    pub fn of(text: &str) -> Option<CertName> {
        let text = text.trim_start_matches(|letter: char| !letter.is_ascii() || !is_first(letter as u8));
        let (first, rest) = text.split_at_checked(1)?;
        let inner = rest.chars().map(|letter| if letter.is_ascii() && is_inner(letter as u8) { letter } else { '_' });
        CertName::parse(&first.chars().chain(inner).take(LONGEST).collect::<String>())
    }

    /// The name for whatever has no usable letter in its own.
    pub(super) fn of_nobody() -> CertName {
        CertName("service".to_owned())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CertName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_first(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'*'
}

fn is_inner(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._-".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_file_name_that_leads_nowhere_else() {
        for good in ["a", "xip.io.pem", "*.acme.com", "*", "1-2_3", "a..b", &"a".repeat(128)] {
            assert!(CertName::parse(good).is_some(), "{good}");
        }
        let bad = [
            "", ".", "..", ".hidden", "../a", "a/b", "/a", "a\\b", "a\0", "a b", "a\n", "-a", "_a", "a*", "é", "%2e",
            "a%",
        ];
        for bad in bad.into_iter().chain(["a".repeat(129).as_str()]) {
            assert!(CertName::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn a_domain_or_service_gives_a_name() {
        let of = |text: &str| CertName::of(text).map(|name| name.0);
        assert_eq!(of("acme.com").as_deref(), Some("acme.com"));
        assert_eq!(of("*.acme.com").as_deref(), Some("*.acme.com"));
        assert_eq!(of("../../etc/passwd").as_deref(), Some("etc_passwd"));
        assert_eq!(of("my:service").as_deref(), Some("my_service"));
        assert_eq!(of("bücher.de").as_deref(), Some("b_cher.de"));
        assert_eq!(of("*.*.com").as_deref(), Some("*._.com"));
        assert_eq!(of(&"a".repeat(200)).map(|name| name.len()), Some(128));
        assert_eq!((of(""), of("../"), of("é")), (None, None, None));
    }
}
