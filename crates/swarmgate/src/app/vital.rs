//! Tasks without which a program is worse than one that starts again: what they said last would count for ever.
//!
//! Not here: what they do.

use std::future::{Future, pending};
use tokio::task::JoinSet;

/// Tasks that end with the program only. Dropping it ends them.
#[derive(Default)]
pub(super) struct Vital(JoinSet<&'static str>);

/// One of them is gone, which only a bug can do.
#[derive(Debug, thiserror::Error)]
pub enum Gone {
    /// It came to an end by itself.
    #[error("the task that {0} has ended")]
    Ended(&'static str),
    /// The panic is in the log.
    #[error("a task that has to go on has failed: {0}")]
    Failed(#[from] tokio::task::JoinError),
}

impl Vital {
    /// Starts one. `what` completes "the task that".
    pub(super) fn spawn(&mut self, what: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn(async move {
            task.await;
            what
        });
    }

    /// Waits until one of them is gone; for ever, as a rule.
    pub(super) async fn gone(&mut self) -> Gone {
        match self.0.join_next().await {
            Some(Ok(what)) => Gone::Ended(what),
            Some(Err(failed)) => Gone::Failed(failed),
            None => pending().await,
        }
    }

    /// Ends all of them.
    pub(super) async fn shutdown(&mut self) {
        self.0.shutdown().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bug_the_end_of_a_task_that_follows_was_noticed_by_nobody() {
        let mut vital = Vital::default();
        vital.spawn("goes on", pending());
        vital.spawn("follows the listeners", async {});
        assert_eq!(vital.gone().await.to_string(), "the task that follows the listeners has ended");
        vital.spawn("fails", async { panic!("a bug") });
        assert!(matches!(vital.gone().await, Gone::Failed(_)));
    }
}
