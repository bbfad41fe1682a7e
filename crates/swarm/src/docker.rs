//! The few read calls on a Docker Engine: services, tasks, nodes, events.
//!
//! A client of our own: it can send nothing but `GET`, and what Docker answers is read straight into the few fields that count
//! here ([`wire`]), so that ten thousand services cost little. Nothing is kept between two calls but the version agreed on.
//! Not here: what a service means to us ([`crate::service`]), and when to call ([`crate::listener`]).

mod address;
mod call;
mod error;
mod event;
mod whole;
pub(crate) mod wire;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::de::DeserializeOwned;
use tracing::info;

pub use address::TlsFiles;
pub use error::DockerError;
pub(crate) use event::{EventTime, Events};

use address::Address;
use call::Call;
use error::Failure;
use wire::{Node, Service, Task, Version};

/// The newest API version whose answers are known to be as they are read here.
const NEWEST_KNOWN: (u32, u32) = (1, 53);

/// A Docker Engine, reached when there is something to ask. It may be down at any time, also before the first call.
pub(crate) struct Engine {
    /// As it was configured, for the log.
    host: String,
    address: Address,
    /// The time that an answer may take to begin.
    timeout: Duration,
    agreement: Mutex<Agreement>,
}

/// What was agreed on with the daemon behind the address, which may be replaced by an older one at any time.
#[derive(Default)]
struct Agreement {
    /// `1.41`, when it has been agreed on; emptied by every failure.
    version: Option<String>,
    /// The version that was logged last, so that only a new one is logged.
    logged: String,
}

impl Engine {
    /// Does not connect. `timeout` is the time that an answer may take to begin.
    pub(crate) fn new(host: &str, tls: Option<&TlsFiles>, timeout: Duration) -> Result<Self, DockerError> {
        let address = Address::parse(host, tls)?;
        Ok(Engine { host: host.to_owned(), address, timeout, agreement: Mutex::default() })
    }

    /// All services that match a label filter (`name` or `name=value`), or all there are, as one consistent answer or an error.
    pub(crate) async fn services(&self, label: Option<&str>) -> Result<Vec<Service>, DockerError> {
        let query: Vec<_> = label.map(|label| ("filters", filter("label", &[label]))).into_iter().collect();
        self.list("/services", &query, |services| whole::services(services, label)).await
    }

    /// All tasks that Docker wants to run, whether they do already or not.
    pub(crate) async fn tasks(&self) -> Result<Vec<Task>, DockerError> {
        self.list("/tasks", &[("filters", filter("desired-state", &["running"]))], whole::tasks).await
    }

    /// All nodes of the Swarm.
    pub(crate) async fn nodes(&self) -> Result<Vec<Node>, DockerError> {
        self.list("/nodes", &[], whole::nodes).await
    }

    /// The events of services and nodes since `since`, exclusive, then new ones as they happen.
    pub(crate) async fn events(&self, since: EventTime) -> Result<Events, DockerError> {
        let query = [("since", since.next().to_string()), ("filters", filter("type", &["service", "node"]))];
        let answer = self.versioned("/events", &query).await?;
        Ok(Events::new(answer, self.host.clone()))
    }

    /// A list that is `whole`, or an error.
    async fn list<T>(
        &self,
        path: &str,
        query: &[(&str, String)],
        whole: impl Fn(&[T]) -> Result<(), Failure>,
    ) -> Result<Vec<T>, DockerError>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let answer = self.versioned(path, query).await?;
        let list: Vec<T> = answer.json().await.map_err(|failure| self.failed(failure))?;
        whole(&list).map_err(|failure| self.failed(failure))?;
        Ok(list)
    }

    /// The beginning of the answer to a call in the version that was agreed on.
    async fn versioned(&self, path: &str, query: &[(&str, String)]) -> Result<call::Answer, DockerError> {
        let version = self.version().await?;
        let call = Call { address: &self.address, begins_within: self.timeout };
        let answer = call.get(&format!("/v{version}{path}"), query).await;
        answer.map_err(|failure| self.failed(failure))
    }

    /// A version that this daemon speaks: its own, unless that is newer than what is known here and it speaks older ones.
    async fn version(&self) -> Result<String, DockerError> {
        let agreed = self.agreement().version.clone();
        if let Some(version) = agreed {
            return Ok(version);
        }
        let call = Call { address: &self.address, begins_within: self.timeout };
        let answer = call.get("/version", &[]).await.map_err(|failure| self.failed(failure))?;
        let daemon: Version = answer.json().await.map_err(|failure| self.failed(failure))?;
        let version = agreed_version(&daemon);
        let mut agreement = self.agreement();
        if agreement.logged != version {
            info!("Using Docker Client API version: {version}");
        }
        *agreement = Agreement { version: Some(version.clone()), logged: version.clone() };
        Ok(version)
    }

    /// Another daemon may stand behind the address after a failure: the version is agreed on again.
    fn failed(&self, failure: Failure) -> DockerError {
        self.agreement().version = None;
        failure.at(&self.host)
    }

    fn agreement(&self) -> MutexGuard<'_, Agreement> {
        self.agreement.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `{"label":["com.df.notify"]}`, as Docker's filters are written.
fn filter(name: &str, values: &[&str]) -> String {
    serde_json::json!({ name: values }).to_string()
}

fn agreed_version(daemon: &Version) -> String {
    let numbers = |version: &str| -> Option<(u32, u32)> {
        let (major, minor) = version.split_once('.')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    };
    let newest = numbers(&daemon.api_version).unwrap_or(NEWEST_KNOWN);
    let oldest = daemon.min_api_version.as_deref().and_then(numbers).unwrap_or(newest.min(NEWEST_KNOWN));
    let (major, minor) = newest.min(NEWEST_KNOWN).max(oldest);
    format!("{major}.{minor}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agreed(newest: &str, oldest: Option<&str>) -> String {
        agreed_version(&Version { api_version: newest.to_owned(), min_api_version: oldest.map(str::to_owned) })
    }

    #[test]
    fn a_daemon_is_spoken_to_in_its_own_version_as_long_as_that_is_known() {
        assert_eq!(agreed("1.24", Some("1.12")), "1.24");
        assert_eq!(agreed("1.41", None), "1.41");
        assert_eq!(agreed("1.9", Some("1.2")), "1.9", "versions are numbers");
        assert_eq!(agreed("1.99", Some("1.44")), "1.53");
        assert_eq!(agreed("1.99", Some("1.60")), "1.60", "what is not known may still work");
        assert_eq!(agreed("what", None), "1.53");
    }

    #[test]
    fn a_filter_is_json() {
        assert_eq!(filter("type", &["service", "node"]), r#"{"type":["service","node"]}"#);
    }
}
