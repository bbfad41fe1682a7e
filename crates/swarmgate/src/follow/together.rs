//! The lists of several listeners as one: a name that several of them list is the first one's.
//!
//! Not here: asking for them (`follow`).

use model::catalog::{List, Tick};
use model::{Params, ServiceName};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// One listener's list.
pub(super) struct One<'a> {
    /// Whom it was asked from.
    pub(super) address: &'a str,
    pub(super) services: Vec<Params>,
}

/// All of them.
pub(super) struct Together {
    pub(super) list: List,
    /// Services that several lists have, and not the same; with what an operator should know.
    pub(super) contested: Vec<(ServiceName, String)>,
}

/// The lists in the order of the listeners. The earlier one of a name wins, or else each of them would undo the other for ever.
pub(super) fn together(lists: Vec<One<'_>>, asked: Tick) -> Together {
    let mut list = List { services: Vec::new(), complete: true, asked, from: Vec::new() };
    // Whose each service is, and its place.
    let mut known = BTreeMap::<ServiceName, (&str, usize)>::new();
    let mut contested = BTreeMap::new();
    for One { address, services } in lists {
        for params in services {
            // What has no name is refused, and told of, by the catalog.
            let Some(name) = params.get_any_case("serviceName").and_then(ServiceName::parse) else {
                list.services.push(params);
                continue;
            };
            match known.entry(name) {
                Entry::Vacant(place) => {
                    place.insert((address, list.services.len()));
                    list.services.push(params);
                }
                Entry::Occupied(place) => {
                    let (owner, at) = *place.get();
                    if list.services[at] != params {
                        let text = format!("listeners {owner} and {address} say different things of it; {owner} wins");
                        contested.entry(place.key().clone()).or_insert(text);
                    }
                }
            }
        }
    }
    Together { list, contested: contested.into_iter().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one<'a>(address: &'a str, queries: &[&str]) -> One<'a> {
        let params = |query: &&str| query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        One { address, services: queries.iter().map(params).collect() }
    }

    #[test]
    fn bug_a_name_in_two_lists_was_changed_to_and_fro_for_ever() {
        let first = one("a", &["serviceName=web&port=1", "serviceName=same&port=1"]);
        let second = one("b", &["serviceName=web&port=2", "serviceName=same&port=1", "port=3", "serviceName=own"]);
        let Together { list, contested } = together(vec![first, second], Tick::default());
        let text = |params: &Params, name| params.get(name).unwrap_or_default().to_owned();
        let shown = list.services.iter().map(|params| text(params, "serviceName") + &text(params, "port"));
        assert_eq!(shown.collect::<Vec<_>>(), ["web1", "same1", "3", "own"]);
        let contested: Vec<_> = contested.iter().map(|(name, text)| format!("{name}: {text}")).collect();
        assert_eq!(contested, ["web: listeners a and b say different things of it; a wins"]);
    }
}
