//! Parameters → a service, or the reason why not.
//!
//! The messages of the refusals that Docker Flow Proxy had are kept to the letter: scripts look for them.
//! Not here: reading single values (`service::read`) and the destinations (`service::destinations`).

use super::read::{self, Reader};
use super::{
    ConnectionMode, Context, Destination, Mode, Refused, Service, ServiceName, Warning, destinations, sessions,
    statements,
};
use crate::auth::{self, Asked, ServiceUsers};
use crate::compression::{Compression, NOT_ALGORITHMS};
use crate::params::Params;
use crate::params::table::{Level, PARAMS, State, param};
use std::sync::Arc;

/// A service and what is said about its parameters.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The service.
    pub service: Service,
    /// Parameters that were ignored or bent.
    pub warnings: Vec<Warning>,
}

/// Judges one service by itself. It is either complete, or refused as a whole.
pub fn parse(params: &Params, context: &Context) -> Result<Parsed, Refused> {
    let Some(name) = params.get_any_case("serviceName") else {
        return Err(Refused::incomplete("serviceName parameter is mandatory."));
    };
    let Some(service_name) = ServiceName::parse(name) else {
        let name = read::shown("serviceName", name);
        return Err(Refused::unusable(format!("serviceName: `{name}` {NOT_A_NAME}")));
    };
    let mut reader = Reader::new(params, context, name);
    check_names(&mut reader, params);
    let service = read_service(&mut reader, params, context, service_name);
    let parsed = reader.finish().and_then(|warnings| Ok(Parsed { service: complete(service)?, warnings }));
    // What a service lacks may be there under a name that is nearly right.
    parsed.map_err(|refused| near_misses(params).fold(refused, Refused::advising_also))
}

fn read_service(reader: &mut Reader<'_>, params: &Params, context: &Context, name: ServiceName) -> Service {
    let acl_name =
        reader.parsed("aclName", NOT_A_NAME, |text| ServiceName::parse(text).map(|name| name.as_str().to_owned()));
    // Read to be judged: the API acts on the one, and nothing here needs the other.
    reader.flag("distribute");
    reader.flag("checkResolvers");
    refuse_templates(reader);
    let extra = statements::read_extra(reader, context);
    let mut destinations = destinations::read(reader, params, context, &name);
    for destination in &mut destinations {
        destination.timeout_server = extra.timeout_server.or(destination.timeout_server);
        destination.timeout_tunnel = extra.timeout_tunnel.or(destination.timeout_tunnel);
    }
    Service {
        acl_name: acl_name.unwrap_or_else(|| name.as_str().to_owned()),
        replicas: read_replicas(reader),
        is_default_backend: reader.flag("isDefaultBackend"),
        connection_mode: extra.connection_mode.unwrap_or_else(|| read_connection_mode(reader, context)),
        compression: read_compression(reader, context),
        sessions: sessions::read_sessions(reader),
        discovery: sessions::read_discovery(reader),
        users: read_users(reader, context),
        redirect_when_http_proto: reader.flag("redirectWhenHttpProto"),
        redirect_unless_https_proto: reader.flag("redirectUnlessHttpsProto"),
        statements: Arc::new(statements::read(reader, context, &extra)),
        destinations,
        params: params.clone(),
        name,
    }
}

/// A template is HAProxy's language with holes in it, of any length: only HAProxy can say what it means. No file is read.
fn refuse_templates(reader: &mut Reader<'_>) {
    for name in ["templateFePath", "templateBePath"] {
        if let Some(path) = reader.text(name) {
            reader.bad(name, path, ONLY_HAPROXY);
        }
    }
}

fn read_connection_mode(reader: &mut Reader<'_>, context: &Context) -> ConnectionMode {
    const MODES: &str = "is not one of http-keep-alive, http-server-close, httpclose, forceclose, http-tunnel";
    let mode = reader.parsed("connectionMode", MODES, ConnectionMode::parse);
    if reader.text("connectionMode").is_some_and(|text| text.trim() == "http-tunnel") {
        reader.warn("connectionMode", "`http-tunnel` would let requests past every rule; it is `http-keep-alive`");
    }
    mode.unwrap_or(context.connection_mode)
}

