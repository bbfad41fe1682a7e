//! One case, live twice: in our proxy, and in a real HAProxy that runs what ours renders. Both have the same servers.
//!
//! Not here: cases (`case`), and what is asked (`questions`).

use crate::ask::Ask;
use crate::case::Case;
use crate::it::harness::Peer;
use crate::outcome::Outcome;
use crate::place::Place;
use crate::process::Haproxy;
use crate::recorder::Recorder;
use crate::tls::Keys;
use crate::wire::Wire;
use model::haproxy::{Globals, Secrets, render};
use model::{Frontend, Params};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use swarmgate::app::{self, RunningProxy};
use swarmgate::settings::{self, Variables};
use tokio::net::TcpStream;

/// Both proxies and their servers.
pub(crate) struct World {
    pub(crate) place: Place,
    pub(crate) frontends: Vec<Frontend>,
    /// The configuration that HAProxy runs.
    pub(crate) config: String,
    /// Servers that share their requests, by what they are called together: whose turn it is differs from proxy to proxy.
    pools: BTreeMap<SocketAddr, String>,
    ours: RunningProxy,
    haproxy: Haproxy,
    recorder: Recorder,
    keys: Arc<Keys>,
}

impl World {
    /// Everything up and ready; the error says what HAProxy has against the configuration.
    pub(crate) async fn start(case: &Case, place: Place, keys: &Arc<Keys>) -> Result<World, String> {
        let (ours, frontends) = start_ours(case, place, keys).await;
        for params in on_hosts(&case.services, place) {
            configure(ours.api, &params).await;
        }
        let world = ours.controller.cell().world();
        let certificates = world.tls().certificates().iter().map(|certificate| certificate.path().to_owned()).collect();
        let globals = Globals { certificates, secrets: Secrets::Shown, ..ours.globals.clone() };
        let config = render(world.snapshot(), &globals).replace("bind *:", &format!("bind {}:", place.haproxy()));
        let servers: Vec<_> = servers(&config).into_iter().filter(|server| place.is_service(server)).collect();
        let recorder = Recorder::start(&servers, keys).await;
        let haproxy = Haproxy::start(&config, &binds(&config)).await.map_err(|said| format!("{said}\n{config}"))?;
        let pools = pools(&config);
        Ok(World { place, frontends, config, pools, ours, haproxy, recorder, keys: Arc::clone(keys) })
    }

    /// What our proxy and then HAProxy make of it.
    pub(crate) async fn ask(&self, ask: &Ask) -> [Outcome; 2] {
        let ours = self.ask_one(ask, self.place.ours()).await;
        let haproxy = self.ask_one(ask, self.place.haproxy()).await;
        [ours, haproxy]
    }

    async fn ask_one(&self, ask: &Ask, host: Ipv4Addr) -> Outcome {
        let mut answers = Vec::new();
        let failure = match self.connect(ask, host).await {
            Err(error) => Some(format!("no connection: {:?}", error.kind())),
            Ok(mut wire) => {
                let mut failure = None;
                for request in &ask.requests {
                    match request.ask(&mut wire).await {
                        Ok(response) => answers.push(response),
                        Err(error) => {
                            failure = Some(format!("no response: {:?}", error.kind()));
                            break;
                        }
                    }
                    if answers.last().is_some_and(|answer| !answer.persists) {
                        break;
                    }
                }
                failure
            }
        };
        Outcome::new(self.place, &self.pools, &self.recorder.take(), &answers, failure)
    }

    async fn connect(&self, ask: &Ask, host: Ipv4Addr) -> std::io::Result<Wire> {
        let stream = TcpStream::connect((host, ask.port)).await?;
        stream.set_nodelay(true)?;
        Ok(match &ask.tls {
            None => Wire::new(Box::new(stream)),
            Some(hello) => {
                let stream = self.keys.connect(stream, hello.name.as_deref(), hello.shows_certificate).await?;
                Wire::new(Box::new(stream))
            }
        })
    }

