//! Addresses of this machine for one case: each case has a network of its own in 127.0.0.0/8, so that both proxies bind the very ports
//! that the case names, and every service has a host of its own.
//!
//! Not here: what is bound on them (`world`).

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU8, Ordering};

/// Second bytes of addresses that a run may take for itself.
const NETWORKS: std::ops::Range<u8> = 64..255;
/// Whoever listens here on `127.<network>.0.1` has the network.
const FLAG: u16 = 9;
/// Third bytes.
const CASES: u8 = 250;

/// The networks of a run. They are free again with this.
pub(crate) struct Networks {
    network: u8,
    next: AtomicU8,
    _flag: TcpListener,
}

/// The network of a case.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    network: u8,
    case: u8,
}

impl Networks {
    /// `None` where low ports cannot be bound: the cases are about 80 and 443.
    pub(crate) fn claim() -> Option<Networks> {
        let claim = |network| {
            let flag = TcpListener::bind((Ipv4Addr::new(127, network, 0, 1), FLAG)).ok()?;
            Some(Networks { network, next: AtomicU8::new(0), _flag: flag })
        };
        NETWORKS.into_iter().find_map(claim)
    }

    /// The next one; those of long ago come again.
    pub(crate) fn next(&self) -> Place {
        let number = self.next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some((last + 1) % CASES));
        let case = number.expect("it is always changed") + 1;
        Place { network: self.network, case }
    }
}

impl Place {
    fn host(self, last: u8) -> Ipv4Addr {
        Ipv4Addr::new(127, self.network, self.case, last)
    }

    pub(crate) fn ours(self) -> Ipv4Addr {
        self.host(1)
    }

    pub(crate) fn haproxy(self) -> Ipv4Addr {
        self.host(2)
    }

    /// The host of the service with this number, from 0 on.
    pub(crate) fn service(self, number: usize) -> Ipv4Addr {
        self.host(u8::try_from(number + 10).expect("a case has few services"))
    }

    /// Whether `address` is that of a service.
    pub(crate) fn is_service(self, address: &SocketAddr) -> bool {
        matches!(address, SocketAddr::V4(v4) if v4.ip().octets()[..3] == self.host(0).octets()[..3] && v4.ip().octets()[3] >= 10)
    }

    /// A text without what differs from run to run and from proxy to proxy.
    pub(crate) fn anonymous(self, text: &str) -> String {
        let prefix = format!("127.{}.{}.", self.network, self.case);
        let mut parts = text.split(&*prefix);
        let mut anonymous = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let digits = part.bytes().take_while(u8::is_ascii_digit).count();
            let name = match part[..digits].parse() {
                Ok(1 | 2) => "proxy".to_owned(),
                Ok(last @ 10..) => format!("service-{}", last - 10u32),
                _ => format!("{prefix}{}", &part[..digits]),
            };
            anonymous.push_str(&name);
            anonymous.push_str(&part[digits..]);
        }
        anonymous
    }
}