/// `compressionAlgo` and `compressionType`, each in place of the whole proxy's.
fn read_compression(reader: &mut Reader<'_>, context: &Context) -> Option<Arc<Compression>> {
    let algorithms = reader.parsed("compressionAlgo", NOT_ALGORITHMS, Compression::parse_algorithms);
    let types = reader.text("compressionType").map(Compression::parse_types);
    let all = context.compression.as_deref();
    if types.is_some() && algorithms.is_none() && all.is_none_or(Compression::is_off) {
        reader.warn("compressionType", "nothing is compressed without compressionAlgo");
    }
    if algorithms.is_none() && types.is_none() {
        return context.compression.clone();
    }
    let algorithms = algorithms.or_else(|| Some(all?.algorithms.clone()))?;
    let types = types.or_else(|| Some(all?.types.clone())).unwrap_or_default();
    Some(Arc::new(Compression { algorithms, types }))
}

/// `replicas`. As in Docker Flow, what is not a number removes the service like 0; it is told.
fn read_replicas(reader: &mut Reader<'_>) -> Option<u32> {
    let text = reader.text("replicas")?;
    let replicas = text.trim().parse().ok();
    if replicas.is_none() {
        reader.warn("replicas", format!("{text:?} is not a number; it counts as 0, which removes the service"));
    }
    replicas.or(Some(0))
}

/// `users` and `usersSecret`, resolved. Asked for but not to be had means locked, never open.
fn read_users(reader: &mut Reader<'_>, context: &Context) -> Option<ServiceUsers> {
    let (named, secret, hashed) = (reader.text("users"), reader.text("usersSecret"), reader.flag("usersPassEncrypted"));
    if named.is_none() && secret.is_none() {
        return None;
    }
    let secret = secret.map(str::trim).map(|name| {
        context.user_files.get(name).unwrap_or_else(|| {
            let name = read::shown("", name);
            reader.warn("usersSecret", format!("there was no secret `dfp_users_{name}` when the proxy started"));
            ""
        })
    });
    let read = auth::service_users(Asked { named, secret, hashed }, &context.users);
    for complaint in read.complaints {
        reader.warn("users", complaint);
    }
    if read.users.is_locked() {
        reader.warn("users", "no user is usable: the service is locked, every request gets 401");
    }
    Some(read.users)
}

/// What Docker Flow Proxy refused of the first destination, in its order and words; then what would have broken its configuration.
fn complete(service: Service) -> Result<Service, Refused> {
    let Some((first, others)) = service.destinations.split_first() else {
        return Err(Refused::unusable(NO_PATH));
    };
    if first.has_no_selector() {
        return Err(Refused::unusable(NO_PATH).advising(advice(&service, first)));
    }
    if first.mode != Mode::Http && (first.source_port.is_none() || first.port.is_none()) {
        return Err(Refused::incomplete(NO_TCP_PORTS).advising(advice(&service, first)));
    }
    if first.has_no_port() {
        return Err(Refused::incomplete(NO_PORT).advising(advice(&service, first)));
    }
    match others.iter().find(|other| other.has_no_selector() || other.has_no_port()) {
        Some(other) => Err(incomplete(&service, other)),
        None => match service.destinations.iter().find(|destination| destination.has_no_name()) {
            Some(_) => Err(Refused::unusable(NO_NAME)),
            None => Ok(service),
        },
    }
}

/// Docker Flow's words name neither the service nor what it lacks.
fn advice(service: &Service, destination: &Destination) -> String {
    let spelled = |name: &str| match destination.index {
        0 => name.to_owned(),
        index => format!("{name}.{index}"),
    };
    let (port, source) = (spelled("port"), spelled("srcPort"));
    let way_out = match destination.mode {
        Mode::Http if destination.has_no_selector() => {
            format!("give it {} or {}: what it is asked for", spelled("servicePath"), spelled("serviceDomain"))
        }
        Mode::Http => format!("give it {port}: the port that it listens on"),
        Mode::Tcp | Mode::Sni if destination.port.is_none() => format!("give it {port}: the port that it listens on"),
        Mode::Tcp | Mode::Sni => format!("give it {source}: the port that the proxy listens on for it"),
    };
    format!("service `{}`: {way_out}", service.name)
}

fn incomplete(service: &Service, destination: &Destination) -> Refused {
    let (name, index) = (&service.name, destination.index);
    let missing = match destination.mode {
        Mode::Http => format!("servicePath.{index} or serviceDomain.{index}, and port.{index}"),
        Mode::Tcp | Mode::Sni => format!("srcPort.{index} and port.{index}"),
    };
    Refused::unusable(format!("service `{name}`: destination {index} is not complete; give it {missing}"))
}

