//! The roles put together: bind, run, drain. Everything that can fail at the start fails before anything serves.
//!
//! Not here: the command line (`main`), and reading settings (`settings`).

mod all;
mod following;
mod globals;
mod listener;
mod vital;

pub use all::{RunningAll, run_all, start_all};
pub use listener::{RunningListener, run_listener, start_listener};
pub use vital::Gone;

use crate::addresses::ClientResolver;
use crate::api::{self, Api};
use crate::bearer::Bearer;
use crate::certificates::{Certificates, Store};
use crate::controller::Controller;
use crate::declared;
use crate::findings;
use crate::follow::Resync;
use crate::listener_api;
use crate::peers::Peers;
use crate::readiness::{self, Readiness};
use crate::settings::{ProxySettings, StatisticsSettings};
use crate::sharing;
use crate::state::{self, Keeper};
use crate::statistics::Sources;
use crate::status::{Board, Replicas, Status};
use anyhow::Context as _;
use following::Following;
use globals::globals;
use model::haproxy::{Globals, Secrets};
use model::service::OwnApi;
use model::{Frontend, Snapshot};
use proxy::observe::Observer;
use proxy::tls::Tls;
use proxy::{Cell, OffLimits, Proxy, Resolver, Rules, Statistics, World};
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use swarm::Listener;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use vital::Vital;

/// A proxy that serves. Dropping it ends the control side.
pub struct RunningProxy {
    /// Where the control API answers.
    pub api: SocketAddr,
    /// The bound ports, in the order of the frontends; behind them the one that is for statistics alone.
    pub ports: Vec<u16>,
    /// The writer.
    pub controller: Controller,
    /// What haproxy.cfg says beside the services.
    pub globals: Globals,
    proxy: Proxy,
    drain: Duration,
    /// Writes what changes to disk, if it is to be kept.
    keeper: Option<Keeper>,
    /// Read by the API.
    stopping: Arc<AtomicBool>,
    tasks: JoinSet<()>,
    /// Those that follow listeners.
    vital: Vital,
}

/// Starts the role `proxy`: binds all ports, then serves. The access log, if it is asked for, goes to standard output.
pub async fn start_proxy(settings: ProxySettings) -> anyhow::Result<RunningProxy> {
    start_proxy_logging_to(Box::new(io::stdout()), settings).await
}

/// The same with the access log going to `output`.
pub async fn start_proxy_logging_to(
    output: Box<dyn io::Write + Send>,
    settings: ProxySettings,
) -> anyhow::Result<RunningProxy> {
    start(settings, Beginning { output, beside: None }).await
}

/// What a proxy starts with beside its settings.
struct Beginning {
    /// Where the access log goes, if it is asked for.
    output: Box<dyn io::Write + Send>,
    /// The listener of this process.
    beside: Option<Listener>,
}

