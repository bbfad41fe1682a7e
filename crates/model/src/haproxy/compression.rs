//! Compression in haproxy.cfg: in `defaults` where all services share it, else in each backend.
//!
//! HAProxy adds what a backend says to what `defaults` says; a service speaks for itself. So as soon as one does, all do.
//! Not here: what the words mean (`compression`).

use super::{Globals, Lines};
use crate::compression::{Algorithm, Compression};
use crate::quote::word;
use crate::route::RouteTable;
use std::fmt::Write as _;

/// Where compression is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Defaults,
    Backends,
}

impl Place {
    /// Of these routes.
    pub(super) fn of(routes: &RouteTable, globals: &Globals) -> Place {
        let all = globals.compression.as_ref().filter(|all| !all.is_off());
        let shared = routes.rules().all(|(_, route)| routes.backend(route).compression.as_ref() == all);
        if shared { Place::Defaults } else { Place::Backends }
    }
}

/// What HAProxy has words for; a comment names the rest.
pub(super) fn write(lines: &mut Lines, compression: &Compression) {
    let (known, others): (Vec<_>, Vec<_>) =
        compression.algorithms.iter().copied().partition(|algorithm| algorithm.is_known_to_haproxy());
    if !others.is_empty() {
        lines.line(format_args!("# compression algo{}: HAProxy has no such words", keywords(&others)));
    }
    if known.is_empty() {
        return;
    }
    lines.line(format_args!("compression algo{}", keywords(&known)));
    if !compression.types.is_empty() {
        let types: Vec<_> = compression.types.iter().map(|start| word(start)).collect();
        lines.line(format_args!("compression type {}", types.join(" ")));
    }
}

fn keywords(algorithms: &[Algorithm]) -> String {
    algorithms.iter().fold(String::new(), |mut words, algorithm| {
        let _ = write!(words, " {}", algorithm.keyword());
        words
    })
}
