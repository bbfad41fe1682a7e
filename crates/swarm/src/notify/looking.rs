//! Looks whether a receiver is there while nothing is told it. One that starts anew between two notifications has forgotten everything,
//! and nobody would notice.
//!
//! Nothing is sent: a connection is made and closed. One that starts faster than it is looked for is not found.
//! Not here: what follows when it is back ([`super::reach`]).

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::reach::Reach;
use crate::backoff::jittered;
use crate::reason::reason;

/// Never ends. `pause` is the least time between two looks, `limit` that for a connection.
pub(super) async fn look_for(reach: Arc<Reach>, pause: Duration, limit: Duration) {
    loop {
        sleep(jittered(pause)).await;
        // A delivery that found it lost goes on until it is back. It wants an answer, of which a connection is only the half.
        if reach.is_lost() {
            continue;
        }
        let Err(reason) = connect(&reach, limit).await else { continue };
        reach.lost(&reason);
        while let Some(_turn) = reach.may_try().await {
            match connect(&reach, limit).await {
                Ok(()) => reach.found(),
                Err(_) => reach.still_lost(),
            }
        }
    }
}

async fn connect(reach: &Reach, limit: Duration) -> Result<(), String> {
    match timeout(limit, TcpStream::connect(reach.authority())).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(reason(&error)),
        Err(_) => Err(format!("no connection within {} s", limit.as_secs())),
    }
}