    /// Ends both.
    pub(crate) async fn stop(self) {
        self.haproxy.stop().await;
        self.ours.drain().await;
    }
}

/// Our proxy with the case's settings, on the ports that they name.
async fn start_ours(case: &Case, place: Place, keys: &Keys) -> (RunningProxy, Vec<Frontend>) {
    let (folder, authority) = (keys.certificates_folder(), keys.authority_file());
    let mut variables = vec![
        ("DEFAULT_PORTS", "80,443:ssl"),
        ("THREADS", "1"),
        ("IP", "127.0.0.1"),
        ("DRAIN_SECONDS", "0"),
        ("SECRETS_DIR", "/nonexistent"),
        ("CERTS_DIR", &folder),
        ("SERVER_CA_FILE", &authority),
    ];
    for (name, value) in &case.settings {
        variables.push((name, if name == "CA_FILE" { &authority } else { value }));
    }
    let mut settings = settings::proxy(&variables.into_iter().collect::<Variables>()).expect("good settings");
    settings.port = 0;
    settings.bind_ip = IpAddr::V4(place.ours());
    let frontends = settings.frontends.clone();
    (app::start_proxy(settings).await.unwrap_or_else(|error| panic!("{}: {error:#}", case.name)), frontends)
}

/// The same calls with a host for each service, by name, so that servers tell services apart.
fn on_hosts(services: &[Params], place: Place) -> Vec<Params> {
    let mut names: Vec<String> = Vec::new();
    let place_of = |params: &Params| {
        let name = params.get_any_case("serviceName").unwrap_or_default();
        let number = names.iter().position(|known| known == name).unwrap_or_else(|| {
            names.push(name.to_owned());
            names.len() - 1
        });
        place.service(number).to_string()
    };
    let hosts: Vec<_> = services.iter().map(place_of).collect();
    services.iter().zip(hosts).map(|(params, host)| on_host(params, &host)).collect()
}

fn on_host(params: &Params, host: &str) -> Params {
    // A host that is none is left alone: it is refused, and that is what the case is about.
    if params.get("outboundHostname").is_some_and(|host| host.contains(['/', '\n'])) {
        return params.clone();
    }
    let mut params = params.clone();
    for index in params.indexes() {
        if params.get(&format!("outboundHostname.{index}")).is_some() {
            params.remove(&format!("outboundHostname.{index}"));
        }
    }
    params.set("outboundHostname", host);
    params
}

async fn configure(api: SocketAddr, params: &Params) {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(params.iter()).finish();
    let request = format!("GET /v1/docker-flow-proxy/reconfigure?{query} HTTP/1.1\r\nHost: proxy\r\n\r\n");
    let mut caller = Peer::connect(api).await;
    caller.send(request).await;
    // Some calls are refused, and are meant to be.
    caller.reply().await;
}

/// The addresses of all servers in a configuration.
fn servers(config: &str) -> BTreeSet<SocketAddr> {
    let lines = config.lines().filter_map(|line| line.trim().strip_prefix("server "));
    lines.filter_map(|line| line.split(' ').nth(1)?.parse().ok()).collect()
}

/// The servers of sections that have several, and the section's title.
fn pools(config: &str) -> BTreeMap<SocketAddr, String> {
    let mut pools = BTreeMap::new();
    for section in config.split("\n\n") {
        let servers = servers(section);
        let title = section.lines().next().unwrap_or_default();
        if servers.len() > 1 {
            pools.extend(servers.into_iter().map(|server| (server, format!("one of {title}"))));
        }
    }
    pools
}

/// The addresses that a configuration binds.
fn binds(config: &str) -> Vec<SocketAddr> {
    let lines = config.lines().filter_map(|line| line.trim().strip_prefix("bind "));
    lines.filter_map(|line| line.split(' ').next()?.parse().ok()).collect()
}
