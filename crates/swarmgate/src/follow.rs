//! Following the listeners: asking them for all services at the start, and again and again after it.
//!
//! A list heals what notifications missed: a lost call, a replica that was down, a service that went while nobody looked.
//! Not here: what a list does to the catalog (`model::catalog`), and which tasks are running (`follow::tasks`).

pub mod beside;
pub mod tasks;
mod together;

use crate::addresses::ListenerAddress;
use crate::bearer::Bearer;
use crate::certificates::{Certificates, service};
use crate::controller::{Controller, Stopping};
use crate::peers::NOTIFIED_BY;
use crate::readiness::Readiness;
use crate::silence::Silence;
use crate::status::{Board, ListenerNote};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use model::catalog::{Command, List, ListenerId};
use model::{Params, ServiceName};
use reqwest::StatusCode;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;
use swarm::{DockerError, Listener};
use together::{One, Together, together};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, timeout_at};

/// A list with this header holds every service: what left it is gone. Docker Flow's own listener does not send it.
pub const COMPLETE: (&str, &str) = ("swarmgate-list", "complete");
/// The longest list that is taken, in bytes: about 100,000 services.
const LONGEST_LIST: usize = 64 * 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(5);
/// How much longer than the first one that gives a list the others are waited for.
const PATIENCE: Duration = Duration::from_secs(1);
const FIRST_RETRY: Duration = Duration::from_millis(250);
/// A replica that has nothing yet serves nobody, so it asks often.
const LONGEST_RETRY_BEFORE_READY: Duration = Duration::from_secs(1);

/// Who says on the board that listeners do not agree.
const SOURCE: &str = "lists";

/// Who may wait for the listeners to be asked; more are told that there are too many.
const MOST_WAITING: usize = 64;

/// Has the listeners asked at once. Clones reach the same follower.
#[derive(Clone)]
pub struct Resync(mpsc::Sender<Waiting>);

/// Waits for what came of the next question.
type Waiting = oneshot::Sender<Vec<ListenerNote>>;

/// Who gives a list of services.
pub enum Source {
    /// A listener that is asked over HTTP.
    Elsewhere(ListenerAddress),
    /// The listener of this process.
    Beside(Listener),
}

/// Asks listeners and hands their lists to the writer.
pub struct Follower {
    /// Whom to ask.
    pub listeners: Vec<Source>,
    /// How long to wait after an answer.
    pub interval: Duration,
    /// The writer.
    pub controller: Controller,
    /// The owner of all certificates, also of those that services bring.
    pub certificates: Certificates,
    /// Asks.
    pub client: reqwest::Client,
    /// What listeners may want to see.
    pub token: Option<Bearer>,
    /// Set by the first answer.
    pub readiness: Readiness,
    /// Where it is noted what came of each question.
    pub board: Board,
    /// Who wants them asked at once.
    pub asks: Asks,
}

/// What a [`Resync`] leads to.
pub struct Asks(mpsc::Receiver<Waiting>);

/// What a listener answered.
struct Answer {
    services: Vec<Params>,
    complete: bool,
    /// Who it says it is.
    from: Option<ListenerId>,
}

/// What a round of questions is over with.
struct Round {
    notes: Vec<ListenerNote>,
    /// One that gave no list, and why.
    silent: Option<(String, String)>,
    /// Services that the lists do not agree about.
    contested: Vec<(ServiceName, String)>,
}

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoList {
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error("it answers 401: it has a DFP_API_TOKEN, and this proxy has to be given the same")]
    NeedsToken,
    #[error("no answer within a second of another listener's list")]
    Late,
    #[error("the list has more than {LONGEST_LIST} bytes")]
    TooLong,
    #[error("the list is not one")]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Docker(#[from] DockerError),
}

impl Resync {
    /// One, and what the follower gets of it.
    pub fn new() -> (Resync, Asks) {
        let (asks, asked) = mpsc::channel(MOST_WAITING);
        (Resync(asks), Asks(asked))
    }

    /// Has all listeners asked, and their lists taken over. What came of it, once it is live; `None`: too many wait already, or the program
    /// is about to end.
    pub async fn now(&self) -> Option<Vec<ListenerNote>> {
        let (answer, answered) = oneshot::channel();
        self.0.try_send(answer).ok()?;
        answered.await.ok()
    }
}

impl Follower {
    /// Asks until the writer is gone. A silent listener is told of once for each reason, and once when it is back.
    pub async fn run(mut self) {
        let (mut retry, mut silence) = (FIRST_RETRY, Silence::default());
        let mut waiting: Vec<Waiting> = Vec::new();
        let mut told = BTreeSet::new();
        while let Ok(Round { notes, silent, contested }) = self.ask_all().await {
            self.tell_contested(contested, &mut told);
            // Whoever waited may have left.
            waiting.drain(..).for_each(|waiting| drop(waiting.send(notes.clone())));
            let is_silent = silent.is_some();
            tell_silent(silent, &mut silence);
            let wait = if is_silent { retry } else { self.interval };
            let longest = if self.readiness.has_list() { self.interval } else { LONGEST_RETRY_BEFORE_READY };
            retry = if is_silent { (retry * 2).min(longest) } else { FIRST_RETRY };
            tokio::select! {
                () = sleep(wait) => {}
                Some(one) = self.asks.0.recv() => waiting.push(one),
            }
            waiting.extend(std::iter::from_fn(|| self.asks.0.try_recv().ok()));
        }
    }

