//! R6: while services come, change and go, no request is lost, whatever way its client has of asking.

use crate::harness::{Ask, Backend, Load, Program, Run, until};
use std::time::Duration;

/// Nothing stands still for longer between two changes.
const STANDSTILL: Duration = Duration::from_secs(60);

pub(crate) async fn lose_no_request(run: Run) -> anyhow::Result<String> {
    let (requests, changes) = run.of((10_000, 40), (100_000, 200));
    let proxy = Program::start(&[]).await?;
    let backends = [Backend::start().await?, Backend::start().await?];
    let ports = [backends[0].port(), backends[1].port()];
    proxy.configure(&hot(0, ports)).await?;
    let began = std::time::Instant::now();
    let load = Load::new(&run, proxy.address, "/hot", Some(requests)).clients(6, Ask::Get).clients(3, Ask::Fresh);
    let load = load.clients(2, Ask::Pipelined).clients(1, Ask::Post(100)).clients(1, Ask::Post(65_536));
    let load = load.clients(1, Ask::Chunked(5_000));
    let pieces = run.of(20, 100);
    let slow =
        Load::new(&run, proxy.address, "/hot", None).clients(2, Ask::Download(pieces)).clients(2, Ask::Upload(pieces));
    for change in 1..=changes {
        let due = change * requests / (changes + 1);
        until(STANDSTILL, "requests go on", || run.tally.answered() + run.tally.losses() >= due).await?;
        make(&proxy, change, ports).await?;
        run.tally.stage(format!("{change} of {changes} changes"));
    }
    load.done().await?;
    let took = began.elapsed();
    slow.stop().await?;
    run.tally.lost_at_most(0)?;
    let answered = run.tally.answered();
    anyhow::ensure!(answered > requests, "{answered} of more than {requests} are accounted for");
    let rate = answered as f64 / took.as_secs_f64();
    Ok(format!("{}, {rate:.0} requests/s, slow ones of {} s included", run.tally, pieces / 10))
}

/// Two of three changes are of other services that come and go; each third is one of the service that is asked.
async fn make(proxy: &Program, change: u64, ports: [u16; 2]) -> anyhow::Result<()> {
    let port = ports[0];
    match change % 3 {
        0 => proxy.configure(&hot(change / 3, ports)).await,
        1 => {
            // One before it and one behind it in the table, on hosts and paths that lie around those of the hot one.
            let query =
                format!("serviceName=a{change}&servicePath=/hot/{change}/x,/h&port={port}&outboundHostname=127.0.0.1");
            proxy.configure(&query).await
        }
        _ => proxy.change(&format!("/remove?serviceName=a{}", change - 1)).await,
    }
}

/// The hot service, each time with other parameters; every other time on another server.
fn hot(version: u64, ports: [u16; 2]) -> String {
    let port = ports[usize::try_from(version % 2).expect("below 2")];
    let more = match version % 5 {
        0 => String::new(),
        1 => format!("&timeoutServer={}", 20 + version),
        2 => format!("&addReqHeader=X-Version%20{version}"),
        3 => "&connectionMode=http-server-close".to_owned(),
        _ => format!("&servicePath=/hot,/also/{version}&addResHeader=X-Version%20{version}"),
    };
    let path = if more.contains("servicePath") { "" } else { "&servicePath=/hot" };
    format!("serviceName=hot&port={port}&outboundHostname=127.0.0.1{path}{more}")
}
