//! Descriptors are finite: how many there may be, and what accepting does when they run out.
//!
//! Accepting stops while some are left, so that the control API still answers and accepted clients still reach servers. Clients wait
//! in the kernel's queue meanwhile.
//! Not here: accepting (`accept`).

use rlimit::Resource;
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The share of all descriptors that new clients cannot have: those that are there need some for their servers, and the control API
/// and the health check must be answered.
const RESERVE: u64 = 4;
/// How often is looked whether there are some again.
const LOOK: Duration = Duration::from_millis(100);
/// The least time between two lines of the log about it, of all threads and ports together.
const WARNING_EVERY: Duration = Duration::from_secs(10);

const RUN_OUT: &str = "file descriptors have run out (ulimit -n)";

/// From which descriptor on there are only those of the reserve: the kernel always gives the lowest free number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reserve(RawFd);

/// Raises the limit of this process to what it may have. Returns the limit.
pub fn raise_descriptor_limit() -> io::Result<u64> {
    rlimit::increase_nofile_limit(u64::MAX)
}

impl Reserve {
    /// By the limit as it is now.
    pub(crate) fn of_process() -> Reserve {
        let limit = Resource::NOFILE.get_soft().unwrap_or(u64::MAX);
        Reserve(RawFd::try_from(limit - limit / RESERVE).unwrap_or(RawFd::MAX))
    }

    /// An error if `descriptor`, just made, is one of the reserve.
    pub(crate) fn is_left_by(self, descriptor: &impl AsRawFd) -> io::Result<()> {
        if descriptor.as_raw_fd() < self.0 { Ok(()) } else { Err(io::Error::other(RUN_OUT)) }
    }

    /// Waits until there are enough again after `error`; `socket` is any that is open.
    pub(crate) async fn until_enough(self, socket: &impl AsFd, port: u16, error: &io::Error) {
        loop {
            warn(port, error);
            sleep(LOOK).await;
            if socket.as_fd().try_clone_to_owned().is_ok_and(|copy| self.is_left_by(&copy).is_ok()) {
                return;
            }
        }
    }
}

fn warn(port: u16, error: &io::Error) {
    static LAST: Mutex<Option<Instant>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if last.is_none_or(|last| last.elapsed() >= WARNING_EVERY) {
        *last = Some(Instant::now());
        tracing::warn!("Port {port} accepts nobody for now, clients wait: {error}");
    }
}
