//! Which addresses of tasks can be reached from here: those in a network that this machine is attached to too.
//!
//! A service and the proxy may share several networks; then each task has one address for each, and is one server all the same.
//! Not here: asking (`follow::tasks`), and dialling (`proxy::Resolver`).

use super::list::{Service, Task, TaskList};
use proxy::KnownTasks;
use std::cmp::Reverse;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// The tasks of all services of a list, by service, as a machine on the networks `attached` reaches them.
pub(super) fn tasks(list: &TaskList, attached: &BTreeSet<String>) -> BTreeMap<String, KnownTasks> {
    list.services.iter().map(|service| (service.service_name.clone(), tasks_of(service, attached))).collect()
}

/// What several listeners say, the newest first, as one. Of a service that several name, the newest counts alone: an older one may still have
/// tasks that were stopped. Where it is on no network of this machine, it may be another Swarm's of the same name, and an older one counts.
pub(super) fn together(all: impl Iterator<Item = BTreeMap<String, KnownTasks>>) -> BTreeMap<String, KnownTasks> {
    let mut together = BTreeMap::<String, KnownTasks>::new();
    for (service, tasks) in all.flatten() {
        match together.entry(service) {
            Entry::Vacant(entry) => {
                entry.insert(tasks);
            }
            Entry::Occupied(mut entry) if entry.get().unreachable.is_some() && !tasks.addresses.is_empty() => {
                entry.insert(tasks);
            }
            Entry::Occupied(_) => {}
        }
    }
    together
}

fn tasks_of(service: &Service, attached: &BTreeSet<String>) -> KnownTasks {
    let order = common_networks(&service.tasks, attached);
    let addresses: Vec<_> = service.tasks.iter().filter_map(|task| address_of(task, &order)).collect();
    let are_elsewhere = addresses.is_empty() && !service.tasks.is_empty();
    let unreachable = are_elsewhere.then(|| reason(service, attached));
    KnownTasks { addresses, unreachable }
}

/// The networks that tasks share with this machine: those that most tasks are on first, so that a service on its way to another network is
/// reached on one of them as long as possible.
fn common_networks<'t>(tasks: &'t [Task], attached: &BTreeSet<String>) -> Vec<&'t str> {
    let mut counts = BTreeMap::<&str, usize>::new();
    for address in tasks.iter().flat_map(|task| &task.addresses).filter(|address| attached.contains(&address.network)) {
        *counts.entry(&address.network).or_default() += 1;
    }
    let mut networks: Vec<_> = counts.into_iter().collect();
    networks.sort_by_key(|(name, count)| (Reverse(*count), *name));
    networks.into_iter().map(|(name, _)| name).collect()
}

/// A task's address in the first of these networks that it is on.
fn address_of(task: &Task, networks: &[&str]) -> Option<IpAddr> {
    let on = |network: &&str| task.addresses.iter().find(|address| address.network == *network);
    networks.iter().find_map(on).map(|address| address.address)
}

/// Why none of its tasks can be reached, and what to do about it. Only networks that services of the list are on are known by name.
fn reason(service: &Service, attached: &BTreeSet<String>) -> String {
    let name = &service.service_name;
    let (here, there) = (either(attached.iter()), either(service.networks.iter()));
    match (attached.is_empty(), service.networks.is_empty()) {
        (true, true) => format!("service {name} is on no network of the Swarm: attach it to one that this proxy is on"),
        (false, true) => format!("service {name} is on no network of the Swarm: attach it to {here}"),
        (true, false) => {
            format!(
                "service {name} runs on network {there} alone, where this proxy is not: attach the proxy to {there}"
            )
        }
        (false, false) => format!(
            "service {name} runs on network {there} alone, and this proxy is on {here}: attach the service to {here}, or the proxy to {there}"
        ),
    }
}

/// Names as in a sentence.
fn either<'n>(names: impl Iterator<Item = &'n String>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    /// A service with tasks on these networks, each as `network address`, seen from a machine on `attached`.
    fn check(tasks: &[&[(&str, [u8; 4])]], attached: &[&str], expected: &Expect) {
        let address = |(network, address): &(&str, [u8; 4])| {
            format!(r#"{{"network":"{network}","address":"{}"}}"#, IpAddr::from(*address))
        };
        let task = |addresses: &&[(&str, [u8; 4])]| {
            format!(r#"{{"node":"n","addresses":[{}]}}"#, addresses.iter().map(address).collect::<Vec<_>>().join(","))
        };
        let tasks = tasks.iter().map(task).collect::<Vec<_>>().join(",");
        let json = format!(
            r#"{{"version":"0","services":[{{"serviceName":"go","networks":["back","web"],"tasks":[{tasks}]}}]}}"#
        );
        let attached = attached.iter().map(|name| (*name).to_owned()).collect();
        let known = super::tasks(&TaskList::parse(json.as_bytes()).unwrap(), &attached).remove("go").unwrap();
        expected.assert_eq(&match known.unreachable {
            Some(reason) => format!("{:?} {reason}", known.addresses),
            None => format!("{:?}", known.addresses),
        });
    }

    #[test]
    fn a_task_is_reached_on_the_network_that_most_tasks_share_with_the_proxy() {
        let (both, web) = ([("back", [10, 0, 2, 2]), ("web", [10, 0, 1, 2])], [("web", [10, 0, 1, 3])]);
        check(&[&both, &web], &["proxy", "web"], &expect!["[10.0.1.2, 10.0.1.3]"]);
        check(&[&both, &web], &["back", "web"], &expect!["[10.0.1.2, 10.0.1.3]"]);
        check(&[&both], &["back", "web"], &expect!["[10.0.2.2]"]);
        check(&[&both, &web], &["back"], &expect!["[10.0.2.2]"]);
    }

    #[test]
    fn nobody_is_unreachable_who_does_not_run() {
        check(&[], &["proxy"], &expect!["[]"]);
        check(&[], &[], &expect!["[]"]);
    }

    #[test]
    fn no_common_network_names_what_to_attach() {
        let web = [("web", [10, 0, 1, 3])];
        check(
            &[&web],
            &["proxy"],
            &expect![
                "[] service go runs on network `back` or `web` alone, and this proxy is on `proxy`: attach the service to `proxy`, or the proxy to `back` or `web`"
            ],
        );
        check(
            &[&web],
            &[],
            &expect![
                "[] service go runs on network `back` or `web` alone, where this proxy is not: attach the proxy to `back` or `web`"
            ],
        );
    }

    #[test]
    fn what_several_listeners_say_is_one_list() {
        let known = |last: &[u8], unreachable: Option<&str>| KnownTasks {
            addresses: last.iter().map(|last| IpAddr::from([10, 0, 0, *last])).collect(),
            unreachable: unreachable.map(str::to_owned),
        };
        let one = BTreeMap::from([("a".to_owned(), known(&[2, 3], None)), ("b".to_owned(), known(&[], Some("why")))]);
        let other = BTreeMap::from([("a".to_owned(), known(&[2, 4], None)), ("b".to_owned(), known(&[5], None))]);
        let alone = BTreeMap::from([("c".to_owned(), known(&[], Some("why")))]);
        let expected = [("a", known(&[2, 3], None)), ("b", known(&[5], None)), ("c", known(&[], Some("why")))];
        let expected = expected.into_iter().map(|(name, known)| (name.to_owned(), known)).collect();
        assert_eq!(together([one, other, alone].into_iter()), expected);
    }
}
