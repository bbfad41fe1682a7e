//! Settings: every variable and secret, read once, all mistakes reported at once. The one door to the environment.
//!
//! Not here: parameters of services (`model::params`), and acting on a setting.

mod access_log;
mod docker;
mod docs;
mod environment;
mod error_files;
mod extra;
mod read;
mod services;
mod statistics;
mod table;
mod tls;
mod users;

pub use docs::{markdown, not_acted_on};
pub use read::{Mistakes, Variables};
pub use services::DeclaredService;
pub use statistics::StatisticsSettings;
pub use table::{Role, SETTINGS, Setting};

use crate::addresses::ListenerAddress;
use crate::bearer::Bearer;
use crate::certificates::{Pattern, Sources};
use model::route::host::DomainAlgorithm;
use model::service::ConnectionMode;
use model::statement::Statements;
use model::{Compression, Context, Frontend, Timeouts};
use proxy::observe::LogSettings;
use proxy::tls::Policy;
use proxy::{ErrorFiles, Network, Trusted};
use read::Reader;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What the role `proxy` needs to know.
#[derive(Clone, Debug)]
pub struct ProxySettings {
    /// Address of the control API.
    pub ip: IpAddr,
    /// Port of the control API, and of the same API of all other replicas.
    pub port: u16,
    /// Address that the frontends are bound on.
    pub bind_ip: IpAddr,
    /// The bound ports.
    pub frontends: Vec<Frontend>,
    /// The Swarm service that all replicas of this proxy belong to.
    pub service_name: String,
    /// Who is asked for all services.
    pub listeners: Vec<ListenerAddress>,
    /// How often they are asked.
    pub reconcile_interval: Duration,
    /// Limits of all connections.
    pub timeouts: Timeouts,
    /// Who may speak for other clients; nobody listed: everybody.
    pub trusted: Trusted,
    /// The page of statistics, if there is to be one.
    pub statistics: Option<StatisticsSettings>,
    /// Pages in place of the built-in ones, and where they were.
    pub error_files: (PathBuf, ErrorFiles),
    /// Services that the environment describes.
    pub services: Vec<DeclaredService>,
    /// Where certificates come from.
    pub certificates: Sources,
    /// Where the last known services are kept; `None`: nowhere.
    pub state_dir: Option<PathBuf>,
    /// What replicas know each other by; `None`: their addresses.
    pub cluster_secret: Option<Bearer>,
    /// What changes need; `None`: nothing.
    pub api_token: Option<Bearer>,
    /// What is spoken on ports with TLS, and to servers.
    pub tls: Policy,
    /// The ciphers of TLS 1.2 as they were asked for, for haproxy.cfg.
    pub ciphers: String,
    /// Where the authorities of servers were read, for haproxy.cfg.
    pub server_ca_file: Option<String>,
    /// Where its authorities came from.
    pub ca_file: Option<String>,
    /// What is said to every service.
    pub context: Context,
    /// The frontend's own rules.
    pub frontend: Arc<Statements>,
    /// Whether a service is refused whose host does not resolve.
    pub validates_addresses: bool,
    /// Threads that serve.
    pub threads: usize,
    /// How long connections may go on after SIGTERM.
    pub drain: Duration,
    /// Whether requests are logged, and how.
    pub access_log: Option<LogSettings>,
    /// DNS servers; empty: those of the system.
    pub resolvers: Vec<SocketAddr>,
    /// What an operator should know about these settings.
    pub warnings: Vec<String>,
}

/// What the role `listener` needs to know.
#[derive(Clone)]
pub struct ListenerSettings {
    /// Address of the listener's API.
    pub ip: IpAddr,
    /// Port of the listener's API.
    pub port: u16,
    /// What to follow and whom to tell.
    pub swarm: swarm::Settings,
    /// What a call must bear that shows what services bring.
    pub token: Option<Bearer>,
    /// What an operator should know about these settings.
    pub warnings: Vec<String>,
}

