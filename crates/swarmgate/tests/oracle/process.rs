//! A real HAProxy that runs one configuration.
//!
//! Not here: the configuration (`world`).

use crate::it::harness::Folder;
use std::net::SocketAddr;
use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::sleep;

/// Where Debian has it: /usr/sbin is not on every user's PATH.
pub(crate) const HAPROXY: &str = "/usr/sbin/haproxy";
/// Looks at a port, and how long between two of them: it is up in a few milliseconds.
const LOOKS: usize = 1000;
const PAUSE: Duration = Duration::from_millis(5);

/// A running HAProxy. It ends with this.
pub(crate) struct Haproxy {
    child: Child,
    _folder: Folder,
}

/// The first line of what it says about itself; `None` where it is not installed.
pub(crate) fn version() -> Option<String> {
    let output = std::process::Command::new(HAPROXY).arg("-v").output().ok()?;
    String::from_utf8_lossy(&output.stdout).lines().next().map(str::to_owned)
}

/// What it says about a configuration: nothing if it takes it without a word.
pub(crate) async fn judgement(folder: &Folder, text: &str) -> Result<(), String> {
    folder.write("haproxy.cfg", text);
    let output = Command::new(HAPROXY).args(["-c", "-f", &folder.text("haproxy.cfg")]).output().await;
    let Output { status, stdout, stderr } = output.map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned();
    // All places of a template have the one address that this suite gives a service, and so the one cookie.
    let expected = |line: &str| line.ends_with("We generated two equal cookies for two different servers.");
    let bad = |line: &str| line.contains("[ALERT]") || (line.contains("[WARNING]") && !expected(line));
    let clean = status.success() && !said.lines().any(bad);
    if clean { Ok(()) } else { Err(said) }
}

impl Haproxy {
    /// Runs `text` once HAProxy has nothing to say against it, and waits until `ports` are open.
    pub(crate) async fn start(text: &str, ports: &[SocketAddr]) -> Result<Haproxy, String> {
        let folder = Folder::new();
        judgement(&folder, text).await?;
        let child = Command::new(HAPROXY)
            .args(["-db", "-f", &folder.text("haproxy.cfg")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        let mut child = child.map_err(|error| error.to_string())?;
        for port in ports {
            listens(&mut child, *port).await?;
        }
        Ok(Haproxy { child, _folder: folder })
    }

    /// Ends it, and waits until it is gone.
    pub(crate) async fn stop(mut self) {
        // It may have ended by itself: nothing of it is needed any more.
        let _ = self.child.kill().await;
    }
}

/// HAProxy has no way of saying that it is up, so its ports are looked at.
async fn listens(child: &mut Child, port: SocketAddr) -> Result<(), String> {
    for _ in 0..LOOKS {
        if TcpStream::connect(port).await.is_ok() {
            return Ok(());
        }
        if let Ok(Some(status)) = child.try_wait() {
            return Err(format!("HAProxy ended: {status}"));
        }
        sleep(PAUSE).await;
    }
    Err(format!("HAProxy does not listen on {port}"))
}
