//! Sticky sessions: a cookie that names a client's server, as HAProxy's `cookie <name> insert indirect nocache dynamic`.
//!
//! Its value is made of the server's address and a key, so it stays with its task while others come and go, and is the same on all
//! replicas of the proxy without their talking about it.
//! Not here: reading and writing the fields (`exchange`).

use aws_lc_rs::hmac;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Hexadecimal digits of a value: as many as HAProxy's.
const DIGITS: usize = 16;

/// Makes the values. Without a secret they are the same everywhere, and tell an address to whoever tries them all.
#[derive(Clone)]
pub struct SessionKey(Arc<hmac::Key>);

/// The server that one client wants.
#[derive(Clone)]
pub(crate) struct Stickiness {
    /// The cookie.
    pub(crate) name: Arc<str>,
    /// What the client sent of it.
    said: Option<Vec<u8>>,
    key: SessionKey,
}

impl SessionKey {
    /// A key that only those have who know `secret`.
    pub fn new(secret: &[u8]) -> SessionKey {
        SessionKey(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, secret)))
    }

    fn value(&self, name: &str, address: SocketAddr) -> String {
        let tag = hmac::sign(&self.0, format!("{name} {address}").as_bytes());
        tag.as_ref().iter().take(DIGITS / 2).map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Default for SessionKey {
    fn default() -> Self {
        SessionKey::new(b"swarmgate")
    }
}

impl std::fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionKey(*****)")
    }
}

impl Stickiness {
    pub(crate) fn new(name: &Arc<str>, said: Option<Vec<u8>>, key: &SessionKey) -> Stickiness {
        Stickiness { name: Arc::clone(name), said, key: key.clone() }
    }

    /// The server that the client was with, if it is still one of these.
    pub(crate) fn wanted(&self, addresses: &[IpAddr], port: u16) -> Option<SocketAddr> {
        let said = self.said.as_deref()?;
        let mut all = addresses.iter().map(|ip| SocketAddr::new(*ip, port));
        match self.place_said(said) {
            Some(place) => order_of_texts(all.collect()).get(place).copied(),
            None => all.find(|address| self.key.value(&self.name, *address).as_bytes() == said),
        }
    }

    /// The value that the client should have; `None`: it has it.
    pub(crate) fn correction(&self, address: SocketAddr) -> Option<String> {
        Some(self.key.value(&self.name, address)).filter(|value| self.said.as_deref() != Some(value.as_bytes()))
    }

    /// Before this proxy, values were `<service>_<place>`: clients that come from the proxy it replaces keep their sessions.
    fn place_said(&self, said: &[u8]) -> Option<usize> {
        let place = std::str::from_utf8(said).ok()?.strip_prefix(&*self.name)?.strip_prefix('_')?;
        place.parse().ok()
    }
}

/// Those places were in the order of the addresses' texts.
fn order_of_texts(mut addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    addresses.sort_by_cached_key(|address| address.ip().to_string());
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(last: &[u8]) -> Vec<IpAddr> {
        last.iter().map(|last| IpAddr::from([10, 0, 0, *last])).collect()
    }

    fn stickiness(said: Option<&str>) -> Stickiness {
        Stickiness::new(&"go".into(), said.map(|said| said.as_bytes().to_vec()), &SessionKey::default())
    }

    #[test]
    fn a_value_stays_with_its_server_while_others_come_and_go() {
        let server = SocketAddr::from(([10, 0, 0, 3], 80));
        let value = stickiness(None).correction(server).expect("a client without a cookie gets one");
        assert_eq!((value.len(), value.contains("10.0")), (DIGITS, false));
        let client = stickiness(Some(&value));
        for all in [&[3][..], &[1, 3, 5], &[3, 4]] {
            assert_eq!(client.wanted(&addresses(all), 80), Some(server), "{all:?}");
        }
        assert_eq!(client.correction(server), None, "it has it");
        assert_eq!(client.wanted(&addresses(&[1, 2]), 80), None, "its task is gone");
        assert!(client.correction(SocketAddr::from(([10, 0, 0, 1], 80))).is_some());
    }

    #[test]
    fn values_of_other_services_ports_and_keys_are_others() {
        let server = SocketAddr::from(([10, 0, 0, 3], 80));
        let value = stickiness(None).correction(server).unwrap();
        let other = |name: &str, key: SessionKey| Stickiness::new(&name.into(), None, &key).correction(server).unwrap();
        assert_ne!(value, other("other", SessionKey::default()));
        assert_ne!(value, other("go", SessionKey::new(b"s3cret")));
        assert_eq!(stickiness(Some(&value)).wanted(&addresses(&[3]), 81), None);
        assert_eq!(format!("{:?}", SessionKey::new(b"s3cret")), "SessionKey(*****)");
    }

    #[test]
    fn a_value_of_the_proxy_before_is_a_place_in_the_order_of_texts() {
        let all = addresses(&[2, 9, 10]);
        let wanted = |said| stickiness(Some(said)).wanted(&all, 80).map(|address| address.ip().to_string());
        assert_eq!(wanted("go_0").as_deref(), Some("10.0.0.10"));
        assert_eq!(wanted("go_2").as_deref(), Some("10.0.0.9"));
        for none in ["go_3", "go_", "go", "other_0", "go_-1", ""] {
            assert_eq!(wanted(none), None, "{none}");
        }
        let corrected = stickiness(Some("go_0")).correction(SocketAddr::from(([10, 0, 0, 10], 80)));
        assert!(corrected.is_some(), "it is replaced by one that stays");
    }
}