/// Reads the settings of the role `proxy`.
pub fn proxy(variables: &Variables) -> Result<ProxySettings, Mistakes> {
    let mut read = Reader::new(variables, Role::Proxy);
    check_log(&mut read);
    check_engine(&mut read);
    let mut frontends = read.parsed("DEFAULT_PORTS", Frontend::parse_list);
    frontends.extend(read.parsed("BIND_PORTS", Frontend::parse_list));
    let (ip, port) = read_api(&mut read);
    let tls = tls::read(&mut read);
    let settings = ProxySettings {
        ip,
        port,
        bind_ip: Ipv4Addr::UNSPECIFIED.into(),
        statistics: statistics::read(&mut read, &frontends),
        error_files: error_files::read(&mut read),
        frontends,
        service_name: read.text("SERVICE_NAME"),
        listeners: read.list("LISTENER_ADDRESS", ListenerAddress::parse),
        reconcile_interval: Duration::from_millis(read.number("RELOAD_INTERVAL").max(1000)),
        timeouts: read_timeouts(&mut read),
        trusted: read.list("TRUSTED_PROXIES", network).into_iter().collect(),
        services: services::read(&mut read),
        certificates: read_certificates(&mut read),
        state_dir: Some(read.text("STATE_DIR")).filter(|path| !path.is_empty()).map(PathBuf::from),
        cluster_secret: read_bearer(&mut read, "DFP_CLUSTER_SECRET"),
        api_token: read_bearer(&mut read, "DFP_API_TOKEN"),
        context: Context { verifies_clients: tls.client_authorities.is_some(), ..read_context(&mut read, variables) },
        frontend: extra::read_frontend(&mut read, &environment::environment(variables)),
        tls,
        validates_addresses: !read.flag("SKIP_ADDRESS_VALIDATION"),
        ciphers: read.text("SSL_BIND_CIPHERS"),
        ca_file: Some(read.text("CA_FILE")).filter(|file| !file.is_empty()),
        server_ca_file: Some(read.text("SERVER_CA_FILE")).filter(|path| !path.is_empty()),
        threads: usize::try_from(read.number("THREADS")).ok().filter(|threads| *threads > 0).unwrap_or_else(cores),
        drain: read.seconds("DRAIN_SECONDS"),
        access_log: access_log::read(&mut read, &environment::environment(variables)),
        resolvers: read.list("RESOLVERS", name_server),
        warnings: Vec::new(),
    };
    extra::check_global(&mut read, &settings.context.environment);
    warn_of_template(&mut read, Path::new("/cfg/tmpl/haproxy.tmpl"));
    let warnings = read.finish()?;
    Ok(ProxySettings { warnings, ..settings })
}

/// Reads the settings of the role `listener`.
pub fn listener(variables: &Variables) -> Result<ListenerSettings, Mistakes> {
    let mut read = Reader::new(variables, Role::Listener);
    check_log(&mut read);
    let (ip, port) = read_api(&mut read);
    let urls = |read: &mut Reader<'_>, names: [&'static str; 3], secret: &'static str| {
        let named = names.into_iter().map(|name| read.texts(name)).find(|urls| !urls.is_empty()).unwrap_or_default();
        [named, read.texts(secret)].concat()
    };
    let create = ["DF_NOTIF_CREATE_SERVICE_URL", "DF_NOTIFY_CREATE_SERVICE_URL", "DF_NOTIFICATION_URL"];
    let remove = ["DF_NOTIF_REMOVE_SERVICE_URL", "DF_NOTIFY_REMOVE_SERVICE_URL", "DF_NOTIFICATION_URL"];
    let nodes =
        |read: &Reader<'_>, name: &'static str, secret: &'static str| [read.texts(name), read.texts(secret)].concat();
    let token = read_bearer(&mut read, "DFP_API_TOKEN");
    let swarm = swarm::Settings {
        docker_tls: docker::tls(&mut read),
        docker_host: docker::host(&read),
        notify_label: read.text("DF_NOTIFY_LABEL"),
        service_name_prefix: read.text("DF_SERVICE_NAME_PREFIX"),
        create_urls: urls(&mut read, create, "df_notify_create_service_url"),
        remove_urls: urls(&mut read, remove, "df_notify_remove_service_url"),
        create_node_urls: nodes(&read, "DF_NOTIFY_CREATE_NODE_URL", "df_notify_create_node_url"),
        remove_node_urls: nodes(&read, "DF_NOTIFY_REMOVE_NODE_URL", "df_notify_remove_node_url"),
        node_info: docker::node_info(&mut read),
        create_methods: read.texts("DF_NOTIFY_CREATE_SERVICE_METHOD"),
        remove_methods: read.texts("DF_NOTIFY_REMOVE_SERVICE_METHOD"),
        retry: u32::try_from(read.number("DF_RETRY")).unwrap_or(u32::MAX),
        retry_interval: read.seconds("DF_RETRY_INTERVAL"),
        authorization: token.as_ref().map(Bearer::authorization),
        ..swarm::Settings::default()
    };
    let warnings = read.finish()?;
    Ok(ListenerSettings { ip, port, swarm, token, warnings })
}

