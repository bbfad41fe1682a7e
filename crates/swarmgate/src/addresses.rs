//! Addresses of other programs: listeners, and this proxy's other replicas.
//!
//! Not here: speaking to them (`follow`, `peers`).

use crate::bearer::Bearer;
use proxy::Resolver;
use reqwest::header::AUTHORIZATION;
use reqwest::{Client, RequestBuilder};
use std::fmt;
use std::net::SocketAddr;

/// The port of every API unless another one is named.
const DEFAULT_PORT: u16 = 8080;

/// A listener: `host`, `host:port`, or with `http://` before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerAddress {
    host: String,
    port: u16,
}

impl ListenerAddress {
    /// Reads an address; the error completes a sentence that begins with it.
    pub fn parse(text: &str) -> Result<ListenerAddress, &'static str> {
        let authority = text.strip_prefix("http://").unwrap_or(text).trim_end_matches('/');
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| "has no port behind the colon")?),
            None => (authority, DEFAULT_PORT),
        };
        let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.[]:".contains(&byte);
        let bare_ipv6 = host.contains(':') && !(host.starts_with('[') && host.ends_with(']'));
        if host.is_empty() || bare_ipv6 || !host.bytes().all(safe) {
            return Err("is not host, host:port or http://host:port; an IPv6 address stands in brackets");
        }
        Ok(ListenerAddress { host: host.to_owned(), port })
    }

    /// The URL of one of its endpoints.
    pub fn url(&self, endpoint: &str) -> String {
        format!("http://{self}/v1/docker-flow-swarm-listener/{endpoint}")
    }

    /// A call of one of its endpoints, with the token if there is one: a listener that has it shows services to nobody else.
    pub fn call(&self, client: &Client, endpoint: &str, token: Option<&Bearer>) -> RequestBuilder {
        let request = client.get(self.url(endpoint));
        match token {
            Some(token) => request.header(AUTHORIZATION, token.authorization()),
            None => request,
        }
    }
}

impl fmt::Display for ListenerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// Resolves names for the HTTP client with the proxy's own resolver: no cache keeps an address longer than it is true, and a static
/// binary needs nothing of the system's.
pub struct ClientResolver(pub Resolver);

impl reqwest::dns::Resolve for ClientResolver {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let resolver = self.0.clone();
        Box::pin(async move {
            let addresses = resolver.addresses(name.as_str()).await?;
            let addresses: reqwest::dns::Addrs = Box::new(addresses.into_iter().map(|ip| SocketAddr::new(ip, 0)));
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_is_a_host_with_or_without_port_and_scheme() {
        let url = |text: &str| ListenerAddress::parse(text).map(|address| address.url("get-services"));
        assert_eq!(
            url("swarm-listener").unwrap(),
            "http://swarm-listener:8080/v1/docker-flow-swarm-listener/get-services"
        );
        assert_eq!(url("http://l:81/").unwrap(), "http://l:81/v1/docker-flow-swarm-listener/get-services");
        assert!(url("::1").is_err() && url("[::1]:8080").is_ok());
        assert!(url("").is_err() && url("a:b").is_err() && url("a b").is_err() && url("https://a").is_err());
    }
}
