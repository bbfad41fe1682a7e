//! Conversations of a listener with a Docker API and with receivers of notifications, over real sockets.
//!
//! The fakes are on the other side of the sockets. Nothing sleeps: a test waits for a request, a log line or a closed
//! connection, each at most [`PATIENCE`].

mod announcing;
mod calling;
mod delivering;
mod docker;
mod enduring;
mod failing;
mod figures;
mod http;
mod inspecting;
mod log;
mod nodes;
mod over_tls;
mod receiver;
mod recorded;
mod tasks;

use std::future::Future;
use std::time::Duration;

use swarm::{Listener, Pace, Settings};

use docker::FakeDocker;
use receiver::Receiver;

const PATIENCE: Duration = Duration::from_secs(10);
const NEVER: Duration = Duration::from_secs(3600);

/// Settings under which nothing happens by itself, only on events, and without waits.
fn settings(docker: &FakeDocker, proxy: &Receiver) -> Settings {
    Settings {
        docker_host: docker.host(),
        create_urls: vec![proxy.url("/reconfigure")],
        remove_urls: vec![proxy.url("/remove")],
        retry_interval: Duration::from_millis(5),
        reconcile_interval: NEVER,
        pace: Pace {
            debounce: Duration::from_millis(1),
            announce_interval: Duration::ZERO,
            docker_timeout: Duration::from_secs(1),
            second_look: Duration::from_millis(1),
            events_silence: NEVER,
            tasks_step: Duration::from_millis(1),
            inspect_pause: Duration::from_millis(1),
            receiver_pause: NEVER,
            ..Pace::default()
        },
        ..Settings::default()
    }
}

/// A listener with these settings whose event stream is open, so that no event is missed.
async fn start(settings: Settings, docker: &mut FakeDocker) -> Listener {
    let listener = Listener::start(settings).expect("usable settings");
    docker.events_opened().await;
    listener
}

/// What happens soon, or a failed test.
async fn soon<T>(what: &str, event: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, event).await.unwrap_or_else(|_| panic!("{what}: not within {PATIENCE:?}"))
}
