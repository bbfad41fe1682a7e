//! The proxies that are compared, each started as a process of its own on its own core and ended by its `Drop`.
//!
//! Their configurations are in the files below; what is asked of them is not known here.

mod haproxy;
mod nginx;
pub(crate) mod swarmgate;

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

/// How long a proxy may take to come up; 10,000 services included.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Swarmgate,
    /// Another build of it, in its place before.
    Before,
    /// Another swarmgate, which knows one service only.
    Single,
    Haproxy,
    Nginx,
    /// The bare TCP relay of this program.
    Relay,
}

/// What swarmgate says about each request. The others say nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccessLog {
    Off,
    /// As JSON, into the file that [`Peer::log`] shows.
    Shown,
    /// As JSON, into /dev/null.
    Discarded,
}

/// What a proxy is to be: the same for all of them.
#[derive(Clone, Copy)]
pub(crate) struct Plan<'a> {
    pub(crate) services: usize,
    /// Clients that may be connected at a time.
    pub(crate) clients: usize,
    pub(crate) access_log: AccessLog,
    /// The PEM file with the certificate of a proxy that speaks TLS, and nothing else, to its clients.
    pub(crate) bundle: Option<&'a Path>,
    /// Where every service's one server listens.
    pub(crate) backend: u16,
    pub(crate) core: usize,
    /// The swarmgate program to measure.
    pub(crate) swarmgate: &'a Path,
    /// The one it is compared with.
    pub(crate) before: Option<&'a Path>,
}

/// A running proxy, ready to be asked.
pub(crate) struct Peer {
    pub(crate) kind: Kind,
    /// Where it serves HTTP or, if the plan says so, HTTPS.
    pub(crate) port: u16,
    /// Where swarmgate's control API is; 0 for the others.
    pub(crate) control: u16,
    // The process ends before its directory goes.
    process: Process,
    directory: TempDir,
}

struct Process(Child);

/// Starts a proxy and waits until it serves every service of the plan.
pub(crate) fn start(kind: Kind, plan: &Plan) -> Result<Peer> {
    let plan = &match (kind, plan.before) {
        (Kind::Single, _) => Plan { services: 1, ..*plan },
        (Kind::Before, Some(before)) => Plan { swarmgate: before, ..*plan },
        _ => *plan,
    };
    let directory = tempfile::Builder::new().prefix("swarmgate-bench-").tempdir()?;
    let [port, control] = free_ports()?;
    let command = match kind {
        Kind::Swarmgate | Kind::Before | Kind::Single => swarmgate::command(plan, directory.path(), [port, control])?,
        Kind::Haproxy => haproxy::command(plan, directory.path(), port)?,
        Kind::Nginx => nginx::command(plan, directory.path(), port)?,
        Kind::Relay => relay(plan, port)?,
    };
    let process = Process(spawn(command, directory.path(), plan.access_log)?);
    let is_swarmgate = matches!(kind, Kind::Swarmgate | Kind::Before | Kind::Single);
    let control = if is_swarmgate { control } else { 0 };
    let mut peer = Peer { kind, port, control, process, directory };
    peer.wait(port)?;
    if is_swarmgate {
        peer.wait(control)?;
        swarmgate::configure(control, plan).with_context(|| peer.log())?;
    }
    Ok(peer)
}

/// The version a proxy gives of itself.
pub(crate) fn version(kind: Kind, swarmgate: &Path) -> Result<String> {
    let (program, flag) = match kind {
        Kind::Swarmgate | Kind::Before | Kind::Single => (swarmgate, "--version"),
        Kind::Haproxy => (Path::new(haproxy::PROGRAM), "-v"),
        Kind::Nginx => (Path::new(nginx::PROGRAM), "-v"),
        Kind::Relay => return Ok(String::from("this program's")),
    };
    let output =
        Command::new(program).arg(flag).output().with_context(|| format!("cannot run {}", program.display()))?;
    // nginx says it on stderr.
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let words = text.lines().next().unwrap_or_default().split_whitespace();
    let number = words
        .map(|word| word.rsplit('/').next().unwrap_or(word))
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    Ok(number.unwrap_or("of no known version").to_owned())
}

fn relay(plan: &Plan, port: u16) -> Result<Command> {
    let mut command = pinned(&std::env::current_exe()?, plan.core);
    command.arg("--as-relay").arg(port.to_string()).arg(plan.backend.to_string());
    Ok(command)
}

/// A program on one core, with an environment of its own. The kernel ends it should this program die without its `Drop`s.
fn pinned(program: &Path, core: usize) -> Command {
    let mut command = Command::new("/usr/bin/taskset");
    command.args(["-c", &core.to_string(), "/usr/bin/setpriv", "--pdeathsig", "KILL", "--"]).arg(program).env_clear();
    command
}

fn spawn(mut command: Command, directory: &Path, access_log: AccessLog) -> Result<Child> {
    let log = File::create(log_of(directory))?;
    let out = if access_log == AccessLog::Discarded { Stdio::null() } else { log.try_clone()?.into() };
    command.current_dir(directory).stdin(Stdio::null()).stdout(out).stderr(log);
    command.spawn().context("cannot run taskset (Debian: util-linux)")
}

/// Two ports that nobody has now. Nothing else on the machine is expected to take them in the moment before the proxy does.
fn free_ports() -> Result<[u16; 2]> {
    let held = [TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?, TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?];
    Ok([held[0].local_addr()?.port(), held[1].local_addr()?.port()])
}

fn log_of(directory: &Path) -> PathBuf {
    directory.join("log")
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Swarmgate => "swarmgate",
            Self::Before => "swarmgate before",
            Self::Single => "swarmgate, 1 service",
            Self::Haproxy => "HAProxy",
            Self::Nginx => "nginx",
            Self::Relay => "bare TCP relay",
        }
    }
}

impl Peer {
    pub(crate) fn pid(&self) -> u32 {
        self.process.0.id()
    }

    /// Waits until a port takes connections, and gives up when the process has ended.
    fn wait(&mut self, port: u16) -> Result<()> {
        let begun = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if let Some(status) = self.process.0.try_wait()? {
                bail!("{} ended at once ({status}): {}", self.kind.name(), self.log());
            }
            if begun.elapsed() > PATIENCE {
                bail!("{} does not listen on {port} after {PATIENCE:?}: {}", self.kind.name(), self.log());
            }
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// The end of what the process printed.
    pub(crate) fn log(&self) -> String {
        let text = fs::read(log_of(self.directory.path())).unwrap_or_default();
        let end = &text[text.len().saturating_sub(2000)..];
        format!("it printed:\n{}", String::from_utf8_lossy(end))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only when the process is gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
