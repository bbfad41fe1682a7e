//! Hosts: how a request's Host is normalised, and the ways a service's domain can match it.
//!
//! Not here: finding the rule for a host among thousands (`route::index`).

mod implied;

use crate::pattern::{BadPattern, Pattern};
use crate::word;

/// The longest host that is looked at, in bytes: a DNS name has at most 253.
const LONGEST_HOST: usize = 255;

/// How a service's domains match, HAProxy's names in brackets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DomainAlgorithm {
    /// The host is the entry (`hdr(host)`).
    Exact,
    /// The host starts with the entry (`hdr_beg(host)`): Docker Flow's default.
    #[default]
    Prefix,
    /// The host ends with the entry (`hdr_end(host)`): also what a leading `*` means.
    Suffix,
    /// The entry is a run of whole labels of the host (`hdr_dom(host)`).
    Labels,
    /// The host holds the entry (`hdr_sub(host)`).
    Substring,
    /// The entry is a PCRE that matches the host (`hdr_reg(host)`).
    Regex,
}

/// One domain of a service. Texts are lower case, without port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostPattern {
    /// The host is this.
    Exact(String),
    /// The host starts with this.
    Prefix(String),
    /// The host ends with this.
    Suffix(String),
    /// This is a run of whole labels of the host.
    Labels(String),
    /// The host holds this.
    Substring(String),
    /// The host matches this.
    Regex(Pattern),
}

impl DomainAlgorithm {
    /// Reads HAProxy's name of the algorithm; a trailing ` -i` is what always happens. `None` for anything else.
    pub fn parse(name: &str) -> Option<DomainAlgorithm> {
        let name = name.trim().trim_end_matches(" -i").trim_end();
        Some(match name.strip_prefix("req.").unwrap_or(name) {
            "hdr(host)" => DomainAlgorithm::Exact,
            "hdr_beg(host)" => DomainAlgorithm::Prefix,
            "hdr_end(host)" => DomainAlgorithm::Suffix,
            "hdr_dom(host)" => DomainAlgorithm::Labels,
            "hdr_sub(host)" => DomainAlgorithm::Substring,
            "hdr_reg(host)" => DomainAlgorithm::Regex,
            _ => return None,
        })
    }
}

impl HostPattern {
    /// The pattern that `entry` means under `algorithm`; the entry is normalised as a request's host is.
    pub fn parse(entry: &str, algorithm: DomainAlgorithm) -> Result<HostPattern, BadPattern> {
        if algorithm == DomainAlgorithm::Regex {
            return Ok(HostPattern::Regex(Pattern::compile(entry, true)?));
        }
        let text = normalise_entry(entry);
        Ok(match algorithm {
            DomainAlgorithm::Exact => HostPattern::Exact(text),
            DomainAlgorithm::Prefix => HostPattern::Prefix(text),
            DomainAlgorithm::Suffix => HostPattern::Suffix(text),
            DomainAlgorithm::Labels => HostPattern::Labels(text),
            DomainAlgorithm::Substring | DomainAlgorithm::Regex => HostPattern::Substring(text),
        })
    }

    /// The text that is looked for, normalised; empty means every host.
    pub fn as_str(&self) -> &str {
        match self {
            HostPattern::Exact(text) | HostPattern::Prefix(text) | HostPattern::Suffix(text) => text,
            HostPattern::Labels(text) | HostPattern::Substring(text) => text,
            HostPattern::Regex(pattern) => pattern.as_str(),
        }
    }

    /// Whether `host`, already normalised, matches.
    pub fn matches(&self, host: &[u8]) -> bool {
        match self {
            HostPattern::Exact(text) => host == text.as_bytes(),
            HostPattern::Prefix(text) => host.starts_with(text.as_bytes()),
            HostPattern::Suffix(text) => host.ends_with(text.as_bytes()),
            HostPattern::Labels(text) => word::contains(host, text.as_bytes(), b".:"),
            HostPattern::Substring(text) => memchr::memmem::find(host, text.as_bytes()).is_some(),
            HostPattern::Regex(pattern) => pattern.is_match(host),
        }
    }
}

/// A request's host made comparable: lower case, without port, without a trailing dot.
///
/// Docker Flow compared the Host field as it came, so that a port or a dot hid a service. What is forwarded stays unchanged.
pub struct Host {
    bytes: [u8; LONGEST_HOST],
    length: usize,
}

