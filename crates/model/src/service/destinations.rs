//! The destinations of a service: indexed 1 to 10, or a single one without an index.
//!
//! Docker Flow's rule: the indexes end before the first one that has neither path, port, domain nor https port; as soon as one
//! exists, values without an index only stand in for missing indexed ones.
//! Not here: what makes a service complete (`service::parse`).

use super::read::Reader;
use super::{Context, Destination, Dial, Guard, HttpsPort, Mode, ServiceName};
use crate::params::Params;
use crate::rewrite::{self, Rewrite};
use crate::route::host::{DomainAlgorithm, HostPattern};
use crate::route::path::{PathPattern, PathType};

const DEFAULT_TLS_PORT: u16 = 443;

pub(super) fn read(
    reader: &mut Reader<'_>,
    params: &Params,
    context: &Context,
    name: &ServiceName,
) -> Vec<Destination> {
    let indexed = params.indexes();
    let algorithm = domain_algorithm(reader, context, &indexed);
    let mut destinations = Vec::new();
    for index in indexed.iter().copied().map(Some).chain(indexed.is_empty().then_some(None)) {
        reader.at(index);
        destinations.push(read_one(reader, context, name, algorithm));
    }
    reader.at(None);
    destinations
}

/// The algorithm for all domains of the service: a `*` on any of them makes it the suffix.
fn domain_algorithm(reader: &mut Reader<'_>, context: &Context, indexed: &[u8]) -> DomainAlgorithm {
    let reason = "is not one of hdr(host), hdr_beg(host), hdr_dom(host), hdr_end(host), hdr_sub(host), hdr_reg(host)";
    let asked = reader.parsed("serviceDomainAlgo", reason, DomainAlgorithm::parse);
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

fn read_one(reader: &mut Reader<'_>, context: &Context, name: &ServiceName, algorithm: DomainAlgorithm) -> Destination {
    let mode = read_mode(reader);
    let kind = read_path_type(reader, mode);
    let domains = reader.list("serviceDomain");
    let hosts = read_hosts(reader, "serviceDomain", &domains, algorithm);
    let mut paths = if mode == Mode::Http { read_paths(reader, "servicePath", kind) } else { Vec::new() };
    if mode == Mode::Http && paths.is_empty() && !domains.is_empty() {
        paths.extend(PathPattern::parse("/", PathType::default()));
    }
    Destination {
        index: reader.index(),
        mode,
        hosts,
        first_domain: domains.first().map(|domain| domain.trim_start_matches('*').to_owned()),
        redirect_from: read_redirect_from(reader, &domains),
        paths,
        excluded_paths: read_paths(reader, "servicePathExclude", kind),
        domain_keyword: algorithm.keyword(),
        headers: read_headers(reader),
        agents: read_agents(reader),
        source_port: reader.port("srcPort"),
        dial: read_dial(reader, name),
        port: reader.port("port"),
        https: read_https(reader),
        guard: read_guard(reader, context),
        rewrites: read_rewrites(reader),
        timeout_server: reader.seconds("timeoutServer"),
        timeout_tunnel: reader.seconds("timeoutTunnel"),
    }
}

fn read_mode(reader: &mut Reader<'_>) -> Mode {
    let read = |text: &str| match text.trim().to_ascii_lowercase().as_str() {
        "http" => Some(Mode::Http),
        "tcp" => Some(Mode::Tcp),
        "sni" => Some(Mode::Sni),
        _ => None,
    };
    let mode = reader.parsed("reqMode", "is not one of http, tcp, sni", read).unwrap_or_default();
    if mode != Mode::Http {
        reader.warn(
            "reqMode",
            "this version does not forward TCP yet; the destination is known, but no port is bound for it",
        );
    }
    mode
}

/// `pathType`. In sni mode it names an SNI fetch instead, which nothing acts on yet.
fn read_path_type(reader: &mut Reader<'_>, mode: Mode) -> PathType {
    if mode == Mode::Sni {
        return PathType::default();
    }
    let reason = "is not one of path, path_beg, path_end, path_sub, path_dir, path_dom, path_len, path_reg (with ` -i` or without)";
    reader.parsed("pathType", reason, PathType::parse).unwrap_or_default()
}

fn read_paths(reader: &mut Reader<'_>, name: &'static str, kind: PathType) -> Vec<PathPattern> {
    let mut patterns = Vec::new();
    for text in reader.list(name) {
        let text = rewrite::unescape(text);
        if text.bytes().any(|byte| byte.is_ascii_control()) {
            reader.bad(name, &text, "holds a line end or another control character");
            continue;
        }
        match PathPattern::parse(&text, kind) {
            Ok(pattern) => patterns.push(pattern),
            Err(reason) => reader.bad(name, &text, &format!("is no {kind:?}: {reason}")),
        }
    }
    patterns
}

fn read_hosts(
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
            // An empty text matches every host: what `*` asks for, and what `:8080` must not get.
            Ok(pattern) if pattern.as_str().is_empty() && !domain.starts_with('*') => {
                reader.bad(name, domain, "has no name in it");
            }
            Ok(pattern) => patterns.push(pattern),
            Err(error) => reader.bad(name, domain, &error.to_string()),
        }
    }
    patterns
}

