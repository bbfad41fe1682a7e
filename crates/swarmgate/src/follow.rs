//! Following the listeners: asking them for all services at the start, and again and again after it.
//!
//! A list heals what notifications missed: a lost call, a replica that was down, a service that went while nobody looked.
//! Not here: what a list does to the catalog (`model::catalog`), and which tasks are running (`follow::tasks`).

pub mod tasks;

use crate::addresses::ListenerAddress;
use crate::certificates::{Certificates, service};
use crate::controller::{Controller, Stopping};
use crate::readiness::Readiness;
use crate::status::{Board, ListenerNote};
use model::Params;
use model::catalog::{Command, List};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::sleep;

/// A list with this header holds every service: what left it is gone. Docker Flow's own listener does not send it.
pub const COMPLETE: (&str, &str) = ("swarmgate-list", "complete");
/// The longest list that is taken, in bytes: about 100,000 services.
const LONGEST_LIST: usize = 64 * 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(5);
const FIRST_RETRY: Duration = Duration::from_millis(250);
/// A replica that has nothing yet serves nobody, so it asks often.
const LONGEST_RETRY_BEFORE_READY: Duration = Duration::from_secs(1);

/// Asks listeners and hands their lists to the writer.
pub struct Follower {
    /// Whom to ask.
    pub listeners: Vec<ListenerAddress>,
    /// How long to wait after an answer.
    pub interval: Duration,
    /// The writer.
    pub controller: Controller,
    /// The owner of all certificates, also of those that services bring.
    pub certificates: Certificates,
    /// Asks.
    pub client: reqwest::Client,
    /// Set by the first answer.
    pub readiness: Readiness,
    /// Where it is noted what came of each question.
    pub board: Board,
}

#[derive(Debug, thiserror::Error)]
enum NoList {
    #[error("{0}")]
    Http(#[from] reqwest::Error),
    #[error("the list has more than {LONGEST_LIST} bytes")]
    TooLong,
    #[error("the list is not one: {0}")]
    Json(#[from] serde_json::Error),
}

impl Follower {
    /// Asks until the writer is gone. A silent listener is told once, and once when it is back.
    pub async fn run(self) {
        let mut retry = FIRST_RETRY;
        let mut was_silent = false;
        while let Ok(answers) = self.ask_all().await {
            let silent =
                answers.iter().find_map(|(address, answer)| answer.as_ref().err().map(|error| (address, error)));
            if let Some((address, error)) = silent.filter(|_| !was_silent) {
                tracing::warn!("Listener {address} gives no list of services: {}; asking on", causes(error));
            } else if silent.is_none() && was_silent {
                tracing::info!("All listeners give their lists again");
            }
            was_silent = silent.is_some();
            let wait = if was_silent { retry } else { self.interval };
            let longest = if self.readiness.has_list() { self.interval } else { LONGEST_RETRY_BEFORE_READY };
            retry = if was_silent { (retry * 2).min(longest) } else { FIRST_RETRY };
            sleep(wait).await;
        }
    }

    /// One question to every listener. Their lists are one list: it is complete if all of them are.
    async fn ask_all(&self) -> Result<Vec<(&ListenerAddress, Result<(), NoList>)>, Stopping> {
        let asked = self.controller.now().await?;
        let mut list = List { services: Vec::new(), complete: true, asked };
        let (mut answers, mut notes) = (Vec::new(), Vec::new());
        for address in &self.listeners {
            let answer = self.ask(address).await.map(|(services, complete)| {
                list.services.extend(services);
                complete
            });
            notes.push(note(address, &answer));
            list.complete &= answer.as_ref().is_ok_and(|complete| *complete);
            answers.push((address, answer.map(drop)));
        }
        if answers.iter().any(|(_, answer)| answer.is_ok()) {
            let count = list.services.len();
            // A list as a whole is never refused.
            if let Ok(done) = self.controller.command(Command::Reconcile(list)).await? {
                service::keep(&self.certificates, &self.controller, &done.applied, true).await;
            }
            if !self.readiness.has_list() {
                tracing::info!("Ready: {count} services from the listener are taken over");
                self.readiness.set();
            }
        }
        self.board.asked(notes);
        Ok(answers)
    }

    async fn ask(&self, address: &ListenerAddress) -> Result<(Vec<Params>, bool), NoList> {
        let mut reply =
            self.client.get(address.url("get-services")).timeout(TIMEOUT).send().await?.error_for_status()?;
        let complete = reply.headers().get(COMPLETE.0).is_some_and(|value| value.as_bytes() == COMPLETE.1.as_bytes());
        let mut body = Vec::new();
        while let Some(part) = reply.chunk().await? {
            body.extend_from_slice(&part);
            if body.len() > LONGEST_LIST {
                return Err(NoList::TooLong);
            }
        }
        let services: Vec<BTreeMap<String, String>> = serde_json::from_slice(&body)?;
        Ok((services.into_iter().map(Params::from_iter).collect(), complete))
    }
}

fn note(address: &ListenerAddress, answer: &Result<bool, NoList>) -> ListenerNote {
    let complete = answer.as_ref().is_ok_and(|complete| *complete);
    ListenerNote { address: address.to_string(), complete, error: answer.as_ref().err().map(|error| causes(error)) }
}

/// An error with its causes in one line; the client's own text names only the outermost.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
