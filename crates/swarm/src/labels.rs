//! Labels in the wrong place: what somebody meant to announce and did not.
//!
//! Not here: when it is looked for, and telling it ([`crate::listener`]).

use std::collections::BTreeSet;

use crate::docker::wire::{self, Labels};
use crate::service::{LABEL_PREFIX, Selection};
use crate::task_list::Remark;

/// Parameters that only make sense to a proxy: who sets one of them wants to be routed to.
const ROUTING: [&str; 4] = ["servicePath", "serviceDomain", "srcPort", "outboundHostname"];

/// What is odd about a service of the whole, unfiltered list.
///
/// Labels of the containers are not read by anybody, and a stack file makes such of `labels:` outside of `deploy:`. A service that
/// says where it wants to be found, but lacks the notify label, is not announced. A notify label with another value is a wish, not a mistake.
pub(crate) fn remark(service: &wire::Service, selection: &Selection) -> Option<Remark> {
    let spec = &service.spec;
    let of_containers = &spec.task_template.container_spec.labels;
    let notify = selection.label();
    let is_marked = spec.labels.contains_key(notify);
    let misplaced: BTreeSet<&str> =
        ours(of_containers, notify).filter(|label| !spec.labels.contains_key(*label)).collect();
    let text = if !misplaced.is_empty() {
        let labels: Vec<_> = misplaced.into_iter().collect();
        let so = if is_marked { "they are not read" } else { "so the service is not announced" };
        format!(
            "{} on its containers, not on the service: {so}; in a stack file labels belong under deploy",
            are(&labels)
        )
    } else if !is_marked {
        let routing: BTreeSet<&str> = ours(&spec.labels, notify).filter(|label| is_routing(label)).collect();
        let labels: Vec<_> = routing.into_iter().collect();
        if labels.is_empty() {
            return None;
        }
        format!("{} set, but {notify} is not, so the service is not announced", are(&labels))
    } else {
        return None;
    };
    Some(Remark { service_name: selection.name(&spec.name, &spec.labels), text })
}

fn ours<'l>(labels: &'l Labels, notify: &'l str) -> impl Iterator<Item = &'l str> {
    labels.keys().map(String::as_str).filter(move |label| *label == notify || label.starts_with(LABEL_PREFIX))
}

/// With or without an index, as in `com.df.servicePath.1`.
fn is_routing(label: &str) -> bool {
    let name = label.strip_prefix(LABEL_PREFIX).unwrap_or_default();
    let (name, index) = name.split_once('.').unwrap_or((name, "0"));
    ROUTING.contains(&name) && index.parse::<u8>().is_ok()
}

/// `com.df.a is`, `com.df.a and com.df.b are`, `com.df.a, com.df.b and 3 more are`.
fn are(labels: &[&str]) -> String {
    let shown = |label: &str| label.escape_debug().to_string();
    match labels {
        [] => String::new(),
        [one] => format!("{} is", shown(one)),
        [first, second] => format!("{} and {} are", shown(first), shown(second)),
        [first, second, third] => format!("{}, {} and {} are", shown(first), shown(second), shown(third)),
        [first, second, rest @ ..] => format!("{}, {} and {} more are", shown(first), shown(second), rest.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn text(labels: &[&str], of_containers: &[&str]) -> Option<String> {
        let map = |labels: &[&str]| -> serde_json::Value {
            labels
                .iter()
                .map(|label| label.split_once('=').unwrap_or((label, "x")))
                .collect::<std::collections::BTreeMap<_, _>>()
                .into_iter()
                .map(|(name, value)| (name.to_owned(), json!(value)))
                .collect()
        };
        let template = json!({ "ContainerSpec": { "Labels": map(of_containers) } });
        let service =
            json!({ "ID": "a", "Spec": { "Name": "my_web", "Labels": map(labels), "TaskTemplate": template } });
        let service = serde_json::from_value(service).expect("a service");
        let remark = remark(&service, &Selection::new("com.df.notify", ""))?;
        assert_eq!(remark.service_name, "my_web");
        Some(remark.text)
    }

    #[test]
    fn labels_of_containers_are_remarked_on() {
        assert_eq!(
            text(&[], &["com.df.notify=true", "com.df.port", "com.df.servicePath", "maintainer"]).as_deref(),
            Some(
                "com.df.notify, com.df.port and com.df.servicePath are on its containers, not on the service: so the service is not announced; in a stack file labels belong under deploy"
            )
        );
        assert_eq!(
            text(&["com.df.notify=true"], &["com.df.port"]).as_deref(),
            Some(
                "com.df.port is on its containers, not on the service: they are not read; in a stack file labels belong under deploy"
            )
        );
    }

    #[test]
    fn a_service_that_wants_to_be_routed_to_but_is_not_announced_is_remarked_on() {
        assert_eq!(
            text(&["com.df.servicePath.1", "com.df.port.1"], &[]).as_deref(),
            Some("com.df.servicePath.1 is set, but com.df.notify is not, so the service is not announced")
        );
        assert_eq!(text(&["com.df.scrapePort"], &[]), None, "it is for others");
        assert_eq!(text(&["com.df.servicePaths", "com.df.servicePath.x"], &[]), None);
    }

    #[test]
    fn what_is_as_it_should_be_or_wished_is_not_remarked_on() {
        assert_eq!(text(&["com.df.notify=true", "com.df.servicePath"], &[]), None);
        assert_eq!(text(&["com.df.notify=false", "com.df.servicePath"], &[]), None, "a wish");
        assert_eq!(text(&[], &["maintainer"]), None);
        assert_eq!(
            text(&["com.df.notify=true", "com.df.port"], &["com.df.notify=true", "com.df.port"]),
            None,
            "in both places"
        );
    }
}
