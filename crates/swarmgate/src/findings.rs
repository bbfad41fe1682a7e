//! Routes that never get what they ask for: told once in the log, in the status for as long as it is so, and to whoever configures one.
//!
//! Not here: what is found (`model::route::finding`).

use crate::controller::Controller;
use crate::status::Board;
use model::ServiceName;
use model::route::RouteTable;
use model::route::finding::Finding;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;

/// All changes in this time are one reason to look.
const SETTLE: Duration = Duration::from_secs(1);
/// Lines of the log for what one look finds.
const MOST_LINES: usize = 100;
/// Who says this on the board.
const SOURCE: &str = "routes";

/// Looks through all routes after changes, until the writer is gone. Thousands of them are looked through on a thread that may take its time.
pub async fn watch(controller: Controller, board: Board) {
    let mut changes = controller.changes();
    let mut told = Told::default();
    while changed(&mut changes).await {
        // A clone shares the table, and holds nothing else of the world.
        let table = controller.cell().world().snapshot().routes.clone();
        let Ok(findings) = tokio::task::spawn_blocking(move || table.findings()).await else {
            tracing::error!("the routes could not be looked through; their findings stay as they were");
            continue;
        };
        told.tell(&findings);
        board.remark(SOURCE, findings.into_iter().map(|finding| (finding.service, finding.text)).collect());
    }
}

/// Waits for a change, and for those that come with it. False when there will be none any more.
async fn changed<T>(changes: &mut watch::Receiver<T>) -> bool {
    if changes.changed().await.is_err() {
        return false;
    }
    sleep(SETTLE).await;
    changes.mark_unchanged();
    true
}

/// What is said about a service to whoever has configured it: what of it is hidden, and what it hides.
pub fn about(table: &RouteTable, service: &model::service::Service) -> Vec<String> {
    let of = |finding: Finding| match finding.service == service.name {
        true => finding.text,
        false => line(&finding.service, &finding.text),
    };
    table.findings_about(service).into_iter().map(of).collect()
}

/// A finding where it is not clear whose it is.
pub fn line(service: &ServiceName, text: &str) -> String {
    format!("Service {service}: {text}")
}

/// The findings of the last look, so that each is told once, and again only after it was gone.
#[derive(Default)]
struct Told(BTreeSet<Finding>);

impl Told {
    fn tell(&mut self, findings: &[Finding]) {
        let new: Vec<_> = findings.iter().filter(|finding| !self.0.contains(*finding)).collect();
        for finding in new.iter().take(MOST_LINES) {
            tracing::warn!("{}", line(&finding.service, &finding.text));
        }
        if new.len() > MOST_LINES {
            tracing::warn!("{} more routes get no request; the status shows them", new.len() - MOST_LINES);
        }
        self.0 = findings.iter().cloned().collect();
    }
}
