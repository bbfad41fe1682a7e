//! The role `all` in this process: a proxy on free ports, and a listener that follows a fake Docker Engine.

use crate::docker::FakeDocker;
use crate::harness::TestProxy;
use std::io;
use std::time::Duration;
use swarm::Listener;
use swarmgate::app::{RunningAll, start_all};
use swarmgate::settings::{self, Variables};

/// A running proxy and its listener.
pub(crate) struct TestAll {
    /// The proxy.
    pub(crate) proxy: TestProxy,
    listener: Listener,
}

impl TestAll {
    /// One that follows `docker` without waits of its own.
    pub(crate) async fn start(docker: &FakeDocker) -> TestAll {
        TestAll::with(docker, &[]).await
    }

    /// The same with these variables of the proxy.
    pub(crate) async fn with(docker: &FakeDocker, proxy: &[(&str, &str)]) -> TestAll {
        let variables: Variables = [("DF_DOCKER_HOST", docker.host())].into_iter().collect();
        let mut listener = settings::listener(&variables).expect("good settings");
        listener.swarm.pace.debounce = Duration::from_millis(1);
        listener.swarm.pace.announce_interval = Duration::ZERO;
        listener.swarm.pace.docker_timeout = Duration::from_secs(1);
        let settings = TestProxy::settings(proxy, |_| {});
        let running = TestProxy::alone(start_all(Box::new(io::sink()), (settings, listener)));
        let (RunningAll { proxy, listener }, threads) = running.await;
        TestAll { proxy: TestProxy::of(proxy, threads), listener }
    }

    /// SIGTERM.
    pub(crate) async fn drain(self) {
        self.proxy.drain().await;
        self.listener.stop().await;
    }
}
