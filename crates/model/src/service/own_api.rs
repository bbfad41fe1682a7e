//! The proxy's own control API, which is no destination: whoever reached it through a public port could publish and remove services.
//!
//! Judged here is what a service says by itself. Not here: what a name turns out to be once it is looked up (the proxy, when it dials).

use rustls_pki_types::IpAddr;

/// Where the control API of this proxy, and of its other replicas, answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnApi {
    /// Its port.
    pub port: u16,
    /// The proxy's own service (`SERVICE_NAME`): its name and `tasks.` before it lead to the replicas.
    pub service_name: String,
}

impl OwnApi {
    /// Whether `host`, a name or an address, and `port` name it.
    pub(super) fn is_named_by(&self, host: &str, port: u16) -> bool {
        port == self.port && (is_this_machine(host) || self.is_proxy(host))
    }

    fn is_proxy(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        let service = match host.split_at_checked("tasks.".len()) {
            Some((tasks, service)) if tasks.eq_ignore_ascii_case("tasks.") => service,
            _ => host,
        };
        service.eq_ignore_ascii_case(&self.service_name)
    }
}

/// Whether `host` is this machine for any machine: `localhost` and what ends in it (RFC 6761 §6.3), loopback and unspecified addresses.
fn is_this_machine(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    match IpAddr::try_from(host.trim_matches(['[', ']'])) {
        Ok(IpAddr::V4(ip)) => is_this_machine_v4(*ip.as_ref()),
        Ok(IpAddr::V6(ip)) => match *ip.as_ref() {
            // An IPv4 address in IPv6's form (RFC 4291 §2.5.5.2).
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d] => is_this_machine_v4([a, b, c, d]),
            [.., last] => last <= 1 && ip.as_ref()[..15] == [0; 15],
        },
        Err(_) => host.rsplit('.').next().is_some_and(|label| label.eq_ignore_ascii_case("localhost")),
    }
}

fn is_this_machine_v4(ip: [u8; 4]) -> bool {
    ip[0] == 127 || ip == [0; 4]
}

#[cfg(test)]
mod tests {
    use super::OwnApi;

    #[test]
    fn the_api_is_known_by_every_name_that_needs_no_look_up() {
        let api = OwnApi { port: 8080, service_name: "proxy".to_owned() };
        let names = ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "0.0.0.0", "::", "::ffff:127.0.0.1", "[::ffff:0.0.0.0]"];
        let names = names.iter().chain(&["localhost", "LOCALHOST.", "a.localhost", "proxy", "Proxy.", "tasks.proxy"]);
        for name in names {
            assert!(api.is_named_by(name, 8080), "{name}");
            assert!(!api.is_named_by(name, 8081), "{name}");
        }
        for other in ["proxy2", "tasks.proxy2", "go-demo", "192.0.2.1", "localhost.example.com", "tasks.", ""] {
            assert!(!api.is_named_by(other, 8080), "{other}");
        }
    }
}
