//! What a destination in tcp or sni mode says beside its port: names, silence, keep-alive, checks and groups.
//!
//! Not here: which connection reaches it (`tcp`), and destinations of requests (`service::destinations`).

use super::Mode;
use super::conditions::read_hosts;
use super::read::Reader;
use crate::route::host::{DomainAlgorithm, HostPattern};
use crate::service::ServiceName;
use std::time::Duration;

/// What only a destination in tcp or sni mode has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TcpOptions {
    /// Silence allowed to a client before it is connected with a server; the proxy's own limit unless set.
    pub timeout_client: Option<Duration>,
    /// Servers are probed by connecting to them (`checkTcp`).
    pub check: bool,
    /// TCP keep-alive towards clients (`clitcpka`).
    pub client_keep_alive: bool,
    /// Destinations of one group on one port share their servers.
    pub group: Option<String>,
    /// How a group chooses a server.
    pub balance: Balance,
}

/// HAProxy's `balance` words that mean something for bare connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Balance {
    /// Servers take turns (`roundrobin`, `static-rr`).
    #[default]
    RoundRobin,
    /// The server with the fewest open connections (`leastconn`).
    LeastConnections,
    /// Each client address has its server (`source`).
    Source,
    /// The first server that can be had (`first`).
    First,
}

impl Balance {
    /// HAProxy's word.
    pub fn keyword(self) -> &'static str {
        match self {
            Balance::RoundRobin => "roundrobin",
            Balance::LeastConnections => "leastconn",
            Balance::Source => "source",
            Balance::First => "first",
        }
    }

    fn parse(text: &str) -> Option<Balance> {
        Some(match text.trim() {
            "roundrobin" | "static-rr" => Balance::RoundRobin,
            "leastconn" => Balance::LeastConnections,
            "source" => Balance::Source,
            "first" => Balance::First,
            _ => return None,
        })
    }
}

pub(super) fn read_options(reader: &mut Reader<'_>, mode: Mode) -> TcpOptions {
    if mode == Mode::Http {
        return TcpOptions::default();
    }
    let reason = "is not one of roundrobin, static-rr, leastconn, source, first";
    let balance = reader.parsed("balanceGroup", reason, Balance::parse);
    let group = read_group(reader, mode);
    if balance.is_some() && group.is_none() {
        reader.warn("balanceGroup", "it says how a group is balanced; without serviceGroup nothing depends on it");
    }
    TcpOptions {
        timeout_client: reader.seconds("timeoutClient"),
        check: reader.flag("checkTcp"),
        client_keep_alive: reader.flag("clitcpka"),
        group,
        balance: balance.unwrap_or_default(),
    }
}

/// `serviceGroup`: it stands in the name of a section, so it is a name like that of a service.
fn read_group(reader: &mut Reader<'_>, mode: Mode) -> Option<String> {
    let reason = "is not 1 to 255 letters, digits, `-`, `_`, `.` and `:`";
    let group = reader.parsed("serviceGroup", reason, |text| ServiceName::parse(text.trim()))?;
    if mode == Mode::Sni {
        reader.warn("serviceGroup", "groups are for reqMode tcp; it is ignored");
        return None;
    }
    Some(group.as_str().to_owned())
}

/// The names a TLS client must ask for. In sni mode Docker Flow wrote them into `servicePath`, and the matcher into `pathType`.
pub(super) fn read_names(reader: &mut Reader<'_>, mode: Mode, domains: &[&str]) -> Vec<HostPattern> {
    if mode == Mode::Tcp && reader.text("serviceGroup").is_some() {
        if !domains.is_empty() {
            reader.warn("serviceDomain", "a group has all connections of its port; domains are not looked at");
        }
        return Vec::new();
    }
    let algorithm = domain_algorithm(reader, mode, domains);
    let mut names = read_hosts(reader, "serviceDomain", domains, algorithm);
    if mode == Mode::Sni {
        let reason = "is not req_ssl_sni (req.ssl_sni), with or without ` -i` and ` -m str`, beg, end, dom, sub or reg";
        let algorithm = reader.parsed("pathType", reason, sni_matcher).unwrap_or(DomainAlgorithm::Exact);
        names.extend(read_paths(reader, algorithm));
    }
    names
}

/// A star is HAProxy's `-m end`, for the name that has it.
fn read_paths(reader: &mut Reader<'_>, algorithm: DomainAlgorithm) -> Vec<HostPattern> {
    let mut names = Vec::new();
    for name in reader.list("servicePath") {
        let is_wild = name.starts_with('*') && algorithm == DomainAlgorithm::Exact;
        let algorithm = if is_wild { DomainAlgorithm::Suffix } else { algorithm };
        names.extend(read_hosts(reader, "servicePath", &[name], algorithm));
    }
    names
}

/// How domains match: whole names, unless the service says otherwise. The proxy's default is made for the Host field, where a
/// longer name does no harm.
fn domain_algorithm(reader: &mut Reader<'_>, mode: Mode, domains: &[&str]) -> DomainAlgorithm {
    let asked = reader.text("serviceDomainAlgo");
    let by_sni = asked.and_then(sni_matcher);
    if mode == Mode::Tcp && !domains.is_empty() && by_sni.is_none() {
        reader.warn(
            "serviceDomain",
            "in tcp mode a domain is compared with the name that a TLS client asks for (req.ssl_sni); no other client gets here",
        );
    }
    if domains.iter().any(|domain| domain.starts_with('*')) {
        return DomainAlgorithm::Suffix;
    }
    by_sni.or_else(|| asked.and_then(DomainAlgorithm::parse)).unwrap_or(DomainAlgorithm::Exact)
}

/// `req.ssl_sni`, its older spelling, and HAProxy's flags behind it. Names are compared in any case of letters, with `-i` or without.
pub(super) fn sni_matcher(text: &str) -> Option<DomainAlgorithm> {
    let mut words = text.split_ascii_whitespace();
    let fetch = words.next()?;
    if !["req_ssl_sni", "req.ssl_sni", "ssl_fc_sni"].contains(&fetch) {
        return None;
    }
    let mut algorithm = DomainAlgorithm::Exact;
    while let Some(flag) = words.next() {
        algorithm = match (flag, if flag == "-m" { words.next()? } else { "" }) {
            ("-i", _) => algorithm,
            ("-m", "str") => DomainAlgorithm::Exact,
            ("-m", "beg") => DomainAlgorithm::Prefix,
            ("-m", "end") => DomainAlgorithm::Suffix,
            ("-m", "dom") => DomainAlgorithm::Labels,
            ("-m", "sub") => DomainAlgorithm::Substring,
            ("-m", "reg") => DomainAlgorithm::Regex,
            _ => return None,
        };
    }
    Some(algorithm)
}
