//! The announced services for whoever lives in the same process as the listener: always the newest, told as what is new.
//!
//! Whoever takes his time misses steps in between and nothing else, so nothing queues up, and nothing is to be acknowledged or repeated.
//! Not here: who is told over HTTP ([`crate::notify`]).

use std::collections::BTreeMap;
use std::sync::Arc;

use model::Params;
use tokio::sync::watch;

use crate::service::Service;

/// By name.
type Services = BTreeMap<String, Service>;

/// One who follows the announced services.
pub struct Announced {
    lists: watch::Receiver<Option<Arc<Services>>>,
    known: Option<Arc<Services>>,
}

/// What is another than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// Whether these are all services, because nothing was known before.
    pub is_first: bool,
    /// What a create notification says about each new or changed service, in the order of `serviceName`.
    pub changed: Vec<Params>,
    /// The names of services that are gone.
    pub gone: Vec<String>,
}

impl Announced {
    pub(super) fn new(lists: watch::Receiver<Option<Arc<Services>>>) -> Self {
        Announced { lists, known: None }
    }

    /// Waits until something is new. `None`: the listener is gone. May be dropped at any time without a loss.
    pub async fn next(&mut self) -> Option<News> {
        loop {
            let newest = self.lists.borrow_and_update().clone();
            if let Some(news) = newest.as_deref().and_then(|newest| News::of(self.known.as_deref(), newest)) {
                self.known = newest;
                return Some(news);
            }
            self.lists.changed().await.ok()?;
        }
    }
}

impl News {
    /// `None` where receivers would be told the same as before.
    fn of(known: Option<&Services>, newest: &Services) -> Option<News> {
        let before = |name: &String| known.and_then(|known| known.get(name)).map(|service| &service.params);
        let changed = newest.iter().filter(|(name, service)| before(name) != Some(&service.params));
        let gone = known.into_iter().flatten().map(|(name, _)| name).filter(|name| !newest.contains_key(*name));
        let news = News {
            is_first: known.is_none(),
            changed: changed.map(|(_, service)| service.params.clone()).collect(),
            gone: gone.cloned().collect(),
        };
        (news.is_first || !news.changed.is_empty() || !news.gone.is_empty()).then_some(news)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(services: &[(&str, &str)]) -> Option<Arc<Services>> {
        let service = |(name, path): &(&str, &str)| {
            let params = Params::from_iter([("serviceName", *name), ("servicePath", path)]);
            let (id, name) = (format!("id-{name}"), (*name).to_owned());
            let (wanted, scrape_network) = (Some(1), None);
            (name.clone(), Service { id, version_index: 1, name, params, wanted, is_updating: false, scrape_network })
        };
        Some(Arc::new(services.iter().map(service).collect()))
    }

    async fn told(announced: &mut Announced) -> (bool, Vec<String>, Vec<String>) {
        let news = announced.next().await.expect("a listener");
        let name = |params: Params| params.get("serviceName").expect("a name").to_owned();
        (news.is_first, news.changed.into_iter().map(name).collect(), news.gone)
    }

    #[tokio::test]
    async fn the_first_list_is_told_whole_and_then_what_differs_however_many_lists_came_between() {
        let (lists, receiver) = watch::channel(None);
        let mut announced = Announced::new(receiver);
        lists.send_replace(list(&[("a", "/a"), ("b", "/b")]));
        assert_eq!(told(&mut announced).await, (true, vec!["a".to_owned(), "b".to_owned()], vec![]));
        lists.send_replace(list(&[("a", "/x"), ("b", "/b"), ("c", "/c")]));
        lists.send_replace(list(&[("a", "/y"), ("c", "/c")]));
        let changed = vec!["a".to_owned(), "c".to_owned()];
        assert_eq!(told(&mut announced).await, (false, changed, vec!["b".to_owned()]));
        lists.send_replace(list(&[("a", "/y"), ("c", "/c")]));
        drop(lists);
        assert_eq!(announced.next().await, None, "the same list is no news");
    }

    #[tokio::test]
    async fn that_there_is_no_service_is_news_at_first() {
        let (_lists, receiver) = watch::channel(list(&[]));
        assert_eq!(told(&mut Announced::new(receiver)).await, (true, vec![], vec![]));
    }
}
