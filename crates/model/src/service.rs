//! What a published service means: its name, its destinations, who may pass, where requests go.
//!
//! Not here: reading it from parameters (`service::parse`), and choosing a service for a request (`route`).

mod conditions;
mod connection_mode;
mod destinations;
mod own_api;
mod parse;
pub(crate) mod read;
mod refusal;
mod server_tls;
mod sessions;
mod statements;
mod tcp;

pub use connection_mode::ConnectionMode;
pub use own_api::OwnApi;
pub use parse::{Parsed, one_edit_apart, parse};
pub use refusal::{Refusal, Refused, Warning};
pub use server_tls::ServerTls;
pub use sessions::{Discovery, Sessions};
pub use tcp::{Balance, TcpOptions};

use crate::auth::{GlobalUsers, ServiceUsers, UserFiles};
use crate::compression::Compression;
use crate::expression::Environment;
use crate::params::Params;
use crate::rewrite::Rewrite;
use crate::route::host::{DomainAlgorithm, HostPattern};
use crate::route::path::PathPattern;
use crate::statement::Statements;
use std::sync::Arc;
use std::time::Duration;

/// The name of a service: at most 255 letters, digits, `-`, `_`, `.` and `:`, so that it can stand in logs, DNS and haproxy.cfg as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceName(Arc<str>);

/// The longest name of a service or rule, in bytes: a DNS name has no more.
const LONGEST_NAME: usize = 255;

/// A published service, judged and complete.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its identity.
    pub name: ServiceName,
    /// Orders the rules of all services; the name unless set.
    pub acl_name: String,
    /// Tasks the service should have; `None` for a global service or one added by hand.
    pub replicas: Option<u32>,
    /// Gets all requests that no rule matches.
    pub is_default_backend: bool,
    /// Which side's connection goes on after a response; the proxy's own mode unless set.
    pub connection_mode: ConnectionMode,
    /// How its responses are compressed: as the whole proxy's, unless it says otherwise.
    pub compression: Option<Arc<Compression>>,
    /// Whether a client stays with one server.
    pub sessions: Sessions,
    /// How many servers haproxy.cfg has room for.
    pub discovery: Discovery,
    /// Who may pass, if the service says so itself.
    pub users: Option<ServiceUsers>,
    /// Redirect to https where X-Forwarded-Proto is `http`.
    pub redirect_when_http_proto: bool,
    /// Redirect to https where X-Forwarded-Proto is not `https`.
    pub redirect_unless_https_proto: bool,
    /// What is done with the fields of its requests and responses.
    pub statements: Arc<Statements>,
    /// Ways into the service, by index.
    pub destinations: Vec<Destination>,
    /// The parameters as they came: what `/config?type=json` shows and what tells a change from a repetition.
    pub params: Params,
}

/// One way into a service.
#[derive(Clone, Debug)]
pub struct Destination {
    /// 0 without an index, else 1 to 10.
    pub index: u8,
    /// Whether requests, or bare connections, are forwarded.
    pub mode: Mode,
    /// Domains, any of which must match; empty: every host, and none. In tcp and sni mode, names that a TLS client asks for.
    pub hosts: Vec<HostPattern>,
    /// The first domain that a client can be sent to, without its star: where `redirectFromDomain` leads.
    pub first_domain: Option<String>,
    /// Hosts that are sent to the first domain.
    pub redirect_from: Vec<HostPattern>,
    /// Paths, any of which must match.
    pub paths: Vec<PathPattern>,
    /// Paths, none of which may match.
    pub excluded_paths: Vec<PathPattern>,
    /// The domains' matcher as HAProxy spells it, for haproxy.cfg.
    pub domain_keyword: &'static str,
    /// Header fields that must have a value, as (name, value).
    pub headers: Vec<(String, String)>,
    /// Texts, one of which User-Agent must hold; lower case. Empty: any.
    pub agents: Vec<String>,
    /// The port of the proxy the request must have come in on.
    pub source_port: Option<u16>,
    /// The host to dial.
    pub dial: Arc<Dial>,
    /// The port to dial for requests of the plain rule.
    pub port: Option<u16>,
    /// The second rule, for requests over TLS.
    pub https: Option<HttpsPort>,
    /// How the servers are dialled over TLS; `None`: they are not. Only HTTP mode asks for it.
    pub server_tls: Option<ServerTls>,
    /// What is refused and redirected once the destination is chosen.
    pub guard: Guard,
    /// Changes of the request line, in order.
    pub rewrites: Vec<Rewrite>,
    /// Silence allowed to the server; the proxy's own limit unless set.
    pub timeout_server: Option<Duration>,
    /// Silence allowed in a tunnel; the proxy's own limit unless set.
    pub timeout_tunnel: Option<Duration>,
    /// What only tcp and sni mode look at.
    pub tcp: TcpOptions,
}

/// What a destination forwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// HTTP requests.
    #[default]
    Http,
    /// TCP connections.
    Tcp,
    /// TLS connections, chosen by the name the client asks for.
    Sni,
}

/// The host of a backend.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Dial {
    /// A service of the Swarm: its tasks where they are known, else its virtual address.
    Service(String),
    /// A service of the Swarm, by its virtual address only.
    VirtualAddress(String),
    /// A host outside, dialled as it is written.
    Host(String),
}