async fn start(settings: ProxySettings, Beginning { output, beside }: Beginning) -> anyhow::Result<RunningProxy> {
    raise_descriptor_limit();
    let own_port = settings.statistics.as_ref().and_then(|statistics| statistics.port);
    let frontends: Vec<_> = settings.frontends.iter().copied().chain(own_port.map(plain)).collect();
    let bound = proxy::bind(settings.bind_ip, &frontends, settings.threads)?;
    let api_socket = bind_api(settings.ip, settings.port).await?;
    let api_address = api_socket.local_addr()?;
    let ports = bound.ports().to_vec();
    let resolver = Resolver::start(&settings.resolvers)?;
    let client = http_client(&resolver)?;
    let observer = observer(&settings, output)?;
    let (tls, store) = open_certificates(&settings)?;
    let cell = Cell::new(World::new(Snapshot::default(), tls, &resolver));
    let started = Instant::now();
    let http_ports = ports[..settings.frontends.len()].to_vec();
    let statistics = Sources { observer: observer.clone(), cell: cell.clone(), ports: http_ports, own_port, started };
    let (mut tasks, mut vital) = (JoinSet::new(), Vital::default());
    let peers = Peers::new(settings.service_name.clone(), api_address.port(), resolver.clone(), client.clone())
        .with_secrets(settings.cluster_secret.clone(), settings.api_token.clone());
    let rules = Rules { off_limits: Some(off_limits(&mut tasks, peers.clone())), ..rules(&settings, &statistics) };
    let proxy = bound.serve(cell.clone(), rules, observer.clone())?;
    let context = context(&settings, &ports, api_address);
    let validator = settings.validates_addresses.then(|| resolver.clone());
    let controller = Controller::start(context, resolver.clone(), cell, proxy.ports());
    let certificates = store.start(controller.clone());
    let (keeper, longest_wait) = restore(&settings, &controller, &certificates).await?;
    declared::publish(&settings.services, &controller, &certificates).await?;
    proxy.open();
    tell_start(&settings, (api_address, &ports), beside.is_some());
    let follows = beside.is_some() || !settings.listeners.is_empty();
    let readiness = Readiness::waiting(follows.then_some(longest_wait));
    tasks.spawn(observer.clone().tend(controller.cell().clone()));
    let asked = sharing::start(&mut tasks, peers.clone(), certificates.clone());
    let (board, servers_down) = (Board::default(), proxy.servers_down());
    let status =
        Status { board, controller: controller.clone(), readiness, asked: asked.clone(), resolver, servers_down };
    tasks.spawn(findings::watch(controller.clone(), status.board.clone()));
    let (resync, asks) = Resync::new();
    let interval = if follows { settings.reconcile_interval } else { Duration::ZERO };
    if follows {
        let (settings, beside, status, certificates) = (&settings, beside.as_ref(), &status, &certificates);
        Following { settings, beside, status, certificates, client: &client }.start((&mut tasks, &mut vital), asks);
    }
    let replicas = Replicas::new(peers.clone(), status.clone(), resync.clone(), interval);
    tasks.spawn(replicas.clone().watch());
    let stopping = Arc::new(AtomicBool::new(false));
    let globals = globals(&settings, &ports);
    let api = Api {
        controller: controller.clone(),
        certificates,
        peers,
        token: settings.api_token.clone(),
        asked,
        listeners: settings.listeners.clone(),
        beside: beside.map(|listener| listener_api::Shared::of(listener, secrets_of_services(&settings))),
        resync: follows.then_some(resync),
        replicas,
        validator,
        client,
        status,
        observer: observer.clone(),
        statistics,
        started,
        stopping: Arc::clone(&stopping),
        globals: globals.clone(),
    };
    serve_api(&mut tasks, api_socket, api::router(Arc::new(api)));
    let (api, drain) = (api_address, settings.drain);
    Ok(RunningProxy { api, ports, controller, globals, proxy, drain, keeper, stopping, tasks, vital })
}

/// Serves what was known before the start, and begins to keep what is known now, if a directory is set. Also how long a listener is waited for.
async fn restore(
    settings: &ProxySettings,
    controller: &Controller,
    certificates: &Certificates,
) -> anyhow::Result<(Option<Keeper>, Duration)> {
    let Some(directory) = &settings.state_dir else { return Ok((None, readiness::LONGEST_WAIT)) };
    let restored = state::restore(directory, controller, certificates).await?;
    let longest_wait = if restored > 0 { readiness::LONGEST_WAIT_WITH_STATE } else { readiness::LONGEST_WAIT };
    Ok((Some(Keeper::start(directory.clone(), controller)), longest_wait))
}

/// Without a token everybody may ask the listener of this process.
fn secrets_of_services(settings: &ProxySettings) -> Secrets {
    if settings.api_token.is_some() { Secrets::Shown } else { Secrets::Masked }
}

fn raise_descriptor_limit() {
    if let Err(error) = proxy::raise_descriptor_limit() {
        tracing::warn!("the limit of file descriptors stays as it is: {error}");
    }
}

/// What is said to every service, now that the ports are known.
fn context(settings: &ProxySettings, ports: &[u16], api: SocketAddr) -> model::Context {
    let own_api = OwnApi { port: api.port(), service_name: settings.service_name.clone() };
    model::Context { ports: ports.to_vec(), own_api: Some(own_api), ..settings.context.clone() }
}

/// Counts, and writes the access log to `output` if there is to be one.
fn observer(settings: &ProxySettings, output: Box<dyn io::Write + Send>) -> anyhow::Result<Observer> {
    match &settings.access_log {
        None => Ok(Observer::new()),
        Some(log) => Observer::with_access_log(log.clone(), output).context("the access log cannot be started"),
    }
}

/// What clients are spoken to with where they speak TLS, and the owner of its certificates.
fn open_certificates(settings: &ProxySettings) -> anyhow::Result<(Tls, Store)> {
    let tls = Tls::new(&settings.tls).context("TLS cannot be set up")?;
    let store = Store::open(settings.certificates.clone());
    let tls = tls.with_certificates(store.certificates());
    tell_without_certificates(settings, &tls);
    Ok((tls, store))
}

fn tell_without_certificates(settings: &ProxySettings, tls: &Tls) {
    if tls.certificates().is_empty() && settings.frontends.iter().any(|frontend| frontend.tls) {
        let directory = settings.certificates.certs_dir.display();
        tracing::info!(
            "No certificate yet: ports that speak TLS end every handshake until one is put, or found in {directory}"
        );
    }
}

