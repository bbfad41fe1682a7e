//! `get-tasks`: which tasks of the announced services may get new requests, as a document that is waited for.
//!
//! Ours: Docker Flow's listener has nothing like it and answers 404, which tells a proxy to look servers up in DNS.
//! Not here: finding them out (`swarm`).

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use swarm::{Listener, TaskList};
use tokio::sync::watch;
use tokio::time::timeout;

/// How long an answer is held back while nothing changes, unless the caller says otherwise.
const WAIT: Duration = Duration::from_secs(20);
/// The longest that a caller may wish.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// What the query asks.
#[derive(Debug, PartialEq, Eq)]
struct Question {
    /// The version that the caller has.
    after: Option<String>,
    wait: Duration,
}

/// At once if the caller has another version or none, else when it changes or after the wait. 503: Docker has listed nothing for so long that
/// nobody may rely on it.
pub(super) async fn get_tasks(State(listener): State<Listener>, RawQuery(query): RawQuery) -> Response {
    let question = Question::read(query.as_deref().unwrap_or_default());
    match newest(listener.task_list(), &question).await {
        Some(list) => Json(Document::from(&*list)).into_response(),
        None => (StatusCode::SERVICE_UNAVAILABLE, [(header::CONTENT_TYPE, "application/json")], "{}").into_response(),
    }
}

async fn newest(mut lists: watch::Receiver<Option<Arc<TaskList>>>, question: &Question) -> Option<Arc<TaskList>> {
    let is_news = |list: &Option<Arc<TaskList>>| {
        list.as_ref().is_none_or(|list| Some(list.version.as_str()) != question.after.as_deref())
    };
    // Whichever way the wait ends: what there is then is the answer.
    let _ = timeout(question.wait, lists.wait_for(is_news)).await;
    lists.borrow().clone()
}

impl Question {
    /// Unknown names and bad values are as good as nothing: the caller gets the list, only sooner or later.
    fn read(query: &str) -> Question {
        let mut question = Question { after: None, wait: WAIT };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "after" if !value.is_empty() => question.after = Some(value.into_owned()),
                "wait" => question.wait = value.parse().map_or(WAIT, Duration::from_secs).min(LONGEST_WAIT),
                _ => {}
            }
        }
        question
    }
}

#[derive(Serialize)]
struct Document<'l> {
    version: &'l str,
    networks: Vec<Network<'l>>,
    services: Vec<Service<'l>>,
    remarks: Vec<Remark<'l>>,
}

#[derive(Serialize)]
struct Network<'l> {
    name: &'l str,
    subnets: &'l [String],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Service<'l> {
    service_name: &'l str,
    networks: &'l [String],
    wanted: Option<u64>,
    tasks: Vec<Task<'l>>,
}

#[derive(Serialize)]
struct Task<'l> {
    node: &'l str,
    addresses: Vec<Address<'l>>,
}

#[derive(Serialize)]
struct Address<'l> {
    network: &'l str,
    address: IpAddr,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Remark<'l> {
    service_name: &'l str,
    text: &'l str,
}

impl<'l> From<&'l TaskList> for Document<'l> {
    fn from(list: &'l TaskList) -> Self {
        let network = |network: &'l swarm::Network| Network { name: &network.name, subnets: &network.subnets };
        let remark = |remark: &'l swarm::Remark| Remark { service_name: &remark.service_name, text: &remark.text };
        Document {
            version: &list.version,
            networks: list.networks.iter().map(network).collect(),
            services: list.services.iter().map(Service::from).collect(),
            remarks: list.remarks.iter().map(remark).collect(),
        }
    }
}