    /// One question to every listener at once. Their lists are one list: it is complete if all of them are.
    async fn ask_all(&self) -> Result<Round, Stopping> {
        let asked = self.controller.now().await?;
        let answers = self.answers().await;
        let addresses: Vec<_> = self.listeners.iter().map(Source::to_string).collect();
        let (mut lists, mut from, mut notes) = (Vec::new(), Vec::new(), Vec::new());
        for (address, answer) in addresses.iter().zip(answers) {
            let (complete, error) = match answer {
                Ok(answer) => {
                    lists.push(One { address, services: answer.services });
                    from.extend(answer.from);
                    (answer.complete, None)
                }
                Err(error) => (false, Some(causes(&error))),
            };
            notes.push(ListenerNote { address: address.clone(), complete, error });
        }
        let Together { list, contested } = together(lists, asked);
        if notes.iter().any(|note| note.error.is_none()) {
            self.take(List { complete: notes.iter().all(|note| note.complete), from, ..list }).await?;
        }
        let silent = notes.iter().find_map(|note| Some((note.address.clone(), note.error.clone()?)));
        self.board.asked(notes.clone());
        Ok(Round { notes, silent, contested })
    }

    /// What each listener answers, in their order. One that hangs delays the lists of the others only so far.
    async fn answers(&self) -> Vec<Result<Answer, NoList>> {
        let numbered = self.listeners.iter().enumerate();
        let mut under_way: FuturesUnordered<_> =
            numbered.map(async |(number, source)| (number, self.ask(source).await)).collect();
        let mut answers: Vec<_> = self.listeners.iter().map(|_| Err(NoList::Late)).collect();
        let mut end = None;
        loop {
            let next = match end {
                Some(end) => timeout_at(end, under_way.next()).await.unwrap_or_default(),
                None => under_way.next().await,
            };
            let Some((number, answer)) = next else { return answers };
            if answer.is_ok() && end.is_none() {
                end = Some(Instant::now() + PATIENCE);
            }
            answers[number] = answer;
        }
    }

    /// Each service once in the log, and again only after the lists have agreed about it.
    fn tell_contested(&self, contested: Vec<(ServiceName, String)>, told: &mut BTreeSet<ServiceName>) {
        for (name, text) in contested.iter().filter(|(name, _)| !told.contains(name)) {
            tracing::warn!("Service {name}: {text}");
        }
        *told = contested.iter().map(|(name, _)| name.clone()).collect();
        self.board.remark(SOURCE, contested);
    }

    async fn take(&self, list: List) -> Result<(), Stopping> {
        let count = list.services.len();
        // A list as a whole is never refused.
        if let Ok(done) = self.controller.command(Command::Reconcile(list)).await? {
            service::keep(&self.certificates, &self.controller, &done.applied, true).await;
        }
        if !self.readiness.has_list() {
            tracing::info!("Ready: {count} services from the listener are taken over");
            self.readiness.set();
        }
        Ok(())
    }

    async fn ask(&self, source: &Source) -> Result<Answer, NoList> {
        match source {
            Source::Elsewhere(address) => self.ask_address(address).await,
            // Docker is given up on as a listener gives up on it.
            Source::Beside(listener) => {
                Ok(Answer { services: listener.services().await?, complete: true, from: Some(listener.id()) })
            }
        }
    }

    async fn ask_address(&self, address: &ListenerAddress) -> Result<Answer, NoList> {
        let call = address.call(&self.client, "get-services", self.token.as_ref()).timeout(TIMEOUT);
        let reply = call.send().await?;
        if reply.status() == StatusCode::UNAUTHORIZED {
            return Err(NoList::NeedsToken);
        }
        let mut reply = reply.error_for_status()?;
        let complete = reply.headers().get(COMPLETE.0).is_some_and(|value| value.as_bytes() == COMPLETE.1.as_bytes());
        let from = reply.headers().get(NOTIFIED_BY).and_then(|id| ListenerId::parse(id.to_str().ok()?));
        let mut body = Vec::new();
        while let Some(part) = reply.chunk().await? {
            body.extend_from_slice(&part);
            if body.len() > LONGEST_LIST {
                return Err(NoList::TooLong);
            }
        }
        let services: Vec<BTreeMap<String, String>> = serde_json::from_slice(&body)?;
        Ok(Answer { services: services.into_iter().map(Params::from_iter).collect(), complete, from })
    }
}

/// Logs what is new about a listener that gives no list, or that all give theirs now.
fn tell_silent(silent: Option<(String, String)>, silence: &mut Silence) {
    match silent {
        Some((address, error)) if silence.is_news(format!("{address}: {error}")) => {
            tracing::warn!("Listener {address} gives no list of services: {error}; asking on");
        }
        None if silence.is_over() => tracing::info!("All listeners give their lists now"),
        _ => {}
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Elsewhere(address) => address.fmt(f),
            Source::Beside(_) => f.write_str("of this process"),
        }
    }
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
