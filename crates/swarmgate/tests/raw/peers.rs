//! Other proxies, as Debian packages them, each set up for one server as one would set them up with no thought of this suite.
//!
//! Not here: what they are asked (`compare`).

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::run::Target;

/// How long another proxy may be silent before it is taken to wait for more.
const PATIENCE: Duration = Duration::from_millis(200);
/// Looks at a port, and how long between two of them: a proxy is up in a few milliseconds.
const LOOKS: usize = 200;
const PAUSE: Duration = Duration::from_millis(20);

/// A proxy of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    Haproxy,
    Nginx,
}

/// A running one. It ends with this.
pub(crate) struct Peer {
    child: Child,
    directory: PathBuf,
    pub(crate) target: Target,
}

impl Program {
    /// Where Debian has it: /usr/sbin is not on every user's PATH.
    fn path(self) -> &'static str {
        match self {
            Program::Haproxy => "/usr/sbin/haproxy",
            Program::Nginx => "/usr/sbin/nginx",
        }
    }

    /// The first line of what it says about itself.
    pub(crate) fn version(self) -> String {
        let output = Command::new(self.path()).arg("-v").output();
        let output = output.unwrap_or_else(|error| panic!("{} cannot be run: {error}", self.path()));
        let said = [output.stdout, output.stderr].concat();
        String::from_utf8_lossy(&said).lines().next().unwrap_or_default().to_owned()
    }

    /// Starts it before `server`. Its port was free a moment ago; should somebody else have taken it, another one is tried.
    pub(crate) fn start(self, server: SocketAddr) -> Peer {
        (0..3).find_map(|_| self.try_start(server)).unwrap_or_else(|| panic!("{} does not start", self.path()))
    }

    fn try_start(self, server: SocketAddr) -> Option<Peer> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).ok()?.local_addr().ok()?.port();
        let directory = std::env::temp_dir().join(format!("swarmgate-raw-{}-{port}", std::process::id()));
        fs::create_dir_all(&directory).expect("a folder for its configuration");
        let file = directory.join("configuration");
        fs::write(&file, self.configuration(port, server)).expect("a file in it");
        let child = self.command(&directory, &file).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.unwrap_or_else(|error| panic!("{} cannot be run: {error}", self.path()));
        let target =
            Target { address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)), patience: PATIENCE, keeps_one: false };
        let mut peer = Peer { child, directory, target };
        peer.listens().then_some(peer)
    }

    fn command(self, directory: &Path, file: &Path) -> Command {
        let mut command = Command::new(self.path());
        match self {
            Program::Haproxy => command.arg("-db").arg("-f").arg(file),
            Program::Nginx => command.arg("-p").arg(directory).arg("-c").arg(file).args(["-e", "stderr"]),
        };
        command
    }

    fn configuration(self, port: u16, server: SocketAddr) -> String {
        match self {
            Program::Haproxy => format!(
                "defaults\n mode http\n timeout connect 2s\n timeout client 2s\n timeout server 2s\n\
                 frontend in\n bind 127.0.0.1:{port}\n option forwardfor\n default_backend out\n\
                 backend out\n server one {server}\n"
            ),
            Program::Nginx => format!(
                "daemon off; master_process off; worker_processes 1; pid nginx.pid; error_log stderr crit;\n\
                 events {{ }}\n\
                 http {{\n access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;\n \
                 uwsgi_temp_path uwsgi; scgi_temp_path scgi; proxy_http_version 1.1;\n \
                 proxy_set_header Connection \"\"; proxy_set_header Host $http_host;\n \
                 proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n \
                 upstream out {{ server {server}; keepalive 8; }}\n \
                 server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://out; }} }}\n}}\n"
            ),
        }
    }
}

impl Peer {
    /// Whether it takes connections before long.
    fn listens(&mut self) -> bool {
        // Nobody sends: receiving is waiting.
        let (_silent, nothing) = mpsc::channel::<()>();
        for _ in 0..LOOKS {
            if TcpStream::connect(self.target.address).is_ok() {
                return true;
            }
            if !matches!(self.child.try_wait(), Ok(None)) {
                return false;
            }
            let _ = nothing.recv_timeout(PAUSE);
        }
        false
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself; nothing of it is needed any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}
