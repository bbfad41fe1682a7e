//! The one destination that no service may have: the control API of this very program, here and on its other replicas.
//!
//! A service that names it is refused before it gets here; this is about names and addresses that turn out to be it. Whoever reached the API
//! through a public port could publish and remove services.
//! Not here: who the other replicas are (the program says so), and what is dialled (`exchange::connect`, `tcp::connect`).

use crate::own::is_own;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

/// How long the first answer about replicas is waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// How long it is remembered whether an address is this machine's: asking the kernel costs four system calls.
const REMEMBERED: Duration = Duration::from_secs(1);
/// Refusals that are remembered as told.
const MOST_TOLD: usize = 1000;

/// A port that is not dialled on this machine, nor on other replicas of the program. Clones share what they know.
#[derive(Clone, Debug)]
pub struct OffLimits {
    port: u16,
    /// The addresses of all replicas; `None` until they were asked for once.
    replicas: watch::Receiver<Option<Arc<[IpAddr]>>>,
    told: Arc<Mutex<Told>>,
}

/// Which backend was told of which address.
type Told = FxHashSet<(Arc<str>, SocketAddr)>;

impl OffLimits {
    /// `port` of this machine, and of whoever is among `replicas` at the time.
    pub fn new(port: u16, replicas: watch::Receiver<Option<Arc<[IpAddr]>>>) -> OffLimits {
        OffLimits { port, replicas, told: Arc::default() }
    }

    /// Whether `address` may not be dialled, for a reason that completes a sentence.
    async fn reason(&self, address: SocketAddr) -> Option<&'static str> {
        let ip = address.ip().to_canonical();
        if ip.is_loopback() || ip.is_unspecified() || is_own_as_known(ip) {
            return Some("this machine's");
        }
        let mut replicas = self.replicas.clone();
        // Without an answer, or whoever would bring it, nobody is known to be a replica.
        let known = timeout(LONGEST_WAIT, replicas.wait_for(Option::is_some)).await;
        let is_replica = matches!(known, Ok(Ok(known)) if known.as_ref().is_some_and(|known| known.contains(&ip)));
        is_replica.then_some("another replica's")
    }

    fn tell(&self, backend: &Arc<str>, address: SocketAddr, whose: &str) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() >= MOST_TOLD {
            told.clear();
        }
        if told.insert((Arc::clone(backend), address)) {
            tracing::warn!(
                "Backend {backend}: {address} is {whose} own control API, which is never published; it is not dialled"
            );
        }
    }
}

/// Whether `address` must not be dialled for `backend`, which is told once. For any other port this is a comparison of two numbers.
pub(crate) async fn forbids(off_limits: Option<&OffLimits>, backend: &Arc<str>, address: SocketAddr) -> bool {
    let Some(off_limits) = off_limits.filter(|off_limits| off_limits.port == address.port()) else { return false };
    // In a box: every connection of a client has room for this future, and few go to this port.
    let reason = Box::pin(off_limits.reason(address)).await;
    if let Some(whose) = reason {
        off_limits.tell(backend, address, whose);
    }
    reason.is_some()
}

thread_local! {
    /// Since when, and what the kernel said about addresses since then.
    static OWN: RefCell<Option<(Instant, FxHashMap<IpAddr, bool>)>> = const { RefCell::new(None) };
}

/// The same as [`is_own`], at most a second old.
fn is_own_as_known(ip: IpAddr) -> bool {
    OWN.with_borrow_mut(|known| {
        known.take_if(|(since, _)| since.elapsed() >= REMEMBERED);
        let (_, known) = known.get_or_insert_with(|| (Instant::now(), FxHashMap::default()));
        *known.entry(ip).or_insert_with(|| is_own(ip))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(replicas: Option<&[[u8; 4]]>) -> (watch::Sender<Option<Arc<[IpAddr]>>>, OffLimits) {
        let replicas = replicas.map(|known| known.iter().copied().map(IpAddr::from).collect());
        let (say, replicas) = watch::channel(replicas);
        (say, OffLimits::new(8080, replicas))
    }

    async fn is_forbidden(off_limits: &OffLimits, address: &str) -> bool {
        forbids(Some(off_limits), &Arc::from("go-be8080_0"), address.parse().unwrap()).await
    }

    #[tokio::test]
    async fn the_port_is_off_limits_on_this_machine_and_on_replicas_only() {
        let (_say, off_limits) = given(Some(&[[192, 0, 2, 7]]));
        for ip in ["127.0.0.1", "127.1.2.3", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "192.0.2.7"] {
            assert!(is_forbidden(&off_limits, &format!("{ip}:8080")).await, "{ip}");
            assert!(!is_forbidden(&off_limits, &format!("{ip}:8081")).await, "{ip}");
        }
        assert!(is_forbidden(&off_limits, "[::ffff:192.0.2.7]:8080").await);
        assert!(!is_forbidden(&off_limits, "192.0.2.8:8080").await);
        assert!(!forbids(None, &Arc::from("go"), "127.0.0.1:8080".parse().unwrap()).await);
    }

    #[tokio::test(start_paused = true)]
    async fn replicas_come_and_go_and_silence_about_them_stops_nobody_for_long() {
        let (say, off_limits) = given(None);
        assert!(!is_forbidden(&off_limits, "192.0.2.7:8080").await, "nobody said who the replicas are");
        say.send_replace(Some([IpAddr::from([192, 0, 2, 7])].into_iter().collect()));
        assert!(is_forbidden(&off_limits, "192.0.2.7:8080").await);
        say.send_replace(Some(Arc::default()));
        assert!(!is_forbidden(&off_limits, "192.0.2.7:8080").await);
        drop(say);
        assert!(!is_forbidden(&off_limits, "192.0.2.7:8080").await);
    }
}
