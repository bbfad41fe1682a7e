//! `/metrics`: everything that is counted, in Prometheus' text format.
//!
//! The counters live in the threads that serve, and a proxy of ten thousand busy services has hundreds of thousands of samples: they are read at once and
//! written piece by piece as the caller takes them, so that no more than a piece is in memory. A library's registry would hold all.
//! Not here: counting (`proxy::observe`).

mod docs;
mod samples;
mod table;

pub use docs::markdown;

use super::Api;
use crate::listener_api::Shared;
use crate::output;
use crate::statistics::{Kind, Row};
use crate::status::ReplicaCounts;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use proxy::observe::Figures;
use proxy::tls::Certificate;
use samples::Piece;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

/// Prometheus keeps values as floating point, in which whole numbers below this are exact.
const EXACT: u64 = 1 << 53;
/// The version of the text format, as Prometheus asks for it.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// All that is shown, read at one moment.
struct Scrape {
    process: Process,
    figures: Figures,
    /// Those that are served.
    certificates: Vec<Arc<Certificate>>,
    /// What HAProxy would list, of what was used.
    rows: Vec<Row>,
}

/// Of the program as a whole.
struct Process {
    uptime: Duration,
    generation: u64,
    services: u64,
    /// Those whose last version was refused.
    quarantined: u64,
    /// Those of which no server is known.
    unreachable: u64,
    digest: u64,
    /// Since a listener's list was taken over last; `None`: never.
    since_sync: Option<Duration>,
    silent_listeners: u64,
    replicas: ReplicaCounts,
    backends: u64,
    /// Lines of the program's own log that were lost.
    log_lines_dropped: u64,
    panics: u64,
    access_log_lines: u64,
    access_log_lines_dropped: u64,
}

pub(super) async fn handle(State(api): State<Arc<Api>>) -> Response {
    let scrape = Arc::new(Scrape::now(&api));
    let beside = api.beside.as_ref().map(Shared::metrics);
    let pieces = Piece::all(&scrape).into_iter().map(move |piece| piece.render(&scrape)).chain(beside);
    let pieces = pieces.map(Ok::<_, Infallible>);
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], Body::from_stream(stream::iter(pieces))).into_response()
}

impl Scrape {
    fn rows(&self, kind: Kind) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.kind == kind)
    }

    fn now(api: &Api) -> Scrape {
        let figures = api.observer.figures();
        let world = api.controller.cell().world();
        let snapshot = world.snapshot();
        let (catalog, board) = (api.controller.catalog(), &api.status.board);
        let process = Process {
            uptime: api.started.elapsed(),
            generation: snapshot.generation.number(),
            services: snapshot.catalog.services().count() as u64,
            quarantined: catalog.quarantine().len() as u64,
            unreachable: api.status.unreachable(),
            digest: catalog.digest().number() % EXACT,
            since_sync: board.last_sync().map(|last| last.elapsed().unwrap_or_default()),
            silent_listeners: board.silent_listeners(),
            replicas: board.replicas(),
            backends: snapshot.routes.backends().iter().count() as u64,
            log_lines_dropped: output::dropped_lines(),
            panics: figures.panics,
            access_log_lines: figures.log_lines,
            access_log_lines_dropped: figures.log_lines_dropped,
        };
        let mut rows = api.statistics.rows(&figures, snapshot);
        rows.retain(|row| row.is_used);
        Scrape { process, figures, certificates: world.tls().certificates().to_vec(), rows }
    }
}

#[cfg(test)]
mod tests;
