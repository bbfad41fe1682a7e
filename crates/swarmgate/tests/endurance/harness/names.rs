//! The way to a DNS server: it may be slow, and it may be closed.
//!
//! Not here: what the server says (`dns`).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

/// Passes questions on to a server, and its answers back after a while.
pub(crate) struct Relay {
    /// Where questions go.
    pub(crate) address: SocketAddr,
    server: SocketAddr,
    passing: Option<JoinHandle<()>>,
}

impl Relay {
    pub(crate) async fn to(server: SocketAddr) -> anyhow::Result<Relay> {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).await?;
        let address = socket.local_addr()?;
        let passing = Some(tokio::spawn(pass_all(socket, server, Duration::ZERO)));
        Ok(Relay { address, server, passing })
    }

    /// The kernel refuses every question.
    pub(crate) async fn close(&mut self) {
        if let Some(passing) = self.passing.take() {
            passing.abort();
            // It ends by being aborted; the socket is closed then.
            let _ = passing.await;
        }
    }

    /// Answers take so long from now on.
    pub(crate) async fn delay(&mut self, delay: Duration) -> anyhow::Result<()> {
        self.close().await;
        let socket = UdpSocket::bind(self.address).await?;
        self.passing = Some(tokio::spawn(pass_all(socket, self.server, delay)));
        Ok(())
    }
}

async fn pass_all(socket: UdpSocket, server: SocketAddr, delay: Duration) {
    let socket = Arc::new(socket);
    let mut packet = [0; 1500];
    while let Ok((length, from)) = socket.recv_from(&mut packet).await {
        // Only the loop itself keeps the socket open.
        let (socket, question) = (Arc::downgrade(&socket), packet[..length].to_vec());
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            if let (Some(answer), Some(socket)) = (ask(server, &question).await, socket.upgrade()) {
                let _ = socket.send_to(&answer, from).await;
            }
        });
    }
}

/// One question; `None` if the server is silent.
async fn ask(server: SocketAddr, question: &[u8]) -> Option<Vec<u8>> {
    let socket = UdpSocket::bind(("127.0.0.1", 0)).await.ok()?;
    socket.send_to(question, server).await.ok()?;
    let mut answer = [0; 1500];
    let answered = tokio::time::timeout(Duration::from_secs(5), socket.recv(&mut answer)).await;
    answered.ok()?.ok().map(|length| answer[..length].to_vec())
}
