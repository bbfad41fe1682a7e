//! R17: whatever DNS does, the last good addresses are kept, and its next good answer is noticed.

use crate::dns::{FakeDns, Says};
use crate::harness::{Ask, Backend, Load, Program, Relay, Run, until};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::time::Duration;

/// How soon a good answer counts.
const RECOVERY: Duration = Duration::from_secs(2);

enum Fault {
    Says(Says),
    /// Answers come too late.
    Slow(Duration),
    /// Nobody listens.
    Closed,
}

pub(crate) async fn may_fail(run: Run) -> anyhow::Result<String> {
    let hold = run.of(Duration::from_millis(1500), Duration::from_secs(60));
    let dns = FakeDns::start().await;
    let mut way = Relay::to(dns.address).await?;
    let one = Backend::on(SocketAddr::from(([127, 0, 0, 2], 0))).await?;
    let other = Backend::on(SocketAddr::from(([127, 0, 0, 3], one.port()))).await?;
    dns.resolves("tasks.go", &[2]);
    let proxy = Program::start(&[("RESOLVERS", &way.address.to_string())]).await?;
    proxy.configure(&format!("serviceName=go&servicePath=/go&port={}", other.port())).await?;
    let by = Arc::new(AtomicU8::new(0));
    let seen = Arc::clone(&by);
    let load = Load::watched(&run, proxy.address, "/go", None, move |reply| {
        seen.store(reply.by.rsplit('.').next().and_then(|last| last.parse().ok()).unwrap_or(0), Relaxed);
    });
    let load =
        load.paced(Duration::from_millis(2)).clients(4, Ask::Get).clients(2, Ask::Fresh).clients(1, Ask::Post(1000));
    until(RECOVERY, "the first server answers", || by.load(Relaxed) == 2).await?;
    let mut slowest_recovery = Duration::ZERO;
    for (number, (name, fault)) in faults().into_iter().enumerate() {
        let (now, next) = if number % 2 == 0 { (2, 3) } else { (3, 2) };
        run.tally.stage(format!("DNS {name} for {hold:?}"));
        begin(&dns, &mut way, fault).await?;
        tokio::time::sleep(hold).await;
        anyhow::ensure!(by.load(Relaxed) == now, "DNS {name}: 127.0.0.{} answers", by.load(Relaxed));
        dns.resolves("tasks.go", &[next]);
        dns.about("go", Says::NoSuchName);
        way.delay(Duration::ZERO).await?;
        let recovery =
            until(RECOVERY, &format!("the new address, after DNS {name}"), || by.load(Relaxed) == next).await?;
        slowest_recovery = slowest_recovery.max(recovery);
    }
    load.stop().await?;
    run.tally.lost_at_most(0)?;
    run.tally.stage("");
    let slowest = run.tally.slowest();
    Ok(format!(
        "6 faults of {hold:?}: {}, slowest {slowest:.1?}, recovered after at most {slowest_recovery:.1?}",
        run.tally
    ))
}

fn faults() -> [(&'static str, Fault); 6] {
    [
        ("says that there is no such name", Fault::Says(Says::NoSuchName)),
        ("fails", Fault::Says(Says::Failure)),
        ("knows no address", Fault::Says(Says::Addresses(Vec::new()))),
        ("is silent", Fault::Says(Says::Silence)),
        ("is slow", Fault::Slow(Duration::from_secs(3))),
        ("is closed", Fault::Closed),
    ]
}

async fn begin(dns: &FakeDns, way: &mut Relay, fault: Fault) -> anyhow::Result<()> {
    match fault {
        Fault::Says(says) => {
            dns.about("tasks.go", says.clone());
            dns.about("go", says);
        }
        Fault::Slow(delay) => way.delay(delay).await?,
        Fault::Closed => way.close().await,
    }
    Ok(())
}
