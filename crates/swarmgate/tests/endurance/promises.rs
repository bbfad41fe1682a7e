//! The list of promises, in the order in which they are held. The numbers are those of the project's list of promises.

mod changes;
mod websockets;

use crate::Promise;

pub(crate) fn all() -> Vec<Promise> {
    let holds = |name, hold| Promise { name, hold, broken: None };
    vec![
        holds("r6_changes_lose_no_request", |run| Box::pin(changes::lose_no_request(run))),
        holds("r4_websockets_outlive_changes", |run| Box::pin(websockets::outlive_changes(run))),
    ]
}