fn read_redirect_from(reader: &mut Reader<'_>, domains: &[&str]) -> Vec<HostPattern> {
    let entries = reader.list("redirectFromDomain");
    if let (Some(entry), true) = (entries.first(), domains.is_empty()) {
        reader.bad("redirectFromDomain", entry, "has nowhere to send clients to; add serviceDomain");
    }
    read_hosts(reader, "redirectFromDomain", &entries, DomainAlgorithm::Prefix)
}

fn read_headers(reader: &mut Reader<'_>) -> Vec<(String, String)> {
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

fn read_agents(reader: &mut Reader<'_>) -> Vec<String> {
    let mut agents = Vec::new();
    for agent in reader.list("userAgent") {
        match agent.bytes().any(|byte| byte.is_ascii_control()) {
            true => reader.bad("userAgent", agent, "holds a line end or another control character"),
            false => agents.push(agent.replace("\\ ", " ").to_ascii_lowercase()),
        }
    }
    agents
}

fn read_methods(reader: &mut Reader<'_>, name: &'static str) -> Vec<String> {
    let mut methods = Vec::new();
    for method in reader.list(name) {
        match is_token(method) {
            true => methods.push(method.to_owned()),
            false => reader.bad(name, method, "is not a method"),
        }
    }
    methods
}

/// The name of a field or a method (RFC 9110 §5.6.2).
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

fn read_dial(reader: &mut Reader<'_>, name: &ServiceName) -> Dial {
    let safe = |host: &str| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:[]".contains(&byte));
    let outbound = reader.parsed("outboundHostname", "is not the name or address of a host", |host| {
        safe(host.trim()).then(|| host.trim().to_owned())
    });
    let discovery = reader.parsed("discoveryType", "is neither `DNS` nor `Overlay`", |text| match text {
        "Overlay" => Some(true),
        "DNS" => Some(false),
        _ => None,
    });
    match (outbound, discovery) {
        (Some(host), _) => Dial::Host(host),
        (None, Some(true)) => Dial::VirtualAddress(name.as_str().to_owned()),
        (None, _) => Dial::Service(name.as_str().to_owned()),
    }
}

fn read_https(reader: &mut Reader<'_>) -> Option<HttpsPort> {
    let source_port = reader.port("srcHttpsPort").unwrap_or(DEFAULT_TLS_PORT);
    reader.port("httpsPort").map(|port| HttpsPort { port, source_port })
}

fn read_guard(reader: &mut Reader<'_>, context: &Context) -> Guard {
    let code = |text: &str| text.trim().parse().ok().filter(|code| matches!(code, 301 | 302 | 303 | 307 | 308));
    Guard {
        https_only: reader.flag("httpsOnly") || reader.unindexed_flag("httpsOnly") || context.https_only,
        https_redirect_code: reader.parsed("httpsRedirectCode", "is not one of 301, 302, 303, 307, 308", code),
        allowed_methods: read_methods(reader, "allowedMethods"),
        denied_methods: read_methods(reader, "deniedMethods"),
        deny_http: reader.flag("denyHttp"),
        ignore_authorization: reader.flag("ignoreAuthorization"),
    }
}

/// All changes of the request line, in HAProxy's order: the paths first, then the line as a whole.
fn read_rewrites(reader: &mut Reader<'_>) -> Vec<Rewrite> {
    let mut rewrites = Vec::new();
    let mut add =
        |reader: &mut Reader<'_>, name: &'static str, text: &str, parsed: Result<Vec<Rewrite>, String>| match parsed {
            Ok(parsed) => rewrites.extend(parsed),
            Err(reason) => reader.bad(name, text, &reason),
        };
    if let Some(search) = reader.text("reqPathSearch") {
        let replace = reader.text("reqPathReplace").unwrap_or_default();
        add(reader, "reqPathSearch", search, Rewrite::path(search, replace).map(|rewrite| vec![rewrite]));
    }
    if let Some(pairs) = reader.text("reqPathSearchReplace") {
        add(reader, "reqPathSearchReplace", pairs, Rewrite::pairs(pairs));
    }
    if let (Some(search), Some(replace)) = (reader.text("reqRepSearch"), reader.text("reqRepReplace")) {
        add(reader, "reqRepSearch", search, Rewrite::request_line(search, replace).map(|rewrite| vec![rewrite]));
    }
    rewrites
}

impl DomainAlgorithm {
    fn keyword(self) -> &'static str {
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
