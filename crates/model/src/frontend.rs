//! Frontends: the ports that are bound, and the time limits of all connections.
//!
//! Not here: binding (the proxy) and reading variables (the program's settings).

use std::time::Duration;

/// A bound port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frontend {
    /// The TCP port, on every address.
    pub port: u16,
    /// Connections speak TLS.
    pub tls: bool,
    /// Connections begin with a PROXY protocol header.
    pub accept_proxy: bool,
}

/// An item of `DEFAULT_PORTS` or `BIND_PORTS` that is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{item}` is not a port: {reason}")]
pub struct BadFrontend {
    item: String,
    reason: &'static str,
}

/// How long each side may stay silent. Docker Flow's variables and defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// To connect to a server, all tries together.
    pub connect: Duration,
    /// For a client, inside a request or response.
    pub client: Duration,
    /// For a server, from the end of the request on.
    pub server: Duration,
    /// To wait for a free place at a server.
    pub queue: Duration,
    /// For both sides of a tunnel.
    pub tunnel: Duration,
    /// For the whole head of a request.
    pub http_request: Duration,
    /// Between two requests of a connection.
    pub http_keep_alive: Duration,
}

impl Frontend {
    /// Reads a comma-separated list such as `80,443:ssl` or `80 accept-proxy`: a port, bind options behind a blank, `:ssl` at the end.
    pub fn parse_list(text: &str) -> Result<Vec<Frontend>, BadFrontend> {
        text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(Frontend::parse).collect()
    }

    fn parse(item: &str) -> Result<Frontend, BadFrontend> {
        let bad = |reason| BadFrontend { item: item.to_owned(), reason };
        let (bind, tls) = match item.strip_suffix(":ssl") {
            Some(bind) => (bind, true),
            None => (item, false),
        };
        let mut words = bind.split_ascii_whitespace();
        let port = words.next().and_then(|word| word.parse().ok()).filter(|port| *port > 0);
        let mut frontend =
            Frontend { port: port.ok_or(bad("it must begin with 1 to 65535"))?, tls, accept_proxy: false };
        for word in words {
            match word {
                "accept-proxy" => frontend.accept_proxy = true,
                _ => return Err(bad("only the bind option accept-proxy is understood")),
            }
        }
        Ok(frontend)
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Timeouts {
            connect: Duration::from_secs(5),
            client: Duration::from_secs(20),
            server: Duration::from_secs(20),
            queue: Duration::from_secs(30),
            tunnel: Duration::from_secs(3600),
            http_request: Duration::from_secs(5),
            http_keep_alive: Duration::from_secs(15),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behaviour_116_ports_with_ssl_and_options_are_read() {
        let ports = Frontend::parse_list("80, 443:ssl,8080 accept-proxy,8443 accept-proxy:ssl").unwrap();
        let read: Vec<_> = ports.iter().map(|port| (port.port, port.tls, port.accept_proxy)).collect();
        assert_eq!(read, [(80, false, false), (443, true, false), (8080, false, true), (8443, true, true)]);
    }

    #[test]
    fn a_port_that_is_none_is_named() {
        for (text, message) in [
            ("80,x", "`x` is not a port: it must begin with 1 to 65535"),
            ("0:ssl", "`0:ssl` is not a port: it must begin with 1 to 65535"),
            ("80 crt /a.pem", "`80 crt /a.pem` is not a port: only the bind option accept-proxy is understood"),
        ] {
            assert_eq!(Frontend::parse_list(text).unwrap_err().to_string(), message);
        }
    }
}
