//! The statistics as a page for a person and as HAProxy's table of figures for a program, from what the data plane counts.
//!
//! Not here: who may see them and where (`proxy::Statistics`), and Prometheus (`api::metrics`).

mod csv;
mod page;
mod rows;

pub(crate) use rows::{Kind, Row};

use model::Snapshot;
use proxy::observe::{Figures, Observer};
use proxy::{Cell, StatisticsForm};
use rows::rows;
use tokio::time::Instant;

/// Where the figures come from.
#[derive(Clone)]
pub struct Sources {
    /// Reads what the threads count.
    pub observer: Observer,
    /// What is configured.
    pub cell: Cell,
    /// The ports of HTTP, which are one frontend in HAProxy's words.
    pub ports: Vec<u16>,
    /// The port that is for the page alone.
    pub own_port: Option<u16>,
    /// When the program started.
    pub started: Instant,
}

impl Sources {
    /// The statistics now. Takes time with the number of backends.
    pub fn render(&self, form: StatisticsForm) -> String {
        let world = self.cell.world();
        let snapshot = world.snapshot();
        let rows = self.rows(&self.observer.figures(), snapshot);
        match form {
            StatisticsForm::Csv => csv::render(&rows),
            StatisticsForm::Page => page::render(
                &rows,
                &page::Title {
                    uptime: self.started.elapsed(),
                    generation: snapshot.generation.number(),
                    services: snapshot.catalog.services().count(),
                },
            ),
        }
    }

    /// Each frontend, server and backend as HAProxy would list it.
    pub(crate) fn rows(&self, figures: &Figures, snapshot: &Snapshot) -> Vec<Row> {
        rows(figures, snapshot, &self.ports, self.own_port)
    }
}
