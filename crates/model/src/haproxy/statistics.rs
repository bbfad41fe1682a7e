//! The lines of the page of statistics: in the frontend, or in sections of its own.
//!
//! Docker Flow had them in `defaults`; HAProxy warns of that for every section of a TCP service.
//! Not here: the page (the program).

use super::{Globals, Lines, MASK, Secrets};
use crate::auth::Credentials;
use crate::quote::word;

/// Where the page is, and who may see it.
#[derive(Clone, Debug)]
pub struct Statistics {
    /// What its targets begin with.
    pub uri: String,
    /// The port that it has for itself; `None`: it is on every port of HTTP.
    pub port: Option<u16>,
    /// What must be shown; `None`: everybody may see it.
    pub credentials: Option<Credentials>,
}

/// In the frontend, where the page has no port of its own.
pub(super) fn write_shared(lines: &mut Lines, globals: &Globals) {
    if let Some(statistics) = globals.statistics.as_ref().filter(|statistics| statistics.port.is_none()) {
        write(lines, statistics, globals.secrets);
    }
}

/// The sections `frontend stats` and `backend stats`, where it has one.
pub(super) fn write_sections(lines: &mut Lines, globals: &Globals) {
    let Some(statistics) = &globals.statistics else { return };
    let Some(port) = statistics.port else { return };
    lines.section("frontend stats");
    lines.line(format_args!("bind *:{port}"));
    lines.line("default_backend stats");
    lines.section("backend stats");
    write(lines, statistics, globals.secrets);
}

fn write(lines: &mut Lines, statistics: &Statistics, secrets: Secrets) {
    lines.line("stats enable");
    lines.line("stats refresh 30s");
    lines.line("stats realm 'Strictly Private'");
    lines.line(format_args!("stats uri {}", word(&statistics.uri)));
    if let Some(credentials) = &statistics.credentials {
        let password = match secrets {
            Secrets::Masked => MASK,
            Secrets::Shown => credentials.password(),
        };
        lines.line(format_args!("stats auth {}", word(&format!("{}:{password}", credentials.name()))));
    }
}
