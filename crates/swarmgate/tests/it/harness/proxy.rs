//! A whole proxy in this process, on free ports, with one thread so that it has one pool.

use super::{Backend, Peer, Reply};
use model::Frontend;
use proxy::tls::Certificate;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};
use swarmgate::app::{self, RunningProxy};
use swarmgate::settings::{self, ProxySettings, Variables};

/// The base of the API's paths.
const API: &str = "/v1/docker-flow-proxy";

/// A running proxy.
pub(crate) struct TestProxy {
    running: RunningProxy,
    /// The kernel's numbers of its threads.
    threads: Vec<String>,
}

impl TestProxy {
    pub(crate) async fn start() -> TestProxy {
        TestProxy::with(&[], |_| {}).await
    }

    /// One with these variables, changed by `adjust`.
    pub(crate) async fn with(variables: &[(&str, &str)], adjust: impl FnOnce(&mut ProxySettings)) -> TestProxy {
        TestProxy::run(Box::new(io::sink()), TestProxy::settings(variables, adjust)).await
    }

    /// One with these variables whose access log goes to `output`.
    pub(crate) async fn logging_to(output: Box<dyn io::Write + Send>, variables: &[(&str, &str)]) -> TestProxy {
        TestProxy::run(output, TestProxy::settings(variables, |_| {})).await
    }

    pub(crate) fn settings(variables: &[(&str, &str)], adjust: impl FnOnce(&mut ProxySettings)) -> ProxySettings {
        let ours = [("DEFAULT_PORTS", "80,443:ssl"), ("THREADS", "1"), ("IP", "127.0.0.1")];
        let all: Variables = ours.iter().chain(variables).copied().collect();
        let mut settings = settings::proxy(&all).expect("good settings");
        settings.port = 0;
        settings.bind_ip = Ipv4Addr::LOCALHOST.into();
        settings.frontends = settings.frontends.into_iter().map(|frontend| Frontend { port: 0, ..frontend }).collect();
        adjust(&mut settings);
        settings
    }

    async fn run(output: Box<dyn io::Write + Send>, settings: ProxySettings) -> TestProxy {
        let (running, threads) = TestProxy::alone(app::start_proxy_logging_to(output, settings)).await;
        TestProxy { running, threads }
    }

    /// A proxy that somebody else has started.
    pub(crate) fn of(running: RunningProxy, threads: Vec<String>) -> TestProxy {
        TestProxy { running, threads }
    }

    /// What has a proxy in it, once it has started, and the threads of that.
    pub(crate) async fn alone<T>(start: impl Future<Output = anyhow::Result<T>>) -> (T, Vec<String>) {
        // Its threads are those that were not there before; no other proxy may start meanwhile.
        static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
        let alone = ONE_AT_A_TIME.lock().await;
        let before = workers();
        let running = start.await.expect("a proxy");
        let threads = workers().into_iter().filter(|thread| !before.contains(thread)).collect();
        drop(alone);
        (running, threads)
    }

    /// A new client.
    pub(crate) async fn client(&self) -> Peer {
        Peer::connect(self.address()).await
    }

    /// The plain port.
    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.running.ports[0]))
    }

    /// The port that ends in `:ssl`.
    pub(crate) fn tls_address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.running.ports[1]))
    }

    /// Serves these certificates and no others.
    pub(crate) async fn serve(&self, certificates: &[Arc<Certificate>]) {
        self.running.controller.serve_certificates(certificates.to_vec()).await.expect("a proxy that runs");
    }

    /// Where the control API answers.
    pub(crate) fn api_address(&self) -> SocketAddr {
        self.running.api
    }

    /// A new client that has sent `request`, and the server on a new connection that has read its head.
    pub(crate) async fn exchange(&self, backend: &mut Backend, request: &str) -> (Peer, Peer) {
        let mut client = self.client().await;
        client.send(request).await;
        let mut server = backend.accept().await;
        server.receives_head().await;
        (client, server)
    }

    /// A client's request on a connection of its own, and the whole response.
    pub(crate) async fn ask(&self, request: &str) -> Reply {
        let mut client = self.client().await;
        client.send(request).await;
        client.reply().await
    }

    /// A GET of the API below its base.
    pub(crate) async fn api(&self, path: &str) -> Reply {
        self.call(&format!("GET {API}{path} HTTP/1.1\r\nHost: proxy\r\n\r\n")).await
    }

    /// Any request to the API.
    pub(crate) async fn call(&self, request: &str) -> Reply {
        let mut caller = Peer::connect(self.running.api).await;
        caller.send(request).await;
        caller.reply().await
    }

    /// A certificate with its key, brought with this query.
    pub(crate) async fn put_certificate(&self, query: &str, pem: &str) -> Reply {
        let length = pem.len();
        self.call(&format!("PUT {API}/cert?{query} HTTP/1.1\r\nHost: proxy\r\nContent-Length: {length}\r\n\r\n{pem}"))
            .await
    }

    /// The number of the live world.
    pub(crate) fn generation(&self) -> model::Generation {
        self.running.controller.cell().world().snapshot().generation
    }

    /// A successful reconfigure.
    pub(crate) async fn configure(&self, query: &str) -> Reply {
        let reply = self.api(&format!("/reconfigure?{query}")).await;
        assert_eq!(reply.status(), 200, "{query}: {}", reply.body);
        reply
    }

    /// Publishes a server as the service `go` on `/demo`.
    pub(crate) async fn publish(&self, backend: &Backend) {
        self.publish_with(backend, "").await;
    }

    /// The same with more parameters, each with `&` before it.
    pub(crate) async fn publish_with(&self, backend: &Backend, more: &str) {
        let port = backend.port();
        self.configure(&format!("serviceName=go&servicePath=/demo&port={port}&outboundHostname=127.0.0.1{more}")).await;
    }

    /// SIGTERM: ends once everything that is open has ended, or the time is up.
    pub(crate) async fn drain(self) {
        self.running.drain().await;
    }

    /// The time that the proxy's threads have spent on a processor.
    pub(crate) fn busy(&self) -> Duration {
        let time = |thread: &String| fs::read_to_string(format!("/proc/self/task/{thread}/schedstat"));
        let nanos = self.threads.iter().map(|thread| time(thread).map(|stat| first_number(&stat)));
        Duration::from_nanos(nanos.sum::<io::Result<u64>>().expect("the proxy's threads are there"))
    }
}

/// The threads of this process that serve, by number.
fn workers() -> Vec<String> {
    let threads = fs::read_dir("/proc/self/task").expect("Linux").filter_map(Result::ok);
    let is_worker = |thread: &fs::DirEntry| {
        fs::read_to_string(thread.path().join("comm")).is_ok_and(|name| name.starts_with("worker-"))
    };
    threads.filter(is_worker).filter_map(|thread| thread.file_name().into_string().ok()).collect()
}

fn first_number(text: &str) -> u64 {
    text.split(' ').next().and_then(|number| number.parse().ok()).expect("a number")
}
