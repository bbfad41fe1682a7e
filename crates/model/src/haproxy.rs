//! A snapshot as a haproxy.cfg: what `GET /config` shows, in the sections and names that Docker Flow Proxy's users look for.
//!
//! It is a view, and HAProxy can run it once its passwords are shown ([`Secrets`]): the same requests are then answered alike, but for
//! what docs/migration.md lists. Names that collide end in `:2`.
//! Not here: writing files, running HAProxy.

mod acl;
mod backend;
mod compression;
mod frontend;
mod global;
mod statistics;
mod tcp;

pub use global::{Log, TlsTerms};
pub use statistics::Statistics;
pub use tcp::section as tcp_section;

use crate::auth::{GlobalUsers, User};
use crate::compression::Compression;
use crate::expression::Condition;
use crate::frontend::{Frontend, Timeouts};
use crate::params::MASK;
use crate::quote::word;
use crate::service::ConnectionMode;
use crate::snapshot::Snapshot;
use crate::statement::{Statement, Statements};
use std::fmt::{Display, Write as _};
use std::sync::Arc;
use std::time::Duration;

/// HAProxy takes 2,147,483,647 ms at most (configuration manual §2.5), and refuses a file with more as a whole; Docker Flow's whole seconds fit below.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(2_147_483);

/// What the view shows and no service has a say in.
#[derive(Clone, Debug)]
pub struct Globals {
    /// The bound ports.
    pub frontends: Vec<Frontend>,
    /// The limits of all connections.
    pub timeouts: Timeouts,
    /// Which side's connection goes on where a service says nothing (`CONNECTION_MODE`).
    pub connection_mode: ConnectionMode,
    /// How responses are compressed where a service says nothing (`COMPRESSION_ALGO`, `COMPRESSION_TYPE`).
    pub compression: Option<Arc<Compression>>,
    /// The files of all certificates, in order of preference.
    pub certificates: Vec<String>,
    /// Whose certificates of servers count (`SERVER_CA_FILE`); `None`: HAProxy's word for those that everybody knows.
    pub server_ca_file: Option<String>,
    /// The file of the authorities that clients are verified with (`CA_FILE`).
    pub ca_file: Option<String>,
    /// Who may pass where a service names nobody.
    pub users: GlobalUsers,
    /// What is spoken over TLS.
    pub tls: TlsTerms,
    /// DNS servers, as address and port; empty: those of the system.
    pub resolvers: Vec<String>,
    /// The access log, if there is one.
    pub log: Option<Log>,
    /// Pages in place of the built-in ones, by status.
    pub error_files: Vec<(u16, String)>,
    /// The page of statistics, if there is one.
    pub statistics: Option<Statistics>,
    /// The frontend's own rules (`EXTRA_FRONTEND`).
    pub frontend: Arc<Statements>,
    /// Whether passwords stand in it.
    pub secrets: Secrets,
}

/// Who reads the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Secrets {
    /// People: passwords are masked.
    #[default]
    Masked,
    /// HAProxy: it needs them.
    Shown,
}

/// The whole haproxy.cfg. The same snapshot gives the same bytes; no password is in them unless it is asked for.
pub fn render(snapshot: &Snapshot, globals: &Globals) -> String {
    let mut lines = Lines(String::from(HEAD));
    global::write_global(&mut lines, globals);
    global::write_resolvers(&mut lines, globals);
    global::write_defaults(&mut lines, snapshot, globals);
    statistics::write_sections(&mut lines, globals);
    if let GlobalUsers::Only(users) = &globals.users {
        write_userlist(&mut lines, DEFAULT_USERS, users, globals.secrets);
    }
    frontend::write(&mut lines, snapshot, globals);
    tcp::write_frontends(&mut lines, &snapshot.tcp, globals);
    backend::write(&mut lines, &snapshot.routes, globals);
    tcp::write_backends(&mut lines, &snapshot.tcp);
    lines.0
}

const HEAD: &str = "\
# What this proxy does, in HAProxy's words. Made from the services; nothing reads it, and passwords are masked.
";

const DEFAULT_USERS: &str = "defaultUsers";

fn write_userlist(lines: &mut Lines, name: &str, users: &[User], secrets: Secrets) {
    lines.section(format_args!("userlist {name}"));
    for user in users {
        let password = match secrets {
            Secrets::Masked => MASK.into(),
            Secrets::Shown => word(user.password()),
        };
        let kind = if user.is_hashed() { "password" } else { "insecure-password" };
        lines.line(format_args!("user {} {kind} {password}", word(user.name())));
    }
    if users.is_empty() {
        lines.line("# nobody may pass: none of the users that were asked for is usable");
    }
}

/// Statements, and before them the ACLs that they name and no statement of the section has named yet.
fn write_statements(lines: &mut Lines, keyword: &str, statements: &[Statement], secrets: Secrets) {
    for statement in statements {
        for acl in statement.condition.iter().flat_map(Condition::definitions) {
            let definitions: Vec<_> = match secrets {
                Secrets::Masked => acl.masked_lines().collect(),
                Secrets::Shown => acl.lines().collect(),
            };
            for definition in definitions.iter().map(|line| format!("acl {line}")) {
                if !lines.section_has(&definition) {
                    lines.line(definition);
                }
            }
        }
        match secrets {
            Secrets::Masked => lines.line(format_args!("{keyword} {}", statement.masked())),
            Secrets::Shown => lines.line(format_args!("{keyword} {statement}")),
        }
    }
}

/// Sections and lines in the making.
struct Lines(String);

impl Lines {
    fn section(&mut self, title: impl Display) {
        let _ = write!(self.0, "\n{title}\n");
    }

    /// Whether the last section has this line already.
    fn section_has(&self, line: &str) -> bool {
        let start = self.0.rfind("\n\n").unwrap_or_default();
        self.0[start..].lines().any(|known| known.trim_start() == line)
    }

    fn line(&mut self, words: impl Display) {
        let _ = writeln!(self.0, "    {words}");
    }

    fn blank(&mut self) {
        self.0.push('\n');
    }

    fn timeout(&mut self, name: &str, limit: Duration) {
        let limit = limit.min(LONGEST_TIMEOUT);
        match limit.subsec_millis() {
            0 => self.line(format_args!("timeout {name} {}s", limit.as_secs())),
            _ => self.line(format_args!("timeout {name} {}ms", limit.as_millis())),
        }
    }
}

impl Default for Globals {
    /// Docker Flow's own defaults.
    fn default() -> Self {
        let port = |port, tls| Frontend { port, tls, accept_proxy: false };
        Globals {
            frontends: vec![port(80, false), port(443, true)],
            timeouts: Timeouts::default(),
            connection_mode: ConnectionMode::default(),
            compression: None,
            certificates: Vec::new(),
            server_ca_file: None,
            ca_file: None,
            users: GlobalUsers::default(),
            tls: TlsTerms::default(),
            resolvers: Vec::new(),
            log: None,
            error_files: Vec::new(),
            statistics: None,
            frontend: Arc::default(),
            secrets: Secrets::default(),
        }
    }
}

#[cfg(test)]
mod tests;
