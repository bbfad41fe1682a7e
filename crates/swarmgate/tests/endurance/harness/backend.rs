//! Servers behind the proxy: in this process, or in one of their own that can be killed.
//!
//! What they do is in the target of each request: `id` and `bytes` choose the body of a GET, `pieces` and `pause` (milliseconds) how slowly
//! it is sent; `hang` answers never, `reset` breaks off, `half` breaks off in the middle. A body is sent back, an upgrade is an echo.

use super::wire::{Head, Wire};
use super::{Node, pattern, signal, soon};
use anyhow::Context as _;
use std::io;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::AbortHandle;

/// A server in this process; it ends with this value, its connections with the runtime.
pub(crate) struct Backend {
    pub(crate) address: SocketAddr,
    accepting: AbortHandle,
}

/// A server in a process of its own.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    child: Child,
}

/// An address that answers no connection: the kernel's queue for it is full.
pub(crate) struct Deaf {
    pub(crate) address: SocketAddr,
    _listener: TcpListener,
    _waiting: Vec<TcpStream>,
}

impl Backend {
    pub(crate) async fn start() -> anyhow::Result<Backend> {
        Backend::on(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    pub(crate) async fn on(address: SocketAddr) -> anyhow::Result<Backend> {
        let listener = listen(address)?;
        let address = listener.local_addr()?;
        Ok(Backend { address, accepting: tokio::spawn(serve(listener)).abort_handle() })
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Server {
    /// Starts this very program again, as a server.
    pub(crate) async fn start(address: SocketAddr) -> anyhow::Result<Server> {
        let program = std::env::current_exe().context("this program has a name")?;
        Server::run(Command::new(program), address).await
    }

    /// The same on a node of its own.
    pub(crate) async fn start_on(node: &Node, port: u16) -> anyhow::Result<Server> {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &node.name]).arg(std::env::current_exe().context("this program has a name")?);
        Server::run(command, SocketAddr::from((node.address, port))).await
    }

    async fn run(mut command: Command, address: SocketAddr) -> anyhow::Result<Server> {
        command.args([SERVE, &address.to_string()]).stdin(Stdio::piped());
        let child = command.spawn().context("the server cannot be started")?;
        let mut server = Server { address, child };
        soon("a server", server.answers()).await??;
        Ok(server)
    }

    /// Kills it at once, and waits until it is gone.
    pub(crate) fn kill(mut self) {
        self.end();
    }

    /// Halts it: the kernel goes on taking connections for it.
    pub(crate) fn halt(&self) -> anyhow::Result<()> {
        signal(self.child.id(), "STOP")
    }

    /// Lets it go on.
    pub(crate) fn resume(&self) -> anyhow::Result<()> {
        signal(self.child.id(), "CONT")
    }

    async fn answers(&mut self) -> anyhow::Result<()> {
        while TcpStream::connect(self.address).await.is_err() {
            if let Some(status) = self.child.try_wait()? {
                anyhow::bail!("the server on {} ended: {status}", self.address);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    fn end(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

impl Deaf {
    pub(crate) async fn on(address: SocketAddr) -> anyhow::Result<Deaf> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(address)?;
        let listener = socket.listen(0)?;
        let address = listener.local_addr()?;
        let mut waiting = Vec::new();
        // One more than the queue says finds a place in it.
        while let Ok(stream) = tokio::time::timeout(Duration::from_millis(100), TcpStream::connect(address)).await {
            waiting.push(stream?);
            anyhow::ensure!(waiting.len() < 10, "the queue of {address} is never full");
        }
        Ok(Deaf { address, _listener: listener, _waiting: waiting })
    }
}

/// The argument that makes this program a server.
pub(crate) const SERVE: &str = "serve-as-a-backend";

/// Serves until this program's standard input ends, so that no server outlives the tests.
pub(crate) async fn serve_alone(address: &str) -> anyhow::Result<()> {
    let listener = listen(address.parse()?)?;
    let (orphaned, is_orphaned) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        let _ = orphaned.send(());
    });
    tokio::select! {
        () = serve(listener) => {}
        _ = is_orphaned => {}
    }
    Ok(())
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(4096)
}

async fn serve(listener: TcpListener) {
    loop {
        // Without a descriptor there is no connection; whoever waits for it counts it as lost.
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(stream));
        }
    }
}

/// One connection of the proxy; it ends with the first thing that goes wrong.
async fn converse(stream: TcpStream) -> io::Result<()> {
    let by = stream.local_addr()?.ip();
    let mut wire = Wire::new(stream);
    while let Some(head) = wire.head().await? {
        if head.field("upgrade").is_some() {
            wire.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n").await?;
            return wire.echo().await;
        }
        let sent = wire.body(&head).await?;
        if head.number("hang").is_some() {
            std::future::pending::<()>().await;
        }
        if head.number("reset").is_some() {
            return wire.stream.set_zero_linger();
        }
        let body = match head.number("bytes") {
            Some(bytes) => pattern(head.number("id").unwrap_or(0), usize::try_from(bytes).unwrap_or(0)),
            None => sent,
        };
        if head.number("half").is_some() {
            let length = body.len() * 2 + 1;
            wire.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").as_bytes()).await?;
            return wire.send(&body).await;
        }
        respond(&mut wire, &head, &by.to_string(), &body).await?;
    }
    Ok(())
}

/// Every other response is chunked.
async fn respond(wire: &mut Wire, head: &Head, by: &str, body: &[u8]) -> io::Result<()> {
    let pieces = usize::try_from(head.number("pieces").unwrap_or(1)).unwrap_or(1);
    let pause = Duration::from_millis(head.number("pause").unwrap_or(0));
    let chunked = head.number("id").is_some_and(|id| id % 2 == 1);
    let framing = match chunked {
        true => "Transfer-Encoding: chunked".to_owned(),
        false => format!("Content-Length: {}", body.len()),
    };
    let mut bytes = format!("HTTP/1.1 200 OK\r\nX-Served-By: {by}\r\n{framing}\r\n\r\n").into_bytes();
    for piece in body.chunks(body.len().div_ceil(pieces).max(1)) {
        if pieces > 1 {
            wire.send(&bytes).await?;
            bytes.clear();
            tokio::time::sleep(pause).await;
        }
        match chunked {
            true => bytes.extend([format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat()),
            false => bytes.extend_from_slice(piece),
        }
    }
    if chunked {
        bytes.extend_from_slice(b"0\r\n\r\n");
    }
    wire.send(&bytes).await
}
