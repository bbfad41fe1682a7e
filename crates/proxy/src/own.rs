//! Which addresses are this machine's, and which networks it is attached to. The kernel says so; nothing is sent.
//!
//! Not here: what follows from it (`off_limits`, and the program's choice among the addresses of a task).

use crate::trusted::Network;
use std::net::{IpAddr, SocketAddr, UdpSocket};

/// Any port: a socket that is only connected sends nothing to it.
const PORT: u16 = 9;

/// Whether `ip` is an address of this machine: the kernel would speak to it from that very address.
pub fn is_own(ip: IpAddr) -> bool {
    own_address_towards(ip) == Some(ip)
}

/// Whether this machine has an address in `network`: the kernel would speak to its first address from one beside it. To a network behind a
/// router it would speak from elsewhere.
pub fn is_attached(network: Network) -> bool {
    own_address_towards(network.first()).is_some_and(|own| network.contains(own))
}

/// The address that this machine would speak to `ip` from.
fn own_address_towards(ip: IpAddr) -> Option<IpAddr> {
    let unspecified: IpAddr = if ip.is_ipv4() { [0, 0, 0, 0].into() } else { [0u16; 8].into() };
    let socket = UdpSocket::bind(SocketAddr::new(unspecified, 0)).ok()?;
    socket.connect(SocketAddr::new(ip, PORT)).ok()?;
    socket.local_addr().ok().map(|own| own.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_addresses_are_known() {
        assert!(is_own([127, 0, 0, 1].into()));
        assert!(!is_own([192, 0, 2, 1].into()));
    }

    #[test]
    fn own_networks_are_known() {
        let attached = |text| is_attached(Network::parse(text).unwrap());
        assert!(attached("127.0.0.0/8") && attached("127.0.0.1"));
        assert!(!attached("198.51.100.0/24"), "whatever route leads there");
        assert!(!attached("2001:db8::/64"));
    }
}
