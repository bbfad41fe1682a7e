//! The destinations of a service: indexed 1 to 10, or a single one without an index.
//!
//! Docker Flow's rule: the indexes end before the first one that has neither path, port, domain nor https port; as soon as one
//! exists, values without an index only stand in for missing indexed ones.
//! Not here: domains, paths and fields (`service::conditions`), and what makes a service complete (`service::parse`).

use super::conditions;
use super::read::{Reader, shown};
use super::{Context, Destination, Dial, Guard, HttpsPort, Mode, ServiceName};
use super::{server_tls, sessions, tcp};
use crate::expression::fields::is_token;
use crate::params::Params;
use crate::rewrite::Rewrite;
use crate::route::host::DomainAlgorithm;
use crate::route::path::{PathPattern, PathType};
use std::sync::Arc;

const DEFAULT_TLS_PORT: u16 = 443;

pub(super) fn read(
    reader: &mut Reader<'_>,
    params: &Params,
    context: &Context,
    name: &ServiceName,
) -> Vec<Destination> {
    let indexed = params.indexes();
    let algorithm = conditions::domain_algorithm(reader, context, &indexed);
    let mut destinations = Vec::new();
    for index in indexed.iter().copied().map(Some).chain(indexed.is_empty().then_some(None)) {
        reader.at(index);
        destinations.push(read_one(reader, context, name, algorithm));
    }
    reader.at(None);
    destinations
}

fn read_one(reader: &mut Reader<'_>, context: &Context, name: &ServiceName, algorithm: DomainAlgorithm) -> Destination {
    let mode = read_mode(reader);
    let kind = conditions::read_path_type(reader, mode);
    let domains = reader.list("serviceDomain");
    let hosts = match mode {
        Mode::Http => conditions::read_hosts(reader, "serviceDomain", &domains, algorithm),
        Mode::Tcp | Mode::Sni => tcp::read_names(reader, mode, &domains),
    };
    let mut paths = if mode == Mode::Http { conditions::read_paths(reader, "servicePath", kind) } else { Vec::new() };
    if mode == Mode::Http && paths.is_empty() && !domains.is_empty() {
        paths.extend(PathPattern::parse("/", PathType::default()));
    }
    let dial = Arc::new(sessions::read_dial(reader, name));
    let (port, https) = (reader.port("port"), read_https(reader, mode, context));
    refuse_own_api(reader, context, &dial, [port, https.map(|https| https.port)]);
    Destination {
        index: reader.index(),
        mode,
        hosts,
        first_domain: domains.iter().find_map(|domain| conditions::redirect_target(domain)),
        redirect_from: conditions::read_redirect_from(reader, &domains),
        paths,
        excluded_paths: conditions::read_paths(reader, "servicePathExclude", kind),
        domain_keyword: algorithm.keyword(),
        headers: conditions::read_headers(reader),
        agents: conditions::read_agents(reader),
        source_port: read_source_port(reader, "srcPort", mode, context),
        dial,
        port,
        https,
        server_tls: server_tls::read(reader, mode),
        guard: read_guard(reader, context),
        rewrites: read_rewrites(reader),
        timeout_server: reader.seconds("timeoutServer"),
        timeout_tunnel: reader.seconds("timeoutTunnel"),
        tcp: tcp::read_options(reader, mode),
    }
}

fn read_mode(reader: &mut Reader<'_>) -> Mode {
    reader.parsed("reqMode", "is not one of http, tcp, sni", Mode::parse).unwrap_or_default()
}

/// A port of the proxy. For HTTP it must be bound already; in tcp and sni mode the proxy binds it.
fn read_source_port(reader: &mut Reader<'_>, name: &'static str, mode: Mode, context: &Context) -> Option<u16> {
    let port = reader.port(name)?;
    if mode == Mode::Http && !context.ports.is_empty() && !context.ports.contains(&port) {
        reader.warn(name, format!("no request comes in on port {port}: add it to BIND_PORTS"));
    }
    Some(port)
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

/// A destination that is the control API of the proxy itself is refused: whoever reached it could publish and remove services.
fn refuse_own_api(reader: &mut Reader<'_>, context: &Context, dial: &Dial, ports: [Option<u16>; 2]) {
    let Some(api) = &context.own_api else { return };
    if ports.into_iter().flatten().any(|port| api.is_named_by(dial.host(), port)) {
        let (host, port) = (shown("outboundHostname", dial.host()), api.port);
        reader.refuse_because(format!(
            "`{host}` on port {port} is this proxy's own control API, which is never published"
        ));
    }
}

fn read_https(reader: &mut Reader<'_>, mode: Mode, context: &Context) -> Option<HttpsPort> {
    let source_port = read_source_port(reader, "srcHttpsPort", mode, context).unwrap_or(DEFAULT_TLS_PORT);
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
        verify_client_ssl: read_verify_client_ssl(reader, context),
        ignore_authorization: reader.flag("ignoreAuthorization"),
    }
}

/// `verifyClientSsl`. What cannot be verified does not pass.
fn read_verify_client_ssl(reader: &mut Reader<'_>, context: &Context) -> bool {
    let verify = reader.flag("verifyClientSsl");
    if verify && !context.verifies_clients {
        reader.warn("verifyClientSsl", "the proxy has no CA_FILE to verify clients with: every request gets 403");
    }
    verify
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
