//! The one event loop in which the backend and the load live, so that both together cost less than any proxy between them.
//!
//! It knows no proxy: the load knows an address to ask, the backend a socket to answer on.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};
use mio::{Events, Poll};

use crate::backend::{Backend, LISTENER};
use crate::load::Load;

/// What one read may bring. A whole small answer, and a 1 MiB one in few reads, and it still fits the core's cache.
const SCRATCH: usize = 256 * 1024;

/// What the loop does when nothing has happened.
#[derive(Clone, Copy)]
pub(crate) enum Idle {
    /// Look again at once. A proxy in the wild does not pay for waking its peers, which are on other machines; here it would pay the
    /// more the faster it is outrun, and its figure would be the load's as well.
    Spin,
    /// Sleep, because somebody else needs this core too.
    Sleep,
}

pub(crate) struct Arena {
    poll: Poll,
    events: Events,
    scratch: Vec<u8>,
    backend: Backend,
    /// Set by a signal: everything then ends with an error, so that every `Drop` runs.
    interrupted: Arc<AtomicBool>,
}

impl Arena {
    pub(crate) fn new(interrupted: Arc<AtomicBool>) -> Result<Self> {
        let poll = Poll::new()?;
        let backend = Backend::bind(poll.registry())?;
        Ok(Self { poll, events: Events::with_capacity(256), scratch: vec![0; SCRATCH], backend, interrupted })
    }

    pub(crate) fn backend_port(&self) -> Result<u16> {
        Ok(self.backend.port()?)
    }

    /// Opens a load on an arena that answers with bodies of the length this load expects.
    pub(crate) fn open(&mut self, load: &mut Load) -> Result<()> {
        self.backend.set_body(load.body());
        load.open(self.poll.registry())
    }

    /// Runs backend and load for as long as `go_on` says so.
    pub(crate) fn run(&mut self, load: &mut Load, idle: Idle, go_on: impl Fn() -> bool) -> Result<()> {
        // Long enough to cost nothing, short enough to see the clock and the interrupt flag.
        let patience = match idle {
            Idle::Spin => Duration::ZERO,
            Idle::Sleep => Duration::from_millis(10),
        };
        while go_on() {
            if self.interrupted.load(Ordering::Relaxed) {
                bail!("interrupted");
            }
            match self.poll.poll(&mut self.events, Some(patience)) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error.into()),
                _ => self.dispatch(load)?,
            }
        }
        Ok(())
    }

    /// Does something that takes its time while the arena runs in a thread of its own.
    pub(crate) fn beside<T>(&mut self, load: &mut Load, act: impl FnOnce() -> Result<T>) -> Result<T> {
        self.open(load)?;
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            let running = scope.spawn(|| self.run(load, Idle::Sleep, || !done.load(Ordering::Relaxed)));
            let result = act();
            done.store(true, Ordering::Relaxed);
            running.join().expect("the arena returns its errors")?;
            result
        })
    }

    fn dispatch(&mut self, load: &mut Load) -> Result<()> {
        for event in &self.events {
            if event.token() >= LISTENER {
                self.backend.ready(event.token(), self.poll.registry(), &mut self.scratch)?;
            } else {
                load.ready(event, self.poll.registry(), &mut self.scratch)?;
            }
        }
        Ok(())
    }
}
