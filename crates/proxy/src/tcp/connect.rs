//! A server for a bare connection: in the order of the pool's balance, another one where a connect fails.
//!
//! Not here: the order (`tcp::choose`), and connections that requests share (`exchange::connect`).

use super::TcpUpstream;
use super::choose::{Choice, Load};
use crate::exchange::{dial, is_our_own};
use crate::observe::Session;
use crate::off_limits::forbids;
use crate::resolve::Host;
use crate::worker::Shared;
use model::service::Balance;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

/// Where another server can be had, one that does not answer is given up after this.
const SINGLE_TRY: Duration = Duration::from_secs(1);
/// Connects tried for one client: HAProxy's three retries.
const MOST_TRIES: usize = 4;

/// A server's connection.
pub(super) struct Server {
    pub(super) stream: TcpStream,
    pub(super) address: SocketAddr,
    /// Counts it for as long as it lasts, where connections are counted.
    _load: Option<Load>,
}

/// Connects; `None` if no server can be reached, or none is known.
pub(super) async fn connect(
    upstream: &TcpUpstream,
    client: IpAddr,
    shared: &Shared,
    session: &mut Session,
) -> Option<Server> {
    let backend = upstream.backend.first();
    let balance = upstream.backend.balance;
    let mut servers = upstream.servers(shared).await;
    let (loads, probes, health) = (&shared.loads, &shared.probes, &shared.health);
    Choice { balance, turn: upstream.next_turn(), client, loads, probes, health }.sort(&mut servers);
    let end = Instant::now() + shared.timeouts.connect;
    let count = servers.len().min(MOST_TRIES);
    for (address, others) in servers.into_iter().zip((0..count).rev()) {
        let left = end.saturating_duration_since(Instant::now());
        let limit = if others > 0 { left.min(SINGLE_TRY) } else { left };
        health.trying(address, limit);
        match timeout(limit, dial(address)).await {
            Ok(Ok(stream)) => {
                health.connected(address);
                session.connected(backend, address, false);
                let load = (balance == Balance::LeastConnections).then(|| loads.add(address));
                return Some(Server { stream, address, _load: load });
            }
            // The proxy itself has run out of something: no fault of the server.
            Ok(Err(error)) if is_our_own(&error) => return None,
            Ok(Err(_)) | Err(_) => {
                health.failed(address, &backend.service);
                session.connect_failed(backend, address);
                session.retries(others > 0);
            }
        }
        // Whoever does not answer may not exist any more.
        upstream.ask();
    }
    None
}

/// The addresses of each member: as they are known, or all waited for together.
async fn addresses(members: &[Arc<Host>]) -> Vec<Arc<[IpAddr]>> {
    members.iter().for_each(|host| host.ask_unless_known());
    // All are looked at, as that has DNS asked in passing.
    let usable = members.iter().filter(|host| host.usable().is_some_and(|addresses| !addresses.is_empty())).count();
    if usable == 0 {
        let waits = members.iter().map(Arc::clone).map(|host| async move { host.addresses().await });
        waits.collect::<JoinSet<_>>().join_all().await;
    }
    members.iter().map(|host| host.known()).collect()
}

impl TcpUpstream {
    /// The addresses of all members' tasks, each once, without those that are never dialled. Waits only where none of any member is known.
    pub(super) async fn servers(&self, shared: &Shared) -> Vec<SocketAddr> {
        let mut servers = Vec::new();
        for (ips, member) in addresses(&self.hosts).await.iter().zip(&self.backend.members) {
            for ip in ips.iter() {
                let address = SocketAddr::new(*ip, member.port);
                let off_limits = shared.off_limits.as_ref();
                if !servers.contains(&address) && !forbids(off_limits, &member.name, address).await {
                    servers.push(address);
                }
            }
        }
        servers
    }

    /// All are asked before one is waited for.
    pub(super) fn ask_unless_known(&self) {
        self.hosts.iter().for_each(|host| host.ask_unless_known());
    }

    /// Hosts outlive worlds, so a change begins no round anew.
    fn next_turn(&self) -> usize {
        self.hosts.first().map_or(0, |host| host.turn.next())
    }

    fn ask(&self) {
        self.hosts.iter().for_each(|host| host.ask());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::{KnownTasks, Resolver};
    use model::service::Dial;

    #[tokio::test(start_paused = true)]
    async fn bug_members_without_a_task_were_waited_for_one_after_the_other() {
        let resolver = Resolver::start(&[SocketAddr::from(([127, 0, 0, 1], 9))]).unwrap();
        let names = ["a", "b", "c"];
        let members = names.map(|name| resolver.host(&Dial::Service(name.to_owned())));
        for (of_c, seconds) in [(vec![IpAddr::from([127, 0, 0, 2])], 0), (Vec::new(), 1)] {
            let tasks = |name: &str| if name == "c" { of_c.clone() } else { Vec::new() };
            let known = |name: &str| KnownTasks { addresses: tasks(name), unreachable: None };
            resolver.tasks_are(names.map(|name| (name.to_owned(), known(name))).into());
            let started = Instant::now();
            assert_eq!(addresses(&members).await.concat(), of_c);
            assert_eq!(started.elapsed().as_secs(), seconds, "with {of_c:?}");
        }
    }
}
