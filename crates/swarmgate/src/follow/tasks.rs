//! Following the tasks of services: each listener is asked which of them may get requests, and the resolver is told.
//!
//! A listener that fails takes nobody away: its last list counts for [`SILENCE`], and then DNS does, as with Docker Flow's own listener, which
//! tells no tasks. One that says itself that it does not know counts no longer. Not here: which services there are (`follow`), and dialling (`proxy::Resolver`).

mod list;
mod near;

use super::causes;
use crate::addresses::ListenerAddress;
use crate::status::Board;
use list::TaskList;
use model::ServiceName;
use proxy::{KnownTasks, Resolver, is_attached};
use reqwest::StatusCode;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

/// How long a listener may keep a question whose answer has not changed. Short, because only an answer shows that it is alive.
const HELD: Duration = Duration::from_secs(5);
/// For one question and its whole answer.
const TIMEOUT: Duration = Duration::from_secs(8);
/// A list counts for so long after the last good answer. Tasks come and go meanwhile, which DNS may know.
const SILENCE: Duration = Duration::from_secs(10);
/// How often a listener that knows nothing of tasks is asked whether it has become one that does.
const ASK_OLD: Duration = Duration::from_secs(30);
/// Between an answer and the next question, should a listener answer without holding any, or have news all the time.
const PAUSE: Duration = Duration::from_millis(100);
const FIRST_RETRY: Duration = Duration::from_millis(250);
const LONGEST_RETRY: Duration = Duration::from_secs(2);
/// The longest list that is taken, in bytes: about 200,000 tasks.
const LONGEST_LIST: usize = 64 * 1024 * 1024;
/// Remarks that are shown, of all listeners together.
const MOST_REMARKS: usize = 1000;

/// Asks listeners for tasks and tells a resolver.
pub struct TaskFollower {
    /// Whom to ask.
    pub listeners: Vec<ListenerAddress>,
    /// What the listener of this process knows, if there is one.
    pub beside: Option<Beside>,
    /// Asks.
    pub client: reqwest::Client,
    /// Who is told of tasks.
    pub resolver: Resolver,
    /// Where is noted what listeners remark on services.
    pub board: Board,
}

/// What the listener of this process knows, always the newest.
pub type Beside = watch::Receiver<Option<Arc<swarm::TaskList>>>;

/// What one listener says: its list, and which of its networks this machine is attached to; `None`: nothing that counts.
type Heard = Option<(TaskList, BTreeSet<String>)>;

/// What all listeners say, by their places; whoever said something new last comes first.
#[derive(Default)]
struct All(VecDeque<(usize, TaskList, BTreeSet<String>)>);

/// One listener, asked again and again.
struct Poll {
    address: ListenerAddress,
    client: reqwest::Client,
    heard: Heard,
    /// When it gave its last good answer, or when it was first asked.
    good: Instant,
    /// An operator was told that it says nothing.
    is_silent: bool,
}

