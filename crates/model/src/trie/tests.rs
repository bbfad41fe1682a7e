//! The trie against a BTreeMap, and what it shares.

use super::Trie;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

fn trie(keys: &[&str]) -> Trie<String> {
    let mut trie = Trie::default();
    for key in keys {
        trie.insert(key.as_bytes(), (*key).to_owned());
    }
    trie
}

fn found(trie: &Trie<String>, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    trie.visit(text.as_bytes(), |value| found.push(value.clone()));
    found
}

/// The differences as `then>now`.
fn changes(before: &Trie<String>, now: &Trie<String>) -> Vec<String> {
    let mut changes = Vec::new();
    let text = |value: Option<&String>| value.cloned().unwrap_or("-".to_owned());
    now.compare(before, &mut |then, now| changes.push(format!("{}>{}", text(then), text(now))));
    changes
}

#[test]
fn all_prefixes_are_visited_shortest_first() {
    let trie = trie(&["/demo/hello", "/demo", "/de", "/demonstration", "/", "/other", ""]);
    assert_eq!(found(&trie, "/demo/hello/x"), ["", "/", "/de", "/demo", "/demo/hello"]);
    assert_eq!(found(&trie, "/dem"), ["", "/", "/de"]);
    assert_eq!(found(&trie, "x"), [""]);
}

#[test]
fn all_keys_below_a_text_are_visited_in_order_until_it_is_enough() {
    let trie = trie(&["/demo/hello", "/demo", "/de", "/demonstration", "/", "/other"]);
    let below = |text: &str, most: usize| {
        let mut found = Vec::new();
        let _ = trie.visit_below(text.as_bytes(), &mut |value: &String| {
            found.push(value.clone());
            if found.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        found
    };
    assert_eq!(below("/dem", 9), ["/demo", "/demo/hello", "/demonstration"]);
    assert_eq!(below("/demo", 9), ["/demo", "/demo/hello", "/demonstration"]);
    assert_eq!(below("", 3), ["/", "/de", "/demo"]);
    assert_eq!(below("/demos", 9), Vec::<String>::new());
    assert_eq!(below("x", 9), Vec::<String>::new());
}

#[test]
fn an_empty_trie_visits_nothing() {
    let mut empty = trie(&["/demo"]);
    assert!(empty.remove(b"/demo").is_some() && empty.is_empty());
    assert!(found(&empty, "/demo").is_empty());
    assert_eq!(empty.get(b""), None);
}

#[test]
fn a_comparison_looks_only_at_what_is_not_shared() {
    let names: Vec<_> = (0..1000).map(|number| format!("s{number:04}")).collect();
    let before = trie(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut now = before.clone();
    now.insert(b"s0500", "other".to_owned());
    now.remove(b"s0999");
    now.insert(b"a", "a".to_owned());
    assert_eq!(changes(&before, &now), ["->a", "s0500>other", "s0999>-"]);
    assert_eq!(changes(&now, &now.clone()), Vec::<String>::new());
}

/// Short keys of few letters, so that they share starts.
fn any_key() -> impl Strategy<Value = String> {
    prop::string::string_regex("[ab/]{0,5}").unwrap()
}

/// Puts and removals.
fn any_changes() -> impl Strategy<Value = Vec<(String, Option<String>)>> {
    prop::collection::vec((any_key(), prop::option::weighted(0.6, any_key())), 0..30)
}

fn carry_out(changes: &[(String, Option<String>)], trie: &mut Trie<String>, map: &mut BTreeMap<String, String>) {
    for (key, value) in changes {
        let (of_trie, of_map) = match value {
            Some(value) => (trie.insert(key.as_bytes(), value.clone()), map.insert(key.clone(), value.clone())),
            None => (trie.remove(key.as_bytes()), map.remove(key)),
        };
        assert_eq!(of_trie, of_map, "{key}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_agrees_with_a_map_and_its_shape_with_that_of_a_new_one(first in any_changes(), then in any_changes(), asked in any_key()) {
        let (mut trie, mut map) = (Trie::default(), BTreeMap::new());
        carry_out(&first, &mut trie, &mut map);
        let (before, map_before) = (trie.clone(), map.clone());
        carry_out(&then, &mut trie, &mut map);

        prop_assert!(trie.iter().eq(map.values()));
        prop_assert!(before.iter().eq(map_before.values()), "an older clone must not change");
        prop_assert_eq!(trie.get(asked.as_bytes()), map.get(&asked));
        let prefixes: Vec<_> = map.iter().filter(|(key, _)| asked.starts_with(*key)).map(|(_, value)| value.clone()).collect();
        prop_assert_eq!(found(&trie, &asked), prefixes);

        let (mut afresh, mut again) = (Trie::default(), BTreeMap::new());
        let pairs: Vec<_> = map.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect();
        carry_out(&pairs, &mut afresh, &mut again);
        prop_assert_eq!(format!("{trie:?}"), format!("{afresh:?}"));

        let mut keys: Vec<_> = map.keys().chain(map_before.keys()).filter(|key| map.get(*key) != map_before.get(*key)).collect();
        keys.sort();
        keys.dedup();
        let text = |map: &BTreeMap<String, String>, key: &String| map.get(key).cloned().unwrap_or("-".to_owned());
        let expected: Vec<_> = keys.into_iter().map(|key| format!("{}>{}", text(&map_before, key), text(&map, key))).collect();
        let said: Vec<_> = changes(&before, &trie).into_iter().filter(|change| change.split_once('>').is_some_and(|(then, now)| then != now)).collect();
        prop_assert_eq!(said, expected);
    }
}