const ONLY_HAPROXY: &str = "cannot be used: only a real HAProxy can do what a template says, and none is driven here; \
    ENGINE=haproxy will be the way once it is built. Say it in parameters instead, or leave the parameter out";
const NOT_A_NAME: &str = "is not 1 to 255 letters, digits, `-`, `_`, `.` and `:`";
const NO_PATH: &str = "When using reqMode http, servicePath or serviceDomain are mandatory";
const NO_TCP_PORTS: &str = "When NOT using reqMode http (e.g. tcp), srcPort and port parameters are mandatory.";
const NO_NAME: &str = "When using reqMode sni, servicePath or serviceDomain must hold the names that clients ask for";
const NO_PORT: &str = r#"When MODE is set to "service" or "swarm", the port query is mandatory"#;

impl Destination {
    fn has_no_selector(&self) -> bool {
        self.mode == Mode::Http && self.paths.is_empty() && self.hosts.is_empty()
    }

    fn has_no_port(&self) -> bool {
        match self.mode {
            Mode::Http => self.port.is_none() && self.https.is_none(),
            Mode::Tcp | Mode::Sni => self.port.is_none() || self.source_port.is_none(),
        }
    }

    fn has_no_name(&self) -> bool {
        self.mode == Mode::Sni && self.hosts.is_empty()
    }
}

/// Says which parameters are not acted on. Names that nobody knows are harmless: other tools have labels too.
fn check_names(reader: &mut Reader<'_>, params: &Params) {
    let indexes = params.indexes();
    for (name, value) in params.iter().filter(|(_, value)| !value.is_empty()) {
        let (base, index) = split_index(name);
        match (param(base), index) {
            (None, _) => near_miss(base).into_iter().for_each(|near| reader.warn(name, near)),
            (Some(row), Some(_)) if row.level == Level::Service => {
                reader.warn(name, "it is not read: it is said of the whole service, without an index");
            }
            (Some(_), Some(index)) if !indexes.contains(&index) => {
                reader.warn(name, "it is not read: destinations are counted from 1 to 10 without a gap");
            }
            (Some(row), _) => warn_if_gone(reader, name, row.state),
        }
        if value.bytes().any(|byte| byte == 0) {
            reader.refuse(format!("{}: a NUL byte is not possible", read::shown("", name)));
        }
    }
}

fn warn_if_gone(reader: &mut Reader<'_>, name: &str, state: State) {
    match state {
        State::Built => {}
        State::Consul => reader.warn(name, "belonged to Docker Flow's Consul mode, which ended in 2017; it is ignored"),
    }
}

/// The name without its index, and the index.
fn split_index(name: &str) -> (&str, Option<u8>) {
    let split = name.rsplit_once('.').and_then(|(base, index)| Some((base, index.parse().ok()?)));
    split.map_or((name, None), |(base, index)| (base, Some(index)))
}

/// The names that nobody knows and that are nearly those of parameters, each with what it may mean.
fn near_misses(params: &Params) -> impl Iterator<Item = String> {
    let said = params.iter().filter(|(_, value)| !value.is_empty());
    let unknown = said.map(|(name, _)| (name, split_index(name).0)).filter(|(_, base)| param(base).is_none());
    unknown.filter_map(|(name, base)| Some(format!("{}: {}", read::shown("", name), near_miss(base)?)))
}

/// What is said of a name that nobody knows, if it is nearly that of a parameter.
fn near_miss(base: &str) -> Option<String> {
    let near = PARAMS.iter().find(|row| row.level == Level::Destination && row.name.eq_ignore_ascii_case(base));
    let near = near.or_else(|| PARAMS.iter().find(|row| base.len() >= 4 && one_edit_apart(row.name, base)))?;
    Some(format!("nobody knows this parameter; did you mean {}?", near.name))
}

/// Whether one letter added, dropped or changed makes `a` into `b`, in any case of letters.
pub fn one_edit_apart(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let same = |x: &u8, y: &u8| x.eq_ignore_ascii_case(y);
    let start = a.iter().zip(b).take_while(|(x, y)| same(x, y)).count();
    let end = a[start..].iter().rev().zip(b[start..].iter().rev()).take_while(|(x, y)| same(x, y)).count();
    a.len().max(b.len()) - start - end <= 1
}
