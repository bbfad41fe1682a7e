//! What a request must show to belong to a destination: its domains, paths, header fields and user agents, read.
//!
//! Not here: everything else about a destination (`service::destinations`), and comparing a request with these (`route`).

use super::read::{Reader, shown};
use super::tcp::sni_matcher;
use super::{Context, Mode};
use crate::expression::fields::is_token;
use crate::quote;
use crate::route::host::{DomainAlgorithm, HostPattern};
use crate::route::path::{PathPattern, PathType};

/// The algorithm for all domains of the service: a `*` on any of them makes it the suffix.
pub(super) fn domain_algorithm(reader: &mut Reader<'_>, context: &Context, indexed: &[u8]) -> DomainAlgorithm {
    let reason = "is not one of hdr(host), hdr_beg(host), hdr_dom(host), hdr_end(host), hdr_sub(host), hdr_reg(host)";
    // A service whose connections are passed through may name the fetch of its domains instead.
    let passes_through = reads_sni(reader, indexed);
    let read = |text: &str| DomainAlgorithm::parse(text).or_else(|| sni_matcher(text).filter(|_| passes_through));
    let asked = reader.parsed("serviceDomainAlgo", reason, read);
    let match_all = reader.flag("serviceDomainMatchAll").then_some(DomainAlgorithm::Labels);
    let mut wildcard = false;
    for index in indexed.iter().copied().map(Some).chain([None]) {
        reader.at(index);
        wildcard |= reader.list("serviceDomain").iter().any(|domain| domain.starts_with('*'));
    }
    reader.at(None);
    if wildcard {
        return DomainAlgorithm::Suffix;
    }
    match_all.or(asked).unwrap_or(context.domain_algorithm)
}

/// Whether any destination is in tcp or sni mode.
fn reads_sni(reader: &mut Reader<'_>, indexed: &[u8]) -> bool {
    let mut found = false;
    for index in indexed.iter().copied().map(Some).chain([None]) {
        reader.at(index);
        found |= reader.text("reqMode").is_some_and(|mode| !mode.trim().eq_ignore_ascii_case("http"));
    }
    reader.at(None);
    found
}

/// `pathType`. In sni mode it names an SNI fetch instead (`service::tcp`).
pub(super) fn read_path_type(reader: &mut Reader<'_>, mode: Mode) -> PathType {
    if mode == Mode::Sni {
        return PathType::default();
    }
    let reason = "is not one of path, path_beg, path_end, path_sub, path_dir, path_dom, path_len, path_reg (with ` -i` or without)";
    reader.parsed("pathType", reason, PathType::parse).unwrap_or_default()
}

pub(super) fn read_paths(reader: &mut Reader<'_>, name: &'static str, kind: PathType) -> Vec<PathPattern> {
    let mut patterns = Vec::new();
    for text in reader.list(name) {
        let text = quote::unescape(text);
        if text.bytes().any(|byte| byte.is_ascii_control()) {
            reader.bad(name, &text, "holds a line end or another control character");
            continue;
        }
        match PathPattern::parse(&text, kind) {
            Ok(pattern) => {
                if pattern.is_hopeless() {
                    let shown = shown(name, &text);
                    reader.warn(name, format!("no request has a path that begins with `{shown}`; begin it with `/`"));
                }
                patterns.push(pattern);
            }
            Err(reason) => reader.bad(name, &text, &reason),
        }
    }
    patterns
}

pub(super) fn read_hosts(
    reader: &mut Reader<'_>,
    name: &'static str,
    domains: &[&str],
    algorithm: DomainAlgorithm,
) -> Vec<HostPattern> {
    let mut patterns = Vec::new();
    for domain in domains {
        if domain.bytes().any(|byte| byte.is_ascii_control() || byte.is_ascii_whitespace()) {
            reader.bad(name, domain, "holds a blank or a control character");
            continue;
        }
        match HostPattern::parse(domain.trim_start_matches('*'), algorithm) {
            // An empty text matches every host: a service may ask for that by `*`, but neither `:8080` nor a redirect gets it.
            Ok(pattern) if pattern.as_str().is_empty() && !(*domain == "*" && algorithm == DomainAlgorithm::Suffix) => {
                reader.bad(name, domain, "has no name in it");
            }
            Ok(pattern) => patterns.push(pattern),
            Err(error) => reader.bad(name, domain, &error.to_string()),
        }
    }
    patterns
}

pub(super) fn read_redirect_from(reader: &mut Reader<'_>, domains: &[&str]) -> Vec<HostPattern> {
    let entries = reader.list("redirectFromDomain");
    if let (Some(entry), None) = (entries.first(), domains.iter().find_map(|domain| redirect_target(domain))) {
        reader.bad("redirectFromDomain", entry, "has nowhere to send clients to; add serviceDomain");
    }
    read_hosts(reader, "redirectFromDomain", &entries, DomainAlgorithm::Prefix)
}

/// A domain as a client can be sent to it: without a star, and no regular expression.
pub(super) fn redirect_target(domain: &str) -> Option<String> {
    let name = domain.trim_start_matches(['*', '.']);
    is_host(name).then(|| name.to_owned())
}

pub(super) fn read_headers(reader: &mut Reader<'_>) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    for entry in reader.list("serviceHeader") {
        match entry.split_once(':') {
            Some((name, value))
                if is_token(name.trim()) && !value.contains(|c: char| c == ':' || c.is_ascii_control()) =>
            {
                headers.push((name.trim().to_owned(), value.trim().replace("\\ ", " ")));
            }
            _ => reader.bad("serviceHeader", entry, "is not `Name:value`"),
        }
    }
    headers
}

pub(super) fn read_agents(reader: &mut Reader<'_>) -> Vec<String> {
    let mut agents = Vec::new();
    for agent in reader.list("userAgent") {
        match agent.bytes().any(|byte| byte.is_ascii_control()) {
            true => reader.bad("userAgent", agent, "holds a line end or another control character"),
            false => agents.push(agent.replace("\\ ", " ").to_ascii_lowercase()),
        }
    }
    agents
}

pub(super) fn is_host(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:[]".contains(&byte))
}

impl DomainAlgorithm {
    pub(super) fn keyword(self) -> &'static str {
        match self {
            DomainAlgorithm::Exact => "hdr(host)",
            DomainAlgorithm::Prefix => "hdr_beg(host)",
            DomainAlgorithm::Suffix => "hdr_end(host)",
            DomainAlgorithm::Labels => "hdr_dom(host)",
            DomainAlgorithm::Substring => "hdr_sub(host)",
            DomainAlgorithm::Regex => "hdr_reg(host)",
        }
    }
}