/// `httpsPort` and its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpsPort {
    /// The port of the service for requests that came in over TLS.
    pub port: u16,
    /// The port of the proxy those requests come in on.
    pub source_port: u16,
}

/// What is refused or redirected once a destination is chosen, in the order of HAProxy's rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guard {
    /// Redirect to https with this status unless the request came over TLS.
    pub https_only: bool,
    /// Status of redirects to https; 302 unless set.
    pub https_redirect_code: Option<u16>,
    /// Methods that pass; empty: all.
    pub allowed_methods: Vec<String>,
    /// Methods that do not.
    pub denied_methods: Vec<String>,
    /// 403 unless the request came over TLS.
    pub deny_http: bool,
    /// 403 without a verified client certificate.
    pub verify_client_ssl: bool,
    /// Nobody is asked for a password.
    pub ignore_authorization: bool,
}

/// What the whole proxy says to every service: read once by the program's settings and handed in.
#[derive(Clone, Debug)]
pub struct Context {
    /// Divides the elements of a list (`SEPARATOR`).
    pub separator: String,
    /// How domains match unless a service says otherwise (`SERVICE_DOMAIN_ALGO`).
    pub domain_algorithm: DomainAlgorithm,
    /// Who may pass where a service names nobody (`USERS`).
    pub users: GlobalUsers,
    /// The secrets that services may name (`usersSecret`).
    pub user_files: UserFiles,
    /// Every destination redirects to https (`HTTPS_ONLY`).
    pub https_only: bool,
    /// Which side's connection goes on after a response where a service says nothing (`CONNECTION_MODE`).
    pub connection_mode: ConnectionMode,
    /// How responses are compressed where a service says nothing (`COMPRESSION_ALGO`, `COMPRESSION_TYPE`).
    pub compression: Option<Arc<Compression>>,
    /// The ports that are bound for HTTP whatever services say; empty: not known.
    pub ports: Vec<u16>,
    /// It is known whose client certificates count (`CA_FILE`).
    pub verifies_clients: bool,
    /// The name of this instance of the proxy, where only services that name it in `proxyInstanceName` are taken
    /// (`FILTER_PROXY_INSTANCE_NAME`, `PROXY_INSTANCE_NAME`); `None`: all are.
    pub instance: Option<String>,
    /// The control API, which no service may publish; `None`: not known.
    pub own_api: Option<OwnApi>,
    /// What `env(…)` and `hostname` stand for in values of header fields.
    pub environment: Environment,
}

impl Default for Context {
    fn default() -> Self {
        Context {
            separator: ",".to_owned(),
            domain_algorithm: DomainAlgorithm::default(),
            users: GlobalUsers::default(),
            user_files: UserFiles::default(),
            https_only: false,
            connection_mode: ConnectionMode::default(),
            compression: None,
            ports: Vec::new(),
            verifies_clients: false,
            instance: None,
            own_api: None,
            environment: Environment::default(),
        }
    }
}

impl Context {
    /// Whether a service with these parameters is for this instance of the proxy. The case of letters does not count; one that names
    /// no instance is for those alone that take all.
    pub fn takes(&self, params: &Params) -> bool {
        let named = || params.get_any_case("proxyInstanceName").unwrap_or_default().trim();
        self.instance.as_ref().is_none_or(|own| own.eq_ignore_ascii_case(named()))
    }
}

impl ServiceName {
    /// Takes a name that is safe wherever names appear; `None` for any other.
    pub fn parse(name: &str) -> Option<ServiceName> {
        let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
        let length = 1..=LONGEST_NAME;
        (length.contains(&name.len()) && name.bytes().all(safe)).then(|| ServiceName(name.into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for ServiceName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Service {
    /// Whether any path starts with `/.well-known`: such services are asked before all others, for ACME companions.
    pub fn is_well_known(&self) -> bool {
        let well_known = |text: &str| text.get(..12).is_some_and(|start| start.eq_ignore_ascii_case("/.well-known"));
        self.paths().any(well_known)
    }

    /// Whether any path is `/`: such services are asked after all others.
    pub fn is_root(&self) -> bool {
        self.paths().any(|text| text == "/")
    }

    fn paths(&self) -> impl Iterator<Item = &str> {
        self.destinations.iter().flat_map(|destination| &destination.paths).map(PathPattern::as_str)
    }
}

impl Mode {
    /// The mode that is called so, in any case of letters; `None` for any other word.
    pub fn parse(text: &str) -> Option<Mode> {
        let word = text.trim().to_ascii_lowercase();
        [Mode::Http, Mode::Tcp, Mode::Sni].into_iter().find(|mode| mode.word() == word)
    }

    /// Its word in `reqMode`.
    pub fn word(self) -> &'static str {
        match self {
            Mode::Http => "http",
            Mode::Tcp => "tcp",
            Mode::Sni => "sni",
        }
    }
}

impl Dial {
    /// The host as it stands in haproxy.cfg.
    pub fn host(&self) -> &str {
        match self {
            Dial::Service(host) | Dial::VirtualAddress(host) | Dial::Host(host) => host,
        }
    }
}

#[cfg(test)]
mod tests;