#[derive(Debug, thiserror::Error)]
enum NoTasks {
    #[error("it answers 404, as listeners do that tell no tasks")]
    Old,
    #[error("it answers 503, as it does not know them itself")]
    Withdrawn,
    #[error("{}", causes(.0))]
    Http(#[from] reqwest::Error),
    #[error("the list has more than {LONGEST_LIST} bytes")]
    TooLong,
    #[error("the list is not one: {0}")]
    Json(#[from] serde_json::Error),
}

impl TaskFollower {
    /// Asks for ever, each listener by itself.
    pub async fn run(self) {
        let (say, mut said) = mpsc::channel(self.listeners.len() + 1);
        let mut polls = JoinSet::new();
        for (place, address) in self.listeners.iter().cloned().enumerate() {
            let (client, say) = (self.client.clone(), say.clone());
            let poll = Poll { address, client, heard: None, good: Instant::now(), is_silent: false };
            polls.spawn(poll.run(place, say));
        }
        let mut all = All::default();
        if let Some(beside) = self.beside.clone() {
            polls.spawn(hear(beside, self.listeners.len(), say.clone()));
        }
        drop(say);
        while let Some((place, heard)) = said.recv().await {
            all.hear(place, heard);
            self.tell(&all);
        }
    }

    fn tell(&self, all: &All) {
        self.board.remark("listener", all.remarks().into_iter().take(MOST_REMARKS).collect());
        match all.tasks() {
            Some(tasks) => self.resolver.tasks_are(tasks),
            None => self.resolver.tasks_are_unknown(),
        }
    }
}

impl All {
    fn hear(&mut self, place: usize, heard: Heard) {
        self.0.retain(|(other, ..)| *other != place);
        if let Some((list, attached)) = heard {
            self.0.push_front((place, list, attached));
        }
    }

    /// In order, each once: replicas of a listener remark the same.
    fn remarks(&self) -> BTreeSet<(ServiceName, String)> {
        self.0.iter().flat_map(|(_, list, _)| list.remarks()).collect()
    }

    /// `None`: no listener knows.
    fn tasks(&self) -> Option<BTreeMap<String, KnownTasks>> {
        let lists = self.0.iter().map(|(_, list, attached)| near::tasks(list, attached));
        (!self.0.is_empty()).then(|| near::together(lists))
    }
}

/// Says what the listener of this process knows, until one of the two is gone. It is not asked: it withdraws by itself what is too old.
async fn hear(mut beside: Beside, place: usize, say: mpsc::Sender<(usize, Heard)>) {
    let mut told: Option<(String, BTreeSet<String>)> = None;
    loop {
        let heard: Heard = beside.borrow_and_update().as_deref().map(|list| {
            let list = TaskList::from(list);
            let attached = list.attached(is_attached);
            (list, attached)
        });
        let mark = heard.as_ref().map(|(list, attached)| (list.version.clone(), attached.clone()));
        if mark != told && say.send((place, heard)).await.is_err() {
            return;
        }
        told = mark;
        // This machine may be attached to another network while the list is the same.
        if let Ok(Err(_)) = timeout(HELD, beside.changed()).await {
            return;
        }
    }
}

impl Poll {
    /// Asks until nobody listens, and says what changed.
    async fn run(mut self, place: usize, say: mpsc::Sender<(usize, Heard)>) {
        let mut retry = FIRST_RETRY;
        // An answer that is waited for proves nothing of a listener that has just failed.
        let mut may_hold = false;
        loop {
            let answer = self.ask(may_hold).await;
            may_hold = answer.is_ok();
            let (wait, changed) = match answer {
                Ok(list) => {
                    retry = FIRST_RETRY;
                    (PAUSE, self.hears(list))
                }
                Err(error) => {
                    let wait = if matches!(error, NoTasks::Old) { ASK_OLD } else { retry };
                    retry = (retry * 2).min(LONGEST_RETRY);
                    (wait, self.fails(&error))
                }
            };
            if changed && say.send((place, self.heard.clone())).await.is_err() {
                return;
            }
            sleep(wait).await;
        }
    }

    /// Takes in a list; whether that changes anything.
    fn hears(&mut self, list: TaskList) -> bool {
        self.good = Instant::now();
        if std::mem::take(&mut self.is_silent) {
            tracing::info!("Listener {} tells which tasks run", self.address);
        }
        // This machine may have been attached to another network while the list is the same.
        let attached = list.attached(is_attached);
        let before = self.heard.as_ref().map(|(list, attached)| (&list.version, attached));
        if before == Some((&list.version, &attached)) {
            return false;
        }
        self.heard = Some((list, attached));
        true
    }

    /// Takes in a failure; whether that changes anything.
    fn fails(&mut self, error: &NoTasks) -> bool {
        // What is said is no silence.
        let is_said = matches!(error, NoTasks::Old | NoTasks::Withdrawn);
        if !is_said && self.good.elapsed() < SILENCE {
            return false;
        }
        if !std::mem::replace(&mut self.is_silent, true) {
            let address = &self.address;
            match error {
                NoTasks::Old => tracing::info!("Listener {address} does not tell which tasks run: DNS is asked"),
                _ => tracing::warn!("Listener {address} does not tell which tasks run: {error}; DNS is asked"),
            }
        }
        self.heard.take().is_some()
    }

    /// One question. It may be held until the answer is another than before.
    async fn ask(&self, may_hold: bool) -> Result<TaskList, NoTasks> {
        let mut url = self.address.url("get-tasks");
        let version = self.heard.as_ref().map(|(list, _)| &list.version).filter(|_| may_hold);
        if let Some(version) = version {
            url = format!("{url}?after={version}&wait={}", HELD.as_secs());
        }
        let mut reply = self.client.get(url).timeout(self.limit()).send().await?;
        match reply.status() {
            StatusCode::NOT_FOUND => return Err(NoTasks::Old),
            StatusCode::SERVICE_UNAVAILABLE => return Err(NoTasks::Withdrawn),
            _ => {}
        }
        reply.error_for_status_ref()?;
        let mut body = Vec::new();
        while let Some(part) = reply.chunk().await? {
            body.extend_from_slice(&part);
            if body.len() > LONGEST_LIST {
                return Err(NoTasks::TooLong);
            }
        }
        TaskList::parse(&body).map_err(NoTasks::from)
    }

    /// So that the end of [`SILENCE`] is noticed in time.
    fn limit(&self) -> Duration {
        SILENCE.saturating_sub(self.good.elapsed()).clamp(Duration::from_secs(1), TIMEOUT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poll() -> Poll {
        let address = ListenerAddress::parse("swarm-listener").unwrap();
        Poll { address, client: reqwest::Client::new(), heard: None, good: Instant::now(), is_silent: false }
    }

    fn list(version: &str) -> TaskList {
        TaskList::parse(format!(r#"{{"version":"{version}"}}"#).as_bytes()).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_counts_for_ten_seconds_after_the_last_good_answer() {
        let mut poll = poll();
        assert!(poll.hears(list("a")) && !poll.hears(list("a")) && poll.hears(list("b")));
        for _ in 0..9 {
            tokio::time::advance(Duration::from_secs(1)).await;
            assert!(!poll.fails(&NoTasks::TooLong) && poll.heard.is_some());
        }
        assert_eq!(poll.limit(), Duration::from_secs(1), "the end is noticed in time");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(poll.fails(&NoTasks::TooLong) && poll.heard.is_none());
        assert!(!poll.fails(&NoTasks::TooLong), "it is said once");
        assert!(poll.hears(list("b")));
    }

    #[tokio::test]
    async fn the_listener_of_this_process_is_heard_and_may_withdraw_what_it_knows() {
        let list = |version: &str| swarm::TaskList { version: version.to_owned(), ..swarm::TaskList::default() };
        let (lists, beside) = watch::channel(Some(Arc::new(list("a"))));
        let (say, mut said) = mpsc::channel(1);
        tokio::spawn(hear(beside, 3, say));
        let version = |heard: Heard| heard.map(|(list, _)| list.version);
        let (place, heard) = said.recv().await.unwrap();
        assert_eq!((place, version(heard)), (3, Some("a".to_owned())));
        lists.send_replace(Some(Arc::new(list("b"))));
        assert_eq!(version(said.recv().await.unwrap().1).as_deref(), Some("b"));
        lists.send_replace(None);
        assert_eq!(version(said.recv().await.unwrap().1), None);
        drop(lists);
        assert!(said.recv().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_listener_that_became_an_old_one_is_believed_at_once() {
        let mut poll = poll();
        poll.hears(list("a"));
        assert!(poll.fails(&NoTasks::Old) && poll.heard.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn bug_what_a_listener_withdrew_was_believed_for_ten_seconds_more() {
        let mut poll = poll();
        poll.hears(list("a"));
        assert!(poll.fails(&NoTasks::Withdrawn) && poll.heard.is_none());
        assert!(poll.hears(list("a")), "the same list counts again");
    }

    /// Services, each with the last number of its task's address, or none.
    fn services(version: &str, services: &[(&str, Option<u8>)]) -> Heard {
        let task = |last| format!(r#"{{"addresses":[{{"network":"proxy","address":"10.0.0.{last}"}}]}}"#);
        let service = |(name, last): &(&str, Option<u8>)| {
            format!(r#"{{"serviceName":"{name}","tasks":[{}]}}"#, last.map(task).unwrap_or_default())
        };
        let services = services.iter().map(service).collect::<Vec<_>>().join(",");
        let list = TaskList::parse(format!(r#"{{"version":"{version}","services":[{services}]}}"#).as_bytes());
        Some((list.unwrap(), BTreeSet::from(["proxy".to_owned()])))
    }

    #[test]
    fn bug_a_stopped_task_stayed_a_server_while_one_of_several_listeners_did_not_know() {
        let addresses = |all: &All, name: &str| {
            let tasks = all.tasks().unwrap().remove(name).unwrap().addresses;
            tasks.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        let mut all = All::default();
        all.hear(0, services("a1", &[("web", Some(2))]));
        all.hear(1, services("b1", &[("web", Some(2)), ("other", Some(9))]));
        all.hear(0, services("a2", &[("web", Some(3))]));
        assert_eq!(addresses(&all, "web"), "10.0.0.3");
        assert_eq!(addresses(&all, "other"), "10.0.0.9", "what another Swarm's listener alone knows counts too");
        all.hear(0, services("a3", &[("web", None)]));
        assert_eq!(addresses(&all, "web"), "", "it was stopped");
        all.hear(0, None);
        assert_eq!(addresses(&all, "web"), "10.0.0.2");
        all.hear(1, None);
        assert!(all.tasks().is_none());
    }
}
