//! R15: a node is cut off, and later healed; its services go on elsewhere, and no new request goes there.

use crate::dns::{FakeDns, Says};
use crate::harness::{Ask, Load, Node, Program, Run, Server, Tally, until};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

const PORT: u16 = 8000;
/// Clients that POST; each has at most one request in flight.
const POSTING: usize = 2;
/// After this, no new request goes to a node that is cut off.
const NOTICED: Duration = Duration::from_secs(2);
/// A request that went there waits this long at least: the time for one try to connect.
const TRY: Duration = Duration::from_secs(1);
/// A healed node is used again after this.
const BACK: Duration = Duration::from_secs(5);
const STANDSTILL: Duration = Duration::from_secs(60);

pub(crate) async fn gets_nothing_new(run: Run) -> anyhow::Result<String> {
    let nodes = match [Node::make(0), Node::make(1)] {
        [Ok(one), Ok(other)] => [one, other],
        [Err(error), _] | [_, Err(error)] => return Ok(format!("not held, for want of namespaces: {error:#}")),
    };
    let mut servers = Vec::new();
    for node in &nodes {
        servers.push(Server::start_on(node, PORT).await?);
    }
    let dns = FakeDns::start().await;
    dns.about("tasks.go", Says::Addresses(nodes.iter().map(|node| node.address).collect()));
    let proxy = Program::start(&[("RESOLVERS", &dns.address.to_string()), ("TIMEOUT_SERVER", "5")]).await?;
    proxy.configure(&format!("serviceName=go&servicePath=/go&port={PORT}")).await?;
    let share = Arc::new(AtomicU64::new(0));
    let begin = |run: &Run| begin(run, proxy.address, &nodes[1], &share);
    let posts = Run { tally: Arc::default(), ..run.clone() };
    let gets = begin(&run).clients(6, Ask::Get).clients(2, Ask::Fresh);
    let posting = begin(&posts).clients(POSTING, Ask::Post(100));
    until(STANDSTILL, "both nodes answer", || run.tally.answered() > 500 && share.load(Relaxed) > 100).await?;

    nodes[1].cut_off()?;
    tokio::time::sleep(NOTICED).await;
    let later = Run { tally: Arc::new(Tally::default()), ..run.clone() };
    let load = begin(&later).clients(4, Ask::Get).clients(4, Ask::Fresh).clients(4, Ask::Post(100));
    tokio::time::sleep(run.of(Duration::from_secs(4), Duration::from_secs(30))).await;
    load.stop().await?;
    later.tally.lost_at_most(0)?;
    let slowest = later.tally.slowest();
    anyhow::ensure!(slowest < TRY, "{NOTICED:?} after the cut, a request took {slowest:.1?}: {}", later.tally);

    let before = share.load(Relaxed);
    nodes[1].heal()?;
    let back = until(BACK, "a healed node is used", || share.load(Relaxed) > before + 10).await?;
    gets.stop().await?;
    posting.stop().await?;
    run.tally.lost_at_most(0)?;
    posts.tally.lost_at_most(POSTING as u64)?;
    let at_once = run.tally.slowest();
    Ok(format!(
        "GETs: {}, slowest {at_once:.1?}; POSTs: {}; {NOTICED:?} after the cut: {}, slowest {slowest:.0?}; healed and used after {back:.1?}",
        run.tally, posts.tally, later.tally
    ))
}

/// A load whose answers from `node` are counted.
fn begin(run: &Run, proxy: SocketAddr, node: &Node, share: &Arc<AtomicU64>) -> Load {
    let (node, share) = (node.address.to_string(), Arc::clone(share));
    Load::watched(run, proxy, "/go", None, move |reply| {
        share.fetch_add(u64::from(reply.by == node), Relaxed);
    })
}
