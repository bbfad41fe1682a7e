//! A Swarm listener, as far as a proxy asks it for all services.

use super::wire::Wire;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// Answers `get-services`; it ends with this value.
pub(crate) struct Listener {
    pub(crate) address: SocketAddr,
    /// The list as JSON; `None`: it answers 500.
    list: Arc<Mutex<Option<String>>>,
    accepting: AbortHandle,
}

impl Listener {
    /// One that answers 500.
    pub(crate) async fn start() -> anyhow::Result<Listener> {
        let socket = TcpListener::bind(("127.0.0.1", 0)).await?;
        let (address, list) = (socket.local_addr()?, Arc::new(Mutex::new(None)));
        let accepting = tokio::spawn(serve(socket, Arc::clone(&list))).abort_handle();
        Ok(Listener { address, list, accepting })
    }

    /// What it says from now on.
    pub(crate) fn says(&self, list: Option<String>) {
        *self.list.lock().expect("no panic") = list;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(socket: TcpListener, list: Arc<Mutex<Option<String>>>) {
    while let Ok((stream, _)) = socket.accept().await {
        let list = list.lock().expect("no panic").clone();
        // A caller that is killed meanwhile is no matter.
        tokio::spawn(async move { answer(stream, list).await });
    }
}

async fn answer(stream: TcpStream, list: Option<String>) -> std::io::Result<()> {
    let mut wire = Wire::new(stream);
    wire.head().await?;
    let status = if list.is_some() { "200 OK" } else { "500 Internal Server Error" };
    let (body, fields) = (list.unwrap_or_default(), "Swarmgate-List: complete\r\nConnection: close\r\n");
    let length = body.len();
    wire.send(format!("HTTP/1.1 {status}\r\n{fields}Content-Length: {length}\r\n\r\n{body}").as_bytes()).await
}
