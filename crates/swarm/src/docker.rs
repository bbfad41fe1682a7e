//! The few read calls on a Docker Engine: list services, follow events.
//!
//! Not here: what a service means to us ([`crate::service`] narrows Docker's type), and when to call ([`crate::listener`]).

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bollard::models::{EventMessage, Service};
use bollard::query_parameters::{EventsOptionsBuilder, ListServicesOptionsBuilder};
use futures_util::{Stream, StreamExt};
use reqwest::Url;
use tokio::time::timeout;
use tracing::info;

use crate::reason::reason;

/// A listing whose first byte came in time may take this long to its last.
const WHOLE_ANSWER: Duration = Duration::from_secs(30);

const NANOS: i64 = 1_000_000_000;

/// Docker could not be asked, or did not answer as it should. Never the same as an empty answer.
#[derive(Debug, thiserror::Error)]
pub enum DockerError {
    /// The address is neither a Unix socket nor a plain TCP address.
    #[error("docker host {0:?} is neither unix:///path nor tcp://host:port")]
    BadHost(String),
    /// No answer, or not the end of it, within the limit.
    #[error("docker at {host} did not answer in time")]
    TimedOut {
        /// The address that was asked.
        host: String,
    },
    /// Connection refused, an error status such as "The swarm does not have a leader", an answer that cannot be read.
    #[error("docker at {host}: {reason}")]
    Failed {
        /// The address that was asked.
        host: String,
        /// What went wrong and why, in one line.
        reason: String,
    },
    /// Docker ended a stream of events.
    #[error("docker at {host} ended the stream of events")]
    EventsEnded {
        /// The address that was asked.
        host: String,
    },
}

/// When an event happened, by Docker's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EventTime {
    nanos: i64,
}

pub(crate) type Events = Pin<Box<dyn Stream<Item = Result<EventTime, DockerError>> + Send>>;

/// A Docker Engine, reached when there is something to ask. It may be down at any time, also before the first call.
pub(crate) struct Engine {
    host: String,
    timeout: Duration,
    agreement: Mutex<Agreement>,
}

/// What was agreed on with the daemon behind the address, which may be replaced by an older one at any time.
#[derive(Default)]
struct Agreement {
    /// Filled when the API version has been agreed on, emptied by every failure. Connections are not kept in it: each call
    /// makes its own.
    client: Option<bollard::Docker>,
    /// The version that was logged last, so that only a new one is logged.
    version: String,
}

impl Engine {
    /// Does not connect. `timeout` is the time that an answer may take to begin, in whole seconds, at least one.
    pub(crate) fn new(host: &str, timeout: Duration) -> Result<Self, DockerError> {
        if !is_usable(host) {
            return Err(DockerError::BadHost(host.to_owned()));
        }
        let timeout = Duration::from_secs(timeout.as_secs().max(1));
        Ok(Engine { host: host.to_owned(), timeout, agreement: Mutex::default() })
    }

    /// All services that match a label filter (`name` or `name=value`), as one consistent answer or an error.
    pub(crate) async fn services(&self, label: &str) -> Result<Vec<Service>, DockerError> {
        let filters = HashMap::from([("label", vec![label])]);
        let options = ListServicesOptionsBuilder::new().filters(&filters).build();
        let client = self.client().await?;
        self.ask(WHOLE_ANSWER, client.list_services(Some(options))).await
    }

    /// The times of service events since `since`, exclusive, then of new ones as they happen.
    pub(crate) async fn service_events(&self, since: EventTime) -> Result<Events, DockerError> {
        let filters = HashMap::from([("type", vec!["service"])]);
        let options = EventsOptionsBuilder::new().since(&since.next().to_string()).filters(&filters).build();
        let events = self.client().await?.events(Some(options));
        let host = self.host.clone();
        Ok(Box::pin(events.map(move |event| match event {
            Ok(event) => Ok(EventTime::of(&event)),
            Err(error) => Err(failed(&host, &error)),
        })))
    }