/// The role `proxy` until it is told to stop.
pub async fn run_proxy(settings: ProxySettings) -> anyhow::Result<()> {
    let stop = stop_signal()?;
    let mut running = start_proxy(settings).await?;
    tokio::select! {
        () = stop => {
            running.drain().await;
            Ok(())
        }
        gone = running.gone() => Err(gone.into()),
    }
}

/// Ends with SIGTERM or SIGINT.
pub fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be listened to")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be listened to")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

impl RunningProxy {
    /// Waits until a task is gone without which the proxy takes no change any more: then one that starts again is better. For ever, as a rule.
    pub async fn gone(&mut self) -> Gone {
        tokio::select! {
            () = self.controller.ended() => Gone::Ended("applies changes"),
            gone = self.vital.gone() => gone,
        }
    }

    /// Fails its health checks, then takes no new connections and lets the others finish.
    pub async fn drain(mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        tracing::info!("Stopping: connections have {} s to finish", self.drain.as_secs());
        let (proxy, limit) = (self.proxy, self.drain);
        // The threads are waited for by one that may wait; a panic of theirs leaves nothing to wait for.
        let _ = tokio::task::spawn_blocking(move || proxy.drain(limit)).await;
        self.vital.shutdown().await;
        self.tasks.shutdown().await;
        if let Some(keeper) = self.keeper {
            keeper.finish().await;
        }
        tracing::info!("Stopped");
    }
}

fn plain(port: u16) -> Frontend {
    Frontend { port, tls: false, accept_proxy: false }
}

/// What holds for all connections.
fn rules(settings: &ProxySettings, statistics: &Sources) -> Rules {
    Rules {
        timeouts: settings.timeouts,
        trusted: settings.trusted.clone(),
        http2: settings.tls.http2,
        statistics: settings.statistics.as_ref().map(|settings| page(settings, statistics.clone())),
        error_files: settings.error_files.1.clone(),
        off_limits: None,
        session_key: settings.cluster_secret.as_ref().map(Bearer::session_key).unwrap_or_default(),
        frontend: Arc::clone(&settings.frontend),
    }
}

fn page(settings: &StatisticsSettings, sources: Sources) -> Statistics {
    let StatisticsSettings { uri, port, credentials } = settings.clone();
    Statistics { uri, port, credentials, render: Arc::new(move |form| sources.render(form)) }
}

/// The control API, here and on all replicas, whoever they are at the time: no service may publish it.
fn off_limits(tasks: &mut JoinSet<()>, peers: Peers) -> OffLimits {
    let (say, replicas) = watch::channel(None);
    let port = peers.port();
    tasks.spawn(peers.tell_all(say));
    OffLimits::new(port, replicas)
}

async fn bind_api(ip: IpAddr, port: u16) -> anyhow::Result<TcpListener> {
    let address = SocketAddr::new(ip, port);
    TcpListener::bind(address).await.with_context(|| format!("the API cannot be bound on {address}"))
}

fn serve_api(tasks: &mut JoinSet<()>, socket: TcpListener, router: axum::Router) {
    tasks.spawn(async move {
        if let Err(error) = axum::serve(socket, router.into_make_service_with_connect_info::<SocketAddr>()).await {
            tracing::error!("the API ended: {error}");
        }
    });
}

/// One client for everything: no proxy of the environment, no redirect followed to somewhere else.
fn http_client(resolver: &Resolver) -> anyhow::Result<reqwest::Client> {
    let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    builder.dns_resolver(Arc::new(ClientResolver(resolver.clone()))).build().context("the HTTP client cannot be set up")
}

fn tell_start(settings: &ProxySettings, (api, ports): (SocketAddr, &[u16]), has_own_listener: bool) {
    settings.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let own = has_own_listener.then(|| "its own".to_owned());
    let listeners: Vec<_> = own.into_iter().chain(settings.listeners.iter().map(ToString::to_string)).collect();
    let (role, listeners) = match (has_own_listener, &*listeners) {
        (true, _) => ("all", format!("listeners: {}", listeners.join(", "))),
        (false, []) => ("proxy", "no listener".to_owned()),
        (false, _) => ("proxy", format!("listeners: {}", listeners.join(", "))),
    };
    let (version, threads) = (env!("CARGO_PKG_VERSION"), settings.threads);
    if settings.api_token.is_none() {
        tracing::info!(
            "Whoever reaches the API may change what is served; with DFP_API_TOKEN, who bears the token may"
        );
    }
    tracing::info!("swarmgate {version} {role}: ports {ports:?}, {threads} threads, API on {api}, {listeners}");
}
