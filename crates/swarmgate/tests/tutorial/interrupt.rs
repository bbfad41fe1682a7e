//! Waiting that has a deadline, says what it waited for, and ends at once on Ctrl-C. Nothing here knows Docker.

use std::{
    cell::Cell,
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use tokio::signal::unix::{SignalKind, signal};

/// How long anything may take to come true. Generous, because it is only ever waited out by a failure.
const PATIENCE: Duration = Duration::from_secs(90);

/// How long to wait between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// The wish of somebody outside to end the run early, so that what was created can still be removed.
pub(crate) struct Interrupt {
    /// Brings the wish.
    wishes: Receiver<()>,
    /// Whether it came; it is not forgotten.
    came: Cell<bool>,
    /// Whether it counts no more, because the end has begun.
    ignored: Cell<bool>,
}

impl Interrupt {
    /// Starts to listen to SIGINT and SIGTERM.
    pub(crate) fn listen() -> Interrupt {
        let (interrupted, wishes) = channel();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut interrupt = signal(SignalKind::interrupt())?;
                let mut terminate = signal(SignalKind::terminate())?;
                loop {
                    tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
                    if interrupted.send(()).is_err() {
                        return Ok::<(), std::io::Error>(());
                    }
                }
            })
        });
        Interrupt { wishes, came: Cell::new(false), ignored: Cell::new(false) }
    }

    /// Whether the run is to end.
    pub(crate) fn came(&self) -> bool {
        self.came.get() && !self.ignored.get()
    }

    /// From now on every wait takes its time: this is the end that was asked for.
    pub(crate) fn ignore(&self) {
        self.ignored.set(true);
    }

    /// Looks again and again until `look` succeeds, and returns what it saw.
    ///
    /// # Errors
    /// With the reason of the last look, once [`PATIENCE`] is over; or because of an interrupt.
    pub(crate) fn eventually<T>(&self, what: &str, mut look: impl FnMut() -> Result<T>) -> Result<T> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = look();
            if seen.is_ok() || Instant::now() >= deadline {
                return seen.with_context(|| format!("waited {PATIENCE:?} in vain for {what}"));
            }
            self.came.set(self.came.get() | self.wishes.recv_timeout(PAUSE).is_ok());
            if self.came() {
                bail!("interrupted while waiting for {what}");
            }
        }
    }
}