impl Host {
    /// Normalises the value of a Host field or an authority; `None` if there is none, or if no DNS name is that long.
    pub fn normalise(raw: &[u8]) -> Option<Host> {
        let name = without_port(raw);
        let name = name.strip_suffix(b".").unwrap_or(name);
        if name.is_empty() || name.len() > LONGEST_HOST {
            return None;
        }
        let mut host = Host { bytes: [0; LONGEST_HOST], length: name.len() };
        host.bytes[..name.len()].copy_from_slice(name);
        host.bytes[..name.len()].make_ascii_lowercase();
        Some(host)
    }

    /// The normalised name.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// `host` without `:port`. An IPv6 literal keeps its brackets and colons.
pub fn without_port(host: &[u8]) -> &[u8] {
    let Some(colon) = memchr::memrchr(b':', host) else { return host };
    let (name, port) = (&host[..colon], &host[colon + 1..]);
    let bare_ipv6 = memchr::memchr(b':', name).is_some() && !name.ends_with(b"]");
    if bare_ipv6 || !port.iter().all(u8::is_ascii_digit) { host } else { name }
}

/// An entry of `serviceDomain`, normalised. The dot of `api.` is meant (everything that starts with `api.`), that of `my-domain.com.` is not.
fn normalise_entry(entry: &str) -> String {
    let name = String::from_utf8_lossy(without_port(entry.as_bytes())).to_ascii_lowercase();
    match name.strip_suffix('.') {
        Some(fqdn) if fqdn.trim_start_matches('.').contains('.') => fqdn.to_owned(),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalised(raw: &str) -> Option<String> {
        Host::normalise(raw.as_bytes()).map(|host| String::from_utf8_lossy(host.as_bytes()).into_owned())
    }

    fn check(algorithm: &str, entry: &str, hits: &[&str], misses: &[&str]) {
        let pattern = HostPattern::parse(entry, DomainAlgorithm::parse(algorithm).unwrap()).unwrap();
        let matches = |raw: &&str| Host::normalise(raw.as_bytes()).is_some_and(|host| pattern.matches(host.as_bytes()));
        assert_eq!(
            hits.iter().filter(|raw| !matches(raw)).collect::<Vec<_>>(),
            Vec::<&&str>::new(),
            "{algorithm} {entry} must match"
        );
        assert_eq!(
            misses.iter().filter(|raw| matches(raw)).collect::<Vec<_>>(),
            Vec::<&&str>::new(),
            "{algorithm} {entry} must not match"
        );
    }

    #[test]
    fn a_host_is_compared_without_case_port_and_trailing_dot() {
        assert_eq!(normalised("My-Domain.COM:8080").as_deref(), Some("my-domain.com"));
        assert_eq!(normalised("my-domain.com.").as_deref(), Some("my-domain.com"));
        assert_eq!(normalised("[::1]:80").as_deref(), Some("[::1]"));
        assert_eq!(normalised("[::1]").as_deref(), Some("[::1]"));
        assert_eq!(normalised(""), None);
        assert_eq!(normalised(&"a".repeat(256)), None);
    }

    #[test]
    fn every_algorithm_matches_as_haproxy_does_on_a_normalised_host() {
        let d = "my-domain.com";
        check(
            "hdr_beg(host)",
            d,
            &[d, "my-domain.com:8080", "my-domain.com.evil.org", "MY-DOMAIN.com."],
            &["www.my-domain.com"],
        );
        check("hdr(host)", d, &[d, "my-domain.com:81"], &["my-domain.com.evil.org", "www.my-domain.com"]);
        check(
            "hdr_dom(host)",
            d,
            &[d, "www.my-domain.com", "my-domain.com.evil.org"],
            &["notmy-domain.com", "my-domain.community"],
        );
        check(
            "hdr_end(host) -i",
            "domain.com",
            &["domain.com", "my-domain.com", "x.domain.com:80"],
            &["domain.com.evil.org"],
        );
        check("hdr_sub(host)", "main", &[d], &["other.org"]);
        check("hdr_reg(host)", r"^[a-z]+\.com$", &["ABC.com"], &["a1.com"]);
    }

    #[test]
    fn an_entry_keeps_a_dot_that_ends_a_prefix_and_loses_one_that_ends_a_name() {
        check("hdr_beg(host)", "api.", &["api.example.com"], &["apix.example.com"]);
        check("hdr_beg(host)", "My-Domain.com.:80", &["my-domain.com"], &[]);
    }
}