/// Reads the settings of the role `all`: those of both.
pub fn all(variables: &Variables) -> Result<(ProxySettings, ListenerSettings), Mistakes> {
    match (proxy(variables), listener(variables)) {
        (Ok(proxy), Ok(listener)) => {
            let swarm = swarm::Settings { is_heard_here: true, ..listener.swarm };
            Ok((proxy, ListenerSettings { swarm, ..listener }))
        }
        (proxy, listener) => Err(Mistakes::of([proxy.err(), listener.err()].into_iter().flatten())),
    }
}

/// What the role `ping` needs to know: the same container's variables tell where its program answers.
#[derive(Clone, Debug)]
pub struct PingSettings {
    /// Address of the API; a loopback one where it is bound on all.
    pub ip: IpAddr,
    /// Port of the API.
    pub port: u16,
    /// A proxy that is told by listeners is ready only when it has their services.
    pub follows_listeners: bool,
}

/// Reads the settings of the role `ping`.
pub fn ping(variables: &Variables) -> Result<PingSettings, Mistakes> {
    let mut read = Reader::new(variables, Role::Both);
    let (ip, port) = read_api(&mut read);
    let ip = match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let follows_listeners = !read.texts("LISTENER_ADDRESS").is_empty();
    read.finish()?;
    Ok(PingSettings { ip, port, follows_listeners })
}

fn read_api(read: &mut Reader<'_>) -> (IpAddr, u16) {
    let port = |text: &str| text.parse::<u16>().ok().filter(|port| *port > 0).ok_or("is not a port, 1 to 65535");
    (
        read.parsed_or("IP", Ipv4Addr::UNSPECIFIED.into(), |text| text.parse().map_err(|_| "is not an IP address")),
        read.parsed_or("PORT", 8080, port),
    )
}

fn read_timeouts(read: &mut Reader<'_>) -> Timeouts {
    Timeouts {
        connect: read.seconds("TIMEOUT_CONNECT"),
        client: read.seconds("TIMEOUT_CLIENT"),
        server: read.seconds("TIMEOUT_SERVER"),
        queue: read.seconds("TIMEOUT_QUEUE"),
        tunnel: read.seconds("TIMEOUT_TUNNEL"),
        http_request: read.seconds("TIMEOUT_HTTP_REQUEST"),
        http_keep_alive: read.seconds("TIMEOUT_HTTP_KEEP_ALIVE"),
    }
}

/// One engine is built, and one mode of its frontend: a proxy that served something else than it was told to would be no proxy.
fn check_engine(read: &mut Reader<'_>) {
    read.parsed_or("ENGINE", (), |text| match text {
        "native" => Ok(()),
        "haproxy" => {
            Err("is not built yet: requests are served by the native engine, and what it cannot do it refuses by name")
        }
        _ => Err("is not an engine; there is `native`"),
    });
    read.parsed_or("DEFAULT_REQ_MODE", (), |text| match text.eq_ignore_ascii_case("http") {
        true => Ok(()),
        false => Err(
            "would take paths and domains from every service; in tcp or sni mode a service has a port of its own: reqMode and srcPort",
        ),
    });
}

/// Docker Flow's users build images with a template of their own at this path, or name one.
fn warn_of_template(read: &mut Reader<'_>, path: &Path) {
    let named = read.text("CFG_TEMPLATE_PATH");
    let found = || path.is_file().then(|| path.to_string_lossy().into_owned());
    if let Some(path) = Some(named).filter(|named| !named.is_empty()).or_else(found) {
        read.warn(format!(
            "{path}: only a real HAProxy can do what a template says, so it is not used; ENGINE=haproxy will use it once it is built. Certificates of CERTS_DIR are served without it"
        ));
    }
}

