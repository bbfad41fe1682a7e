//! The ways past the proxy: bare connections from where a guest stands to the tasks of a service.
//!
//! A proxy can do no more than such a connection can. Not here: what the overlay network knows of a way (`stage::overlay`).

use crate::talk::Moment;
use anyhow::{Result, bail};
use std::{
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::{net::TcpStream, time};

/// How often they are looked at, and how long a look may take.
const WATCH: Duration = Duration::from_millis(500);

/// Between two looks at a way that is not there yet.
const LOOK: Duration = Duration::from_millis(20);

/// When no task of a service could be reached past the proxy.
#[derive(Default)]
pub(crate) struct Ways(Mutex<Vec<Moment>>);

impl Ways {
    /// Connects to the tasks now and then, each time until one takes it.
    pub(crate) async fn watch(&self, tasks: &[IpAddr]) {
        let mut tick = time::interval(WATCH);
        while !tasks.is_empty() {
            tick.tick().await;
            let mut is_missing = true;
            for task in tasks {
                is_missing = !is_there(*task).await;
                if !is_missing {
                    break;
                }
            }
            if is_missing {
                self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Moment::now());
            }
        }
    }

    /// Whether it was so at any time since `began`.
    pub(crate) fn were_missing(&self, began: Moment) -> bool {
        let missing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        missing.iter().any(|missing| *missing >= began.before(WATCH))
    }
}

/// When there was a way to a task for the first time.
///
/// # Errors
/// When there was none within `limit`.
pub(crate) async fn reach(task: IpAddr, limit: Duration) -> Result<Moment> {
    let deadline = Instant::now() + limit;
    while !is_there(task).await {
        if Instant::now() > deadline {
            bail!("no connection to {task} within {limit:?}");
        }
        time::sleep(LOOK).await;
    }
    Ok(Moment::now())
}

async fn is_there(task: IpAddr) -> bool {
    matches!(time::timeout(WATCH, TcpStream::connect((task, 8080))).await, Ok(Ok(_)))
}
