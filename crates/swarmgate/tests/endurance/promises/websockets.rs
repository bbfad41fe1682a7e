//! R4: tunnels outlive every change, also those of their own service, and its end.

use crate::harness::{Backend, PATIENCE, Program, Run, Wire, within};
use anyhow::Context as _;
use std::time::Instant;
use tokio::net::TcpStream;

const ASKING: &[u8] = b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

pub(crate) async fn outlive_changes(run: Run) -> anyhow::Result<String> {
    let (count, changes) = run.of((200_u64, 100_u64), (1_000, 1_000));
    let proxy = Program::start(&[]).await?;
    let backend = Backend::start().await?;
    proxy.configure(&service(&backend, 0)).await?;
    let mut sockets = Vec::new();
    for _ in 0..count {
        sockets.push(within(PATIENCE, "an upgrade", open(&proxy)).await??);
    }
    // Every tenth one stays silent until the end.
    let is_idle = |number: usize| number.is_multiple_of(10);
    let began = Instant::now();
    for change in 1..=changes {
        make(&proxy, &backend, change).await?;
        run.tally.stage(format!("{change} of {changes} changes, {count} tunnels"));
        if change.is_multiple_of(changes / 10) {
            for (number, socket) in sockets.iter_mut().enumerate().filter(|(number, _)| !is_idle(*number)) {
                echo(&run, socket, number, change).await;
            }
        }
    }
    let took = began.elapsed();
    proxy.change("/remove?serviceName=ws").await?;
    for (number, socket) in sockets.iter_mut().enumerate() {
        echo(&run, socket, number, changes + 1).await;
    }
    run.tally.lost_at_most(0)?;
    let echoes = run.tally.answered();
    Ok(format!("{count} WebSockets, {changes} changes in {:.1} s, then the service's end: {echoes} echoes, 0 lost", took.as_secs_f64()))
}

async fn open(proxy: &Program) -> anyhow::Result<Wire> {
    let mut wire = Wire::new(TcpStream::connect(proxy.address).await?);
    wire.send(ASKING).await?;
    let head = wire.head().await?.context("no answer to an upgrade")?;
    anyhow::ensure!(head.first_line().starts_with("HTTP/1.1 101 "), "{}", head.first_line());
    Ok(wire)
}

/// Two frames there and back.
async fn echo(run: &Run, socket: &mut Wire, number: usize, change: u64) {
    let frame = format!("\u{1}\u{7f}{number} at {change}\r\n\r\nGET / HTTP/1.1\r\n");
    let began = Instant::now();
    let echoed = within(PATIENCE, "an echo", async {
        socket.send(frame.as_bytes()).await?;
        socket.send(frame.as_bytes()).await?;
        socket.bytes(2 * frame.len()).await
    });
    match echoed.await {
        Ok(Ok(bytes)) if bytes == frame.repeat(2).as_bytes() => run.tally.whole(began.elapsed()),
        Ok(Ok(_)) => run.tally.lost(format!("tunnel {number} at change {change}: other bytes")),
        Ok(Err(error)) => run.tally.lost(format!("tunnel {number} at change {change}: {error}")),
        Err(error) => run.tally.lost(format!("tunnel {number} at change {change}: {error}")),
    }
}

/// In turn: the tunnels' own service changes, another one comes, and goes.
async fn make(proxy: &Program, backend: &Backend, change: u64) -> anyhow::Result<()> {
    match change % 3 {
        0 => proxy.configure(&service(backend, change)).await,
        1 => proxy.configure(&format!("serviceName=o{change}&servicePath=/ws/{change}&port=1&outboundHostname=127.0.0.1")).await,
        _ => proxy.change(&format!("/remove?serviceName=o{}", change - 1)).await,
    }
}

fn service(backend: &Backend, version: u64) -> String {
    let timeout = 1_000 + version;
    format!("serviceName=ws&servicePath=/ws&port={}&outboundHostname=127.0.0.1&timeoutTunnel={timeout}", backend.port())
}
