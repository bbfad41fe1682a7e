//! R4: tunnels outlive every change, also those of their own service, and its end. WebSockets and plain TCP alike.

use crate::harness::{Backend, PATIENCE, Program, Run, Wire, free_port, within};
use anyhow::Context as _;
use std::net::SocketAddr;
use std::time::Instant;
use tokio::net::TcpStream;

const ASKING: &[u8] = b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// Where tunnels begin and end.
struct Stage {
    proxy: Program,
    backend: Backend,
    /// The port of the TCP service; `None`: the tunnels are WebSockets.
    tcp: Option<SocketAddr>,
}

pub(crate) async fn websockets(run: Run) -> anyhow::Result<String> {
    outlive_changes(run, None).await
}

pub(crate) async fn tcp(run: Run) -> anyhow::Result<String> {
    outlive_changes(run, Some(free_port()?)).await
}

async fn outlive_changes(run: Run, tcp: Option<SocketAddr>) -> anyhow::Result<String> {
    let (count, changes) = run.of((200_u64, 100_u64), (1_000, 1_000));
    let stage = Stage { proxy: Program::start(&[]).await?, backend: Backend::start().await?, tcp };
    stage.proxy.configure(&stage.service(0)).await?;
    let mut tunnels = Vec::new();
    for _ in 0..count {
        tunnels.push(within(PATIENCE, "a tunnel", stage.open()).await??);
    }
    // Every tenth one stays silent until the end.
    let is_idle = |number: usize| number.is_multiple_of(10);
    let began = Instant::now();
    for change in 1..=changes {
        stage.change(change).await?;
        run.tally.stage(format!("{change} of {changes} changes, {count} tunnels"));
        if change.is_multiple_of(changes / 10) {
            for (number, tunnel) in tunnels.iter_mut().enumerate().filter(|(number, _)| !is_idle(*number)) {
                echo(&run, tunnel, number, change).await;
            }
        }
    }
    let took = began.elapsed().as_secs_f64();
    stage.proxy.change("/remove?serviceName=ours").await?;
    for (number, tunnel) in tunnels.iter_mut().enumerate() {
        echo(&run, tunnel, number, changes + 1).await;
    }
    run.tally.lost_at_most(0)?;
    let echoes = run.tally.answered();
    Ok(format!("{count} tunnels, {changes} changes in {took:.1} s, then the service's end: {echoes} echoes, 0 lost"))
}

impl Stage {
    async fn open(&self) -> anyhow::Result<Wire> {
        let mut wire = Wire::new(TcpStream::connect(self.tcp.unwrap_or(self.proxy.address)).await?);
        // The server is one of HTTP in both cases; here the proxy does not look at what is said.
        wire.send(ASKING).await?;
        let head = wire.head().await?.context("no answer to an upgrade")?;
        anyhow::ensure!(head.first_line().starts_with("HTTP/1.1 101 "), "{}", head.first_line());
        Ok(wire)
    }

    /// In turn: the tunnels' own service changes, another one comes, and goes.
    async fn change(&self, change: u64) -> anyhow::Result<()> {
        match change % 3 {
            0 => self.proxy.configure(&self.service(change)).await,
            1 => {
                let query = format!("serviceName=o{change}&servicePath=/ws/{change}&port=1&outboundHostname=127.0.0.1");
                self.proxy.configure(&query).await
            }
            _ => self.proxy.change(&format!("/remove?serviceName=o{}", change - 1)).await,
        }
    }

    fn service(&self, version: u64) -> String {
        let (port, timeout) = (self.backend.port(), 1_000 + version);
        let way = match self.tcp {
            Some(address) => format!("reqMode=tcp&srcPort={}", address.port()),
            None => "servicePath=/ws".to_owned(),
        };
        format!("serviceName=ours&{way}&port={port}&outboundHostname=127.0.0.1&timeoutTunnel={timeout}")
    }
}

/// Two frames there and back.
async fn echo(run: &Run, tunnel: &mut Wire, number: usize, change: u64) {
    let frame = format!("\u{1}\u{7f}{number} at {change}\r\n\r\nGET / HTTP/1.1\r\n");
    let began = Instant::now();
    let echoed = within(PATIENCE, "an echo", async {
        tunnel.send(frame.as_bytes()).await?;
        tunnel.send(frame.as_bytes()).await?;
        tunnel.bytes(2 * frame.len()).await
    });
    let lost = |why: &dyn std::fmt::Display| run.tally.lost(format!("tunnel {number} at change {change}: {why}"));
    match echoed.await {
        Ok(Ok(bytes)) if bytes == frame.repeat(2).as_bytes() => run.tally.whole(began.elapsed()),
        Ok(Ok(_)) => lost(&"other bytes"),
        Ok(Err(error)) => lost(&error),
        Err(error) => lost(&error),
    }
}