fn read_certificates(read: &mut Reader<'_>) -> Sources {
    let list = read.text("CRT_LIST_PATH");
    Sources {
        certs_dir: read.text("CERTS_DIR").into(),
        secrets_dir: read.text("SECRETS_DIR").into(),
        crt_list: (!list.is_empty()).then(|| list.into()),
        preferred: read.list("PREFERRED_CERTIFICATE", |text| Ok(Pattern::new(text))),
    }
}

/// A secret of the API. One that cannot be used stops the start: without it the API would be open.
fn read_bearer(read: &mut Reader<'_>, name: &'static str) -> Option<Bearer> {
    let text = read.text(name);
    let secret = Bearer::new(text.trim());
    if secret.is_none() && !text.is_empty() {
        read.mistake(format!("{name}: it holds something else than visible ASCII letters"));
    }
    secret
}

fn read_context(read: &mut Reader<'_>, variables: &Variables) -> Context {
    let algorithm = |text: &str| {
        DomainAlgorithm::parse(text)
            .ok_or("is not one of hdr(host), hdr_beg(host), hdr_dom(host), hdr_end(host), hdr_sub(host), hdr_reg(host)")
    };
    let hashed = read.flag("USERS_PASS_ENCRYPTED");
    let users = model::auth::global_users(&read.text("USERS"), hashed);
    users.complaints.iter().for_each(|complaint| read.warn(format!("USERS: {complaint}")));
    Context {
        separator: read.text("SEPARATOR"),
        domain_algorithm: read.parsed_or("SERVICE_DOMAIN_ALGO", DomainAlgorithm::default(), algorithm),
        users: users.users,
        user_files: users::read(read),
        https_only: read.flag("HTTPS_ONLY"),
        connection_mode: read.parsed_or("CONNECTION_MODE", ConnectionMode::default(), |text| {
            ConnectionMode::parse(text)
                .ok_or("is not one of http-keep-alive, http-server-close, httpclose, forceclose, http-tunnel")
        }),
        compression: read_compression(read),
        // Known once they are bound.
        ports: Vec::new(),
        // Known from another setting.
        verifies_clients: false,
        instance: read.flag("FILTER_PROXY_INSTANCE_NAME").then(|| read.text("PROXY_INSTANCE_NAME").trim().to_owned()),
        own_api: None,
        environment: environment::environment(variables),
    }
}

/// `COMPRESSION_TYPE` alone is kept: a service may bring the algorithm.
fn read_compression(read: &mut Reader<'_>) -> Option<Arc<Compression>> {
    let algorithms = read.parsed_or("COMPRESSION_ALGO", Vec::new(), |text| {
        Compression::parse_algorithms(text).ok_or(model::compression::NOT_ALGORITHMS)
    });
    let compression = Compression { algorithms, types: Compression::parse_types(&read.text("COMPRESSION_TYPE")) };
    (compression != Compression::default()).then(|| Arc::new(compression))
}

/// `1.2.3.4`, `1.2.3.4:53`, or HAProxy's `nameserver dns 1.2.3.4:53`.
fn name_server(text: &str) -> Result<SocketAddr, &'static str> {
    let address = text.rsplit(' ').next().unwrap_or(text);
    let with_port = || address.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, 53));
    address.parse().ok().or_else(with_port).ok_or("is not the address of a DNS server")
}

fn network(text: &str) -> Result<Network, &'static str> {
    Network::parse(text).ok_or("is neither a network such as 10.0.0.0/8 nor an address")
}

/// A level. Several, or one for a part of the program, are `tracing`'s filters: `info,proxy=debug`.
fn check_log(read: &mut Reader<'_>) {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    read.parsed_or("LOG", (), |text| {
        let is_filter = text.contains(['=', ',']);
        let known = is_filter || LEVELS.iter().any(|level| level.eq_ignore_ascii_case(text.trim()));
        known.then_some(()).ok_or("is not one of off, error, warn, info, debug, trace")
    });
}

/// As many as the process may use: follows affinity and the container's quota.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests;
