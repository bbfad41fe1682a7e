//! The last known services on disk (STATE_DIR), so that a proxy that starts while no listener answers serves what was served before.
//!
//! A change is written a moment later, by a task of its own: a slow or full disk delays no reply.
//! Not here: certificates, which have a directory of their own (`certificates`), and what the environment describes, which says it again.

mod file;

use crate::certificates::{Certificates, service};
use crate::controller::{Controller, Stopping};
use crate::disk;
use model::catalog::{Catalog, Change, Command, Saved};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{sleep, timeout};

/// Changes that follow each other within this are written once.
const GATHER: Duration = Duration::from_millis(50);
/// The longest of it: where writing takes long, it is done less often.
const LONGEST_GATHER: Duration = Duration::from_secs(5);
/// A failed write is tried again after this, and after twice as long each time.
const RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(60);
/// How long a program that stops waits for the last write.
const LAST_WRITE: Duration = Duration::from_secs(2);

/// Writes what changes. Dropping it writes nothing more.
pub struct Keeper {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

struct Writing {
    directory: PathBuf,
    catalog: watch::Receiver<Catalog>,
    /// The edition that is on disk.
    written: u64,
    /// Whether the last write failed, which was told.
    failing: bool,
}

/// Hands what was known before the start to the writer. How many services are served of it, once they are. What was known from a listener goes
/// when the listener's complete list does not hold it; what came by hand stays until it is removed.
pub async fn restore(
    directory: &Path,
    controller: &Controller,
    certificates: &Certificates,
) -> Result<usize, Stopping> {
    let saved = read(directory);
    if saved.is_empty() {
        return Ok(0);
    }
    // As a whole it is never refused; a service that is, is told of by the writer.
    let Ok(done) = controller.command(Command::Restore(saved)).await? else { return Ok(0) };
    service::keep(certificates, controller, &done.applied, true).await;
    let count = done.applied.changes.iter().filter(|(_, change)| *change == Change::Added).count();
    tracing::info!("{count} services that were known before the start are served, from {}", directory.display());
    Ok(count)
}

/// What was known before the start. A file that is no good is told of and kept aside, and then nothing was. Blocks: nothing is served yet.
fn read(directory: &Path) -> Vec<Saved> {
    disk::remove_leftovers(directory);
    let unusable = match file::read(directory) {
        Ok(saved) => return saved.unwrap_or_default(),
        Err(unusable) => unusable,
    };
    let path = file::path(directory);
    match file::keep_aside(directory) {
        Ok(aside) => {
            tracing::warn!(
                "{}: {unusable}; it is kept as {}, and nothing of it is served",
                path.display(),
                aside.display()
            );
        }
        Err(error) => {
            tracing::warn!(
                "{}: {unusable}, and it cannot be put aside ({error}); nothing of it is served",
                path.display()
            );
        }
    }
    Vec::new()
}

impl Keeper {
    /// Begins to write what changes from now on to `directory`, which holds what the writer's catalog holds now.
    pub fn start(directory: PathBuf, controller: &Controller) -> Keeper {
        let (stop, stopped) = oneshot::channel();
        let catalog = controller.changes();
        let written = catalog.borrow().edition();
        let writing = Writing { directory, catalog, written, failing: false };
        Keeper { stop, task: tokio::spawn(writing.run(stopped)) }
    }

    /// Writes the last changes, as far as that is possible soon.
    pub async fn finish(self) {
        let Keeper { stop, mut task } = self;
        drop(stop);
        if timeout(LAST_WRITE, &mut task).await.is_err() {
            task.abort();
        }
    }
}

impl Writing {
    async fn run(mut self, mut stopped: oneshot::Receiver<()>) {
        let (mut pause, mut retry) = (GATHER, RETRY);
        loop {
            let mut is_last = false;
            if self.catalog.borrow_and_update().edition() == self.written {
                tokio::select! {
                    changed = self.catalog.changed() => if changed.is_err() { return },
                    _ = &mut stopped => is_last = true,
                }
            }
            is_last = is_last
                || tokio::select! {
                    () = sleep(pause) => false,
                    _ = &mut stopped => true,
                };
            let began = Instant::now();
            let is_written = self.write().await;
            if is_last {
                return;
            }
            (pause, retry) = match is_written {
                true => ((began.elapsed() * 10).clamp(GATHER, LONGEST_GATHER), RETRY),
                false => (retry, (retry * 2).min(LONGEST_RETRY)),
            };
        }
    }

    /// Whether the catalog as it is now is on disk.
    async fn write(&mut self) -> bool {
        let catalog = self.catalog.borrow_and_update().clone();
        let (directory, edition) = (self.directory.clone(), catalog.edition());
        if edition == self.written {
            return true;
        }
        let result = spawn_blocking(move || file::write(&directory, &catalog)).await;
        // A runtime that ends begins no write any more.
        let result = result.unwrap_or_else(|ended| Err(ended.into()));
        match &result {
            Ok(()) if self.failing => tracing::info!("The services are on disk again, in {}", self.directory.display()),
            Err(error) if !self.failing => tracing::warn!(
                "The services cannot be kept in {}: {error}; they are served all the same, and it is tried again",
                self.directory.display()
            ),
            _ => {}
        }
        self.failing = result.is_err();
        if result.is_ok() {
            self.written = edition;
        }
        result.is_ok()
    }
}
