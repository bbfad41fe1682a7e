//! The proxy: the real program as a child of this one, told everything by variables and its API.

use super::authority::Bundle;
use super::client::{Client, Reply};
use super::{Usage, signal, soon, until};
use anyhow::Context as _;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

pub(super) const PROGRAM: &str = env!("CARGO_BIN_EXE_swarmgate");
/// A port that was free a moment ago may be taken when the program binds it.
const TRIES: usize = 5;

/// A running proxy. Dropping it kills it.
pub(crate) struct Program {
    child: Child,
    /// The plain port.
    pub(crate) address: SocketAddr,
    /// The port that speaks TLS.
    pub(crate) tls: SocketAddr,
    /// The control API.
    pub(crate) api: SocketAddr,
    /// Its CERTS_DIR, which it makes when it needs it.
    pub(crate) certificates: PathBuf,
    log: PathBuf,
}

impl Program {
    pub(crate) async fn start(variables: &[(&str, &str)]) -> anyhow::Result<Program> {
        Program::with_descriptors(None, variables).await
    }

    /// One that may open only so many descriptors.
    pub(crate) async fn with_descriptors(limit: Option<u32>, variables: &[(&str, &str)]) -> anyhow::Result<Program> {
        let mut last = None;
        for _ in 0..TRIES {
            let mut program = Program::spawn(limit, variables)?;
            match soon("the proxy's API", program.is_up()).await? {
                Ok(()) => return Ok(program),
                Err(error) => last = Some(error.context(program.log_lines().join("\n"))),
            }
        }
        Err(last.context("there is at least one try")?)
    }

    fn spawn(limit: Option<u32>, variables: &[(&str, &str)]) -> anyhow::Result<Program> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let [address, tls, api] = free_ports()?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let place = |kind: &str| {
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("endurance-{}-{number}.{kind}", std::process::id()))
        };
        let (log, certificates) = (place("log"), place("certs"));
        let file = File::create(&log).with_context(|| format!("{} cannot be written", log.display()))?;
        let mut command = Command::new("sh");
        let limited = limit.map(|limit| format!("ulimit -n {limit} && ")).unwrap_or_default();
        command.args(["-c", &format!("{limited}exec \"$0\" \"$@\""), PROGRAM, "proxy"]);
        command.env("IP", "127.0.0.1").env("PORT", api.port().to_string());
        command.env("DEFAULT_PORTS", format!("{},{}:ssl", address.port(), tls.port())).env("CERTS_DIR", &certificates);
        command.env("BIND_PORTS", "").env("LISTENER_ADDRESS", "");
        command
            .env("THREADS", "2")
            .env("LOG", "info")
            .env("SECRETS_DIR", "/nonexistent")
            .envs(variables.iter().copied());
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let child = command.spawn().context("the proxy cannot be started")?;
        Ok(Program { child, address, tls, api, certificates, log })
    }

    async fn is_up(&mut self) -> anyhow::Result<()> {
        loop {
            if let Some(status) = self.child.try_wait()? {
                anyhow::bail!("the proxy ended: {status}");
            }
            // Somebody else may answer on a port that was free a moment ago.
            if let Ok(reply) = self.call("/ping").await
                && reply.status == 200
                && Client::of(self.address).connect().await.is_ok()
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// A call of the API, on a connection of its own.
    pub(crate) async fn call(&self, path: &str) -> anyhow::Result<Reply> {
        let request = format!("GET /v1/docker-flow-proxy{path} HTTP/1.1\r\nHost: proxy\r\n\r\n");
        let reply = Client::of(self.api).ask(request.as_bytes()).await;
        reply.map_err(|loss| anyhow::anyhow!("{path}: {loss}"))
    }

    /// A change that must succeed.
    pub(crate) async fn change(&self, path: &str) -> anyhow::Result<()> {
        let reply = self.call(path).await?;
        let said = || String::from_utf8_lossy(&reply.body).into_owned();
        anyhow::ensure!(reply.status == 200, "{path}: {} {}", reply.status, said());
        Ok(())
    }

    /// A reconfigure that must succeed.
    pub(crate) async fn configure(&self, query: &str) -> anyhow::Result<()> {
        self.change(&format!("/reconfigure?{query}")).await
    }

    /// Brings a certificate, which must be taken.
    pub(crate) async fn put_certificate(&self, name: &str, bundle: &Bundle) -> anyhow::Result<()> {
        let path = format!("/v1/docker-flow-proxy/cert?certName={name}");
        let head = format!("PUT {path} HTTP/1.1\r\nHost: proxy\r\nContent-Length: {}\r\n\r\n", bundle.pem.len());
        let reply = Client::of(self.api).ask(&[head.as_bytes(), bundle.pem.as_bytes()].concat()).await;
        let reply = reply.map_err(|loss| anyhow::anyhow!("certificate {name}: {loss}"))?;
        let said = || String::from_utf8_lossy(&reply.body).into_owned();
        anyhow::ensure!(reply.status == 200, "certificate {name}: {} {}", reply.status, said());
        Ok(())
    }

    /// Brings one as a file, in place of an older one at once.
    pub(crate) fn replace_certificate(&self, name: &str, bundle: &Bundle) -> anyhow::Result<()> {
        fs::create_dir_all(&self.certificates)?;
        // Hidden files are nobody's certificates.
        let new = self.certificates.join(format!(".{name}.new"));
        fs::write(&new, &bundle.pem)?;
        Ok(fs::rename(new, self.certificates.join(name))?)
    }

    /// The container's health check, as the image runs it. Whether it says that all is well.
    pub(crate) fn ping(&self) -> anyhow::Result<bool> {
        let mut command = Command::new(PROGRAM);
        command.arg("ping").env("IP", "127.0.0.1").env("PORT", self.api.port().to_string()).env("LISTENER_ADDRESS", "");
        Ok(command.stdout(Stdio::null()).stderr(Stdio::null()).status()?.success())
    }

    pub(crate) fn signal(&self, name: &str) -> anyhow::Result<()> {
        signal(self.child.id(), name)
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn ends(&mut self, limit: Duration) -> anyhow::Result<(ExitStatus, Duration)> {
        let mut status = None;
        let took = until(limit, "the proxy's end", || {
            status = self.child.try_wait().ok().flatten();
            status.is_some()
        });
        let took = took.await?;
        Ok((status.context("it has ended")?, took))
    }

    pub(crate) fn usage(&self) -> anyhow::Result<Usage> {
        Usage::of(self.child.id())
    }

    pub(crate) fn log_lines(&self) -> Vec<String> {
        fs::read_to_string(&self.log).unwrap_or_default().lines().map(str::to_owned).collect()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.log);
        let _ = fs::remove_dir_all(&self.certificates);
    }
}

/// A port that nobody has.
pub(crate) fn free_port() -> anyhow::Result<SocketAddr> {
    free_ports().map(|[port, ..]| port)
}

/// Three ports that nobody has.
fn free_ports() -> anyhow::Result<[SocketAddr; 3]> {
    let bind = || TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0));
    let sockets = [bind()?, bind()?, bind()?];
    Ok(sockets.map(|socket| {
        let port = socket.local_addr().map_or(0, |address| address.port());
        SocketAddr::from((Ipv4Addr::LOCALHOST, port))
    }))
}
