//! What can go wrong with a call to Docker.
//!
//! Not here: whether to call again ([`crate::listener`]).

use std::error::Error;

use crate::reason::reason;

/// Docker could not be asked, or did not answer as it should. Never the same as an empty answer.
#[derive(Debug, thiserror::Error)]
pub enum DockerError {
    /// The address is neither a Unix socket nor a TCP address.
    #[error("docker host {0:?} is neither unix:///path nor tcp://host:port")]
    BadHost(String),
    /// The certificates for TLS with Docker cannot be used.
    #[error("the certificates for docker cannot be used: {0}")]
    BadCertificates(String),
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

/// The same before it is known whom it is about.
pub(super) enum Failure {
    TimedOut,
    Because(String),
}

impl Failure {
    pub(super) fn at(self, host: &str) -> DockerError {
        let host = host.to_owned();
        match self {
            Failure::TimedOut => DockerError::TimedOut { host },
            Failure::Because(reason) => DockerError::Failed { host, reason },
        }
    }
}

impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure::Because(reason(&error))
    }
}
