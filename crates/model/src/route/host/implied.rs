//! Which host patterns hold wherever another one does.
//!
//! Not here: the same of whole rules (`route::claim`), and comparing a host with a pattern (`route::host`).

use super::HostPattern;
use crate::word;

/// What divides labels.
const DIVIDERS: &[u8] = b".:";

impl HostPattern {
    /// Whether every host that this one matches is matched by `other`. A yes is certain. A no may only mean that nobody can tell: a
    /// regular expression is known to match what the same one does, or one certain host.
    pub(in crate::route) fn implies(&self, other: &HostPattern) -> bool {
        if self == other || other.is_every_host() {
            return true;
        }
        let (text, wanted) = (self.as_str().as_bytes(), other.as_str().as_bytes());
        match (self, other) {
            (HostPattern::Exact(_), _) => other.matches(text),
            (HostPattern::Regex(_), _) | (_, HostPattern::Regex(_)) => false,
            (HostPattern::Labels(_), HostPattern::Substring(_)) => {
                memchr::memmem::find(word::trim(text, DIVIDERS), wanted).is_some()
            }
            (HostPattern::Prefix(_), HostPattern::Prefix(_)) => text.starts_with(wanted),
            (HostPattern::Suffix(_), HostPattern::Suffix(_)) => text.ends_with(wanted),
            (_, HostPattern::Substring(_)) => memchr::memmem::find(text, wanted).is_some(),
            (_, HostPattern::Labels(_)) => word::is_certain(text, self.ends(), wanted, DIVIDERS),
            _ => false,
        }
    }

    /// Whether every host matches: what `*` alone says.
    fn is_every_host(&self) -> bool {
        match self {
            HostPattern::Prefix(text) | HostPattern::Suffix(text) | HostPattern::Substring(text) => text.is_empty(),
            HostPattern::Labels(text) => word::trim(text.as_bytes(), DIVIDERS).is_empty(),
            HostPattern::Exact(_) | HostPattern::Regex(_) => false,
        }
    }

    /// Whether a label can go on before the text, and behind it.
    fn ends(&self) -> word::Open {
        let [before, behind] = match self {
            HostPattern::Prefix(_) => [false, true],
            HostPattern::Suffix(_) => [true, false],
            HostPattern::Substring(_) => [true, true],
            HostPattern::Exact(_) | HostPattern::Labels(_) | HostPattern::Regex(_) => [false, false],
        };
        word::Open { before, behind }
    }
}

#[cfg(test)]
mod tests {
    use crate::route::host::{DomainAlgorithm, HostPattern};

    fn pattern(text: &str) -> HostPattern {
        let (algorithm, entry) = text.split_once(' ').unwrap();
        HostPattern::parse(entry, DomainAlgorithm::parse(algorithm).unwrap()).unwrap()
    }

    #[test]
    fn one_host_pattern_implies_another_where_all_its_hosts_match_that_too() {
        for (one, other, expected) in [
            ("hdr(host) www.a.com", "hdr_end(host) a.com", true),
            ("hdr(host) www.a.com", "hdr_reg(host) ^www[.]", true),
            ("hdr_beg(host) api.a.com", "hdr_beg(host) api.", true),
            ("hdr_beg(host) api.", "hdr_beg(host) api.a.com", false),
            ("hdr_beg(host) a.com", "hdr(host) a.com", false),
            ("hdr_beg(host) a.com", "hdr_dom(host) com", false),
            ("hdr_beg(host) a.com", "hdr_dom(host) a", true),
            ("hdr_end(host) .a.com", "hdr_end(host) com", true),
            ("hdr_end(host) a.com", "hdr_dom(host) a.com", false),
            ("hdr_end(host) .a.com", "hdr_dom(host) a.com", true),
            ("hdr_dom(host) a.com", "hdr_dom(host) a", true),
            ("hdr_dom(host) .a.com", "hdr_sub(host) .a", false),
            ("hdr_dom(host) .a.com", "hdr_sub(host) a.c", true),
            ("hdr_sub(host) .a.", "hdr_dom(host) a", true),
            ("hdr_sub(host) a", "hdr_dom(host) a", false),
            ("hdr_reg(host) ^a$", "hdr_reg(host) ^a$", true),
            ("hdr_reg(host) ^a$", "hdr(host) a", false),
            ("hdr_reg(host) ^a$", "hdr_end(host) ", true),
        ] {
            assert_eq!(pattern(one).implies(&pattern(other)), expected, "{one} implies {other}");
        }
    }
}
