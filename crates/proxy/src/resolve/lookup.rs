//! Single questions to DNS.
//!
//! Not here: when to ask, and what to keep (`resolve`).

use hickory_resolver::config::{ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::{ResolverBuilder, TokioResolver};
use model::service::Dial;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::time::Duration;
use tokio::time::timeout;

/// For one try; Docker's DNS answers in about a millisecond.
const TIMEOUT: Duration = Duration::from_millis(800);
const TRIES: usize = 2;
/// For one name with all tries and search domains. Docker's DNS is silent about names it does not know while the DNS behind it is dead.
const LONGEST_ANSWER: Duration = Duration::from_millis(1600);

const SILENT: &str = "DNS gave no answer in time";

/// A resolver that cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("the resolver cannot be set up: {0}")]
pub struct BadResolver(String);

/// Asks DNS; keeps nothing.
pub(super) struct Lookup {
    resolver: TokioResolver,
}

impl Lookup {
    pub(super) fn new(name_servers: &[SocketAddr]) -> Result<Lookup, BadResolver> {
        let builder = match name_servers {
            [] => TokioResolver::builder_tokio().or_else(|_| fallback()),
            servers => Ok(TokioResolver::builder_with_config(config(servers), TokioRuntimeProvider::default())),
        };
        let bad = |error: NetError| BadResolver(error.to_string());
        let mut builder = builder.map_err(bad)?;
        let options = builder.options_mut();
        options.timeout = TIMEOUT;
        options.attempts = TRIES;
        options.cache_size = 0;
        options.ip_strategy = LookupIpStrategy::Ipv4thenIpv6;
        options.use_hosts_file = ResolveHosts::Always;
        Ok(Lookup { resolver: builder.build().map_err(bad)? })
    }

    /// The addresses of a host as its kind wants them: all tasks of a service where they are known, else its virtual address.
    pub(super) async fn host(&self, dial: &Dial) -> Result<Vec<IpAddr>, String> {
        match dial {
            Dial::Host(host) | Dial::VirtualAddress(host) => self.one(host).await,
            // A name with a dot is no name of a Swarm's service.
            Dial::Service(name) if name.contains('.') || name == "localhost" => self.one(name).await,
            Dial::Service(name) => self.tasks_or_service(name).await,
        }
    }

    /// Asks for both at once. Known tasks wait for nothing else: a server that is silent about the other name takes none away.
    async fn tasks_or_service(&self, name: &str) -> Result<Vec<IpAddr>, String> {
        let tasks = format!("tasks.{name}.");
        let (mut tasks, mut service) = (pin!(self.one(&tasks)), pin!(self.one(name)));
        let mut answer = None;
        loop {
            tokio::select! {
                biased;
                tasks = &mut tasks => match tasks {
                    Ok(addresses) if !addresses.is_empty() => return Ok(addresses),
                    _ => break,
                },
                service = &mut service, if answer.is_none() => answer = Some(service),
            }
        }
        match answer {
            Some(answer) => answer,
            None => service.await,
        }
    }

    /// The addresses of one name.
    pub(super) async fn one(&self, name: &str) -> Result<Vec<IpAddr>, String> {
        match timeout(LONGEST_ANSWER, self.resolver.lookup_ip(name)).await {
            Ok(Ok(found)) => Ok(found.iter().collect()),
            Ok(Err(error)) => Err(in_words(&error, name)),
            Err(_) => Err(SILENT.to_owned()),
        }
    }
}

/// The library shows the whole question as Rust writes it; an operator needs the name.
fn in_words(error: &NetError, name: &str) -> String {
    match error {
        error if error.is_no_records_found() => format!("DNS knows no address of {}", name.trim_end_matches('.')),
        NetError::Timeout => SILENT.to_owned(),
        error => error.to_string(),
    }
}

fn config(servers: &[SocketAddr]) -> ResolverConfig {
    let server = |address: &SocketAddr| {
        let connection = |mut connection: ConnectionConfig| {
            connection.port = address.port();
            connection
        };
        let connections = vec![connection(ConnectionConfig::udp()), connection(ConnectionConfig::tcp())];
        NameServerConfig::new(address.ip(), true, connections)
    };
    ResolverConfig::from_parts(None, Vec::new(), servers.iter().map(server).collect())
}

/// Without a readable resolv.conf only addresses and the hosts file are of use.
fn fallback() -> Result<ResolverBuilder<TokioRuntimeProvider>, NetError> {
    Ok(TokioResolver::builder_with_config(config(&[]), TokioRuntimeProvider::default()))
}
