//! One address that wants notifications, and what a request to it looks like.
//!
//! Parameters are written as Go's `url.Values` writes them, because receivers compare and log them so: sorted by name, a
//! space as `+`, and everything but letters, digits and `-._~` escaped. Only a service's removal begins with `serviceName`: so the
//! tutorial shows it, in the log of both sides.

use super::reach::Reach;
use crate::announce::Kind;
use crate::escape::escape;
use model::Params;
use model::params::{self, MASK};
use reqwest::{Method, Url};
use std::sync::Arc;
use tokio::sync::{Notify, Semaphore};

/// So many notifications travel to one receiver at the same time; the others wait for their turn.
const IN_FLIGHT: usize = 8;

/// An address in the settings that nothing can be sent to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TargetError {
    // The address is not repeated here: an address that cannot be parsed may still contain a password.
    #[error("address {number} cannot be parsed: {reason}")]
    Address { number: usize, reason: String },
    #[error("{url} is not an http:// address; others are not supported")]
    Scheme { url: String },
    #[error("{method:?} is not an HTTP method")]
    Method { method: String },
}

/// A receiver of notifications.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) method: Method,
    /// As configured; its own query, if any, comes before the parameters.
    url: Url,
    /// Permits to have a request under way.
    pub(crate) turns: Semaphore,
    /// Of its host and port, which other targets may share.
    pub(super) reach: Arc<Reach>,
}

impl Target {
    /// All addresses of one kind of notification, each with the method of its position; the last method repeats.
    pub(crate) fn all(urls: &[String], methods: &[String]) -> Vec<Result<Self, TargetError>> {
        let method = |position: usize| methods.get(position).or(methods.last()).map_or("GET", String::as_str);
        urls.iter().enumerate().map(|(position, url)| Self::parse(position, url, method(position))).collect()
    }

    fn parse(position: usize, url: &str, method: &str) -> Result<Self, TargetError> {
        let url = Url::parse(url.trim())
            .map_err(|error| TargetError::Address { number: position + 1, reason: error.to_string() })?;
        if url.scheme() != "http" {
            return Err(TargetError::Scheme { url: without_password(url).into() });
        }
        let upper = method.trim().to_ascii_uppercase();
        let method = Method::from_bytes(upper.as_bytes()).map_err(|_| TargetError::Method { method: upper })?;
        let reach = Arc::new(Reach::new(&authority(&url), &Arc::new(Notify::new())));
        Ok(Target { method, url, turns: Semaphore::new(IN_FLIGHT), reach })
    }

    /// `host:port`.
    pub(super) fn authority(&self) -> String {
        authority(&self.url)
    }

    /// Where the request goes.
    pub(crate) fn url(&self, kind: Kind, params: &Params) -> Url {
        self.with_query(&query(kind, params, escape_value))
    }

    /// The same for the log: no password of a service's users, no certificate, no password for the receiver itself.
    pub(crate) fn shown_url(&self, kind: Kind, params: &Params) -> String {
        without_password(self.with_query(&query(kind, params, mask_value))).into()
    }

    fn with_query(&self, params: &str) -> Url {
        let mut url = self.url.clone();
        let query = match self.url.query() {
            None | Some("") => params.to_owned(),
            Some(own) => format!("{own}&{params}"),
        };
        url.set_query(Some(&query));
        url
    }
}

fn authority(url: &Url) -> String {
    format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default())
}

fn without_password(mut url: Url) -> Url {
    if url.password().is_some() {
        // Setting it fails only for addresses that cannot have one.
        let _ = url.set_password(Some(MASK));
    }
    url
}

fn query(kind: Kind, params: &Params, value_of: fn(&str, &str) -> String) -> String {
    let leads = |name: &str| kind == Kind::ServiceRemoved && name == "serviceName";
    let (first, rest): (Vec<_>, Vec<_>) = params.iter().partition(|(name, _)| leads(name));
    let pairs =
        first.into_iter().chain(rest).map(|(name, value)| format!("{}={}", escape(name), value_of(name, value)));
    pairs.collect::<Vec<String>>().join("&")
}

fn escape_value(_name: &str, value: &str) -> String {
    escape(value)
}

/// A value without what is secret in it. The mask stays readable.
fn mask_value(name: &str, value: &str) -> String {
    escape(&params::shown(name, value)).replace(&escape(MASK), MASK)
}

#[cfg(test)]
mod tests;