impl<'l> From<&'l swarm::ServiceTasks> for Service<'l> {
    fn from(service: &'l swarm::ServiceTasks) -> Self {
        let address = |at: &'l swarm::Address| Address { network: &at.network, address: at.address };
        let task =
            |task: &'l swarm::Task| Task { node: &task.node, addresses: task.addresses.iter().map(address).collect() };
        Service {
            service_name: &service.service_name,
            networks: &service.networks,
            wanted: service.wanted,
            tasks: service.tasks.iter().map(task).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    fn list(version: &str) -> Option<Arc<TaskList>> {
        Some(Arc::new(TaskList { version: version.to_owned(), ..TaskList::default() }))
    }

    fn question(query: &str) -> Question {
        Question::read(query)
    }

    #[test]
    fn a_caller_says_what_it_has_and_how_long_it_waits() {
        assert_eq!(question(""), Question { after: None, wait: WAIT });
        assert_eq!(
            question("after=00ff&wait=3&x=y"),
            Question { after: Some("00ff".to_owned()), wait: Duration::from_secs(3) }
        );
        assert_eq!(question("after=&wait=99"), Question { after: None, wait: LONGEST_WAIT });
        assert_eq!(question("wait=-1").wait, WAIT);
    }

    #[test]
    fn the_document_looks_as_proxies_read_it() {
        let address = swarm::Address { network: "proxy".to_owned(), address: [10, 0, 1, 14].into() };
        let list = TaskList {
            version: "0123456789abcdef".to_owned(),
            networks: vec![swarm::Network { name: "proxy".to_owned(), subnets: vec!["10.0.1.0/24".to_owned()] }],
            services: vec![swarm::ServiceTasks {
                service_name: "go-demo".to_owned(),
                networks: vec!["proxy".to_owned()],
                wanted: None,
                tasks: vec![swarm::Task { node: "node-1".to_owned(), addresses: vec![address] }],
            }],
            remarks: vec![swarm::Remark { service_name: "web".to_owned(), text: "mind it".to_owned() }],
        };
        assert_eq!(
            serde_json::to_string(&Document::from(&list)).expect("json"),
            concat!(
                r#"{"version":"0123456789abcdef","networks":[{"name":"proxy","subnets":["10.0.1.0/24"]}],"#,
                r#""services":[{"serviceName":"go-demo","networks":["proxy"],"wanted":null,"#,
                r#""tasks":[{"node":"node-1","addresses":[{"network":"proxy","address":"10.0.1.14"}]}]}],"#,
                r#""remarks":[{"serviceName":"web","text":"mind it"}]}"#
            )
        );
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_no_list_or_another_gets_the_list_at_once() {
        let lists = watch::Sender::new(list("b"));
        let began = Instant::now();
        for query in ["", "after=a"] {
            assert_eq!(newest(lists.subscribe(), &question(query)).await, list("b"), "{query}");
        }
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_the_list_waits_for_another_but_not_for_ever() {
        let lists = watch::Sender::new(list("a"));
        let began = Instant::now();
        assert_eq!(newest(lists.subscribe(), &question("after=a&wait=7")).await, list("a"));
        assert_eq!(began.elapsed(), Duration::from_secs(7));
        let waiting = tokio::spawn(newest_owned(lists.subscribe(), "after=a"));
        tokio::task::yield_now().await;
        lists.send_replace(list("b"));
        assert_eq!(waiting.await.expect("no panic"), list("b"));
        assert_eq!(began.elapsed(), Duration::from_secs(7), "at once");
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_that_nobody_may_rely_on_is_told_at_once() {
        let lists = watch::Sender::new(list("a"));
        let began = Instant::now();
        let waiting = tokio::spawn(newest_owned(lists.subscribe(), "after=a"));
        tokio::task::yield_now().await;
        lists.send_replace(None);
        assert_eq!(waiting.await.expect("no panic"), None);
        assert_eq!(newest(lists.subscribe(), &question("after=a")).await, None);
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    async fn newest_owned(lists: watch::Receiver<Option<Arc<TaskList>>>, query: &str) -> Option<Arc<TaskList>> {
        newest(lists, &question(query)).await
    }
}
