//! The clients of the endurance tests, which ask and judge here too. Nothing of them is repeated.

#[path = "../endurance/harness/authority.rs"]
#[allow(dead_code, reason = "these tests speak no TLS")]
mod authority;
#[path = "../endurance/harness/client.rs"]
#[allow(dead_code, reason = "these tests need a part of it")]
mod client;
#[path = "../endurance/harness/stream.rs"]
#[allow(dead_code, reason = "these tests need a part of it")]
mod stream;
#[path = "../endurance/harness/target.rs"]
#[allow(dead_code, reason = "these tests need a part of it")]
mod target;
#[path = "../endurance/harness/tls.rs"]
#[allow(dead_code, reason = "these tests speak no TLS")]
mod tls;
#[path = "../endurance/harness/wire.rs"]
#[allow(dead_code, reason = "these tests need a part of it")]
mod wire;

pub(crate) use client::{Client, Reply};

use std::{future::Future, time::Duration};

/// The longest wait for an answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// What happens soon, or an error that says what did not.
async fn soon<T>(what: &str, event: impl Future<Output = T>) -> anyhow::Result<T> {
    tokio::time::timeout(PATIENCE, event).await.map_err(|_| anyhow::anyhow!("{what}: not within {PATIENCE:?}"))
}