    /// The end of a stream of events, as an error.
    pub(crate) fn events_ended(&self) -> DockerError {
        DockerError::EventsEnded { host: self.host.clone() }
    }

    /// A client that speaks a version which this daemon knows.
    async fn client(&self) -> Result<bollard::Docker, DockerError> {
        let agreed = self.agreement().client.clone();
        if let Some(client) = agreed {
            return Ok(client);
        }
        let client = self.connect()?;
        let client = self.ask(self.timeout, client.negotiate_version()).await?;
        let version = client.client_version().to_string();
        let mut agreement = self.agreement();
        if agreement.version != version {
            info!("Using Docker Client API version: {version}");
        }
        *agreement = Agreement { client: Some(client.clone()), version };
        Ok(client)
    }

    fn connect(&self) -> Result<bollard::Docker, DockerError> {
        let seconds = self.timeout.as_secs();
        let client = if self.host.starts_with("unix://") {
            bollard::Docker::connect_with_unix(&self.host, seconds, bollard::API_DEFAULT_VERSION)
        } else {
            bollard::Docker::connect_with_http(&self.host, seconds, bollard::API_DEFAULT_VERSION)
        };
        client.map_err(|error| failed(&self.host, &error))
    }

    async fn ask<T>(
        &self,
        limit: Duration,
        call: impl Future<Output = Result<T, bollard::errors::Error>>,
    ) -> Result<T, DockerError> {
        let answer = match timeout(limit, call).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => Err(failed(&self.host, &error)),
            Err(_) => Err(DockerError::TimedOut { host: self.host.clone() }),
        };
        self.agreement().client = None;
        answer
    }

    fn agreement(&self) -> MutexGuard<'_, Agreement> {
        self.agreement.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventTime {
    /// By this machine's clock. If Docker's differs, an event may be missed: listing all services now and then finds it.
    pub(crate) fn now() -> Self {
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        EventTime { nanos: i64::try_from(nanos).unwrap_or(i64::MAX) }
    }

    fn of(event: &EventMessage) -> Self {
        let seconds = event.time.unwrap_or_default().saturating_mul(NANOS);
        EventTime { nanos: event.time_nano.unwrap_or(seconds) }
    }

    fn next(self) -> Self {
        EventTime { nanos: self.nanos.saturating_add(1) }
    }
}

impl fmt::Display for EventTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09}", self.nanos.div_euclid(NANOS), self.nanos.rem_euclid(NANOS))
    }
}

fn is_usable(host: &str) -> bool {
    if let Some(path) = host.strip_prefix("unix://") {
        return path.starts_with('/') && path.len() > 1;
    }
    let Some(address) = host.strip_prefix("tcp://").or_else(|| host.strip_prefix("http://")) else { return false };
    Url::parse(&format!("http://{address}")).is_ok_and(|url| url.path() == "/" && url.query().is_none())
}

fn failed(host: &str, error: &bollard::errors::Error) -> DockerError {
    let host = host.to_owned();
    match error {
        bollard::errors::Error::RequestTimeoutError => DockerError::TimedOut { host },
        error => DockerError::Failed { host, reason: reason(error) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_docker_host_is_a_unix_socket_or_a_tcp_address() {
        for host in ["unix:///var/run/docker.sock", "tcp://10.0.0.1:2375", "tcp://[::1]:2375", "http://manager:2375"] {
            assert!(is_usable(host), "{host}");
        }
        for host in
            ["", "unix://", "unix:///", "unix://run/docker.sock", "docker:2375", "ssh://host", "tcp://", "tcp://a b"]
        {
            assert!(!is_usable(host), "{host}");
        }
    }

    #[test]
    fn an_event_time_is_told_in_seconds_and_nanoseconds() {
        let event = EventMessage { time: Some(7), time_nano: Some(7_000_000_009), ..EventMessage::default() };
        assert_eq!(EventTime::of(&event).next().to_string(), "7.000000010");
        let event = EventMessage { time: Some(7), ..EventMessage::default() };
        assert_eq!(EventTime::of(&event).to_string(), "7.000000000");
    }
}
