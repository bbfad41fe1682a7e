//! Who may speak for other clients: by a PROXY protocol header, or by X-Forwarded fields.
//!
//! Not here: reading the header (`proxy_protocol`) and dropping the fields (`http1::request`).

use ipnet::IpNet;
use std::net::IpAddr;

/// The networks of `TRUSTED_PROXIES`; none: everybody is trusted, as by Docker Flow.
#[derive(Clone, Debug, Default)]
pub struct Trusted(Vec<Network>);

/// A network, or a single address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(IpNet);

/// What a peer may say about other clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Nobody was listed: fields are passed on as they come, and nothing is decided by them.
    Unlimited,
    /// It is listed: an X-Forwarded-Proto of it counts as TLS.
    Listed,
    /// Others are listed.
    Stranger,
}

impl Network {
    /// Reads `10.0.0.0/8`, `fd00::/8`, or an address alone.
    pub fn parse(text: &str) -> Option<Network> {
        let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        network.ok().map(|network: IpNet| Network(network.trunc()))
    }

    /// Whether `ip` lies in it.
    pub(crate) fn contains(&self, ip: IpAddr) -> bool {
        self.0.contains(&ip)
    }

    /// The first address that a machine may have in it.
    pub(crate) fn first(&self) -> IpAddr {
        self.0.hosts().next().unwrap_or_else(|| self.0.addr())
    }
}

impl FromIterator<Network> for Trusted {
    fn from_iter<I: IntoIterator<Item = Network>>(networks: I) -> Self {
        Trusted(networks.into_iter().collect())
    }
}

impl Trusted {
    pub(crate) fn judge(&self, peer: IpAddr) -> Trust {
        let peer = peer.to_canonical();
        match &self.0 {
            none if none.is_empty() => Trust::Unlimited,
            listed if listed.iter().any(|network| network.contains(peer)) => Trust::Listed,
            _ => Trust::Stranger,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_belongs_to_its_networks_in_either_spelling() {
        let trusted: Trusted = ["10.1.2.3/8", "192.0.2.7", "fd00::/8"].into_iter().filter_map(Network::parse).collect();
        for (address, trust) in [
            ("10.255.0.1", Trust::Listed),
            ("::ffff:10.0.0.1", Trust::Listed),
            ("192.0.2.7", Trust::Listed),
            ("fd00::1", Trust::Listed),
            ("192.0.2.8", Trust::Stranger),
            ("fe80::1", Trust::Stranger),
        ] {
            assert_eq!(trusted.judge(address.parse().unwrap()), trust, "{address}");
        }
        assert_eq!(Trusted::default().judge([1, 2, 3, 4].into()), Trust::Unlimited);
    }

    #[test]
    fn what_is_no_network_is_none() {
        for text in ["", "10.0.0.0/33", "10.0.0", "host", "10.0.0.0/-1"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}
